/* digest.c - fuzz credentials and challenges
 *
 * The input is the value of an Authorization header, and of a challenge.  No
 * input is right: it holds no signed nonce.
 */
#include <stdio.h>

#include "sip/digest.h"
#include "tests/fuzz/fuzz.h"

static bool found(struct span user, struct sip_digest_keys *keys, void *arg)
{
	sip_digest_ha1(keys->ha1_md5, SIP_DIGEST_MD5, "u", "holdfast", "s");
	return true;
}

static uint32_t message_make(char *text, size_t size, const char *start,
			     const char *name, const uint8_t *data, size_t len)
{
	int n = snprintf(text, size,
			 "%s\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
			 "Call-ID: 1\r\nCSeq: 1 REGISTER\r\n%s: ",
			 start, name);

	memcpy(text + n, data, len);
	memcpy(text + n + len, "\r\n\r\n", 4);
	return (uint32_t)n + (uint32_t)len + 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_digest_server *server;
	static char text[8192], out[8192];
	struct sip_digest_client c = { 0 };
	struct sip_message m;
	struct sip_out o;
	struct sa source;
	uint32_t len;

	if (size > 4096)
		return 0;
	(void)sa_set_str(&source, "192.0.2.1", 5060);
	if (!server)
		FUZZ_CHECK(!sip_digest_server_alloc(&server, "holdfast", NULL));

	len = message_make(text, sizeof(text), "REGISTER sip:b SIP/2.0",
			   "Authorization", data, size);
	if (!sip_message_parse(&m, text, len, NULL))
		FUZZ_CHECK(sip_digest_check(server, &m, &source, false, found,
					    NULL, NULL) != SIP_DIGEST_OK);

	len = message_make(text, sizeof(text), "SIP/2.0 401 No",
			   "WWW-Authenticate", data, size);
	if (!sip_message_parse(&m, text, len, NULL) &&
	    !sip_digest_challenge_read(&c, &m)) {
		sip_out_init(&o, out, sizeof(out));
		sip_digest_answer_write(&o, &c, SPAN("REGISTER"), SPAN("sip:b"),
					"u", "s");
		FUZZ_CHECK(!o.is_full);
	}

	return 0;
}
