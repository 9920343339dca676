/* openapi.c - see openapi.h
 *
 * A kind gives up to three schemas: NAME is what is answered, NAME-new what
 * creates one, NAME-change what changes one.  What is no kind comes from
 * openapi_shape.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model/openapi.h"
#include "model/openapi_shape.h"
#include "model/route.h"

/** What a schema of a kind is for. */
enum use { USE_ANSWER, USE_NEW, USE_CHANGE };

static json_t *types_of(const char *type, bool is_nullable)
{
	return is_nullable ? json_pack("[s,s]", type, "null")
			   : json_string(type);
}

static json_t *choices_of(const char *choices, bool is_nullable)
{
	json_t *list = json_array();

	for (const char *p = choices; p && *p;) {
		size_t n = strcspn(p, "|");

		(void)json_array_append_new(list, json_stringn(p, n));
		p += n + (p[n] == '|');
	}
	if (is_nullable)
		(void)json_array_append_new(list, json_null());

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
	bool is_nullable = !(f->flags & FIELD_REQUIRED);
	json_t *schema = json_object();
	const char *type = type_name(f);

	if (type)
		(void)json_object_set_new(schema, "type",
					  types_of(type, is_nullable));
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
					  choices_of(f->choices, is_nullable));
	else if (f->type == FIELD_INT)
		set_range(schema, f, "minimum", "maximum");
	else if (f->type == FIELD_LIST)
		(void)json_object_set_new(
			schema, "items",
			json_pack("{s:s, s:o*}", "type", "string", "enum",
				  f->choices ? choices_of(f->choices, false)
					     : NULL));
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
	json_t *doc, *schemas;

	(void)snprintf(title, sizeof(title), "Holdfast %s", server);
	doc = json_pack(
		"{s:s,s:{s:s,s:s,s:{s:s,s:s}},s:{},s:{s:{},s:{s:{s:s,s:s},"
		"s:{s:s,s:s,s:s}}},s:[{s:[]},{s:[]}]}",
		"openapi", "3.1.0", "info", "title", title, "version",
		HOLDFAST_VERSION, "license", "name", "Apache-2.0", "identifier",
		"Apache-2.0", "paths", "components", "schemas",
		"securitySchemes", "bearer", "type", "http", "scheme", "bearer",
		"cookie", "type", "apiKey", "in", "cookie", "name", "session",
		"security", "bearer", "cookie");
	schemas = json_object_get(json_object_get(doc, "components"),
				  "schemas");
	json_decref(shape_schema(schemas, "#problem"));

	return doc;
}

/* "audit entry" -> "audit-entry", with what it is used for behind it. */
static const char *schema_name(char out[80], const struct kind *kind,
			       enum use use)
{
	static const char *const ends[] = { "", "-new", "-change" };

	(void)snprintf(out, 80, "%s%s", kind->name, ends[use]);
	for (char *p = out; *p; p++) {
		if (*p == ' ')
			*p = '-';
	}

	return out;
}

static bool is_used(const struct field *f, enum use use)
{
	if (use != USE_ANSWER)
		return !(f->flags & FIELD_READONLY);

	/* what is not stored and cannot be set is computed for the answer */
	return f->type != FIELD_SECRET && !(f->flags & FIELD_HIDDEN) &&
	       (!(f->flags & FIELD_UNSTORED) || (f->flags & FIELD_READONLY));
}

static bool is_portal(const json_t *doc)
{
	return !strcmp(json_string_value(json_object_get(
			       json_object_get(doc, "info"), "title")),
		       "Holdfast portal");
}

