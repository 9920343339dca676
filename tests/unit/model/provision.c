/* provision.c - a server with two kinds, asked over HTTP */
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/http.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/store.h"
#include "model/provision.h"
#include "model/route.h"
#include "tests/unit/rest.h"

static const struct field customer_fields[] = {
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 40 },
	{ "size", FIELD_INT, 0, 0, 100, .preset = "4" },
};
static const struct field phone_fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED, .ref = "customers" },
	{ "sip_user", FIELD_TEXT, FIELD_REQUIRED, 1, 40, .unique = UNIQUE_ALL },
	{ "sip_secret", FIELD_SECRET, 0, 4, 40 },
	{ "seen", FIELD_INT, FIELD_READONLY, 0, 1000 },
};
static const struct kind customers = {
	.name = "customer",
	.plural = "customers",
	KIND_FIELDS(customer_fields),
};
static const struct kind phones = {
	.name = "phone",
	.plural = "phones",
	KIND_FIELDS(phone_fields),
};

struct house {
	char dir[40];
	char path[80];
	char key[80];
	struct store *store;
	struct key_file *keys;
	struct http_server *http;
	struct router *router;
	struct provision *prov;
	struct rest rest;
	int after;
	bool refuses;
};

static int before(struct provision_change *c, void *arg)
{
	struct house *h = arg;

	if (!h->refuses)
		return 0;
	snprintf(c->code, sizeof(c->code), "no-mood");
	snprintf(c->detail, sizeof(c->detail), "not today");
	return EPERM;
}

static void after(const struct provision_change *c, void *arg)
{
	struct house *h = arg;

	(void)c;
	h->after++;
}

static void open_server(struct house *h)
{
	static const struct provision_hooks hooks = { .before = before,
						      .after = after };
	char url[100];
	struct sa sa;

	snprintf(url, sizeof(url), "sqlite:%s", h->path);
	CHECK(!store_open(&h->store, url, STORE_FULL_SYNC));
	CHECK(!http_server_alloc(&h->http, NULL));
	CHECK(!sa_set_str(&sa, "127.0.0.1", 0));
	CHECK(!http_server_listen(h->http, &sa, NULL));
	CHECK(!router_alloc(&h->router, "pbx", h->http));
	router_token(h->router, "0123456789012345678901234567890123456789012");
	CHECK(!provision_alloc(&h->prov, h->router, h->store, h->keys));
	CHECK(!provision_kind_add(h->prov, &customers, NULL, NULL));
	CHECK(!provision_kind_add(h->prov, &phones, &hooks, h));
	snprintf(h->rest.url, sizeof(h->rest.url), "http://127.0.0.1:%u",
		 http_server_port(h->http));
}

static void close_server(struct house *h)
{
	mem_deref(h->prov);
	mem_deref(h->http);
	mem_deref(h->router);
	mem_deref(h->store);
}

static struct house *house_open(void)
{
	struct house *h = calloc(1, sizeof(*h));

	CHECK(!loop_init());
	CHECK(!secrets_init());
	snprintf(h->dir, sizeof(h->dir), "/tmp/model-XXXXXX");
	CHECK(mkdtemp(h->dir));
	snprintf(h->path, sizeof(h->path), "%s/db", h->dir);
	CHECK(!key_file_open(&h->keys, h->dir));
	CHECK(!http_client_alloc(&h->rest.client));
	snprintf(h->rest.token, sizeof(h->rest.token), "%s",
		 "0123456789012345678901234567890123456789012");
	open_server(h);

	return h;
}

static void house_close(struct house *h)
{
	static const char *const ends[] = { "/db", "/db-wal", "/db-shm", "/key",
					    "" };
	char path[100];

	close_server(h);
	json_decref(h->rest.json);
	mem_deref(h->rest.client);
	mem_deref(h->keys);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", h->dir, ends[i]);
		(void)remove(path);
	}
	free(h);
	loop_close();
}

static int put(struct house *h, const char *path, const char *body)
{
	return rest_send(&h->rest, "PUT", path, body);
}

static int del(struct house *h, const char *path)
{
	return rest_send(&h->rest, "DELETE", path, NULL);
}

