/* speech.h - the voice path of one call: its SDP, its RTP, its ear
 *
 * A speech writes and reads session descriptions, sends the phone's audio in
 * 20 ms packets while it may, and tells the face what the ear hears.  Tones
 * that the phone itself makes (ringback, busy) are heard "local".
 *
 * Source: RFC 3264; RFC 4733; SIN-1.
 */
#ifndef PHONE_SPEECH_H
#define PHONE_SPEECH_H

#include "base/libre.h"
#include "media/rtp.h"
#include "media/tone.h"
#include "sip/sdp.h"

struct engine;
struct speech;

/**
 * Open a voice path with its own ports; silent until a description is taken.
 *
 * @param sp   Set on success only; one reference
 * @param e    Outlives it
 * @param call Id of the call, for events
 */
int speech_open(struct speech **sp, struct engine *e, const char *call);

/**
 * Write our offer.
 *
 * @param direction What we want: SDP_DIRECTION_SENDRECV, or SENDONLY to hold
 */
int speech_offer(struct speech *s, enum sdp_direction direction,
		 struct sip_out *o);

/** Write our present description again: refreshes a session. */
int speech_offer_again(struct speech *s, struct sip_out *o);

/** Take the answer to our offer.  0; ENOENT nothing in common; EBADMSG. */
int speech_take_answer(struct speech *s, struct span body);

/**
 * Answer an offer and act on it.
 *
 * @return 0; ENOENT nothing in common (488); EBADMSG; E2BIG
 */
int speech_answer(struct speech *s, struct span offer,
		  enum sdp_direction direction, struct sip_out *o);

/** Whether an offer has anything for us; as speech_answer().  EACCES: not
 * without SRTP, or not with it. */
int speech_check(const struct engine *e, struct span offer);

/** Send what the audio device says (true), or nothing yet. */
void speech_set_open(struct speech *s, bool is_open);

/** Whether the user listens: not to a call on hold, so that with several
 * calls what is heard is that of the one that talks. */
void speech_set_deaf(struct speech *s, bool is_deaf);

void speech_set_muted(struct speech *s, bool is_muted);

/** Send keys.  0; EINVAL; ENOBUFS; ENOTCONN. */
int speech_send_keys(struct speech *s, const char *keys);

/** Play a tone to our own ear; TONE_SILENCE ends it. */
void speech_play(struct speech *s, enum tone_kind kind);

/** Whether the far end holds us. */
bool speech_is_held_by_peer(const struct speech *s);

/** Whether a description of the far end has been taken. */
bool speech_is_agreed(const struct speech *s);

/** Whether silence was told last. */
bool speech_is_silent(const struct speech *s);

const struct rtp_counts *speech_counts(const struct speech *s);

#endif
