/* sdp_crypto.c - tests of keys in descriptions */
#include <errno.h>

#include "sip/sdp.h"
#include "tests/unit/test.h"

#define KEY30 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
#define KEY44 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis="
#define CM    "AES_CM_128_HMAC_SHA1_80"

static int parse(struct sdp_crypto *c, const char *text)
{
	return sdp_crypto_parse(c, span_of(text));
}

static void test_good(void)
{
	static const struct {
		const char *text;
		uint32_t tag;
		unsigned suite;
	} rows[] = {
		{ "1 " CM " inline:" KEY30, 1, SDP_SUITE_CM_80 },
		{ "999999999 aes_cm_128_hmac_sha1_80 INLINE:" KEY30, 999999999,
		  SDP_SUITE_CM_80 },
		{ "2  AES_CM_128_HMAC_SHA1_32  inline:" KEY30 "|2^31", 2,
		  SDP_SUITE_CM_32 },
		{ "3 AEAD_AES_256_GCM inline:" KEY44 "|1048576", 3,
		  SDP_SUITE_GCM_256 },
		{ "4 " CM " inline:" KEY30 " WSH=64", 4, SDP_SUITE_CM_80 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sdp_crypto c;

		CHECK_INT(parse(&c, rows[i].text), 0);
		CHECK_INT(c.tag, rows[i].tag);
		CHECK_INT(c.suite, rows[i].suite);
		for (unsigned k = 0; k < sdp_suite_key_bytes(c.suite); k++)
			CHECK_INT(c.key[k], k);
	}
}

static void test_bad(void)
{
	static const char *const rows[] = {
		"",
		"1",
		"1 " CM,
		"1 " CM " ",
		"1 " CM " inline:",
		"1 " CM " inline",
		"1 " CM " inline:AAAA",
		"1 " CM " inline:" KEY30 "AAAA",
		"1 " CM " inline:" KEY44,
		"1 " CM " inline:" KEY30 "|2^31|1:1",
		"1 " CM " inline:" KEY30 "|1:4",
		"1 " CM " inline:" KEY30 ";inline:" KEY30,
		"1 " CM " inline:" KEY30 " KDR=1",
		"1 " CM " inline:" KEY30 " WSH=64 UNENCRYPTED_SRTCP",
		"1 " CM " inline:%%%CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd",
		"1 " CM " http:" KEY30,
		"1 F8_128_HMAC_SHA1_80 inline:" KEY30,
		"1 AEAD_AES_256_GCM inline:" KEY30,
		"-1 " CM " inline:" KEY30,
		"1000000000 " CM " inline:" KEY30,
		"a " CM " inline:" KEY30,
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sdp_crypto c = { .tag = 77 };

		CHECK(parse(&c, rows[i]) != 0);
		CHECK_INT(c.tag, 77);
	}
}

static void test_written(void)
{
	for (unsigned i = 1; i < SDP_SUITES; i++) {
		struct sdp_crypto c, d;
		struct sip_out o;
		char buf[256];

		sdp_crypto_make(&c, (enum sdp_suite)i);
		c.tag = 40 + i;
		sip_out_init(&o, buf, sizeof(buf) - 1);
		sdp_crypto_write(&o, &c);
		CHECK(!o.is_full && o.len > 30);
		buf[o.len - 2] = '\0'; /* without its end */
		CHECK_INT(parse(&d, buf + strlen("a=crypto:")), 0);
		CHECK_INT(d.tag, 40 + i);
		CHECK(sdp_crypto_equal(&c, &d));
		d.key[sdp_suite_key_bytes(i) - 1] ^= 1;
		CHECK(!sdp_crypto_equal(&c, &d));
	}
}

#define HEAD                                                                   \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"     \
	"t=0 0\r\n"

/* What is agreed on: 's' SRTP, 'p' plain, '-' nothing for want of it. */
static char agree(const char *protocol, const char *lines, int security)
{
	static struct sdp sdp;
	struct sdp_agreed agreed;
	struct sdp_audio ours;
	char body[512];
	int err;

	(void)snprintf(body, sizeof(body),
		       HEAD "m=audio 4000 %s 0\r\n%sa=sendrecv\r\n", protocol,
		       lines);
	CHECK_INT(sdp_parse(&sdp, span_of(body)), 0);
	sdp_audio_init(&ours, "192.0.2.9", 6000, 5);
	ours.security = (uint8_t)security;
	ours.key_count = 1;
	sdp_crypto_make(&ours.keys[0], SDP_SUITE_CM_80);
	err = sdp_audio_read(&agreed, &sdp, &ours);
	if (err)
		return err == EACCES ? '-' : '?';

	return agreed.theirs.suite ? 's' : 'p';
}

static void test_agreed(void)
{
	static const char good[] = "a=crypto:1 " CM " inline:" KEY30 "\r\n";
	static const char other[] = "a=crypto:1 AEAD_AES_256_GCM inline:" KEY44
				    "\r\n";
	static const struct {
		const char *protocol, *lines, *want; /* by security */
	} rows[] = {
		{ "RTP/AVP", "", "ppp-" },     { "RTP/AVP", good, "psss" },
		{ "RTP/AVPF", good, "psss" },  { "RTP/SAVP", good, "-sss" },
		{ "RTP/SAVPF", good, "-sss" }, { "RTP/SAVP", "", "----" },
		{ "RTP/SAVP", other, "----" }, { "RTP/AVP", other, "ppp-" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int s = SDP_PLAIN; s <= SDP_SECURE_ONLY; s++)
			CHECK_INT(agree(rows[i].protocol, rows[i].lines, s),
				  rows[i].want[s]);
	}
	CHECK_INT(agree("UDP/TLS/RTP/SAVPF", good, SDP_SECURE_EITHER), '?');
}

static const struct test tests[] = {
	{ "lines that can be used", test_good },
	{ "lines that cannot", test_bad },
	{ "what is written is read again", test_written },
	{ "who must, may or may not speak SRTP", test_agreed },
};

TEST_MAIN("sip/sdp_crypto", tests)
