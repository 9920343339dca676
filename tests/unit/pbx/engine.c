/* engine.c - tests of the routing engine: forwards, groups, classes, codes */
#include "base/json.h"
#include "pbx/route/code.h"
#include "pbx/route/cor.h"
#include "pbx/route/group.h"
#include "pbx/route/route.h"
#include "pbx/route/settings_user.h"
#include "tests/unit/test.h"

#define MD5_HA1 "0123456789abcdef0123456789abcdef"

static struct trail trail;
static struct route_way way;
static struct routing r;

static json_t *json(const char *text)
{
	json_t *j = NULL;

	CHECK_INT(json_read(&j, span_of(text), 0, NULL), 0);

	return j;
}

static void put_user(const char *id, const char *extension, const char *cor,
		     const char *cos)
{
	const struct user_fields u = {
		id, "c1", extension, id, { cor }, { cos }
	};
	const struct phone_fields p = {
		.id = extension, /* one phone each, named by its number */
		.customer = "c1",
		.user = id,
		.number = extension,
		.sip_user = extension,
		.ha1_md5 = MD5_HA1,
		.ha1_sha256 = MD5_HA1 MD5_HA1,
		.rings_with_user = true,
	};

	CHECK_INT(directory_put_user(&u), 0);
	CHECK_INT(directory_put_phone(&p), 0);
	/* as if it were registered; nothing here looks behind the count */
	directory_phone(span_of(extension))->bindings_count = 1;
}

static void make(void)
{
	const struct customer_fields c = { .id = "c1", .name = "Customer" };

	CHECK_INT(directory_init(NULL, NULL), 0);
	CHECK_INT(cor_init(), 0);
	CHECK_INT(cos_init(), 0);
	CHECK_INT(group_init(), 0);
	CHECK_INT(directory_put_customer(&c), 0);
	put_user("alice", "2001", NULL, NULL);
	put_user("bob", "2002", NULL, NULL);
	put_user("carol", "2003", NULL, NULL);
	put_user("dora", "2004", NULL, NULL);
}

static void close_all(void)
{
	group_close();
	cor_close();
	cos_close();
	directory_close();
	trail_close(&trail);
}

static void set(const char *user, const char *text)
{
	json_t *j = json(text);

	CHECK_INT(settings_user_take(directory_user(span_of(user)), j), 0);
	json_decref(j);
}

static void put_group(const char *text)
{
	json_t *j = json(text);

	CHECK_INT(group_take(j, NULL), 0);
	json_decref(j);
}

static void dial(const char *number)
{
	trail_close(&trail);
	memset(&way, 0, sizeof(way));
	route_begin(&r, &way, directory_phone(SPAN("2001")), span_of(number), 0,
		    &trail);
}

static bool on(enum route_why why)
{
	return route_on(&r, &way, directory_phone(SPAN("2001")), why, SPAN(""),
			&trail);
}

static void check_rings(const char *number)
{
	CHECK_INT(r.status, 0);
	CHECK_INT(r.count, 1);
	if (r.count == 1)
		CHECK_STR(r.phones[0]->number, number);
}

static void check_said(const char *text)
{
	char buf[16384];
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf) - 1);
	trail_write(&trail, &o);
	buf[o.len] = '\0';
	CHECK(strstr(buf, text));
}

static void always(void)
{
	make();
	set("bob", "{\"forward_always\":\"2003\"}");
	dial("2002");
	check_rings("2003");
	CHECK_STR(r.user->id, "carol");
	CHECK_INT(way.hop_count, 1);
	CHECK_STR(way.hops[0].number, "2002");
	check_said("2003 is tried because forward-always of 2002");

	set("carol", "{\"forward_always\":\"2002\"}");
	dial("2002");
	CHECK_INT(r.status, 480);
	CHECK_INT(r.count, 0);
	check_said("has been at bob before");

	set("bob", "{\"forward_always\":\"2001\"}"); /* who takes them calls */
	dial("2002");
	check_rings("2002");
	close_all();
}

