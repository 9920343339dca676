/* application.c - what applications of third parties may see and how often */
#include "base/clock.h"
#include "base/libre.h"
#include "base/secrets.h"
#include "pbx/control/application.h"
#include "tests/unit/test.h"

#define HA1 "0123456789abcdef0123456789abcdef"

static void gone(struct phone *p, void *arg)
{
	(void)p;
	(void)arg;
}

static void put_user(const char *id, const char *customer,
		     const char *extension)
{
	const struct user_fields u = { id, customer, extension, id };
	const struct phone_fields p = {
		.id = id,
		.customer = customer,
		.user = id,
		.number = extension,
		.sip_user = id,
		.ha1_md5 = HA1,
		.ha1_sha256 = HA1 HA1,
		.rings_with_user = true,
	};

	CHECK_INT(directory_put_user(&u), 0);
	CHECK_INT(directory_put_phone(&p), 0);
}

static void make(void)
{
	static const char *const customers[] = { "c1", "c2" };

	CHECK_INT(secrets_init(), 0);
	CHECK_INT(directory_init(gone, NULL), 0);
	CHECK_INT(application_init(), 0);
	for (int i = 0; i < 2; i++) {
		const struct customer_fields c = { customers[i], "Customer" };

		CHECK_INT(directory_put_customer(&c), 0);
	}
	put_user("alice", "c1", "2001");
	put_user("bob", "c1", "2002");
	put_user("eve", "c2", "2001");
}

static void unmake(void)
{
	application_close();
	directory_close();
}

/* scope: JSON, or NULL for all */
static struct application *take(const char *token, const char *scope,
				const char *more)
{
	char hash[TOKEN_HASH_SIZE], text[400];
	json_t *object;

	token_hash(hash, token);
	(void)snprintf(text, sizeof(text),
		       "{\"id\":\"a1\",\"customer\":\"c1\",\"name\":\"A\","
		       "\"token_hash\":\"%s\",\"scope\":%s%s}",
		       hash, scope ? scope : "null", more);
	object = json_loads(text, 0, NULL);
	CHECK(object);
	CHECK_INT(application_take(object, NULL), 0);
	json_decref(object);

	return application_by_id("a1");
}

static void a_token_is_known_while_it_is_valid(void)
{
	char more[80];

	make();
	take("one", NULL, "");
	CHECK(application_find("one"));
	CHECK(!application_find("two"));
	take("two", NULL, "");
	CHECK(!application_find("one"));
	CHECK(application_find("two"));
	take("two", NULL, ",\"enabled\":false");
	CHECK(!application_find("two"));
	(void)snprintf(more, sizeof(more), ",\"expires_ms\":%llu",
		       (unsigned long long)clock_wall_ms() + 5000);
	take("two", NULL, more);
	CHECK(application_find("two"));
	clock_move_ms(6000);
	CHECK(!application_find("two"));
	take("two", NULL, "");
	CHECK(application_find("two"));
	application_remove("a1");
	CHECK(!application_find("two") && !application_by_id("a1"));
	unmake();
}

static void it_sees_its_scope(void)
{
	static const struct {
		const char *scope;
		const char *user;
		const char *customer;
		bool sees;
	} rows[] = {
		{ NULL, "alice", "c1", true },
		{ NULL, "eve", "c2", false },
		{ NULL, "", "c1", true }, /* nobody's, of the customer */
		{ "[]", "alice", "c1", false },
		{ "[\"alice\"]", "alice", "c1", true },
		{ "[\"alice\"]", "bob", "c1", false },
		{ "[\"alice\"]", "", "c1", false },
		{ "[\"2001\"]", "alice", "c1", true },
		{ "[\"2001\"]", "eve", "c2", false },
		{ "[\"eve\"]", "eve", "c2", false },
		{ "[\"gone\"]", "gone", "c1", true }, /* in records */
		{ "[\"2002\",\"alice\"]", "bob", "c1", true },
	};

	make();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct application *a = take("t", rows[i].scope, "");
		const struct phone *p = directory_phone(span_of(rows[i].user));

		CHECK_INT(application_sees_user(a, rows[i].customer,
						rows[i].user),
			  rows[i].sees);
		if (p)
			CHECK_INT(application_sees_phone(a, p), rows[i].sees);
		CHECK(application_sees_user(NULL, rows[i].customer,
					    rows[i].user));
	}
	unmake();
}

