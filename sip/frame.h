/* frame.h - cuts messages out of a byte stream (TCP, TLS)
 *
 * One length rule for every stream: a head ends at the first empty line and
 * must hold Content-Length, once or several times with the same digits, not
 * above the limit.  Anything else is the end of the stream: where lengths are
 * in doubt the next message could be somebody's smuggled one.
 *
 * One framer a connection; the search for the end of the head goes on where
 * it stopped, so that octets that drip in cost no more than a block.
 *
 * Source: RFC 3261 18.3, 7.5; RFC 5626 4.4.1; reliability.md 5.
 */
#ifndef SIP_FRAME_H
#define SIP_FRAME_H

#include <stddef.h>

#include "sip/message.h"

enum sip_frame {
	SIP_FRAME_MORE,    /* nothing whole yet */
	SIP_FRAME_MESSAGE, /* *messagep is one message */
	SIP_FRAME_CRLF,    /* one empty line between messages: a pong */
	SIP_FRAME_PING,    /* its second in a row: answer CRLF */
	SIP_FRAME_BAD,     /* framing is lost: answer 400 if it parses so far
			      as to be answered, then close */
};

/** Zeroed memory is a fresh framer with the default limit. */
struct sip_framer {
	uint32_t scanned;   /* octets known not to end the head */
	uint32_t need;      /* whole length once the head is known */
	uint32_t max_bytes; /* 0 = SIP_MESSAGE_MAX_BYTES */
	uint8_t blank_lines;
	bool is_bad;
};

/**
 * Look for the next frame at the start of buf.
 *
 * @param f        The connection's framer
 * @param buf      All octets received and not yet used
 * @param len      How many
 * @param usedp    Octets the caller must drop before the next call (after it
 *                 has handled *messagep, which points into buf)
 * @param messagep The message; for SIP_FRAME_BAD the head so far
 */
enum sip_frame sip_frame_next(struct sip_framer *f, const char *buf, size_t len,
			      size_t *usedp, struct span *messagep);

/**
 * What to answer to SIP_FRAME_BAD before closing: parses the head so far and
 * makes sure that there is a fault.
 */
void sip_frame_fault(struct sip_message *m, struct span head,
		     struct sip_fault *fault);

#endif
