/* openapi_shape.h - bodies and answers that are no kinds, said in short
 *
 * A shape is a text "name:type name:type ...".  Types are string, integer,
 * boolean, object, any, #SHAPE and [] before one of these; "?" behind it may
 * be null, "~" may be missing.
 */
#ifndef MODEL_OPENAPI_SHAPE_H
#define MODEL_OPENAPI_SHAPE_H

#include <jansson.h>
#include <stddef.h>

struct shape {
	const char *name; /* in components/schemas */
	const char *text;
	const char *help;
};

/** A route whose body or answer is not simply that of its kind. */
struct shape_route {
	const char *server; /* NULL: all of them */
	const char *method;
	const char *path;
	const char *body;   /* type as in a shape, or a media type of octets;
			     NULL without */
	int status;         /* of success */
	const char *answer; /* type; NULL without; "list #X" a page of X */
	const char *params; /* query parameters, blank-separated; or NULL */
};

/** The row of a route, or NULL when its kind says it all. */
const struct shape_route *shape_route_find(const char *server,
					   const char *method,
					   const char *path);

/** The JSON schema of a type, adding shapes it refers to; new reference. */
json_t *shape_schema(json_t *schemas, const char *type);

#endif
