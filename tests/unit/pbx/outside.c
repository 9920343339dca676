/* outside.c - tests of numbers that lead out and in, and what is shown */
#include "model/record.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/did.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/trunk/outsider.h"
#include "pbx/trunk/trunk.h"
#include "tests/unit/test.h"

static void gone(struct phone *p, void *arg)
{
	(void)p;
	(void)arg;
}

static void take(record_each_h *h, const char *text)
{
	json_t *object = json_loads(text, 0, NULL);

	CHECK(object);
	CHECK_INT(h(object, NULL), 0);
	json_decref(object);
}

static struct customer *make(void)
{
	const struct customer_fields c = { .id = "c1", .name = "Customer" };
	const struct user_fields u = { .id = "u1",
				       .customer = "c1",
				       .extension = "2001",
				       .name = "Alice" };
	const struct phone_fields p = {
		.id = "p1",
		.customer = "c1",
		.user = "u1",
		.number = "2001",
		.sip_user = "a",
		.ha1_md5 = "0123456789abcdef0123456789abcdef",
		.ha1_sha256 = "0123456789abcdef0123456789abcdef"
			      "0123456789abcdef0123456789abcdef",
	};

	CHECK_INT(directory_init(gone, NULL), 0);
	CHECK_INT(outside_rules_init(), 0);
	CHECK_INT(did_init(), 0);
	CHECK_INT(cpn_init(), 0);
	trunk_init();
	CHECK_INT(directory_put_customer(&c), 0);
	CHECK_INT(directory_put_user(&u), 0);
	CHECK_INT(directory_put_phone(&p), 0);

	return directory_customer(SPAN("c1"));
}

static void unmake(void)
{
	trunk_close();
	cpn_close();
	did_close();
	outside_rules_close();
	directory_close();
}

static void prefixes(void)
{
	struct customer *c = make();
	char out[DIRECTORY_NUMBER_MAX + 1];

	CHECK(outside_number(c, "0145678900", out));
	CHECK_STR(out, "0145678900");
	CHECK(outside_number(c, "+33145678900", out));
	CHECK_STR(out, "+33145678900");
	CHECK(!outside_number(c, "2001", out));
	CHECK(!outside_number(c, "*601234567", out));
	CHECK(!outside_number(c, "+2001", out));

	take(outside_rules_take,
	     "{\"id\":\"r\",\"customer\":\"c1\",\"prefix\":\"9\"}");
	CHECK(outside_number(c, "90145678900", out));
	CHECK_STR(out, "0145678900");
	CHECK(outside_number(c, "917", out));
	CHECK_STR(out, "17");
	CHECK(!outside_number(c, "0145678900", out));
	CHECK(!outside_number(c, "9", out));
	CHECK(outside_number(c, "+33145678900", out));
	unmake();
}

static void permissions(void)
{
	struct customer *c = make();

	CHECK(!outside_permits(c, "0145678900").cause);
	take(outside_rules_take,
	     "{\"id\":\"r\",\"customer\":\"c1\",\"denied\":[\"08\",\"00\"],"
	     "\"permitted\":[\"080\",\"01\",\"08\"]}");
	CHECK(!outside_permits(c, "0145678900").cause);
	CHECK(!outside_permits(c, "0800123456").cause);
	CHECK_INT(outside_permits(c, "0011234567").status, 403);
	CHECK_INT(outside_permits(c, "0612345678").status, 403);
	take(outside_rules_take,
	     "{\"id\":\"r\",\"customer\":\"c1\",\"allowed\":false}");
	CHECK_INT(outside_permits(c, "0145678900").status, 403);
	outside_rules_remove("r");
	CHECK(!outside_permits(c, "0145678900").cause);
	unmake();
}

