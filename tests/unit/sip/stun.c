/* stun.c - the sample answers of RFC 5769, and our own */
#include "sip/stun.h"
#include "tests/unit/test.h"

static const uint8_t id[SIP_STUN_ID_BYTES] = { 0xb7, 0xe7, 0xa7, 0x01,
					       0xbc, 0x34, 0xd6, 0x86,
					       0xfa, 0x87, 0xdf, 0xae };

static void test_sample(void)
{
	/* 2.2 without the attributes after XOR-MAPPED-ADDRESS */
	static const uint8_t answer[] = {
		0x01, 0x01, 0x00, 0x0c, 0x21, 0x12, 0xa4, 0x42,
		0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
		0xfa, 0x87, 0xdf, 0xae, 0x00, 0x20, 0x00, 0x08,
		0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	};
	struct sip_stun s;
	struct sa want;

	CHECK_INT(sip_stun_parse(&s, answer, sizeof(answer)), 0);
	CHECK_INT(s.kind, SIP_STUN_SUCCESS);
	CHECK_INT(sa_set_str(&want, "192.0.2.1", 32853), 0);
	CHECK(s.has_mapped && sa_cmp(&s.mapped, &want, SA_ALL));
	for (size_t n = 0; n < sizeof(answer); n++)
		CHECK(sip_stun_parse(&s, answer, n));
}

static void test_own(void)
{
	static const char *const sources[] = { "192.0.2.7", "2001:db8::7" };

	for (int i = 0; i < 2; i++) {
		uint8_t ask[SIP_STUN_MAX_BYTES], out[SIP_STUN_MAX_BYTES];
		struct sip_stun s, back;
		struct sa source;
		size_t n;

		CHECK_INT(sa_set_str(&source, sources[i], 4567), 0);
		n = sip_stun_request(ask, sizeof(ask), id);
		CHECK_INT(n, SIP_STUN_HEAD_BYTES);
		CHECK_INT(sip_stun_parse(&s, ask, n), 0);
		n = sip_stun_answer(out, sizeof(out), &s, &source);
		CHECK_INT(sip_stun_parse(&back, out, n), 0);
		CHECK(sa_cmp(&back.mapped, &source, SA_ALL));
		CHECK(!memcmp(back.id, id, sizeof(id)));
		CHECK_INT(sip_stun_answer(out, 20, &s, &source), 0);
		CHECK_INT(sip_stun_answer(out, sizeof(out), &back, &source), 0);
		s.unknown = 0x24;
		n = sip_stun_answer(out, sizeof(out), &s, &source);
		CHECK_INT(sip_stun_parse(&back, out, n), 0);
		CHECK_INT(back.kind, SIP_STUN_ERROR);
	}
}

static const struct test tests[] = {
	{ "the sample of RFC 5769 is read", test_sample },
	{ "a request is answered with its source", test_own },
};

TEST_MAIN("sip/stun", tests)