static void outcomes(void)
{
	make();
	set("bob", "{\"forward_busy\":\"2003\",\"forward_no_answer\":\"2004\","
		   "\"no_answer_s\":7}");
	dial("2002");
	check_rings("2002");
	CHECK_INT(r.ring_s, 7);
	CHECK(on(ROUTE_NO_ANSWER));
	check_rings("2004");
	CHECK_INT(r.ring_s, 0);
	CHECK(!on(ROUTE_NO_ANSWER)); /* Dora forwards nothing */

	dial("2002");
	CHECK(on(ROUTE_BUSY));
	check_rings("2003");
	dial("2002");
	CHECK(on(ROUTE_DND));
	check_rings("2003");
	dial("2002");
	CHECK(!on(ROUTE_NOT_REGISTERED));
	CHECK(!on(ROUTE_DECLINED));

	dial("2002");
	CHECK(route_on(&r, &way, directory_phone(SPAN("2001")),
		       ROUTE_REDIRECTED, SPAN("2004"), &trail));
	check_rings("2004");
	dial("2002");
	CHECK(!route_on(&r, &way, directory_phone(SPAN("2001")),
			ROUTE_REDIRECTED, SPAN("dora"), &trail));
	close_all();
}

static void before_ringing(void)
{
	make();
	set("bob", "{\"dnd\":true}");
	dial("2002");
	CHECK_INT(r.status, 480);
	set("bob", "{\"dnd\":true,\"forward_busy\":\"2003\"}");
	dial("2002");
	check_rings("2003");

	set("bob", "{\"forward_not_registered\":\"2004\"}");
	dial("2002");
	check_rings("2002");
	directory_phone(SPAN("2002"))->bindings_count = 0;
	dial("2002");
	check_rings("2004");
	directory_phone(SPAN("2002"))->bindings_count = 1;

	set("bob", "{\"when_on_phone\":\"busy\"}");
	directory_phone(SPAN("2002"))->calls = 1;
	dial("2002");
	CHECK_INT(r.status, 486);
	set("bob", "{}");
	dial("2002");
	check_rings("2002");
	directory_phone(SPAN("2002"))->calls = 0;

	set("bob", "{\"blocked\":[\"2001\"]}");
	dial("2002");
	CHECK_INT(r.status, 603);
	set("bob", "{\"reject_anonymous\":true}");
	dial("2002");
	check_rings("2002");
	memset(&way, 0, sizeof(way));
	way.is_anonymous = true;
	route_begin(&r, &way, directory_phone(SPAN("2001")), SPAN("2002"), 0,
		    &trail);
	CHECK_INT(r.status, 433);
	close_all();
}

static void long_chain(void)
{
	make();
	for (int i = 0; i < 30; i++) {
		char id[8], extension[8], text[64];

		(void)re_snprintf(id, sizeof(id), "u%d", i);
		(void)re_snprintf(extension, sizeof(extension), "30%02d", i);
		put_user(id, extension, NULL, NULL);
		(void)re_snprintf(text, sizeof(text),
				  "{\"forward_always\":\"30%02d\"}", i + 1);
		set(id, text);
	}
	dial("3000");
	CHECK_INT(r.status, 482);
	CHECK_INT(r.count, 0);
	CHECK_INT(way.hop_count, ROUTE_HOPS_MAX);
	dial("3015"); /* fourteen hops are not too many; the last is nobody */
	CHECK_INT(r.status, 404);
	close_all();
}

static void who_pays(void)
{
	json_t *k;

	make();
	k = json("{\"id\":\"k\",\"deny\":[\"2003\",\"9\"],\"allow\":[\"91\"]}");
	CHECK_INT(cor_take(k, NULL), 0);
	json_decref(k);
	put_user("alice", "2001", "k", NULL);
	dial("2003");
	CHECK_INT(r.status, 403);
	set("bob", "{\"forward_always\":\"2003\"}");
	dial("2002");
	check_rings("2003"); /* Bob pays */
	put_user("bob", "2002", "k", NULL);
	dial("2002");
	CHECK_INT(r.status, 403);
	CHECK(cor_permits(directory_user(SPAN("bob")), "91"));
	CHECK(!cor_permits(directory_user(SPAN("bob")), "92"));
	CHECK(cor_permits(NULL, "92"));

	k = json("{\"id\":\"s\",\"forward\":false}");
	CHECK_INT(cos_take(k, NULL), 0);
	json_decref(k);
	put_user("bob", "2002", NULL, "s");
	dial("2002");
	check_rings("2002");
	CHECK(!cos_may(directory_user(SPAN("bob")), COS_FORWARD));
	CHECK(cos_may(directory_user(SPAN("bob")), COS_DND));
	close_all();
}

