/* sdp_crypto.c - see sdp_crypto.h */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "sip/param.h"
#include "sip/sdp.h"
#include "sip/sdp_crypto.h"

static const struct {
	const char *name;
	size_t key_bytes;
} suites[SDP_SUITES] = {
	[SDP_SUITE_NONE] = { NULL, 0 },
	[SDP_SUITE_GCM_256] = { "AEAD_AES_256_GCM", 44 },
	[SDP_SUITE_CM_80] = { "AES_CM_128_HMAC_SHA1_80", 30 },
	[SDP_SUITE_CM_32] = { "AES_CM_128_HMAC_SHA1_32", 30 },
	[SDP_SUITE_GCM_128] = { "AEAD_AES_128_GCM", 28 },
};

const char *sdp_suite_name(unsigned suite)
{
	return suite < SDP_SUITES ? suites[suite].name : NULL;
}

size_t sdp_suite_key_bytes(unsigned suite)
{
	return suite < SDP_SUITES ? suites[suite].key_bytes : 0;
}

enum sdp_suite sdp_suite_of(struct span name)
{
	for (unsigned i = 1; i < SDP_SUITES; i++) {
		if (span_equal_nocase(name, span_of(suites[i].name)))
			return (enum sdp_suite)i;
	}

	return SDP_SUITE_NONE;
}

/* Up to the next space, which goes too. */
static struct span word(struct span *rest)
{
	const char *space = rest->len ? memchr(rest->p, ' ', rest->len) : NULL;
	struct span w = *rest;

	if (space) {
		w.len = (uint32_t)(space - rest->p);
		while (space < rest->p + rest->len && *space == ' ')
			space++;
		rest->len -= (uint32_t)(space - rest->p);
		rest->p = space;
	}
	else {
		rest->p += rest->len;
		rest->len = 0;
	}

	return w;
}

/* inline:BASE64[|lifetime]: one key, without identifier. */
static int key_parse(struct sdp_crypto *c, struct span text)
{
	static const char method[] = "inline:";
	const size_t want = suites[c->suite].key_bytes;
	const char *bar;
	size_t got;

	if (text.len < strlen(method) ||
	    strncasecmp(text.p, method, strlen(method)) != 0)
		return EBADMSG;
	text.p += strlen(method);
	text.len -= (uint32_t)strlen(method);
	if (memchr(text.p, ';', text.len) || memchr(text.p, ':', text.len))
		return ENOTSUP;
	bar = text.len ? memchr(text.p, '|', text.len) : NULL;
	if (bar)
		text.len = (uint32_t)(bar - text.p);
	while (text.len && text.p[text.len - 1] == '=')
		text.len--;
	if (sodium_base642bin(c->key, sizeof(c->key), text.p, text.len, NULL,
			      &got, NULL,
			      sodium_base64_VARIANT_ORIGINAL_NO_PADDING) ||
	    got != want)
		return EBADMSG;

	return 0;
}

int sdp_crypto_parse(struct sdp_crypto *cp, struct span value)
{
	struct sdp_crypto c = { .tag = 0 };
	struct span tag = word(&value), suite = word(&value);
	struct span key = word(&value), more;
	uint64_t n;
	int err;

	if (sip_number(tag, SDP_TAG_MAX, &n) || !suite.len || !key.len)
		return EBADMSG;
	c.tag = (uint32_t)n;
	c.suite = (uint8_t)sdp_suite_of(suite);
	if (!c.suite)
		return ENOTSUP;
	err = key_parse(&c, key);
	if (err)
		return err;
	while ((more = word(&value)).len) {
		if (more.len < 4 || memcmp(more.p, "WSH=", 4) != 0)
			return ENOTSUP; /* only a hint may be there */
	}

	*cp = c;
	return 0;
}

int sdp_crypto_find(struct sdp_crypto *c, const struct sdp *sdp,
		    const struct sdp_media *m)
{
	struct span value;
	uint16_t index = 0;

	while (sdp_attribute_next(sdp, m, "crypto", &index, &value)) {
		if (!sdp_crypto_parse(c, value))
			return 0;
	}

	return ENOENT;
}

void sdp_crypto_make(struct sdp_crypto *c, enum sdp_suite suite)
{
	memset(c, 0, sizeof(*c));
	c->tag = (uint32_t)suite;
	c->suite = (uint8_t)suite;
	randombytes_buf(c->key, suites[suite].key_bytes);
}

bool sdp_crypto_equal(const struct sdp_crypto *a, const struct sdp_crypto *b)
{
	return a->suite == b->suite &&
	       !memcmp(a->key, b->key, suites[a->suite].key_bytes);
}

void sdp_crypto_key_text(const struct sdp_crypto *c, char text[64])
{
	(void)sodium_bin2base64(text, 64, c->key, suites[c->suite].key_bytes,
				sodium_base64_VARIANT_ORIGINAL);
}

void sdp_crypto_write(struct sip_out *o, const struct sdp_crypto *c)
{
	char text[64];

	if (!c->suite)
		return;
	sdp_crypto_key_text(c, text);
	sip_out_printf(o, "a=crypto:%u %s inline:%s\r\n", c->tag,
		       suites[c->suite].name, text);
}
