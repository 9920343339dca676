/* kind.c - what a kind takes, refuses and shows */
#include "model/kinds.h"
#include "model/openapi.h"
#include "model/permission.h"
#include "model/route.h"
#include "tests/unit/test.h"

static const struct field fields[] = {
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 2, 5, .help = "n" },
	{ "size", FIELD_INT, 0, 2, 7, .preset = "4", .help = "s" },
	{ "is_big", FIELD_BOOL, 0, .preset = "true", .help = "b" },
	{ "type", FIELD_ENUM, 0, .choices = "desk|sip", .help = "t" },
	{ "digits", FIELD_DIGITS, 0, 1, 4, .help = "d" },
	{ "mail", FIELD_EMAIL, 0, .help = "m" },
	{ "url", FIELD_URL, 0, .help = "u" },
	{ "word", FIELD_TEXT, 0, 1, 9, .pattern = "^[a-z]+$",
	  .pattern_help = "small letters", .help = "w" },
	{ "owner", FIELD_REF, 0, .ref = "things", .help = "o" },
	{ "list", FIELD_LIST, 0, .max = 3, .help = "l" },
	{ "set", FIELD_LIST, 0, 1, 9, .choices = "red|green", .help = "s" },
	{ "secret", FIELD_SECRET, 0, 4, 8, .help = "s" },
	{ "state", FIELD_TEXT, FIELD_READONLY, .help = "s" },
	{ "price", FIELD_INT, 0, 0, 9, .readers = ROLE_PROVIDER,
	  .writers = ROLE_PROVIDER, .help = "p" },
};

static const struct kind thing_kind = {
	.name = "thing",
	.plural = "things",
	.owner = "portal",
	KIND_FIELDS(fields),
};

