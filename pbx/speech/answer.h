/* answer.h - a call that the pbx answers itself, with a voice
 *
 * Life: begun for a call that rings or would be refused; once its port is
 * open the caller gets a 200, or a 183 with a description (early); when that
 * is acknowledged its owner is told and speaks, hears keys, records, sends
 * the caller on to a number or hangs up.  It ends with its call; a call that
 * was answered so when the process died ends when it is back (restore.c), one
 * that was not is refused.
 *
 * An owner is a table of functions and an object that the answer holds a
 * reference of.  Whatever may end the call (answer_hang_up(), answer_leave(),
 * answer_give(), answer_refuse() ...) may have freed answer and owner when it
 * returns: the owner's function returns at once after it.
 *
 * Source: CAL-4, CAL-8, CAL-11.
 */
#ifndef PBX_ANSWER_H
#define PBX_ANSWER_H

#include "pbx/call/call.h"
#include "pbx/speech/voice.h"

struct answer;

/** What an owner is told; each but opened may be NULL. */
struct answer_owner {
	const char *away; /* phrase of the 480 without media server */

	/** The caller hears us from now on. */
	void (*opened)(void *arg);

	/** All that was to be said is said. */
	void (*said)(void *arg);

	void (*key)(void *arg, char key);

	/** A key while the caller is being sent on. */
	void (*key_meanwhile)(void *arg, char key);

	/** Nobody took the call that was sent on: why, and whose number it
	 * was ("": nobody's).  NULL: the call ends. */
	void (*refused)(void *arg, uint16_t status, const char *user);

	/** The media server is away, or the caller's phone speaks nothing we
	 * do, and it has had no answer; NULL: the caller is refused. */
	void (*lost)(void *arg);
};

enum answer_manner {
	ANSWER_CONNECT, /* 200: from here on the call is answered */
	ANSWER_EARLY,   /* 183: only where the caller made an offer */
	ANSWER_TAKE,    /* in place of _CONNECT for who was handed over or has
			   been rung first: by a re-INVITE.  answer_begin()
			   sees to it */
};

/** Connect with the media server; before the calls are restored. */
int answer_start(const char *dir);
void answer_close(void);

/** Told of every recording, and of those going on when the link is made
 * (voice.h): for recordings that outlive their call.  At most four. */
int answer_on_take(voice_take_h *taken, voice_going_h *going);

/**
 * Answer a call that nobody has answered.
 *
 * @param ap  Set; not counted: the call's.  May be NULL
 * @param arg The owner's object: the answer takes a reference of its own
 *
 * @return 0; ENOTCONN without media server; ENOTSUP for ANSWER_EARLY without
 *         an offer; EALREADY; ENOMEM
 */
int answer_begin(struct answer **ap, struct call *call,
		 const struct answer_owner *owner, void *arg,
		 enum answer_manner manner);

struct call *answer_call(const struct answer *a);
struct voice *answer_voice(const struct answer *a);

/** The caller does not want to be known. */
bool answer_is_anonymous(const struct answer *a);

/** Another owner from now on; told opened() at once when the caller hears
 * us already, also while it was being sent on and that is over. */
void answer_give(struct answer *a, const struct answer_owner *owner, void *arg);

/** Whose language it speaks: the caller's user's until told otherwise. */
void answer_set_french(struct answer *a, bool is_french);
bool answer_is_french(const struct answer *a);

/** Say a prompt (prompt.h), the customer's own where it has one; digits. */
void answer_say(struct answer *a, const char *prompt);
void answer_say_digits(struct answer *a, const char *digits);

/** Say a sound of the media server (media/server/sound.h). */
void answer_play(struct answer *a, const char *sound);

/** Say nothing more of what waits. */
void answer_hush(struct answer *a);

/** A key is pressed on behalf of the caller; nothing while it is not heard. */
void answer_press(struct answer *a, char key);

/** Hang up; before a 200: 487. */
void answer_hang_up(struct answer *a);

/** Hang up once all is said; the owner is told nothing more. */
void answer_leave(struct answer *a);

/** Once all is said, refuse (early) or hang up (connected). */
void answer_refuse(struct answer *a, uint16_t status, const char *cause);

/** Stop speaking early and let the call go on to others: the answer and its
 * owner are gone, the call routes as before. */
void answer_drop(struct answer *a);

/** Where a caller is sent on, and who answers for it. */
struct answer_way {
	const char *number;
	const char *payer; /* user whose privileges count, NULL: nobody's */
	uint8_t reach;     /* enum route_reach (route.h) */
};

/**
 * Send an answered caller on to a number: it rings in a new call of the same
 * caller while the caller hears ringback; who answers is joined with the
 * caller (join.h) and this call's record ends.  When nobody takes it,
 * refused() follows.  A caller who hangs up stops the ringing; when the media
 * server goes the ringing goes on without sound.
 *
 * @return 0; EPROTO when the call is not connected or is being changed now;
 *         ENOMEM
 */
int answer_send_on(struct answer *a, const struct answer_way *way);

/** Not after all: nobody is rung any more, the caller hears us. */
void answer_call_off(struct answer *a);

/** What call.c, bridge.c and transfer.c tell: the caller has acknowledged (m
 * may hold its description); a request inside the call; the call is over; who
 * was sent on finds nobody. */
void answer_acknowledged(struct answer *a, const struct sip_message *m);
void answer_request(struct answer *a, const struct sip_message *m,
		    struct sip_flow *flow);
void answer_end(struct call *call);
void answer_sent_back(struct answer *a, uint16_t status, const char *user);

#endif
