/* secure.h - SRTP: one way of one stream, keyed by whoever signals (SDES)
 *
 * Protects what is sent or opens what came, packets and reports.  Any source
 * (SSRC) is taken; each has a rollover counter of its own, and no packet is
 * opened twice.  Who begins in the middle of a stream (a media server that
 * was killed) does not know how often its numbers have rolled over: it tries,
 * a guess a packet, up to SECURE_ROLLS.
 *
 * Source: RFC 3711, RFC 4568, RFC 7714.
 */
#ifndef MEDIA_SECURE_H
#define MEDIA_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SECURE_KEY_MAX = 44,  /* octets, salt included */
	SECURE_MORE_MAX = 40, /* octets that protecting adds at most */
	SECURE_SOURCES_MAX = 64,
	SECURE_ROLLS = 64, /* a day of speech */
};

struct secure;

/** Octets of a suite's master key and salt; 0 for a suite that is none. */
size_t secure_key_bytes(const char *suite);

/**
 * Make one way.
 *
 * @param sp     One reference
 * @param suite  As RFC 4568 and 7714 name it
 * @param key    secure_key_bytes(suite) octets, copied
 * @param is_out We send
 *
 * @return 0; ENOTSUP for the suite; ENOMEM
 */
int secure_open(struct secure **sp, const char *suite, const uint8_t *key,
		bool is_out);

/** It goes on with a stream that has begun before it. */
void secure_goes_on(struct secure *s);

bool secure_is(const struct secure *s, const char *suite, const uint8_t *key);
const char *secure_suite(const struct secure *s);
const uint8_t *secure_key(const struct secure *s);

/**
 * Protect a packet in place.
 *
 * @param p       Room for *lengthp + SECURE_MORE_MAX octets
 * @param lengthp Octets, before and after
 *
 * @return 0; EBADMSG when it is none, or was sent before
 */
int secure_protect(struct secure *s, uint8_t *p, size_t *lengthp);
int secure_protect_report(struct secure *s, uint8_t *p, size_t *lengthp);

/** Open a packet in place.  0; EBADMSG when it is forged, damaged or came
 * before. */
int secure_open_packet(struct secure *s, uint8_t *p, size_t *lengthp);
int secure_open_report(struct secure *s, uint8_t *p, size_t *lengthp);

#endif