static void kind_schema(json_t *doc, const struct kind *kind, enum use use)
{
	json_t *schemas = json_object_get(json_object_get(doc, "components"),
					  "schemas");
	json_t *properties = json_object(), *required = json_array(), *schema;
	/* what the portal provisions elsewhere carries its generation */
	bool asks_generation = use == USE_ANSWER ||
			       (!is_portal(doc) && kind->owner &&
				!strcmp(kind->owner, "portal"));
	char name[80];

	(void)json_object_set_new(properties, "id",
				  json_pack("{s:s}", "type", "string"));
	(void)json_object_set_new(
		properties, "generation",
		json_pack("{s:s,s:i}", "type", "integer", "minimum", 0));
	if (use == USE_ANSWER)
		(void)json_array_append_new(required, json_string("id"));
	if (asks_generation)
		(void)json_array_append_new(required,
					    json_string("generation"));

	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];

		if (!is_used(f, use))
			continue;
		(void)json_object_set_new(properties, f->name, schema_of(f));
		if ((f->flags & FIELD_REQUIRED) && use != USE_CHANGE &&
		    !(use == USE_ANSWER && f->readers))
			(void)json_array_append_new(required,
						    json_string(f->name));
	}

	schema = json_pack("{s:s,s:s,s:o,s:o}", "type", "object", "description",
			   kind->help ? kind->help : kind->name, "properties",
			   properties, "required", required);
	if (use != USE_ANSWER)
		(void)json_object_set_new(schema, "additionalProperties",
					  json_false());
	(void)json_object_set_new(schemas, schema_name(name, kind, use),
				  schema);
}