static void hunting(void)
{
	make();
	put_group("{\"id\":\"g\",\"customer\":\"c1\",\"number\":\"2100\","
		  "\"name\":\"Sales\",\"type\":\"hunt-terminal\",\"ring_s\":5,"
		  "\"members\":[\"bob\",\"carol\",\"dora\"],"
		  "\"overflow\":\"2001\"}");
	dial("2100");
	check_rings("2002");
	CHECK_INT(r.ring_s, 5);
	directory_phone(SPAN("2003"))->calls = 1;
	CHECK(on(ROUTE_NO_ANSWER));
	check_rings("2004");
	check_said("member 2 of Sales is busy");
	CHECK(on(ROUTE_DECLINED));
	CHECK_INT(r.status, 486); /* the overflow is the caller */
	CHECK(!on(ROUTE_DECLINED));
	directory_phone(SPAN("2003"))->calls = 0;

	put_group("{\"id\":\"g\",\"customer\":\"c1\",\"number\":\"2100\","
		  "\"name\":\"Sales\",\"type\":\"hunt-circular\","
		  "\"members\":[\"bob\",\"carol\"]}");
	dial("2100");
	check_rings("2002");
	dial("2100");
	check_rings("2003");
	dial("2100");
	check_rings("2002");
	CHECK(on(ROUTE_BUSY));
	check_rings("2003");
	CHECK(!on(ROUTE_BUSY));
	close_all();
}

static void ringing_all(void)
{
	make();
	put_group("{\"id\":\"g\",\"customer\":\"c1\",\"number\":\"2100\","
		  "\"name\":\"Sales\",\"type\":\"ring-all\","
		  "\"members\":[\"bob\",\"2003\",\"bob\",\"nobody\"]}");
	dial("2100");
	CHECK_INT(r.count, 2);
	CHECK(!on(ROUTE_NO_ANSWER));
	set("bob", "{\"dnd\":true}");
	dial("2100");
	check_rings("2003");

	put_group("{\"id\":\"g\",\"customer\":\"c1\",\"number\":\"2002\","
		  "\"name\":\"Bob\",\"type\":\"multi-device\","
		  "\"members\":[\"2003\",\"2004\"]}");
	dial("2002");
	CHECK_INT(r.status, 480); /* Bob's own settings count */
	set("bob", "{}");
	dial("2002");
	CHECK_INT(r.count, 2);
	directory_phone(SPAN("2004"))->calls = 1;
	dial("2002");
	CHECK_INT(r.status, 486);
	CHECK(group_hides(directory_phone(SPAN("2003"))));
	group_remove("g");
	CHECK(!group_hides(directory_phone(SPAN("2003"))));
	dial("2100");
	CHECK_INT(r.status, 404);
	close_all();
}

static void codes(void)
{
	const struct customer *c;
	char argument[DIRECTORY_NUMBER_MAX + 1];
	json_t *errors = json_array(), *own;

	make();
	c = directory_customer(SPAN("c1"));
	CHECK_STR(code_name(code_find(c, "*21*2003#", argument)),
		  "forward-always");
	CHECK_STR(argument, "2003");
	CHECK_STR(code_name(code_find(c, "*21*2003", argument)),
		  "forward-always");
	CHECK_STR(code_name(code_find(c, "#21#", argument)),
		  "forward-always-off");
	CHECK_STR(code_name(code_find(c, "**2003", argument)),
		  "pickup-directed");
	CHECK_STR(code_name(code_find(c, "*8", argument)), "pickup-group");
	CHECK(!code_find(c, "*21*", argument));
	CHECK(!code_find(c, "*21*#", argument));
	CHECK(!code_find(c, "*21*20#03", argument));
	CHECK(!code_find(c, "*", argument));
	CHECK(!code_find(c, "#", argument));

	dial("*25#");
	CHECK_STR(code_name(r.code), "dnd");
	set("bob", "{\"forward_always\":\"*25#\"}"); /* nobody's forward */
	dial("2002");
	CHECK(!r.code);
	CHECK_INT(r.status, 404);

	code_check(NULL, errors);
	CHECK_INT(json_array_size(errors), 0);
	own = json("{\"dnd\":\"#25#\"}");
	code_check(own, errors);
	CHECK_INT(json_array_size(errors), 1);
	json_decref(own);
	json_decref(errors);
	close_all();
}

static const struct test tests[] = {
	{ "forward always; a loop ends it; who takes the calls may ring",
	  always },
	{ "busy, no answer, refused, redirected: who comes next", outcomes },
	{ "do not disturb, not registered, on the phone, blocked",
	  before_ringing },
	{ "a chain has an end", long_chain },
	{ "privileges count on behalf of who pays, options of whose they are",
	  who_pays },
	{ "hunt groups: terminal, circular, overflow", hunting },
	{ "ring all and multi-device", ringing_all },
	{ "feature access codes are found, and checked", codes },
};

TEST_MAIN("pbx/engine", tests)
