/* secure.c - tests of SRTP: what RFC 3711 prints, forged, replayed, rolled over
 */
#include "base/libre.h"
#include "media/secure.h"
#include "tests/unit/test.h"

enum { PACKET = 172, ROOM = 300 };

static const uint8_t key[SECURE_KEY_MAX] = {
	/* RFC 3711 appendix B.3: master key, master salt */
	0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f,
	0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39, 0x0e, 0xc6, 0x75, 0xad,
	0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6,
};

static const char *const suites[] = { "AES_CM_128_HMAC_SHA1_80",
				      "AES_CM_128_HMAC_SHA1_32",
				      "AEAD_AES_256_GCM", "AEAD_AES_128_GCM" };

static void make(uint8_t *p, uint16_t seq, uint32_t ssrc)
{
	memset(p, 0x42, PACKET);
	p[0] = 0x80;
	p[1] = 0;
	p[2] = (uint8_t)(seq >> 8);
	p[3] = (uint8_t)seq;
	for (int i = 0; i < 4; i++)
		p[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
}

static void pair(struct secure **out, struct secure **in, const char *suite)
{
	*out = *in = NULL;
	CHECK(!secure_open(out, suite, key, true));
	CHECK(!secure_open(in, suite, key, false));
}

static int send_one(struct secure *out, struct secure *in, uint16_t seq,
		    uint32_t ssrc)
{
	uint8_t p[ROOM], want[ROOM];
	size_t n = PACKET;

	make(p, seq, ssrc);
	memcpy(want, p, sizeof(want));
	if (secure_protect(out, p, &n))
		return EBADMSG;
	CHECK(n > PACKET && n <= PACKET + SECURE_MORE_MAX);
	CHECK(memcmp(p + 12, want + 12, PACKET - 12) != 0);
	if (in && secure_open_packet(in, p, &n))
		return EPERM;
	CHECK(!in || (n == PACKET && !memcmp(p, want, PACKET)));

	return 0;
}

static void what_the_standard_prints(void)
{
	/* libsrtp's test vector (srtp_validate): RFC 3711 B.3 keys */
	static const uint8_t plain[] = {
		0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
		0xba, 0xbe, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
		0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
	};
	static const uint8_t want[] = {
		0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
		0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8,
		0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d,
		0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb,
	};
	struct secure *out, *in;
	uint8_t p[ROOM];
	size_t n = sizeof(plain);

	pair(&out, &in, suites[0]);
	memcpy(p, plain, n);
	CHECK(!secure_protect(out, p, &n));
	CHECK_INT(n, sizeof(want));
	CHECK(!memcmp(p, want, n));
	CHECK(!secure_open_packet(in, p, &n));
	CHECK_INT(n, sizeof(plain));
	CHECK(!memcmp(p, plain, n));
	mem_deref(out);
	mem_deref(in);
}

static void every_suite_carries(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		struct secure *out, *in;
		uint8_t report[ROOM] = { 0x80, 200, 0, 6, 1, 2, 3, 4 };
		size_t n = 28;

		CHECK(secure_key_bytes(suites[i]) <= SECURE_KEY_MAX);
		pair(&out, &in, suites[i]);
		CHECK(secure_is(out, suites[i], key));
		for (uint16_t seq = 65530; seq != 20; seq++)
			CHECK_INT(send_one(out, in, seq, 7), 0);
		CHECK_INT(send_one(out, in, 5000, 8), 0); /* another source */
		CHECK(!secure_protect_report(out, report, &n));
		CHECK(n > 28);
		CHECK(!secure_open_report(in, report, &n));
		CHECK_INT(n, 28);
		mem_deref(out);
		mem_deref(in);
	}
	CHECK_INT(secure_key_bytes("NULL_HMAC_SHA1_80"), 0);
}

static void forged_and_replayed_is_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		struct secure *out, *in, *other = NULL;
		uint8_t wrong[SECURE_KEY_MAX], p[ROOM], again[ROOM];
		size_t n = PACKET, length;

		pair(&out, &in, suites[i]);
		make(p, 9, 1);
		CHECK(!secure_protect(out, p, &n));
		CHECK_INT(secure_protect(out, p, &(size_t){ 5 }), EBADMSG);
		for (size_t at = 0; at < n; at++) {
			memcpy(again, p, n);
			again[at] ^= 0x10;
			length = n;
			if (at != 0) /* the version: not RTP at all */
				CHECK_INT(
					secure_open_packet(in, again, &length),
					EBADMSG);
		}
		for (length = 0; length < n; length++) {
			size_t cut = length;

			memcpy(again, p, n);
			CHECK_INT(secure_open_packet(in, again, &cut), EBADMSG);
		}
		memcpy(wrong, key, sizeof(wrong));
		wrong[3] ^= 1;
		CHECK(!secure_open(&other, suites[i], wrong, false));
		CHECK(!secure_is(other, suites[i], key));
		memcpy(again, p, n);
		length = n;
		CHECK_INT(secure_open_packet(other, again, &length), EBADMSG);

		memcpy(again, p, n);
		length = n;
		CHECK_INT(secure_open_packet(in, again, &length), 0);
		memcpy(again, p, n);
		length = n;
		CHECK_INT(secure_open_packet(in, again, &length), EBADMSG);
		/* nor do we send two packets with one number */
		CHECK_INT(send_one(out, in, 9, 1), EBADMSG);
		mem_deref(out);
		mem_deref(in);
		mem_deref(other);
	}
}

static void many_sources_end_somewhere(void)
{
	struct secure *out, *in;

	pair(&out, &in, suites[0]);
	for (uint32_t i = 0; i < 3 * SECURE_SOURCES_MAX; i++)
		CHECK_INT(send_one(out, in, 1, 100 + i), 0);
	mem_deref(out);
	mem_deref(in);
}

/* A media server that was killed does not know the rollovers. */
static void a_stream_is_found_again(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		struct secure *out, *in, *late = NULL, *strict = NULL;
		uint32_t seq = 65000;
		int tries = 0;

		pair(&out, &in, suites[i]);
		for (; seq < 65536 * 3 + 100; seq++)
			CHECK_INT(send_one(out, NULL, (uint16_t)seq, 7), 0);
		CHECK(!secure_open(&strict, suites[i], key, false));
		CHECK(!secure_open(&late, suites[i], key, false));
		secure_goes_on(late);
		CHECK_INT(send_one(out, strict, (uint16_t)seq++, 7), EPERM);
		while (send_one(out, late, (uint16_t)seq++, 7) && tries < 10)
			tries++;
		CHECK_INT(tries, 2);
		for (int n = 0; n < 70000; n++)
			CHECK_INT(send_one(out, late, (uint16_t)seq++, 7), 0);
		mem_deref(out);
		mem_deref(in);
		mem_deref(late);
		mem_deref(strict);
	}
}

static const struct test tests[] = {
	{ "a packet is protected as the standard has it",
	  what_the_standard_prints },
	{ "every suite carries packets and reports, over a rollover",
	  every_suite_carries },
	{ "what is forged, cut, replayed or of another key is refused",
	  forged_and_replayed_is_refused },
	{ "sources that change for ever do no harm",
	  many_sources_end_somewhere },
	{ "a stream that has rolled over is found again",
	  a_stream_is_found_again },
};

TEST_MAIN("media/secure", tests)