static int get(struct house *h, const char *path)
{
	return rest_send(&h->rest, "GET", path, NULL);
}

static void generations_decide(void)
{
	struct house *h = house_open();
	const char *c1 = "/api/v1/customers/c1";

	CHECK_INT(put(h, c1, "{\"generation\":3,\"name\":\"a\"}"), 201);
	CHECK_INT(put(h, c1, "{\"generation\":3,\"name\":\"a\"}"), 200);
	CHECK_INT(put(h, c1, "{\"generation\":3,\"name\":\"b\"}"), 409);
	CHECK_STR(rest_text(&h->rest, "code"), "generation-conflict");
	CHECK_INT(put(h, c1, "{\"generation\":2,\"name\":\"b\"}"), 409);
	CHECK_STR(rest_text(&h->rest, "code"), "stale-generation");
	CHECK_INT(put(h, c1, "{\"generation\":4,\"name\":\"b\"}"), 200);
	CHECK_INT(get(h, c1), 200);
	CHECK_STR(rest_text(&h->rest, "name"), "b");
	CHECK_INT(json_integer_value(json_object_get(h->rest.json, "size")), 4);
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=3"), 409);
	CHECK_STR(rest_text(&h->rest, "code"), "stale-generation");
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=4"), 409);
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=5"), 204);
	CHECK_INT(get(h, c1), 404);
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=5"), 204);

	house_close(h);
}

static void what_is_undone_stays_dead(void)
{
	struct house *h = house_open();
	const char *c1 = "/api/v1/customers/c1";

	/* the undo overtakes the do */
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=2"), 204);
	CHECK_INT(put(h, c1, "{\"generation\":1,\"name\":\"a\"}"), 409);
	CHECK_STR(rest_text(&h->rest, "code"), "stale-generation");
	close_server(h);
	open_server(h);
	CHECK_INT(put(h, c1, "{\"generation\":2,\"name\":\"a\"}"), 409);
	CHECK_INT(put(h, c1, "{\"generation\":3,\"name\":\"a\"}"), 201);
	CHECK_INT(put(h, c1, "{\"generation\":1,\"name\":\"a\"}"), 409);

	house_close(h);
}

static void bad_input_changes_nothing(void)
{
	static const struct {
		const char *body;
		int status;
		const char *code, *field, *field_code;
	} rows[] = {
		{ "{\"generation\":1,", 400, "malformed-json", NULL, NULL },
		{ "[1]", 422, "invalid", "", "wrong-type" },
		{ "{\"name\":\"a\"}", 422, "invalid", "generation", "missing" },
		{ "{\"generation\":0,\"name\":\"a\"}", 422, "invalid",
		  "generation", "out-of-range" },
		{ "{\"generation\":\"1\",\"name\":\"a\"}", 422, "invalid",
		  "generation", "wrong-type" },
		{ "{\"generation\":1}", 422, "invalid", "name", "missing" },
		{ "{\"generation\":1,\"name\":7}", 422, "invalid", "name",
		  "wrong-type" },
		{ "{\"generation\":1,\"name\":\"a\",\"x\":7}", 422, "invalid",
		  "x", "unknown-field" },
		{ "{\"generation\":1,\"name\":\"a\",\"size\":101}", 422,
		  "invalid", "size", "out-of-range" },
		{ "{\"generation\":1,\"name\":\"a\",\"id\":\"c2\"}", 422,
		  "invalid", "id", "bad-pattern" },
	};
	struct house *h = house_open();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(put(h, "/api/v1/customers/c1", rows[i].body),
			  rows[i].status);
		CHECK_STR(rest_text(&h->rest, "code"), rows[i].code);
		if (rows[i].field) {
			CHECK_STR(rest_text(&h->rest, "field"), rows[i].field);
			CHECK_STR(rest_field_code(&h->rest),
				  rows[i].field_code);
		}
		CHECK_INT(get(h, "/api/v1/customers/c1"), 404);
	}
	CHECK_INT(put(h, "/api/v1/customers/C%201", "{\"generation\":1}"), 422);
	CHECK_INT(del(h, "/api/v1/customers/c1"), 422);
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=x"), 422);

	house_close(h);
}