static void each_bad_input_has_its_code(void)
{
	static const struct {
		const char *in, *field, *code;
	} rows[] = {
		{ "{}", "name", "missing" },
		{ "{\"name\":null}", "name", "missing" },
		{ "{\"name\":\"\"}", "name", "missing" },
		{ "{\"name\":5}", "name", "wrong-type" },
		{ "{\"name\":\"a\"}", "name", "too-short" },
		{ "{\"name\":\"abcdef\"}", "name", "too-long" },
		{ "{\"name\":\"a\\nb\"}", "name", "bad-pattern" },
		{ "{\"name\":\"ab\",\"nam\":1}", "nam", "unknown-field" },
		{ "{\"name\":\"ab\",\"size\":1}", "size", "out-of-range" },
		{ "{\"name\":\"ab\",\"size\":8}", "size", "out-of-range" },
		{ "{\"name\":\"ab\",\"size\":\"4\"}", "size", "wrong-type" },
		{ "{\"name\":\"ab\",\"size\":4.5}", "size", "wrong-type" },
		{ "{\"name\":\"ab\",\"is_big\":1}", "is_big", "wrong-type" },
		{ "{\"name\":\"ab\",\"type\":\"des\"}", "type", "bad-choice" },
		{ "{\"name\":\"ab\",\"digits\":\"12a\"}", "digits",
		  "bad-pattern" },
		{ "{\"name\":\"ab\",\"digits\":12}", "digits", "wrong-type" },
		{ "{\"name\":\"ab\",\"mail\":\"a b@c\"}", "mail",
		  "bad-pattern" },
		{ "{\"name\":\"ab\",\"url\":\"ftp://x\"}", "url",
		  "bad-pattern" },
		{ "{\"name\":\"ab\",\"word\":\"Ab\"}", "word", "bad-pattern" },
		{ "{\"name\":\"ab\",\"owner\":\"A B\"}", "owner",
		  "bad-pattern" },
		{ "{\"name\":\"ab\",\"list\":[\"abcd\"]}", "list[0]",
		  "too-long" },
		{ "{\"name\":\"ab\",\"list\":\"x\"}", "list", "wrong-type" },
		{ "{\"name\":\"ab\",\"set\":[\"red\",\"blue\"]}", "set[1]",
		  "bad-choice" },
		{ "{\"name\":\"ab\",\"set\":[\"\"]}", "set[0]", "missing" },
		{ "{\"name\":\"ab\",\"secret\":\"abc\"}", "secret",
		  "too-short" },
		{ "{\"name\":\"ab\",\"state\":\"x\"}", "state", "read-only" },
		{ "{\"name\":\"ab\",\"price\":1}", "price", "not-permitted" },
		{ "[]", "", "wrong-type" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *in = json_loads(rows[i].in, 0, NULL);
		json_t *errors = json_array(), *out = NULL, *first;

		CHECK_INT(kind_check(&out, &thing_kind, in, KIND_CREATE,
				     ROLE_CUSTOMER, errors),
			  EBADMSG);
		CHECK(!out);
		CHECK_INT(json_array_size(errors), 1);
		first = json_array_get(errors, 0);
		CHECK_STR(json_string_value(json_object_get(first, "field")),
			  rows[i].field);
		CHECK_STR(json_string_value(json_object_get(first, "code")),
			  rows[i].code);
		json_decref(errors);
		json_decref(in);
	}
}

static void all_faults_come_at_once(void)
{
	json_t *in = json_loads("{\"size\":99,\"x\":1,\"type\":5}", 0, NULL);
	json_t *errors = json_array(), *out;

	CHECK_INT(kind_check(&out, &thing_kind, in, KIND_CREATE, ROLE_PROVIDER,
			     errors),
		  EBADMSG);
	CHECK_INT(json_array_size(errors), 4);
	json_decref(errors);
	json_decref(in);
}

static void good_input_gets_presets(void)
{
	json_t *in = json_loads("{\"name\":\"\u00e9t\u00e9\",\"list\":[\"a\"],"
				"\"mail\":\"a.b@example.com\","
				"\"url\":\"sip:127.0.0.1:5060\",\"price\":3}",
				0, NULL);
	json_t *errors = json_array(), *out;

	CHECK(!kind_check(&out, &thing_kind, in, KIND_CREATE, ROLE_PROVIDER,
			  errors));
	CHECK_INT(json_integer_value(json_object_get(out, "size")), 4);
	CHECK(json_is_true(json_object_get(out, "is_big")));
	CHECK(json_is_null(json_object_get(out, "type")));
	CHECK_INT(json_object_size(out), thing_kind.count);
	json_decref(out);
	json_decref(errors);
	json_decref(in);
}

static void a_change_touches_only_what_it_names(void)
{
	json_t *in = json_loads("{\"size\":5,\"mail\":null}", 0, NULL);
	json_t *errors = json_array(), *out;

	CHECK(!kind_check(&out, &thing_kind, in, KIND_CHANGE, ROLE_CUSTOMER,
			  errors));
	CHECK_INT(json_object_size(out), 2);
	CHECK(json_is_null(json_object_get(out, "mail")));
	json_decref(out);
	json_decref(errors);
	json_decref(in);
}

static void views_and_audit_keep_secrets(void)
{
	json_t *a = json_loads("{\"id\":\"x\",\"name\":\"ab\",\"secret\":"
			       "\"abcd\",\"price\":3}",
			       0, NULL);
	json_t *b = json_loads("{\"id\":\"x\",\"name\":\"ac\",\"secret\":"
			       "\"abce\",\"price\":3}",
			       0, NULL);
	json_t *view = kind_view(&thing_kind, a, ROLE_CUSTOMER);
	json_t *diff = kind_diff(&thing_kind, a, b);
	char *text = json_dumps(diff, JSON_COMPACT);

	CHECK(!json_object_get(view, "secret"));
	CHECK(!json_object_get(view, "price"));
	CHECK_STR(text,
		  "{\"name\":[\"ab\",\"ac\"],\"secret\":[\"***\",\"***\"]}");
	free(text);
	json_decref(diff);
	json_decref(view);
	json_decref(a);
	json_decref(b);
}

static void kinds_are_whole(void)
{
	for (const struct kind *const *k = portal_kinds; *k; k++) {
		CHECK(permission_find((*k)->plural));
		for (size_t i = 0; i < (*k)->count; i++) {
			const struct field *f = &(*k)->fields[i];

			CHECK(f->help && f->help_fr);
			CHECK(f->type != FIELD_ENUM || f->choices);
			CHECK(f->type != FIELD_REF || f->ref);
			CHECK(!f->pattern || f->pattern_help);
		}
	}
}

static void permissions_are_a_matrix(void)
{
	size_t count;
	const struct permission *p = permission_table(&count);

	for (size_t i = 0; i < count; i++)
		CHECK(permission_find(p[i].object) == &p[i]);
	CHECK(permission_allows(ROLE_PROVIDER, "customers", ACTION_CREATE));
	CHECK(!permission_allows(ROLE_CUSTOMER, "customers", ACTION_CREATE));
	CHECK(permission_allows(ROLE_CUSTOMER, "users", ACTION_DELETE));
	CHECK(!permission_allows(ROLE_USER, "users", ACTION_LIST));
	CHECK(!permission_allows(ROLE_ANYONE, "users", ACTION_LIST));
	CHECK(!permission_allows(ROLE_SERVICE, "nonsense", ACTION_LIST));
	CHECK(!permission_allows(ROLE_PROVIDER, "links", ACTION_CREATE));
	CHECK_INT(role_find(role_name(ROLE_CUSTOMER)), ROLE_CUSTOMER);
}

static void openapi_describes_fields_and_routes(void)
{
	static const struct route routes[] = {
		{ "PUT", "/api/v1/phones/{id}", "phones", ACTION_UPDATE, NULL,
		  0, "Change a phone" },
	};
	const struct kind *const kinds[] = { &phone_kind };
	json_t *doc = openapi_make("portal");
	json_t *schema;

	CHECK(doc);
	openapi_kind(doc, &phone_kind);
	openapi_route(doc, &routes[0], kinds, 1);
	schema = json_object_get(
		json_object_get(json_object_get(doc, "components"), "schemas"),
		"phone");
	CHECK(json_object_get(json_object_get(schema, "properties"), "number"));
	CHECK(!json_object_get(json_object_get(schema, "properties"),
			       "sip_secret"));
	schema = json_object_get(
		json_object_get(json_object_get(doc, "components"), "schemas"),
		"phone-change");
	CHECK(json_object_get(json_object_get(schema, "properties"),
			      "sip_secret"));
	CHECK(!json_object_get(json_object_get(schema, "properties"), "state"));
	CHECK(json_object_get(
		json_object_get(json_object_get(json_object_get(doc, "paths"),
						"/api/v1/phones/{id}"),
				"put"),
		"requestBody"));
	json_decref(doc);
}

static const struct test tests[] = {
	{ "each bad input has its code", each_bad_input_has_its_code },
	{ "all faults come at once", all_faults_come_at_once },
	{ "good input gets presets", good_input_gets_presets },
	{ "a change touches only what it names",
	  a_change_touches_only_what_it_names },
	{ "views and audit keep secrets", views_and_audit_keep_secrets },
	{ "the portal's kinds are whole", kinds_are_whole },
	{ "permissions are a matrix", permissions_are_a_matrix },
	{ "the OpenAPI document describes fields and routes",
	  openapi_describes_fields_and_routes },
};

TEST_MAIN("model/kind", tests)
