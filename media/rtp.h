/* rtp.h - one audio stream: RTP in and out of one pair of UDP ports
 *
 * A stream owns an even port for RTP and the odd one above for RTCP.  It
 * numbers what it sends and checks what it gets: the first plausible sender
 * is locked (address and SSRC), so that a stranger who guesses the port is
 * not heard; the lock opens again after a second of silence or when the
 * signalled address changes.  Packets are handed on in order of arrival with
 * the count of those lost before; late and duplicate ones are dropped.
 *
 * Source: RFC 3550 sections 5.1, 6.4, A.1, A.3; RFC 4961 (symmetric); RFC
 * 3711 (secure.h).
 */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include "base/libre.h"

struct secure;

enum {
	RTP_PACKET_MAX = 1500,   /* octets, header included */
	RTP_PAYLOAD_MAX = 1400,  /* octets we send in a packet */
	RTP_LOCK_IDLE_MS = 1000, /* silence after which the lock opens */
	RTP_GAP_MAX = 100,       /* packets lost that are still counted */
};

struct rtp_stream;

/** What came: a checked packet without header, padding and extension. */
struct rtp_in {
	uint8_t pt; /* payload type, 0..127 */
	bool marker;
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;
	uint32_t lost; /* packets missing just before this one */
	bool is_late;  /* out of order, or once more; a relay's only */
	const uint8_t *payload;
	size_t length;         /* octets */
	const uint8_t *packet; /* as it came, header included */
	size_t packet_length;
};

struct rtp_counts {
	uint64_t rx_packets; /* handed on */
	uint64_t rx_bytes;   /* payload */
	uint64_t rx_lost;
	uint64_t rx_late;    /* late or duplicate, dropped */
	uint64_t rx_foreign; /* from others than the locked source, dropped */
	uint64_t rx_bad;     /* not RTP, dropped */
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint32_t jitter; /* RFC 3550 A.8, timestamp units */
};

typedef void(rtp_in_h)(const struct rtp_in *in, void *arg);

/**
 * Open a stream on a free even port and listen in the current loop.
 *
 * @param sp       Set on success only; one reference, drop with mem_deref()
 * @param local    Address to bind; its port is ignored
 * @param port_min Least RTP port to try, or 0 for any free pair
 * @param port_max Greatest RTP port to try
 * @param handler  Called from the loop for each good packet
 * @param arg      Handed to handler
 *
 * @return 0; EINVAL; EADDRINUSE when no pair is free; ENOMEM
 */
int rtp_stream_open(struct rtp_stream **sp, const struct sa *local,
		    uint16_t port_min, uint16_t port_max, rtp_in_h *handler,
		    void *arg);

/** The local RTP address, as it goes into SDP. */
const struct sa *rtp_stream_local(const struct rtp_stream *s);

/**
 * Set where to send and from whom to expect packets.
 *
 * @param remote RTP address from SDP, or NULL: send nothing
 */
void rtp_stream_set_remote(struct rtp_stream *s, const struct sa *remote);

/** The address that packets go to: the locked source, or the signalled. */
const struct sa *rtp_stream_remote(const struct rtp_stream *s);

/**
 * Send a packet; the stream numbers it.
 *
 * @param timestamp_step How far the timestamp moves AFTER this packet
 *
 * @return 0; ENOTCONN without a remote address; EMSGSIZE; a socket's errno
 */
int rtp_stream_send(struct rtp_stream *s, uint8_t pt, bool marker,
		    const uint8_t *payload, size_t length,
		    uint32_t timestamp_step);

/** The timestamp of the next packet; RFC 4733 events keep theirs. */
uint32_t rtp_stream_timestamp(const struct rtp_stream *s);

/** Send with a timestamp of one's own choosing; the stream's stays. */
int rtp_stream_send_at(struct rtp_stream *s, uint8_t pt, bool marker,
		       const uint8_t *payload, size_t length,
		       uint32_t timestamp);

/** Move the timestamp without sending: a stretch of silence. */
void rtp_stream_skip(struct rtp_stream *s, uint32_t timestamp_step);

/** Clock of its timestamps, for the jitter; 8000 at first. */
void rtp_stream_set_clock(struct rtp_stream *s, uint32_t hz);

const struct rtp_counts *rtp_stream_counts(const struct rtp_stream *s);

/** Milliseconds since the last good packet; UINT64_MAX when there was none. */
uint64_t rtp_stream_idle_ms(const struct rtp_stream *s);

/** A report that came from the remote's host. */
typedef void(rtp_report_h)(const uint8_t *data, size_t length, void *arg);

/**
 * Be one side of a relay: late packets are handed on as well (their order is
 * the business of whoever plays them), another address is believed only when
 * it goes on with the same SSRC and numbering, reports are handed on, and own
 * ones are sent only while the stream sends something of its own.
 *
 * @param report Called from the loop with the stream's arg
 */
void rtp_stream_set_relay(struct rtp_stream *s, rtp_report_h *report);

/**
 * Speak SRTP from now on: what comes must be protected, what goes is.
 *
 * @param in      Opens what comes; NULL: it is plain
 * @param out     Protects what goes; NULL: it stays plain.  A reference of
 *                each is kept
 * @param goes_on Another process spoke with these keys before: what is
 *                forwarded gets another source's name, so that no number is
 *                used twice with a key
 */
void rtp_stream_secure(struct rtp_stream *s, struct secure *in,
		       struct secure *out, bool goes_on);

/** Send a whole packet of somebody else's as it is.  0; ENOTCONN; errno. */
int rtp_stream_forward(struct rtp_stream *s, const uint8_t *packet,
		       size_t length);

/** The same with a report. */
int rtp_stream_forward_report(struct rtp_stream *s, const uint8_t *data,
			      size_t length);

/**
 * Check a datagram and take it apart (RFC 3550 A.1), without a socket: the
 * fuzz target's door.
 *
 * @return 0; EBADMSG when it is no RTP packet
 */
int rtp_in_decode(struct rtp_in *in, const uint8_t *data, size_t length);

#endif
