/* openapi.c - see openapi.h */
#include <stdio.h>
#include <string.h>

#include "model/openapi.h"
#include "model/route.h"

static json_t *types_of(const char *type, bool is_nullable)
{
	return is_nullable ? json_pack("[s,s]", type, "null")
			   : json_string(type);
}

static json_t *choices_of(const char *choices)
{
	json_t *list = json_array();

	for (const char *p = choices; p && *p;) {
		size_t n = strcspn(p, "|");

		(void)json_array_append_new(list, json_stringn(p, n));
		p += n + (p[n] == '|');
	}

	return list;
}

static const char *type_name(const struct field *f)
{
	switch (f->type) {
	case FIELD_INT:
	case FIELD_TIME: return "integer";
	case FIELD_BOOL: return "boolean";
	case FIELD_LIST: return "array";
	case FIELD_JSON: return NULL;
	default: return "string";
	}
}

static void set_text(json_t *schema, const char *name, const char *value)
{
	if (value)
		(void)json_object_set_new(schema, name, json_string(value));
}

static void set_range(json_t *schema, const struct field *f, const char *min,
		      const char *max)
{
	if (f->min)
		(void)json_object_set_new(schema, min, json_integer(f->min));
	if (f->max)
		(void)json_object_set_new(schema, max, json_integer(f->max));
}

static json_t *schema_of(const struct field *f)
{
	json_t *schema = json_object();
	const char *type = type_name(f);

	if (type)
		(void)json_object_set_new(
			schema, "type",
			types_of(type, !(f->flags & FIELD_REQUIRED)));
	set_text(schema, "description", f->help);
	if (f->flags & FIELD_READONLY)
		(void)json_object_set_new(schema, "readOnly", json_true());
	if (f->type == FIELD_SECRET || (f->flags & FIELD_UNSTORED))
		(void)json_object_set_new(schema, "writeOnly", json_true());
	if (f->preset)
		(void)json_object_set_new(
			schema, "default",
			json_loads(f->preset, JSON_DECODE_ANY, NULL));

	if (f->type == FIELD_ENUM)
		(void)json_object_set_new(schema, "enum",
					  choices_of(f->choices));
	else if (f->type == FIELD_INT)
		set_range(schema, f, "minimum", "maximum");
	else if (f->type == FIELD_LIST)
		(void)json_object_set_new(schema, "items",
					  json_pack("{s:s}", "type", "string"));
	else if (type && !strcmp(type, "string"))
		set_range(schema, f, "minLength", "maxLength");
	set_text(schema, "pattern", f->pattern);
	if (f->type == FIELD_EMAIL)
		set_text(schema, "format", "email");
	if (f->type == FIELD_URL)
		set_text(schema, "format", "uri");

	return schema;
}

json_t *openapi_make(const char *server)
{
	char title[64];

	(void)snprintf(title, sizeof(title), "Holdfast %s", server);

	return json_pack(
		"{s:s,s:{s:s,s:s},s:{},s:{s:{},s:{s:{s:s,s:s}}},s:[{s:[]}]}",
		"openapi", "3.1.0", "info", "title", title, "version",
		HOLDFAST_VERSION, "paths", "components", "schemas",
		"securitySchemes", "bearer", "type", "http", "scheme", "bearer",
		"security", "bearer");
}

void openapi_kind(json_t *doc, const struct kind *kind)
{
	json_t *schemas = json_object_get(json_object_get(doc, "components"),
					  "schemas");
	json_t *properties = json_object();
	json_t *required = json_array();

	(void)json_object_set_new(
		properties, "id",
		json_pack("{s:s,s:b}", "type", "string", "readOnly", 1));
	(void)json_object_set_new(properties, "generation",
				  json_pack("{s:s}", "type", "integer"));
	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		(void)json_object_set_new(properties, f->name, schema_of(f));
		if (f->flags & FIELD_REQUIRED)
			(void)json_array_append_new(required,
						    json_string(f->name));
	}
	(void)json_object_set_new(
		schemas, kind->name,
		json_pack("{s:s,s:s,s:o,s:o,s:b}", "type", "object",
			  "description", kind->help ? kind->help : kind->name,
			  "properties", properties, "required", required,
			  "additionalProperties", 0));
}

static const struct kind *kind_of(const struct kind *const *kinds, size_t count,
				  const char *object)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(kinds[i]->plural, object))
			return kinds[i];
	}

	return NULL;
}

static json_t *content_of(const struct kind *kind)
{
	char ref[80];

	if (!kind)
		return json_pack("{s:{s:{}}}", "application/json", "schema");
	(void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", kind->name);

	return json_pack("{s:{s:{s:s}}}", "application/json", "schema", "$ref",
			 ref);
}

static json_t *list_content_of(const struct kind *kind)
{
	char ref[80];

	if (!kind)
		return content_of(kind);
	(void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", kind->name);

	return json_pack(
		"{s:{s:{s:s,s:{s:{s:s,s:{s:s}},s:{s:[s,s]},s:{s:s}}}}}",
		"application/json", "schema", "type", "object", "properties",
		"items", "type", "array", "items", "$ref", ref, "next", "type",
		"string", "null", "total", "type", "integer");
}

static json_t *parameters_of(const char *path)
{
	json_t *list = json_array();

	for (const char *p = strchr(path, '{'); p; p = strchr(p, '{')) {
		size_t n = strcspn(++p, "}");

		(void)json_array_append_new(
			list, json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", p, n,
					"in", "path", "required", 1, "schema",
					"type", "string"));
	}

	return list;
}

void openapi_route(json_t *doc, const struct route *route,
		   const struct kind *const *kinds, size_t count)
{
	json_t *paths = json_object_get(doc, "paths");
	json_t *path = json_object_get(paths, route->path);
	const struct kind *kind = kind_of(kinds, count, route->object);
	bool has_body = !strcmp(route->method, "POST") ||
			!strcmp(route->method, "PUT") ||
			!strcmp(route->method, "PATCH");
	char method[8] = "";
	json_t *op;

	if (!path) {
		path = json_object();
		(void)json_object_set_new(paths, route->path, path);
	}
	for (size_t i = 0; i < sizeof(method) - 1 && route->method[i]; i++)
		method[i] = (char)(route->method[i] | 0x20);

	op = json_pack("{s:s,s:[s],s:o,s:{s:{s:s,s:o},s:{s:s}}}", "summary",
		       route->summary ? route->summary : route->path, "tags",
		       route->object, "parameters", parameters_of(route->path),
		       "responses", "200", "description", "done", "content",
		       route->action == ACTION_LIST ? list_content_of(kind)
						    : content_of(kind),
		       "default", "description", "problem details (RFC 9457)");
	if (has_body)
		(void)json_object_set_new(
			op, "requestBody",
			json_pack("{s:o}", "content", content_of(kind)));
	if (permission_allows(ROLE_ANYONE, route->object, route->action))
		(void)json_object_set_new(op, "security", json_array());
	(void)json_object_set_new(path, method, op);
}
