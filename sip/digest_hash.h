/* digest_hash.h - hashes of colon-joined parts, for digest*.c alone */
#ifndef SIP_DIGEST_HASH_H
#define SIP_DIGEST_HASH_H

#include "base/span.h"
#include "sip/digest.h"

enum { DIGEST_HEX_MAX = 65 };

/**
 * H(part:part:…) in lower-case hex.
 *
 * @param hex DIGEST_HEX_MAX octets; NUL-terminated
 */
void digest_hash(char *hex, enum sip_digest_algorithm algorithm,
		 const struct span *parts, size_t n);

/** The response of RFC 7616 3.4.1; nc empty means without qop. */
struct digest_inputs {
	struct span ha1;
	struct span nonce;
	struct span nc;
	struct span cnonce;
	struct span method;
	struct span uri;
};

void digest_response(char *hex, enum sip_digest_algorithm algorithm,
		     const struct digest_inputs *in);

/**
 * Next name=value of a challenge or of credentials.
 *
 * @return false at the end (*restp empty) or at a syntax error (not empty)
 */
bool digest_field_next(struct span *restp, struct span *namep,
		       struct span *valuep);

/** Cut `Digest ` from a header value; false for another scheme. */
bool digest_scheme_skip(struct span *valuep);

/** Algorithm by name; empty is MD5.  False when unknown. */
bool digest_algorithm_of(struct span name,
			 enum sip_digest_algorithm *algorithmp);

#endif
