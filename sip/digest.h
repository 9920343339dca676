/* digest.h - digest authentication, both sides
 *
 * Server: a nonce is the time and a counter signed with the server's key and
 * the source address, so that a challenge keeps nothing.  It lives 30 s.
 * After the first success (device, nonce) is remembered with its highest nc;
 * the same or a lower one is stale from then on.  Look-ups give HA1, never a
 * password.  An unknown user costs as much as a wrong secret.
 *
 * Client: answers a challenge, SHA-256 where it is offered.
 *
 * Source: RFC 7616, RFC 8760, RFC 3261 22; design.md "The SIP core must".
 */
#ifndef SIP_DIGEST_H
#define SIP_DIGEST_H

#include "base/libre.h"
#include "base/span.h"
#include "sip/build.h"
#include "sip/message.h"

enum {
	SIP_NONCE_LIFE_MS = 30000,
	SIP_DIGEST_KEY_BYTES = 32,
};

enum sip_digest_algorithm {
	SIP_DIGEST_MD5,
	SIP_DIGEST_SHA256,
};

enum sip_digest_result {
	SIP_DIGEST_OK,
	SIP_DIGEST_NONE,  /* no credentials of ours: challenge */
	SIP_DIGEST_STALE, /* nonce too old, replayed or of another source:
			     challenge with stale=true */
	SIP_DIGEST_BAD,   /* wrong user or secret: challenge, and count it */
	SIP_DIGEST_MALFORMED, /* answer 400 */
};

/** What a look-up gives: HA1 = H(user:realm:secret) in lower-case hex. */
struct sip_digest_keys {
	char ha1_md5[33];    /* "" when not stored */
	char ha1_sha256[65]; /* "" when not stored */
	void *device;        /* handed back in sip_digest_who */
};

/** Find the keys of a user; false when unknown.  Called at once. */
typedef bool(sip_digest_lookup_h)(struct span user,
				  struct sip_digest_keys *keys, void *arg);

/** Who it was. */
struct sip_digest_who {
	struct span user; /* points into the message, without quotes */
	void *device;
	uint8_t algorithm;
	bool uri_matches; /* digest uri equals the Request-URI */
};

struct sip_digest_server;

/**
 * Make a verifier.
 *
 * @param sp    Set on success only; drop with mem_deref()
 * @param realm Copied
 * @param key   SIP_DIGEST_KEY_BYTES octets shared by servers that accept each
 *              other's nonces, or NULL for a random key
 *
 * @return 0; ENOMEM; EINVAL
 */
int sip_digest_server_alloc(struct sip_digest_server **sp, const char *realm,
			    const uint8_t *key);

/** For tests: another clock (milliseconds since 1970). */
void sip_digest_server_clock(struct sip_digest_server *s,
			     uint64_t (*now_ms)(void));

/** The realm it was made with. */
const char *sip_digest_server_realm(const struct sip_digest_server *s);

/**
 * Write two challenge headers with one nonce, SHA-256 first.
 *
 * @param o        Output, inside a 401 or 407
 * @param s        Verifier
 * @param source   The nonce is good for this address only (any port)
 * @param is_stale stale=true: right secret, fresh nonce wanted
 * @param is_proxy Proxy-Authenticate instead of WWW-Authenticate
 */
void sip_digest_challenge_write(struct sip_out *o, struct sip_digest_server *s,
				const struct sa *source, bool is_stale,
				bool is_proxy);

/**
 * Check the credentials of a request.
 *
 * @param s        Verifier
 * @param m        Request
 * @param source   Where it came from
 * @param is_proxy Look at Proxy-Authorization instead of Authorization
 * @param lookup   Asked once for the user of our realm
 * @param arg      Handed to lookup
 * @param who      Set on SIP_DIGEST_OK only; may be NULL
 */
enum sip_digest_result sip_digest_check(struct sip_digest_server *s,
					const struct sip_message *m,
					const struct sa *source, bool is_proxy,
					sip_digest_lookup_h *lookup, void *arg,
					struct sip_digest_who *who);

/** HA1 in lower-case hex; out holds 33 (MD5) or 65 octets. */
void sip_digest_ha1(char *out, enum sip_digest_algorithm algorithm,
		    const char *user, const char *realm, const char *secret);

/** What a client needs to answer; zeroed before the first challenge. */
struct sip_digest_client {
	char realm[128];
	char nonce[256];
	char opaque[128];
	uint8_t algorithm;
	bool has_qop;
	bool has_opaque;
	bool is_proxy; /* challenged by 407 */
	bool is_stale; /* the last challenge said so */
	uint32_t nc;
};

/**
 * Take the challenge of a 401 or 407, the strongest algorithm we know.
 *
 * @param c Overwritten on success; then nc starts anew
 * @param m The response
 *
 * @return 0; ENOENT no challenge; ENOTSUP none that we can answer; EBADMSG
 */
int sip_digest_challenge_read(struct sip_digest_client *c,
			      const struct sip_message *m);

/**
 * Write the Authorization or Proxy-Authorization header line.
 *
 * @param o      Output
 * @param c      Challenge; its nc is counted up
 * @param method Of the request
 * @param uri    Request-URI
 * @param user   User name
 * @param secret Secret
 */
void sip_digest_answer_write(struct sip_out *o, struct sip_digest_client *c,
			     struct span method, struct span uri,
			     const char *user, const char *secret);

#endif
