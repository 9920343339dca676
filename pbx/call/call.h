/* call.h - a call: its legs, its trail, its record
 *
 * Life: routing -> ringing -> answered -> over; over also straight from each.
 * The caller's leg comes first, a branch is a leg for each contact rung, and
 * the one that answers becomes the callee.  What a call promises (an answer,
 * an end) is written before it is said (turn.h).  A call that is over stays
 * until the last of its branches has had its final answer, so that a late
 * 200 is still acknowledged and ended.
 *
 * Source: design.md section 5; CAL-1, CAL-4, CAL-12.
 */
#ifndef PBX_CALL_H
#define PBX_CALL_H

#include "base/list.h"
#include "base/wheel.h"
#include "pbx/directory.h"
#include "pbx/call/leg.h"
#include "pbx/route/route.h"
#include "pbx/call/trail.h"

struct alone;
struct campon;
struct consult;
struct heir;
struct join;
struct limit;
struct park;
struct transfer;

enum {
	CALL_ID_SIZE = 33,      /* RFC 7989: 32 hex digits */
	CALL_ACCOUNT_SIZE = 13, /* an account code */
};

enum call_state {
	CALL_ROUTING,
	CALL_RINGING,
	CALL_ANSWERED,
	CALL_OVER,
};

/** How a call ended, for its record. */
enum call_result {
	CALL_RESULT_NONE,
	CALL_RESULT_ANSWERED,
	CALL_RESULT_BUSY,
	CALL_RESULT_NO_ANSWER,
	CALL_RESULT_CANCELLED,
	CALL_RESULT_DECLINED,
	CALL_RESULT_FAILED,
	CALL_RESULTS,
};

struct media_port;
struct forward_way;
struct outside;

/** Where a call from outside goes. */
struct diversion;

struct call_target {
	const char *did;     /* as called from outside */
	const char *did_id;  /* its object, or NULL */
	const char *number;  /* inside the customer */
	struct phone *phone; /* rung whatever is set, or NULL */
	bool is_from_peer;   /* the other node has decided that */
	bool is_outside;     /* from the other node: leaves by our trunk */
	bool asks_answer;    /* the phone is to answer by itself */
	struct user *payer;  /* who pays for that, or NULL */
	const struct diversion *past; /* where it was, if that is believed */
	uint16_t status;              /* it is refused so at once, or 0 */
	const char *why;              /* in words, for the trail */
};

struct answer;
struct code;
struct party;
struct record;

