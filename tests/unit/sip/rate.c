/* rate.c - tests of sip/rate.h */
#include "sip/rate.h"
#include "tests/unit/test.h"

static struct sa address(uint32_t addr)
{
	struct sa sa;

	sa_set_in(&sa, addr, 5060);
	return sa;
}

static void a_source_has_its_burst_and_no_more(void)
{
	struct sip_rate *r = NULL;
	struct sa a = address(0xc0000201), b = address(0xc0000202);

	CHECK(!sip_rate_alloc(&r, 1, 5, 64));
	for (int i = 0; i < 5; i++) {
		CHECK(sip_rate_has(r, &a));
		CHECK(sip_rate_take(r, &a));
	}
	CHECK(!sip_rate_has(r, &a));
	CHECK(!sip_rate_take(r, &a));
	CHECK(sip_rate_take(r, &b));
	sa_set_port(&a, 1);
	CHECK(!sip_rate_take(r, &a));
	mem_deref(r);
}

static void many_strangers_do_not_grow_the_table(void)
{
	struct sip_rate *r = NULL;
	struct sa a = address(0xc0000201);
	int left = 0;

	CHECK(!sip_rate_alloc(&r, 1, 1000, 64));
	for (uint32_t i = 0; i < 100000; i++) {
		struct sa s = address(0x0a000000 + i);

		CHECK(sip_rate_take(r, &s));
		left += sip_rate_take(r, &a);
	}
	/* an old acquaintance that is busy is not pushed out */
	CHECK(left < 1010);
	mem_deref(r);
}

static const struct test tests[] = {
	{ "a source has its burst and no more",
	  a_source_has_its_burst_and_no_more },
	{ "many strangers do not grow the table",
	  many_strangers_do_not_grow_the_table },
};

TEST_MAIN("sip/rate", tests)
