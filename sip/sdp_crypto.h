/* sdp_crypto.h - keys of SRTP in descriptions (a=crypto)
 *
 * A line names a suite and carries a key: `1 AES_CM_128_HMAC_SHA1_80
 * inline:BASE64|2^31`.  Who answers takes one, repeats its tag and gives a key
 * of its own for the other way.  Lines with a key identifier (MKI), several
 * keys or session parameters that change the protection are passed over.
 *
 * Source: RFC 4568, RFC 7714.
 */
#ifndef SIP_SDP_CRYPTO_H
#define SIP_SDP_CRYPTO_H

#include "base/span.h"

struct sdp;
struct sdp_media;
struct sip_out;

enum {
	SDP_KEY_MAX = 44, /* octets, salt included */
	SDP_TAG_MAX = 999999999,
};

/** By our preference. */
enum sdp_suite {
	SDP_SUITE_NONE,
	SDP_SUITE_GCM_256,
	SDP_SUITE_CM_80,
	SDP_SUITE_CM_32,
	SDP_SUITE_GCM_128,
	SDP_SUITES,
};

struct sdp_crypto {
	uint32_t tag;
	uint8_t suite; /* enum sdp_suite */
	uint8_t key[SDP_KEY_MAX];
};

/** "AES_CM_128_HMAC_SHA1_80" ..., NULL for none; its key's octets. */
const char *sdp_suite_name(unsigned suite);
size_t sdp_suite_key_bytes(unsigned suite);
enum sdp_suite sdp_suite_of(struct span name);

/**
 * Take a line's value apart.
 *
 * @param c Set on success only
 *
 * @return 0; EBADMSG; ENOTSUP for a suite or parameter that is not ours
 */
int sdp_crypto_parse(struct sdp_crypto *c, struct span value);

/** The first line of a media that can be used.  ENOENT. */
int sdp_crypto_find(struct sdp_crypto *c, const struct sdp *sdp,
		    const struct sdp_media *m);

/** A random key of a suite, its number as the tag. */
void sdp_crypto_make(struct sdp_crypto *c, enum sdp_suite suite);

bool sdp_crypto_equal(const struct sdp_crypto *a, const struct sdp_crypto *b);

/** "a=crypto:...\r\n" */
void sdp_crypto_write(struct sip_out *o, const struct sdp_crypto *c);

/** The key's base64, at most 61 octets with its end. */
void sdp_crypto_key_text(const struct sdp_crypto *c, char text[64]);

#endif
