/* network.c - tests of base/network.h */
#include "base/network.h"
#include "tests/unit/test.h"

static bool has(const char *network, const char *address)
{
	struct network n;
	struct sa sa;

	CHECK(network_read(&n, network));
	CHECK_INT(sa_set_str(&sa, address, 5060), 0);

	return network_has(&n, &sa);
}

static void addresses_are_in_or_not(void)
{
	CHECK(has("10.0.0.0/8", "10.255.1.2"));
	CHECK(!has("10.0.0.0/8", "11.0.0.1"));
	CHECK(has("192.0.2.128/25", "192.0.2.200"));
	CHECK(!has("192.0.2.128/25", "192.0.2.100"));
	CHECK(has("192.0.2.7", "192.0.2.7"));
	CHECK(!has("192.0.2.7", "192.0.2.8"));
	CHECK(has("0.0.0.0/0", "203.0.113.1"));
	CHECK(has("fc00::/7", "fd12::1"));
	CHECK(!has("fc00::/7", "2001:db8::1"));
	CHECK(!has("0.0.0.0/0", "::1"));
}

static void what_is_none_is_refused(void)
{
	static const char *const texts[] = {
		"",    "10.0.0.0/",      "10.0.0.0/33", "10.0.0.0/8x",
		"x/8", "2001:db8::/129", "10.0.0.0/-1", "10.0.0.0/4294967304",
	};
	struct network n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(!network_read(&n, texts[i]));
}

static void one_within_the_other_overlaps(void)
{
	struct network a, b;

	CHECK(network_read(&a, "10.0.0.0/8"));
	CHECK(network_read(&b, "10.1.0.0/16"));
	CHECK(network_overlaps(&a, &b) && network_overlaps(&b, &a));
	CHECK(network_read(&b, "11.0.0.0/16"));
	CHECK(!network_overlaps(&a, &b));
}

static const struct test tests[] = {
	{ "an address is in a network or not", addresses_are_in_or_not },
	{ "what is no network is refused", what_is_none_is_refused },
	{ "one network within the other overlaps",
	  one_within_the_other_overlaps },
};

TEST_MAIN("base/network", tests)