struct call {
	struct table_entry by_id;
	struct le le;       /* of all calls */
	struct le dirty_le; /* of those to be written this turn */
	struct le pair_le;  /* of those the other node is to be told */
	char id[CALL_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char callee_user[DIRECTORY_ID_SIZE];    /* "" when nobody's */
	char number[DIRECTORY_NUMBER_MAX + 1];  /* as dialled */
	char sent_to[DIRECTORY_NUMBER_MAX + 1]; /* by a phone, of peer's call */
	char account[CALL_ACCOUNT_SIZE];        /* booked under, or "" */
	char trunk[DIRECTORY_ID_SIZE];          /* chosen by code, or "" */
	char billing[DIRECTORY_NUMBER_MAX + 1]; /* number it is billed to */
	char instance[128]; /* of instance_phone that rings alone */
	const struct phone *instance_phone;       /* only compared; or NULL */
	char preferred[DIRECTORY_NUMBER_MAX + 1]; /* to be shown, or "" */
	uint8_t state;                            /* enum call_state */
	uint8_t result;                           /* enum call_result */
	uint8_t hops;
	uint8_t privacy;     /* SIP_PRIVACY_*: what its caller asks for */
	uint8_t cause;       /* enum csta_cause: how it began, 0 dialled */
	bool is_stored;      /* has a row */
	bool has_offer;      /* the caller's INVITE had a description */
	bool wants_reliable; /* the caller requires 100rel */
	bool is_buried;
	bool asks_answer;   /* who is rung is to answer by itself */
	bool is_relayed;    /* speech goes through both ports */
	bool was_inactive;  /* who holds now is to send and get no sound */
	bool is_joining;    /* its legs do not hear each other yet */
	bool hid_caller;    /* the callee saw who handed over, until now */
	bool is_from_peer;  /* the other node's: it decides and records */
	bool is_emergency;  /* no limit holds it up */
	bool is_told;       /* the other node knows it (pair_calls.h) */
	bool is_unrecorded; /* dial tone: what is dialled has a record */
	bool is_errand;     /* done at the other node (errand.h) */
	uint8_t application_asks; /* told in the trail (application_gate.h) */
	uint16_t legs;
	uint64_t row;
	struct leg *caller;
	struct leg *callee;      /* who answered */
	struct leg *early;       /* whose early media the caller hears */
	struct answer *answer;   /* the pbx, in place of a callee */
	struct party *party;     /* of a conference, with a phone of ours */
	const struct code *code; /* that was dialled, or NULL */
	struct list branches;    /* struct leg: all that were rung */
	struct list twins;       /* struct twin: outside numbers rung */
	struct trail trail;
	struct record *record;       /* of its speech, or NULL (record.h) */
	struct transfer *transfer;   /* that it takes part in, or NULL */
	struct alone *alone;         /* its caller is alone (alone.h) */
	struct campon *campon;       /* it waits for somebody busy, or NULL */
	struct park *park;           /* where it is parked, or NULL */
	struct consult *consult;     /* held by an outside number, or NULL */
	struct heir *heir;           /* of another call's record, or NULL */
	struct join *join;           /* while its legs are brought together */
	struct forward_way *way;     /* forward.h; NULL once answered */
	struct outside *outside;     /* its way out by trunks, or NULL */
	struct media_port *ports[2]; /* facing caller and callee, or NULL */
	struct limit *limit;         /* of its duration, or NULL */
	struct wheel_timer timer;    /* trying, then no answer */
	struct mbuf *offer;   /* the caller's description while it rings */
	uint64_t started_ms;  /* wall clock */
	uint64_t answered_ms; /* wall clock, 0 while not */
	uint64_t answered_mono_ms;
};

int call_init(void);
void call_close(void);

/** A phone's INVITE, authenticated. */
void call_begin(const struct sip_message *m, struct sip_flow *flow,
		struct phone *phone);

/** The same through the other node, for a phone there (errand.h), that has
 * dialled this. */
void call_begin_errand(const struct sip_message *m, struct sip_flow *flow,
		       struct phone *phone, const char *dialled);

/** A trunk's INVITE, for one of our numbers. */
void call_begin_to(const struct sip_message *m, struct sip_flow *flow,
		   struct phone *outsider, const struct call_target *target);

/** A branch has progress for the caller. */
void call_progress(struct call *call, struct leg *branch,
		   const struct sip_message *m);

/** A branch has been answered: it is the callee from now on. */
void call_answered(struct call *call, struct leg *branch,
		   const struct sip_message *m);

/** All branches have refused: the caller gets the best of their answers. */
void call_refused(struct call *call, uint16_t status, const char *cause);

/** One leg hangs up, or an error ends the call (leg NULL). */
void call_hangup(struct call *call, struct leg *by, const char *reason);

/** A call that has been answered is over; nobody is told: its legs have
 * another one, or are told by who calls this. */
void call_end(struct call *call);

/** A call that nobody has answered is over without a word to its caller. */
void call_give_up(struct call *call, uint16_t status);

/** A call that the pbx has spoken to (preface.h) is routed and rings. */
void call_ring_on(struct call *call, const char *number);

/** Those rung now ring until their limit; nobody rings yet: 100 first. */
void call_await_answer(struct call *call);
void call_try(struct call *call);

/** A call without caller, which the pbx itself makes. */
struct call *call_new(const char *customer);

/** The caller of another call takes this one, which rings: its leg moves
 * here and is answered with the caller's offer, the caller with its own. */
void call_picked_up(struct call *call, struct leg *leg, struct span offer,
		    struct span answer);

/** A call that cannot go on after a restart: whoever rings is told to stop,
 * the caller is refused, its record is written. */
void call_abort(struct call *call);

/** It has changed in a way that must survive a crash. */
void call_touch(struct call *call);

/** The same, but nobody is promised anything by it. */
void call_touch_lazily(struct call *call);

/** Give it back when nothing holds it any more. */
void call_bury(struct call *call);

/** By its id, or NULL. */
struct call *call_find(struct span id);

/** All calls: struct call, le. */
const struct list *call_list(void);
uint32_t call_count(void);

const char *call_state_name(enum call_state state);
const char *call_result_name(enum call_result result);

/** Take a restored call among the living. */
int call_adopt(struct call *call);
struct call *call_alloc(void);

#endif