static void an_oversized_body_is_413(void)
{
	struct house *h = house_open();
	char *body = malloc(200001);

	memset(body, 'a', 200000);
	body[200000] = 0;
	CHECK_INT(put(h, "/api/v1/customers/c1", body), 413);
	free(body);
	house_close(h);
}

static void references_and_unique_values_hold(void)
{
	struct house *h = house_open();

	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\"}"),
		  422);
	CHECK_STR(rest_field_code(&h->rest), "unknown-reference");
	CHECK_INT(put(h, "/api/v1/customers/c1",
		      "{\"generation\":1,\"name\":\"a\"}"),
		  201);
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\",\"sip_secret\":\"topsecret\"}"),
		  201);
	CHECK(!json_object_get(h->rest.json, "sip_secret"));
	CHECK_INT(put(h, "/api/v1/phones/p2",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\"}"),
		  409);
	CHECK_STR(rest_text(&h->rest, "code"), "duplicate-sip-user");
	CHECK_INT(del(h, "/api/v1/customers/c1?generation=2"), 409);
	CHECK_STR(rest_text(&h->rest, "code"), "in-use");
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\",\"sip_secret\":\"topsecret\"}"),
		  200);
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\",\"sip_secret\":\"topsecreT\"}"),
		  409);
	CHECK_INT(h->after, 1);
	CHECK_INT(del(h, "/api/v1/phones/p1?generation=2"), 204);
	CHECK_INT(h->after, 2);
	CHECK_INT(put(h, "/api/v1/phones/p2",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\"}"),
		  201);

	house_close(h);
}

static int has_secret(json_t *object, void *arg)
{
	*(json_t **)arg = json_incref(object);
	return 0;
}

static void secrets_lie_sealed_and_come_back(void)
{
	struct house *h = house_open();
	struct store_rows *rows;
	json_t *object = NULL;

	CHECK_INT(put(h, "/api/v1/customers/c1",
		      "{\"generation\":1,\"name\":\"a\"}"),
		  201);
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\",\"sip_secret\":\"topsecret\"}"),
		  201);
	close_server(h);
	open_server(h);
	CHECK(!record_each(provision_table(h->prov, "phones"), has_secret,
			   &object));
	CHECK_STR(json_string_value(json_object_get(object, "sip_secret")),
		  "topsecret");
	CHECK(!store_query(&rows, h->store, "SELECT sip_secret FROM phones",
			   STORE_NO_ARGS));
	CHECK(!strstr(rows_text(rows, 0, 0), "topsecret"));
	mem_deref(rows);
	json_decref(object);

	house_close(h);
}

static void hooks_may_refuse(void)
{
	struct house *h = house_open();

	CHECK_INT(put(h, "/api/v1/customers/c1",
		      "{\"generation\":1,\"name\":\"a\"}"),
		  201);
	h->refuses = true;
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\"}"),
		  409);
	CHECK_STR(rest_text(&h->rest, "code"), "no-mood");
	CHECK_INT(get(h, "/api/v1/phones/p1"), 404);

	house_close(h);
}

static void the_servers_own_fields_survive(void)
{
	struct house *h = house_open();
	json_t *object = NULL;

	CHECK_INT(put(h, "/api/v1/customers/c1",
		      "{\"generation\":1,\"name\":\"a\"}"),
		  201);
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":1,\"customer\":\"c1\",\"sip_user\":"
		      "\"u\"}"),
		  201);
	CHECK(!record_get(&object, provision_table(h->prov, "phones"), "p1"));
	json_object_set_new(object, "seen", json_integer(7));
	CHECK(!provision_set(h->prov, "phones", object, NULL, NULL));
	CHECK_INT(put(h, "/api/v1/phones/p1",
		      "{\"generation\":2,\"customer\":\"c1\",\"sip_user\":"
		      "\"v\"}"),
		  200);
	CHECK_INT(json_integer_value(json_object_get(h->rest.json, "seen")), 7);

	house_close(h);
}