void openapi_kind(json_t *doc, const struct kind *kind)
{
	kind_schema(doc, kind, USE_ANSWER);
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

/* ---- an operation ---- */

/** A route on its way into the document. */
struct operation {
	json_t *doc;
	json_t *schemas;
	const struct route *route;
	const struct kind *kind; /* NULL: a shape says it all */
	const struct shape_route *shape;
	json_t *parameters;
	json_t *responses;
};

static json_t *content_new(const char *type, json_t *schema)
{
	return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *kind_ref(const struct operation *o, enum use use)
{
	char name[80];

	return json_pack("{s:s+}", "$ref", "#/components/schemas/",
			 schema_name(name, o->kind, use));
}

static void add_parameter(const struct operation *o, const char *name,
			  const char *in, bool is_required, json_t *schema)
{
	(void)json_array_append_new(
		o->parameters,
		json_pack("{s:s,s:s,s:b,s:o}", "name", name, "in", in,
			  "required", (int)is_required, "schema", schema));
}

static json_t *of_type(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static void add_path_parameters(const struct operation *o)
{
	char name[40];

	for (const char *p = strchr(o->route->path, '{'); p;
	     p = strchr(p, '{')) {
		size_t n = strcspn(++p, "}");

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		add_parameter(o, name, "path", true, of_type("string"));
	}
}

static bool is_listed(const struct field *f)
{
	return !(f->flags & (FIELD_UNSTORED | FIELD_HIDDEN | FIELD_UNSORTED)) &&
	       f->type != FIELD_SECRET && f->type != FIELD_JSON &&
	       f->type != FIELD_LIST;
}

static void add_page_parameters(const struct operation *o)
{
	json_t *sorts = json_pack("[s,s]", "id", "-id");
	char name[80];

	for (size_t i = 0; i < o->kind->count; i++) {
		const struct field *f = &o->kind->fields[i];

		if (!is_listed(f))
			continue;
		(void)snprintf(name, sizeof(name), "filter[%s]", f->name);
		add_parameter(o, name, "query", false, of_type("string"));
		(void)json_array_append_new(sorts, json_string(f->name));
		(void)json_array_append_new(sorts,
					    json_sprintf("-%s", f->name));
	}
	add_parameter(o, "q", "query", false, of_type("string"));
	add_parameter(o, "sort", "query", false,
		      json_pack("{s:s,s:o}", "type", "string", "enum", sorts));
	add_parameter(o, "page[size]", "query", false,
		      json_pack("{s:s,s:i,s:i}", "type", "integer", "minimum",
				1, "maximum", 1000));
	add_parameter(o, "page[cursor]", "query", false, of_type("string"));
}

static void add_shape_parameters(const struct operation *o, const char *names)
{
	char name[40];

	for (const char *p = names; p && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		add_parameter(o, name, "query", false, of_type("string"));
		p += n;
	}
}

static void add_response(const struct operation *o, int status,
			 const char *help, json_t *content)
{
	char key[8];
	json_t *response = json_pack("{s:s}", "description", help);

	(void)snprintf(key, sizeof(key), "%d", status);
	if (content)
		(void)json_object_set_new(response, "content", content);
	(void)json_object_set_new(o->responses, key, response);
}

static void add_problem(const struct operation *o)
{
	(void)json_object_set_new(
		o->responses, "default",
		json_pack("{s:s,s:o}", "description",
			  "Problem details (RFC 9457)", "content",
			  content_new("application/problem+json",
				      shape_schema(o->schemas, "#problem"))));
}

/* The portal's writes are tasks; administrators are its own alone. */
static bool is_task(const struct operation *o)
{
	return is_portal(o->doc) && strcmp(o->route->object, "admins") != 0;
}

static json_t *written(const struct operation *o)
{
	json_t *schema = kind_ref(o, USE_ANSWER);

	if (!is_portal(o->doc))
		return content_new("application/json", schema);

	/* what is told once, or beside the object */
	return content_new(
		"application/json",
		json_pack("{s:[o,{s:s,s:{s:{s:s},s:{s:s},s:{s:s},s:{s:s},"
			  "s:{s:s},s:{s:s},s:{s:s}}}]}",
			  "allOf", schema, "type", "object", "properties",
			  "task", "type", "string", "sip_secret", "type",
			  "string", "token", "type", "string", "phones", "type", "array", "link", "type",
			  "string", "link_token", "type", "string",
			  "link_ends_ms", "type", "integer"));
}

static void add_started(const struct operation *o)
{
	if (!is_task(o))
		return;
	add_parameter(o, "wait", "query", false,
		      json_pack("{s:s,s:i}", "type", "integer", "minimum", 0));
	add_parameter(o, "Idempotency-Key", "header", false, of_type("string"));
	add_response(o, 202, "a task has begun",
		     content_new("application/json",
				 shape_schema(o->schemas, "#started")));
}

static json_t *describe_write(const struct operation *o)
{
	enum use use = o->route->action == ACTION_UPDATE && is_portal(o->doc)
			       ? USE_CHANGE
			       : USE_NEW;

	if (use == USE_NEW)
		add_response(o, 201, "created", written(o));
	if (o->route->action == ACTION_UPDATE)
		add_response(o, 200, "done", written(o));
	add_started(o);
	kind_schema(o->doc, o->kind, use);

	return json_pack("{s:b,s:o}", "required", 1, "content",
			 content_new("application/json", kind_ref(o, use)));
}

/* What the routes of a kind take and answer; the request body or NULL. */
static json_t *describe_kind(const struct operation *o)
{
	json_t *page;

	switch (o->route->action) {
	case ACTION_LIST:
		page = shape_schema(o->schemas, "list any");
		(void)json_object_set_new(
			json_object_get(json_object_get(page, "properties"),
					"items"),
			"items", kind_ref(o, USE_ANSWER));
		add_page_parameters(o);
		add_response(o, 200, "a page",
			     content_new("application/json", page));
		return NULL;

	case ACTION_READ:
		add_response(o, 200, "done",
			     content_new("application/json",
					 kind_ref(o, USE_ANSWER)));
		return NULL;

	case ACTION_CREATE:
	case ACTION_UPDATE: return describe_write(o);

	case ACTION_DELETE:
		if (!is_portal(o->doc))
			add_parameter(o, "generation", "query", true,
				      json_pack("{s:s,s:i}", "type", "integer",
						"minimum", 1));
		add_response(o, 204, "gone", NULL);
		add_started(o);
		return NULL;

	default: return NULL;
	}
}

/* A shape as JSON, or octets of a media type. */
static json_t *shape_content(const struct operation *o, const char *type)
{
	if (strchr(type, '/'))
		return content_new(type,
				   json_pack("{s:s,s:s}", "type", "string",
					     "format", "binary"));

	return content_new("application/json", shape_schema(o->schemas, type));
}

static json_t *describe_shape(const struct operation *o)
{
	const struct shape_route *s = o->shape;

	add_shape_parameters(o, s->params);
	add_response(o, s->status, "done",
		     s->answer ? shape_content(o, s->answer) : NULL);
	if (s->status == 200 && s->params && !strcmp(s->params, "wait"))
		add_response(o, 202, "a task has begun",
			     shape_content(o, "#started"));
	if (!s->body)
		return NULL;

	return json_pack("{s:b,s:o}", "required", 1, "content",
			 shape_content(o, s->body));
}

/* "get-customers-id" */
static json_t *operation_id(const struct operation *o)
{
	char id[120];
	size_t n = 0;
	const char *path = o->route->path;

	for (const char *p = o->route->method; *p; p++)
		id[n++] = (char)tolower((unsigned char)*p);
	path += strncmp(path, "/api/v1/", 8) ? 0 : 7;
	for (; *path && n < sizeof(id) - 1; path++) {
		if (isalnum((unsigned char)*path) || *path == '_')
			id[n++] = *path;
		else if (*path != '}' && id[n - 1] != '-')
			id[n++] = '-';
	}
	id[n] = '\0';

	return json_string(id);
}

static json_t *summary_of(const struct operation *o)
{
	static const char *const verbs[ACTION_COUNT] = {
		"List", "Show one of", "Create one of",
		"Put",  "Delete",      "Act on",
	};

	if (o->route->summary)
		return json_string(o->route->summary);

	return json_sprintf("%s the %s", verbs[o->route->action],
			    o->route->object);
}

/* Pages for people are no part of the interface, but for deployment links. */
static bool is_described(const struct route *route)
{
	return !strncmp(route->path, "/api/", 5) ||
	       !strncmp(route->path, "/d/", 3);
}

void openapi_route(json_t *doc, const struct route *route,
		   const struct kind *const *kinds, size_t count)
{
	json_t *paths = json_object_get(doc, "paths");
	json_t *path = json_object_get(paths, route->path);
	const char *title = json_string_value(
		json_object_get(json_object_get(doc, "info"), "title"));
	struct operation o = {
		.doc = doc,
		.schemas = json_object_get(json_object_get(doc, "components"),
					   "schemas"),
		.route = route,
		.kind = kind_of(kinds, count, route->object),
		.shape = shape_route_find(title + strlen("Holdfast "),
					  route->method, route->path),
	};
	char method[8] = "";
	json_t *op, *body = NULL;

	if (!is_described(route))
		return;
	if (!path) {
		path = json_object();
		(void)json_object_set_new(paths, route->path, path);
	}
	for (size_t i = 0; i < sizeof(method) - 1 && route->method[i]; i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);

	o.parameters = json_array();
	o.responses = json_object();
	add_path_parameters(&o);
	if (o.shape)
		body = describe_shape(&o);
	else if (o.kind)
		body = describe_kind(&o);
	else
		add_response(&o, 200, "a page for people",
			     content_new("text/html", of_type("string")));
	add_problem(&o);

	op = json_pack("{s:o,s:o,s:[s],s:o,s:o}", "operationId",
		       operation_id(&o), "summary", summary_of(&o), "tags",
		       route->object, "parameters", o.parameters, "responses",
		       o.responses);
	if (body)
		(void)json_object_set_new(op, "requestBody", body);
	if (permission_allows(ROLE_ANYONE, route->object, route->action))
		(void)json_object_set_new(op, "security", json_array());
	(void)json_object_set_new(path, method, op);
}
