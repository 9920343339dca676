/* dtmf.h - keys pressed during a call, as RFC 4733 events and in band
 *
 * Sending: a key is a run of packets with one timestamp, the first marked,
 * growing duration, the end sent three times.  Receiving: a key is reported
 * once, at its first packet or, when that was lost, at any later one.
 *
 * Source: RFC 4733 sections 2.3, 2.5; ITU-T Q.23.
 */
#ifndef MEDIA_DTMF_H
#define MEDIA_DTMF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtp_in;
struct rtp_stream;
struct tone_spec;

enum {
	DTMF_PAYLOAD_TYPE = 101, /* the one we offer */
	DTMF_KEY_MS = 100,       /* how long a key sounds */
	DTMF_GAP_MS = 60,        /* between keys */
	DTMF_QUEUE_MAX = 64,     /* keys waiting to be sent */
};

/** Event code 0..15 of a key (0-9 * # A-D), or -1. */
int dtmf_event_of(char key);

/** Key of an event code 0..15, or 0. */
char dtmf_key_of(int event);

/** The pair of sines of a key.  0, or EINVAL when it is none. */
int dtmf_tone_spec(struct tone_spec *spec, char key);

/** Key of a pair of frequencies (within 2 % of each), or 0. */
char dtmf_key_of_pair(double low_hz, double high_hz);

/** Keys waiting to be sent; zeroed memory is an empty one. */
struct dtmf_sender {
	uint32_t clock_hz; /* of the timestamps; 0 is 8000 */
	uint32_t key_hz;   /* of a key's length, as agreed; 0 is the same */
	char queue[DTMF_QUEUE_MAX];
	size_t queued;
	char key;           /* being sent, or 0 */
	uint32_t timestamp; /* of its first packet */
	uint32_t elapsed;   /* of the clock */
	uint32_t ends;      /* end packets sent */
	uint32_t gap;       /* of the clock, still to be silent */
};

/** Append keys.  0; EINVAL for a character that is no key; ENOBUFS. */
int dtmf_sender_add(struct dtmf_sender *d, const char *keys);

/** Whether a key or its gap is under way or waiting. */
bool dtmf_sender_is_busy(const struct dtmf_sender *d);

/**
 * Send this 20 ms's event packet, if a key is under way.
 *
 * @param pt Payload type agreed for telephone-event
 *
 * @return true when it took this turn: send no speech then
 */
bool dtmf_sender_tick(struct dtmf_sender *d, struct rtp_stream *s, uint8_t pt);

/** Zeroed memory is one that has received nothing. */
struct dtmf_receiver {
	bool has_timestamp;
	uint32_t timestamp; /* of the last key reported */
};

/**
 * Take a telephone-event packet.
 *
 * @return The key when it begins, 0 otherwise
 */
char dtmf_receive(struct dtmf_receiver *d, const struct rtp_in *in);

#endif
