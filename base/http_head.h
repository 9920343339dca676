/* http_head.h - strict parse of an HTTP/1.1 request or response head
 *
 * Pure functions from octets to spans into them; nothing is copied and
 * nothing allocated.  What two programs could read differently is refused:
 * folded lines, a blank before the colon, a bare LF or CR, control octets,
 * two Hosts, two lengths, a length that is not digits only, a length together
 * with Transfer-Encoding.
 *
 * Source: RFC 9112; design.md section 3 "traps".
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
	HTTP_HEAD_MAX_BYTES = 16384,
	HTTP_HEAD_MAX_FIELDS = 100,
	HTTP_TARGET_MAX_BYTES = 8192,
};

struct http_field {
	struct span name;
	struct span value; /* without blanks around it */
};

struct http_head {
	struct span method; /* request: token */
	struct span target; /* request: as sent, origin form or "*" */
	struct span path;   /* target before '?' */
	struct span query;  /* target after '?', may be empty */
	struct span host;   /* request: value of Host */
	int status;         /* response: 100..599 */
	int minor;          /* HTTP/1.minor, 0 or 1 */

	bool keep_alive;       /* after version and Connection */
	bool expects_continue; /* Expect: 100-continue */
	bool wants_websocket;  /* Upgrade: websocket, Connection: upgrade */
	bool is_chunked;       /* body comes in chunks */
	bool has_length;       /* Content-Length was there */
	uint64_t length;       /* 0..2^53 */

	uint32_t field_count;
	struct http_field fields[HTTP_HEAD_MAX_FIELDS];
};

/**
 * Parse a request head.
 *
 * @param h       Filled on success; its spans point into p
 * @param p       Received octets from the first of the request line
 * @param len     How many
 * @param usedp   Octets of the head with its empty line, on success
 * @param statusp What to answer when EBADMSG: 400, 414, 431, 501, 505
 *
 * @return 0; EAGAIN when the head is not whole yet; EBADMSG
 */
int http_head_parse(struct http_head *h, const char *p, size_t len,
		    size_t *usedp, int *statusp);

/** Parse a response head: the same rules.  0, EAGAIN or EBADMSG. */
int http_head_parse_response(struct http_head *h, const char *p, size_t len,
			     size_t *usedp);

/** First field of that name (any case); .p is NULL when absent. */
struct span http_head_field(const struct http_head *h, const char *name);

/** Whether a comma list holds a token, any case. */
bool http_list_has(struct span list, const char *token);

/** State of a chunked body; zeroed to start. */
struct http_chunks {
	int state;
	uint64_t left;     /* of this chunk */
	uint32_t trailers; /* octets of all trailers */
	bool is_done;
};

/**
 * Take what is there of a chunked body.
 *
 * @param c     Its state
 * @param p     Received octets
 * @param len   How many
 * @param usedp Octets taken; the caller drops them
 * @param datap A run of body octets inside p, maybe empty; call again while
 *              something was taken and !c->is_done
 *
 * @return 0 or EBADMSG
 */
int http_chunks_take(struct http_chunks *c, const char *p, size_t len,
		     size_t *usedp, struct span *datap);

/**
 * Undo percent encoding.
 *
 * @param out     At least s.len + 1 octets; NUL-terminated
 * @param is_form Whether '+' means a blank
 * @return 0; EBADMSG for a bad escape or an encoded NUL
 */
int http_decode(char *out, struct span s, bool is_form);

#endif