static void emergencies(void)
{
	struct customer *c = make();
	char out[DIRECTORY_NUMBER_MAX + 1];

	CHECK(outside_is_emergency(c, "112", out));
	CHECK(outside_is_emergency(c, "911", out));
	CHECK(!outside_is_emergency(c, "15", out));
	CHECK(!outside_is_emergency(c, "1122", out));
	take(outside_rules_take,
	     "{\"id\":\"r\",\"customer\":\"c1\",\"prefix\":\"0\","
	     "\"emergency_numbers\":[\"15\",\"112\"]}");
	CHECK(outside_is_emergency(c, "015", out));
	CHECK_STR(out, "15");
	CHECK(outside_is_emergency(c, "112", out));
	CHECK(!outside_is_emergency(c, "911", out));
	unmake();
}

static void dids(void)
{
	struct did_target t;

	(void)make();
	take(did_take, "{\"id\":\"1\",\"customer\":\"c1\","
		       "\"start\":\"+33140000001\",\"user\":\"u1\"}");
	take(did_take, "{\"id\":\"2\",\"customer\":\"c1\","
		       "\"start\":\"33140000100\",\"end\":\"33140000199\","
		       "\"target\":\"0500\"}");
	take(did_take, "{\"id\":\"3\",\"customer\":\"c1\","
		       "\"start\":\"33140002000\",\"end\":\"33140002999\"}");
	take(did_take, "{\"id\":\"4\",\"customer\":\"none\","
		       "\"start\":\"33140003000\"}");
	CHECK_INT(did_find(&t, "33140000001"), 0);
	CHECK_STR(t.number, "2001");
	CHECK_INT(did_find(&t, "+33140000107"), 0);
	CHECK_STR(t.number, "0507");
	CHECK_INT(did_find(&t, "33140002001"), 0);
	CHECK_STR(t.number, "2001");
	CHECK_INT(did_find(&t, "33140000200"), ENOENT);
	CHECK_INT(did_find(&t, "3314000010"), ENOENT);
	CHECK_INT(did_find(&t, "33140003000"), ENOENT);
	CHECK_INT(did_find(&t, ""), ENOENT);
	CHECK_STR(did_of_user(directory_user(SPAN("u1"))), "+33140000001");
	did_remove("1");
	CHECK_INT(did_find(&t, "33140000001"), ENOENT);
	unmake();
}

static void levels(void)
{
	const struct phone *p;
	struct sa sa;

	(void)make();
	p = directory_phone(SPAN("p1"));
	CHECK_INT(sa_set_str(&sa, "10.1.2.3", 5060), 0);
	CHECK(!cpn_of(p, &sa).number);
	take(cpn_take, "{\"id\":\"1\",\"customer\":\"c1\","
		       "\"number\":\"100\"}");
	CHECK_STR(cpn_of(p, &sa).number, "100");
	take(zone_take, "{\"id\":\"z\",\"customer\":\"c1\",\"cpn\":\"200\","
			"\"cesid\":\"2000000\",\"networks\":[\"10.0.0.0/8\"]}");
	take(zone_take, "{\"id\":\"y\",\"customer\":\"c1\",\"cpn\":\"250\","
			"\"networks\":[\"10.1.2.0/23\",\"fe80::/10\"]}");
	CHECK_STR(cpn_of(p, &sa).number, "250");
	CHECK_INT(sa_set_str(&sa, "10.9.9.9", 5060), 0);
	CHECK_STR(cpn_of(p, &sa).number, "200");
	CHECK_STR(cesid_of(p, &sa).number, "2000000");
	CHECK_INT(sa_set_str(&sa, "11.9.9.9", 5060), 0);
	CHECK_STR(cpn_of(p, &sa).number, "100");
	CHECK(!cesid_of(p, &sa).number);
	take(cpn_take, "{\"id\":\"2\",\"customer\":\"c1\",\"user\":\"u1\","
		       "\"number\":\"300\"}");
	CHECK_STR(cpn_of(p, NULL).number, "300");
	take(cpn_take, "{\"id\":\"3\",\"customer\":\"c1\",\"phone\":\"p1\","
		       "\"number\":\"400\"}");
	CHECK_STR(cpn_of(p, NULL).number, "400");
	CHECK_STR(cpn_of_user(directory_user(SPAN("u1"))).number, "300");
	cpn_remove("3");
	cpn_remove("2");
	CHECK_STR(cpn_of(p, NULL).level, "customer");
	unmake();
}

