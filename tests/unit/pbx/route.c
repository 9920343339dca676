/* route.c - tests of routing over a small directory */
#include "pbx/route/route.h"
#include "tests/unit/test.h"

#define MD5_HA1 "0123456789abcdef0123456789abcdef"

static unsigned gone_count;

static void gone(struct phone *p, void *arg)
{
	(void)p;
	(void)arg;
	gone_count++;
}

static void put_phone(const char *id, const char *customer, const char *user,
		      const char *number, bool rings)
{
	const struct phone_fields f = {
		.id = id,
		.customer = customer,
		.user = user,
		.number = number,
		.sip_user = id,
		.ha1_md5 = MD5_HA1,
		.ha1_sha256 = MD5_HA1 MD5_HA1,
		.rings_with_user = rings,
	};

	CHECK_INT(directory_put_phone(&f), 0);
}

static void make(void)
{
	static const char *const customers[] = { "c1", "c2" };

	gone_count = 0;
	CHECK_INT(directory_init(gone, NULL), 0);
	for (int i = 0; i < 2; i++) {
		const struct customer_fields c = { customers[i], "Customer" };

		CHECK_INT(directory_put_customer(&c), 0);
	}
	CHECK_INT(directory_put_user(
			  &(struct user_fields){ "u1", "c1", "2001", "Alice" }),
		  0);
	CHECK_INT(directory_put_user(
			  &(struct user_fields){ "u2", "c1", "2002", "Bob" }),
		  0);
	CHECK_INT(directory_put_user(
			  &(struct user_fields){ "u3", "c2", "2002", "Eve" }),
		  0);
	put_phone("a", "c1", "u1", "2001", true);
	put_phone("b1", "c1", "u2", "2002", true);
	put_phone("b2", "c1", "u2", "20022", true);
	put_phone("b3", "c1", "u2", "20023", false);
	put_phone("e", "c2", "u3", "2002", true);
}

static void dial(struct routing *r, const char *from, const char *number)
{
	const struct phone *caller = directory_phone(span_of(from));

	CHECK(caller);
	route_number(r, caller, span_of(number), 0, NULL);
}

static void extension(void)
{
	struct routing r;

	make();
	dial(&r, "a", "2002");
	CHECK_INT(r.status, 0);
	CHECK_INT(r.count, 2);
	CHECK_STR(r.user->name, "Bob");
	CHECK_STR(r.phones[0]->id, "b1");
	CHECK_STR(r.phones[1]->id, "b2");

	dial(&r, "a", "20-02");
	CHECK_INT(r.count, 2);
	dial(&r, "a", "2002;phone-context=x");
	CHECK_INT(r.count, 2);
	directory_close();
}

static void own_line(void)
{
	struct routing r;

	make();
	dial(&r, "a", "20023");
	CHECK_INT(r.status, 0);
	CHECK_INT(r.count, 1);
	CHECK_STR(r.phones[0]->id, "b3");
	directory_close();
}

static void tenants(void)
{
	struct routing r;

	make();
	dial(&r, "e", "2001");
	CHECK_INT(r.status, 404);
	dial(&r, "e", "20022");
	CHECK_INT(r.status, 404);
	dial(&r, "e", "2002");
	CHECK_INT(r.status, 486); /* oneself, never the other one's Bob */
	directory_close();
}

static void nobody(void)
{
	struct routing r;

	make();
	dial(&r, "a", "2999");
	CHECK_INT(r.status, 404);
	dial(&r, "a", "");
	CHECK_INT(r.status, 404);
	dial(&r, "a", "bob");
	CHECK_INT(r.status, 404);
	dial(&r, "a", "123456789012345678901234567890123");
	CHECK_INT(r.status, 404);
	dial(&r, "b1", "2002");
	CHECK_INT(r.count, 1); /* one's other phone */
	CHECK_STR(r.phones[0]->id, "b2");
	directory_close();
}

static void loop(void)
{
	struct routing r;

	make();
	route_number(&r, directory_phone(SPAN("a")), SPAN("2002"),
		     ROUTE_HOPS_MAX, NULL);
	CHECK_INT(r.status, 482);
	directory_close();
}

static void removal(void)
{
	struct routing r;
	struct phone *kept;

	make();
	kept = mem_ref(directory_phone(SPAN("b1")));
	directory_remove_phone("b1");
	CHECK_INT(gone_count, 1);
	CHECK(kept->is_removed && !kept->customer);
	dial(&r, "a", "2002");
	CHECK_INT(r.count, 1);

	directory_remove_user("u2");
	dial(&r, "a", "2002");
	CHECK_INT(r.status, 404);
	dial(&r, "a", "20022");
	CHECK_INT(r.count, 1);

	route_number(&r, kept, SPAN("2001"), 0, NULL);
	CHECK_INT(r.status, 403);
	mem_deref(kept);

	directory_remove_customer("c1");
	CHECK(!directory_phone(SPAN("a")));
	CHECK_INT(directory_counts().phones, 1);
	directory_close();
	CHECK_INT(directory_counts().phones, 0);
}

static void conflicts(void)
{
	struct phone_fields f = {
		.id = "x",
		.customer = "c1",
		.number = "1",
		.sip_user = "a",
		.ha1_md5 = MD5_HA1,
		.ha1_sha256 = MD5_HA1 MD5_HA1,
	};

	make();
	CHECK_INT(directory_put_phone(&f), EEXIST);
	f.sip_user = "x";
	f.customer = "none";
	CHECK_INT(directory_put_phone(&f), ENOENT);
	f.customer = "c1";
	f.user = "u3"; /* of c2 */
	CHECK_INT(directory_put_phone(&f), ENOENT);
	f.user = NULL;
	CHECK_INT(directory_put_phone(&f), 0);
	f.ha1_md5 = "ffffffffffffffffffffffffffffffff";
	CHECK_INT(directory_put_phone(&f), 0);
	CHECK_INT(gone_count, 1); /* another secret: its bindings go */
	directory_close();
}

static const struct test tests[] = {
	{ "an extension rings the user's phones that ring with it", extension },
	{ "a phone's own number rings that line", own_line },
	{ "numbers mean something inside one customer only", tenants },
	{ "unknown numbers are 404; one does not ring oneself", nobody },
	{ "a call routed too often is a loop", loop },
	{ "what is removed is no more routed to; calls may keep it", removal },
	{ "conflicts and foreign references are refused", conflicts },
};

TEST_MAIN("pbx/route", tests)
