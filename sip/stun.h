/* stun.h - STUN binding requests and answers, for keep-alive of SIP flows
 *
 * Just enough to answer a phone that keeps its NAT open with STUN on the SIP
 * port, and to read such an answer.  No authentication: nothing is granted.
 *
 * Source: RFC 8489 5, 14.2; RFC 5626 4.4.2.
 */
#ifndef SIP_STUN_H
#define SIP_STUN_H

#include "base/libre.h"

enum {
	SIP_STUN_HEAD_BYTES = 20,
	SIP_STUN_ID_BYTES = 12,
	SIP_STUN_MAX_BYTES = 548,
};

enum sip_stun_kind {
	SIP_STUN_REQUEST,
	SIP_STUN_INDICATION,
	SIP_STUN_SUCCESS,
	SIP_STUN_ERROR,
};

struct sip_stun {
	uint8_t kind;
	uint8_t id[SIP_STUN_ID_BYTES];
	bool has_mapped;
	struct sa mapped; /* XOR-MAPPED-ADDRESS or MAPPED-ADDRESS */
	uint16_t unknown; /* first unknown mandatory attribute, or 0 */
};

/** Whether a datagram is STUN: two zero bits, the magic cookie, a length. */
bool sip_stun_is(const uint8_t *p, size_t len);

/** Parse a binding message.  0; EBADMSG. */
int sip_stun_parse(struct sip_stun *s, const uint8_t *p, size_t len);

/** Write a binding request; the id is the caller's.  Octets written, or 0
 * when out is too small. */
size_t sip_stun_request(uint8_t *out, size_t size,
			const uint8_t id[SIP_STUN_ID_BYTES]);

/** Write the answer to a request: success with the source, or error 420.
 * Octets written, or 0. */
size_t sip_stun_answer(uint8_t *out, size_t size, const struct sip_stun *req,
		       const struct sa *source);

#endif