static void it_sees_what_names_its_users(void)
{
	static const struct {
		const char *json;
		bool sees;
	} rows[] = {
		{ "{\"user\":\"alice\"}", true },
		{ "{\"user\":\"bob\",\"caller\":{\"user\":\"alice\"}}", false },
		{ "{\"user\":null,\"phone\":\"alice\"}", true },
		{ "{\"user\":null,\"phone\":\"bob\"}", false },
		{ "{\"caller\":{\"user\":\"bob\"},\"callee\":{\"user\":"
		  "\"alice\"}}",
		  true },
		{ "{\"caller\":{\"user\":\"bob\"},\"callee\":{\"user\":"
		  "null}}",
		  false },
		{ "{\"call\":\"00000000000000000000000000000000\"}", false },
		{ "{}", false },
	};
	const struct application *a;

	make();
	CHECK_INT(application_sees_json(take("t", NULL, ""), NULL), true);
	a = take("t", "[\"2001\"]", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *json = json_loads(rows[i].json, 0, NULL);

		CHECK_INT(application_sees_json(a, json), rows[i].sees);
		json_decref(json);
	}
	unmake();
}

static void it_asks_so_often(void)
{
	struct application *a;
	uint32_t wait_ms = 0, passed = 0;

	make();
	a = take("t", NULL, ",\"requests_per_s\":10");
	while (application_admits(a, &wait_ms))
		passed++;
	CHECK_INT(passed, 20);
	CHECK(wait_ms >= 1 && wait_ms <= 100);
	clock_move_ms(wait_ms);
	CHECK(application_admits(a, &wait_ms));
	CHECK(!application_admits(a, &wait_ms));
	clock_move_ms(1000);
	for (passed = 0; application_admits(a, &wait_ms); passed++)
		;
	CHECK(passed >= 9 && passed <= 11);
	clock_move_ms(3600000);
	for (passed = 0; application_admits(a, &wait_ms); passed++)
		;
	CHECK_INT(passed, 20);
	unmake();
}

static void another_right_or_scope_is_another_version(void)
{
	const struct application *a;
	uint32_t version;

	make();
	a = take("t", NULL, ",\"rights\":[\"calls.see\"]");
	CHECK(application_may(a, RIGHT_CALLS_SEE));
	CHECK(!application_may(a, RIGHT_CALLS_CONTROL));
	CHECK(application_may(NULL, RIGHT_CALLS_CONTROL));
	version = a->version;
	take("t", NULL, ",\"rights\":[\"calls.see\"],\"streams_max\":9");
	CHECK_INT(a->version, version);
	take("t", NULL, ",\"rights\":[\"calls.see\",\"records.read\"]");
	CHECK_INT(a->version, version + 1);
	take("t", "[]", ",\"rights\":[\"calls.see\",\"records.read\"]");
	CHECK_INT(a->version, version + 2);
	CHECK_INT(a->token_version, 1);
	take("u", "[]", ",\"rights\":[\"calls.see\",\"records.read\"]");
	CHECK_INT(a->version, version + 2);
	CHECK_INT(a->token_version, 2);
	unmake();
}

static const struct test tests[] = {
	{ "a token is known while it is valid",
	  a_token_is_known_while_it_is_valid },
	{ "an application sees its customer's and its scope's users",
	  it_sees_its_scope },
	{ "it sees what names its users", it_sees_what_names_its_users },
	{ "it asks so often, and so many at once", it_asks_so_often },
	{ "another right, scope or token is another version",
	  another_right_or_scope_is_another_version },
};

TEST_MAIN("pbx/application", tests)