static void choice(void)
{
	struct trunk_query q = { .customer = "c1", .number = "0612345678" };
	struct trunk *t[TRUNKS_MAX];
	struct phone *outsider = NULL;
	struct customer *c = make();
	bool busy;

	take(trunk_take, "{\"id\":\"a\",\"name\":\"A\",\"host\":\"192.0.2.1\","
			 "\"priority\":5}");
	take(trunk_take, "{\"id\":\"b\",\"name\":\"B\",\"host\":\"192.0.2.2\","
			 "\"priority\":5,\"prefixes\":[\"06\"]}");
	take(trunk_take, "{\"id\":\"c\",\"name\":\"C\",\"host\":\"192.0.2.3\","
			 "\"priority\":1,\"customer\":\"c2\"}");
	take(trunk_take, "{\"id\":\"d\",\"name\":\"D\",\"host\":\"192.0.2.4\","
			 "\"priority\":9,\"emergency\":true,\"max_calls\":1}");
	CHECK_INT(trunk_select(t, &busy, &q), 3);
	CHECK_STR(t[0]->id, "b"); /* the longest prefix */
	CHECK_STR(t[1]->id, "a");
	CHECK_STR(t[2]->id, "d");

	trunk_seen(t[0], false, "a test");
	CHECK_INT(trunk_select(t, &busy, &q), 3);
	CHECK_STR(t[2]->id, "b"); /* down: last */

	q.is_emergency = true;
	CHECK_INT(trunk_select(t, &busy, &q), 3);
	CHECK_STR(t[0]->id, "d");

	q.is_emergency = false;
	CHECK_INT(outsider_alloc(&outsider, &(struct outsider){ .customer = c,
								.trunk = t[0],
								.number = "" }),
		  0);
	CHECK(outsider_is(outsider) && outsider->is_anonymous);
	outsider->calls = 1;
	CHECK_INT(trunk_select(t, &busy, &q), 2);
	CHECK(busy);
	CHECK_INT(outsider_customer_calls(c), 1);
	trunk_remove("d"); /* the call keeps it */
	CHECK_STR(outsider->trunk->name, "D");
	directory_remove_customer("c1");
	CHECK(!outsider->customer);
	mem_deref(outsider);
	unmake();
}

static void digits(void)
{
	char out[DIRECTORY_NUMBER_MAX + 1];

	(void)make();
	take(trunk_take, "{\"id\":\"a\",\"name\":\"A\",\"host\":\"192.0.2.1\","
			 "\"strip\":1,\"prepend\":\"+33\",\"in_strip\":3,"
			 "\"in_prepend\":\"0\"}");
	trunk_digits(trunk_find(SPAN("a")), "0145678900", out);
	CHECK_STR(out, "+33145678900");
	trunk_in_digits(trunk_find(SPAN("a")), "+33145678900", out);
	CHECK_STR(out, "0145678900");
	trunk_in_digits(trunk_find(SPAN("a")), "12", out);
	CHECK_STR(out, "0");
	CHECK_INT(trunk_wait_ms(1), 1000);
	CHECK_INT(trunk_wait_ms(4), 8000);
	CHECK_INT(trunk_wait_ms(100), 300000);
	unmake();
}

static const struct test tests[] = {
	{ "a prefix, a + or seven digits mean outside", prefixes },
	{ "the longest of permitted and denied counts", permissions },
	{ "emergency numbers are known with and without prefix", emergencies },
	{ "a DID leads to user, counted number or last digits", dids },
	{ "what is shown is the nearest: line, user, zone, customer", levels },
	{ "trunks: up first, by priority, by prefix; busy ones left out",
	  choice },
	{ "digits are stripped and prepended; waits grow", digits },
};

TEST_MAIN("pbx/outside", tests)