static void strangers_are_401(void)
{
	struct house *h = house_open();

	h->rest.token[0] = 'x';
	CHECK_INT(get(h, "/api/v1/customers"), 401);
	CHECK_INT(put(h, "/api/v1/customers/c1", "{}"), 401);
	h->rest.token[0] = '\0';
	CHECK_INT(get(h, "/api/v1/customers"), 401);
	CHECK_STR(rest_text(&h->rest, "code"), "not-signed-in");
	CHECK_INT(get(h, "/api/v1/about"), 200);
	CHECK_STR(rest_text(&h->rest, "server"), "pbx");
	CHECK_INT(get(h, "/api/v1/openapi.json"), 200);
	CHECK_STR(rest_text(&h->rest, "openapi"), "3.1.0");

	house_close(h);
}

static void a_route_without_permission_is_refused(void)
{
	static const struct route routes[] = {
		{ "GET", "/api/v1/nonsense", "nonsense", ACTION_LIST, NULL },
		{ "POST", "/api/v1/audit", "audit", ACTION_CREATE, NULL },
	};
	struct house *h = house_open();

	CHECK_INT(router_routes(h->router, &routes[0], 1, NULL), EPERM);
	CHECK_INT(router_routes(h->router, &routes[1], 1, NULL), EPERM);

	house_close(h);
}

static size_t items(const struct house *h)
{
	return json_array_size(json_object_get(h->rest.json, "items"));
}

static void lists_filter_sort_and_page(void)
{
	struct house *h = house_open();
	char path[200], body[100], seen[100] = "";
	size_t n = 0;

	for (int i = 0; i < 25; i++) {
		snprintf(path, sizeof(path), "/api/v1/customers/c%02d", i);
		snprintf(body, sizeof(body),
			 "{\"generation\":1,\"name\":\"n%02d\",\"size\":%d}",
			 24 - i, i % 3);
		CHECK_INT(put(h, path, body), 201);
	}
	CHECK_INT(get(h, "/api/v1/customers?filter[size]=1"), 200);
	CHECK_INT(items(h), 8);
	CHECK_INT(get(h, "/api/v1/customers?filter[name]=n0*"), 200);
	CHECK_INT(items(h), 10);
	CHECK_INT(get(h, "/api/v1/customers?q=N1"), 200);
	CHECK_INT(items(h), 10);
	CHECK_INT(get(h, "/api/v1/customers?filter[nope]=1"), 422);
	CHECK_INT(get(h, "/api/v1/customers?page[size]=0"), 422);
	CHECK_INT(get(h, "/api/v1/customers?page[cursor]=zzz"), 422);
	CHECK_INT(get(h, "/api/v1/customers?size=0"), 422);

	snprintf(path, sizeof(path),
		 "/api/v1/customers?sort=-size&page[size]=4");
	for (;;) {
		const char *next;

		CHECK_INT(get(h, path), 200);
		CHECK_INT(json_integer_value(
				  json_object_get(h->rest.json, "total")),
			  25);
		for (size_t i = 0; i < items(h); i++) {
			const char *id = json_string_value(json_object_get(
				json_array_get(
					json_object_get(h->rest.json, "items"),
					i),
				"id"));

			CHECK(id && !strstr(seen, id));
			snprintf(seen + n, sizeof(seen) - n, "%s", id);
			n += strlen(id);
		}
		next = json_string_value(json_object_get(h->rest.json, "next"));
		if (!next)
			break;
		snprintf(path, sizeof(path),
			 "/api/v1/customers?sort=-size&page[size]=4"
			 "&page[cursor]=%s",
			 next);
	}
	CHECK_INT(n, 75);

	house_close(h);
}

static const struct test tests[] = {
	{ "generations decide", generations_decide },
	{ "what is undone stays dead", what_is_undone_stays_dead },
	{ "bad input is named and changes nothing", bad_input_changes_nothing },
	{ "an oversized body is 413", an_oversized_body_is_413 },
	{ "references and unique values hold",
	  references_and_unique_values_hold },
	{ "secrets lie sealed and come back",
	  secrets_lie_sealed_and_come_back },
	{ "hooks may refuse", hooks_may_refuse },
	{ "the server's own fields survive a replacement",
	  the_servers_own_fields_survive },
	{ "strangers are 401", strangers_are_401 },
	{ "a route without permission is refused at start",
	  a_route_without_permission_is_refused },
	{ "lists filter, sort and page", lists_filter_sort_and_page },
};

TEST_MAIN("model/provision", tests)
