/* srtp.h - who speaks SRTP with whom, keys in the descriptions (SDES)
 *
 * A phone's setting `srtp` says what it may speak: off (plain RTP), optional,
 * required (nothing else; emergency calls excepted).  Where the pbx has a
 * port of the media server facing a party, that port speaks as the party
 * does, with keys of its own: so a phone with SRTP talks with one without, is
 * recorded, hears music and prompts.  Parties who both speak only SRTP and
 * whose call needs no relay have each other's keys, and the pbx none.  A port
 * keeps its keys as long as it lives.
 *
 * Source: RFC 4568, RFC 3711; domain/pbx.md 1.2.
 */
#ifndef PBX_SRTP_H
#define PBX_SRTP_H

#include "sip/sdp.h"

struct leg;
struct phone;
struct terms;

enum srtp_policy {
	SRTP_OPTIONAL,
	SRTP_OFF,
	SRTP_REQUIRED,
};

enum srtp_policy srtp_policy_of(const char *text);

/** Keys of our own for what one port sends; zeroed memory has none yet. */
struct srtp_keys {
	uint8_t count;
	struct sdp_crypto keys[SDP_SUITES];
};

/** What one port knows of its party's descriptions. */
struct srtp_side {
	struct srtp_keys own;
	struct sdp_crypto theirs; /* as described last, or none */
	bool is_asked;            /* its next description is an answer */
	bool is_savp;             /* its own are RTP/SAVP */
	bool has_feedback;        /* ... RTP/AVPF, RTP/SAVPF */
};

/** Put what this party may be offered, or may offer, into our own side.
 * now: what was agreed with it before, or NULL. */
void srtp_offer(struct sdp_audio *a, struct srtp_keys *own,
		const struct leg *leg, const struct terms *now);

/** A phone that may not speak so: answer 488 with srtp_warning(). */
bool srtp_refuses(const struct phone *p, struct span body);
struct span srtp_warning(const struct phone *p);

/** Whether two parties need a relay to understand each other: the one's
 * offer, whom it is for. */
bool srtp_needs_relay(struct span offer, const struct phone *to);

/** Whether there are keys in a description, or should be. */
bool srtp_is_spoken(struct span body);

/** Whether a media is described with keys. */
bool srtp_has_keys(const struct sdp *sdp, const struct sdp_media *m);

/**
 * A party's description has come to its port.
 *
 * @param t Its terms, changed: the keys of both ways
 *
 * @return False when it speaks only what we do not: leave it alone
 */
bool srtp_learn(struct srtp_side *from, struct terms *t, const struct leg *leg,
		const struct sdp *sdp, const struct sdp_media *m);

enum { SRTP_LINES_BYTES = 512, SRTP_PROTOCOL_BYTES = 16 };

/** What to write for whom another's description goes to. */
struct srtp_written {
	char protocol[SRTP_PROTOCOL_BYTES];
	char lines[SRTP_LINES_BYTES]; /* a=crypto */
};

void srtp_write(struct srtp_written *w, struct srtp_side *to,
		const struct terms *t, const struct leg *leg,
		const struct sdp_media *m, bool is_offer);

#endif
