/* call.h - one call of this phone
 *
 * States are named as ECMA-269 connection states.  A call lives from the
 * first INVITE until its last request is answered; its face knows it from
 * the first event until the one with state "null".  A phone has up to
 * PHONE_CALLS_MAX of them, one of which talks.
 *
 *   null -> initiated -> alerting -> connected <-> held -> null
 *                    \-> failed (busy tone) -> null
 *
 * call.c      the object, its end, what arrives inside its dialog
 * call_out.c  calls we make        call_in.c   calls we get
 * change.c    hold, retrieve, offers of the far end while connected
 * session.c   session timers       transfer.c  REFER
 * conference.c  calls become one   record.c    asks that it be recorded
 *
 * Source: RFC 3261, 3262, 3311, 3264, 4028, 3515, 3891, 7989; ECMA-269.
 */
#ifndef PHONE_CALL_H
#define PHONE_CALL_H

#include "base/libre.h"
#include "base/span.h"
#include "base/wheel.h"
#include "media/tone.h"
#include "sip/sdp.h"

struct engine;
struct sip_client;
struct sip_dialog;
struct sip_flow;
struct sip_message;
struct sip_server;
struct speech;

enum call_state {
	CALL_NULL,
	CALL_INITIATED,
	CALL_ALERTING,
	CALL_CONNECTED,
	CALL_HELD, /* by us */
	CALL_FAILED,
};

enum phone_call_wish {
	WISH_NONE,
	WISH_HOLD,
	WISH_RETRIEVE,
	WISH_REFRESH,
};

enum {
	CALL_PEER_SIZE = 128,
	CALL_FORKS_MAX = 8,
	CALL_SDP_MAX = 2048,
	CALL_HEADERS_MAX = 1024,
	CALL_RING_MS = 180000, /* then given up */
	CALL_FAILED_MS = 1500, /* busy tone before the call goes */
	SESSION_EXPIRES_S = 1800,
	SESSION_MIN_S = 90,
};

struct call {
	struct le le; /* in engine.calls */
	struct engine *e;
	char id[24];
	bool is_outgoing;
	bool is_over; /* "null" was told; waits for its last answer */
	enum call_state state;
	char peer[CALL_PEER_SIZE]; /* number, or URI */
	char name[CALL_PEER_SIZE];
	char reason[48];        /* of the last change */
	uint16_t status;        /* SIP status behind it, or 0 */
	char session_local[33]; /* RFC 7989 */
	char session_remote[33];
	uint64_t began_ms; /* wall */
	uint64_t answered_ms;
	bool is_muted;
	bool was_held_by_peer; /* as last told */
	size_t home;           /* number of the registrar it goes through */
	bool is_limited;       /* that one is lost, as last told */

	struct speech *speech;
	struct sip_dialog *dialog;
	struct sip_dialog *forks[CALL_FORKS_MAX];
	size_t fork_count;
	bool is_confirmed;         /* a 2xx was sent or received */
	struct sip_client *invite; /* the first one, of ours */
	struct sip_client *bye;
	struct sip_client *fork_bye;
	struct sip_server *server; /* INVITE of theirs until its ACK */
	struct mbuf *offer;        /* in their first INVITE, or NULL */
	bool awaits_answer;        /* it comes in the ACK */
	bool is_answering;         /* waits for a PRACK */

	enum phone_call_wish wish;
	const char *wish_command;  /* waits for a reply, or NULL */
	struct sip_client *change; /* re-INVITE or UPDATE of ours */
	struct wheel_timer retry;
	uint64_t wish_since_ms;

	struct sip_client *refer;
	const char *refer_command;
	bool is_transferring;
	bool is_focus;  /* with a conference */
	bool is_joined; /* handed to one, waits for its end */
	struct sip_client *record;
	const char *record_command;
	bool wants_record;
	bool is_recorded;   /* on our word */
	char consulted[24]; /* id of the call held for this one, or "" */

	uint32_t session_s; /* 0: no session timer */
	bool we_refresh;
	bool peer_updates; /* takes UPDATE */
	struct wheel_timer session_timer;

	struct wheel_timer timer; /* ringing too long; busy tone; sweeping */
};

/* ---- the object: call.c ---- */

/** Make a call in the engine's list, without a state yet.  0 or ENOMEM. */
int phone_call_alloc(struct call **cp, struct engine *e, bool is_outgoing);

/** Change the state and tell. */
void phone_call_set_state(struct call *c, enum call_state state,
			  const char *reason, uint16_t status);

/** It is gone for the user: told, written to the diary, swept later. */
void phone_call_over(struct call *c, const char *reason, uint16_t status);

/** Send BYE and phone_call_over(). */
void phone_call_bye(struct call *c, const char *reason, uint16_t status);

/** Hang up, whatever the state. */
void phone_call_hangup(struct call *c);

/** Free it in the next turn if nothing is awaited any more. */
void phone_call_sweep(struct call *c);

/** Take name and number from a message: P-Asserted-Identity, else From of a
 * request.  True when something has changed. */
bool phone_call_read_identity(struct call *c, const struct sip_message *m);

