/* uri.h - SIP, SIPS and TEL URIs
 *
 * A parsed URI is spans into the text it came from; nothing is unescaped
 * until asked for, and then once.  A URI of another scheme parses too, with
 * only its scheme set, so that a server can answer 416 instead of 400.
 *
 * Source: RFC 3261 19.1 and 25.1, RFC 3966, RFC 5118.
 */
#ifndef SIP_URI_H
#define SIP_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
	SIP_URI_MAX_BYTES = 1024,
	SIP_USER_MAX_BYTES = 128,
};

enum sip_scheme {
	SIP_SCHEME_OTHER,
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
};

struct sip_uri {
	struct span whole;       /* the text it was parsed from */
	struct span scheme_name; /* without the colon */
	uint8_t scheme;          /* enum sip_scheme */
	struct span user;     /* escaped, with user parameters; or tel number */
	struct span password; /* after the user's colon; deprecated */
	struct span host;     /* an IPv6 address with its brackets */
	uint16_t port;        /* 0 when none was given */
	struct span params;   /* after the host's port, without first ';' */
	struct span headers;  /* after '?' */
};

/**
 * Parse a URI.  Blanks, control octets, <> and bad escapes are refused.
 *
 * @param uri  Filled on success only; points into text
 * @param text The whole URI and nothing else, 1..SIP_URI_MAX_BYTES octets
 *
 * @return 0; EBADMSG bad syntax; E2BIG longer than a limit
 */
int sip_uri_parse(struct sip_uri *uri, struct span text);

/** Find a URI parameter by name (any case); *valuep is empty for a parameter
 * without value and untouched when absent.  valuep may be NULL. */
bool sip_uri_param(const struct sip_uri *uri, const char *name,
		   struct span *valuep);

/**
 * Unescape %XX once, e.g. the user part for a look-up.
 *
 * @param out   Gets the octets, not NUL-terminated; may hold NULs
 * @param size  Room in out
 * @param lenp  Octets written
 * @param text  Escaped text
 *
 * @return 0; EBADMSG bad escape; E2BIG no room
 */
int sip_unescape(char *out, size_t size, size_t *lenp, struct span text);

/**
 * Unescape the user part into a C string: for look-ups of numbers and names.
 * A visual separator of a number stays.  Fails with EBADMSG when the user
 * part holds %00 or another control octet.
 *
 * @return 0; EBADMSG; E2BIG no room; ENOENT no user part
 */
int sip_uri_user(const struct sip_uri *uri, char *out, size_t size);

/** Equality of RFC 3261 19.1.4: scheme, user (escapes equal to what they
 * escape), host, port, and the parameters that must agree. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

/** Port given, or the scheme's default (5060; 5061 for sips or
 * transport=tls). */
uint16_t sip_uri_port(const struct sip_uri *uri);

#endif
