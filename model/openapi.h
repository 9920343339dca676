/* openapi.h - the OpenAPI 3.1 document, made of kinds and routes */
#ifndef MODEL_OPENAPI_H
#define MODEL_OPENAPI_H

#include <jansson.h>

#include "model/kind.h"

struct route;

/** An empty document about one server; new reference. */
json_t *openapi_make(const char *server);

/** Add a kind: components/schemas NAME, what is answered. */
void openapi_kind(json_t *doc, const struct kind *kind);

/** Add a route; its body and answer are of the kind its object names. */
void openapi_route(json_t *doc, const struct route *route,
		   const struct kind *const *kinds, size_t count);

#endif