/** Headers of our INVITEs and their answers: Allow, Supported, Session-ID. */
void phone_call_headers(const struct call *c, struct sip_out *o);

/** Read Session-ID and Allow of the far end. */
void phone_call_read_peer(struct call *c, const struct sip_message *m);

/** Put all other connected calls on hold. */
void phone_call_hold_others(struct call *c);

/** A request inside a dialog of ours. */
void phone_call_request(struct call *c, const struct sip_message *m,
			struct sip_flow *flow);

/** The call told "null" not yet, by id. */
struct call *phone_call_find(const struct engine *e, const char *id);

/** Newest call in this state, or NULL. */
struct call *phone_call_in_state(const struct engine *e, enum call_state state);

/** Calls not over. */
uint32_t phone_calls_count(const struct engine *e);

/** The registration has changed: tell which calls are limited now.  Such a call
 * is up, and its registrar is lost or not ours any more: speech goes on, nothing
 * can be asked for but its end. */
void phone_calls_limit(struct engine *e);

/** Calls whose connection has gone are bound to this one. */
void phone_calls_rebind(struct engine *e, struct sip_flow *flow);

/** "null", "initiated", … */
const char *phone_call_state_name(enum call_state state);

/** What a refusal means: "busy", "declined", "no-answer", … */
const char *phone_call_reason(uint16_t status);

/* ---- call_out.c ---- */

/**
 * Call a number (or, without registrars, a SIP URI).
 *
 * @param codep On failure a stable code: bad-number, not-registered,
 *              too-many-calls, failed
 *
 * @return 0; EINVAL; ENOTCONN; EMFILE; ENOMEM
 */
int phone_call_dial(struct call **cp, struct engine *e, const char *number,
		    const char **codep);

/* ---- call_in.c ---- */

/** An INVITE outside any dialog. */
void phone_call_invited(struct engine *e, const struct sip_message *m,
			struct sip_flow *flow);

/** Answer a ringing call.  0; EINVAL; another errno when it could not be. */
int phone_call_answer(struct call *c);

/** Refuse a ringing call with 603, 486 … or 302 to a contact URI. */
int phone_call_refuse(struct call *c, uint16_t status, const char *contact,
		      const char *reason);

/** After a PRACK: give the final answer if it waits. */
void phone_call_pracked(struct call *c);

/** Told of the ACK of any INVITE of theirs; arg is the call. */
void phone_call_acked(int err, const struct sip_message *m, void *arg);

/* ---- change.c ---- */

/**
 * Ask for a change; the reply to `command` (or NULL) comes when the far end
 * has answered.
 *
 * @return 0; EBUSY while another is under way; EINVAL in a wrong state
 */
int phone_call_wish(struct call *c, enum phone_call_wish wish,
		    const char *command);

/** A re-INVITE or UPDATE of theirs. */
void phone_call_reoffered(struct call *c, const struct sip_message *m,
			  struct sip_flow *flow);

/** What we want while talking or holding. */
enum sdp_direction phone_call_direction(const struct call *c);

/** Tell when the far end has put us on hold or taken us back. */
void phone_call_note_hold(struct call *c);

/* ---- session.c ---- */

/** Headers that ask for a session timer. */
void phone_session_ask(struct sip_out *o);

/** The 2xx of our INVITE or UPDATE. */
void phone_session_agreed(struct call *c, const struct sip_message *m);

/** Their INVITE or UPDATE: what they ask for. */
void phone_session_offered(struct call *c, const struct sip_message *m);

/** Headers of our 2xx to it; starts the timer. */
void phone_session_answer(struct call *c, struct sip_out *o);

/** Whether their interval is too short: answer 422. */
bool phone_session_is_short(const struct sip_message *m);

/* ---- transfer.c ---- */

/**
 * Hand the far end over to a number, or (number NULL) to the far end of
 * another call.  The reply to `command` comes with the answer to REFER.
 *
 * @return 0; EBUSY; EINVAL; ENOMEM
 */
int phone_call_transfer(struct call *c, const char *number,
			const struct call *to, const char *command);

/** URI that REFER names: a number, or the far end of a call and our dialog
 * with it. */
void phone_call_write_target(struct sip_out *o, const struct call *c,
			     const char *number, const struct call *to);

/** A NOTIFY of the transfer's progress. */
void phone_call_notified(struct call *c, const struct sip_message *m,
			 struct sip_flow *flow);

/* ---- conference.c ---- */

/**
 * Make one conference of all calls, or take them into the one that goes on.
 * The reply to `command` comes when all are in it.
 *
 * @return as phone_call_dial(); EBUSY while one is being made
 */
int phone_conference_begin(struct engine *e, const char *command,
			   const char **codep);

/** The call with the conference is connected. */
void phone_conference_connected(struct call *focus);

/** What became of the call that was handed over last. */
void phone_conference_notified(struct call *focus, uint16_t status);

/* ---- record.c ---- */

/** Ask that the call be recorded, or no more.  The reply to `command` comes
 * with the answer.  0; EBUSY; EINVAL; ENOMEM. */
int phone_call_record(struct call *c, bool is_on, const char *command);

/** The uc server has gone: what is being recorded on our word is not kept. */
void phone_records_discard(struct engine *e);

#endif
