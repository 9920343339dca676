/* leg.h - one party's side of a call: a dialog with one phone
 *
 * Life: made with its call or by a fork, destroyed with its call.  The leg
 * owns its dialog and the transactions that are open in it; its state changes
 * only by leg_turn(), which tells the trail and the event stream.
 */
#ifndef PBX_LEG_H
#define PBX_LEG_H

#include "base/wheel.h"
#include "pbx/directory.h"
#include "pbx/call/leg_state.h"
#include "pbx/call/session.h"
#include "sip/dialog.h"
#include "sip/uri.h"

struct call;
struct twin;

struct leg {
	struct le le; /* in its call's branches */
	struct call *call;
	struct phone *phone; /* counted; NULL for a restored, removed phone */
	struct sip_dialog *dialog;
	struct sip_dialog *referral; /* of a REFER outside it, or NULL */
	struct sip_client *invite;   /* first INVITE, ours, not final yet */
	struct sip_server *asked;    /* first INVITE, theirs */
	struct list exchanges;       /* struct exchange this leg asked for */
	struct twin *twin; /* of an outside number of a user, or NULL */
	struct mbuf *sdp;  /* last description we sent; may be NULL */
	struct session session;
	uint64_t binding_row;          /* of a branch: what was rung, or 0 */
	struct wheel_timer held_timer; /* recall.h */
	uint32_t rseq; /* of the reliable answer that waits for the PRACK */
	uint32_t rseq_cseq;
	uint16_t number;    /* 1 is the caller */
	uint16_t status;    /* final answer of a branch that failed */
	uint8_t state;      /* enum leg_state */
	bool is_cancelled;  /* by us */
	bool is_past;       /* rung before the call went on to others */
	bool is_done;       /* its INVITE has a final answer */
	bool owes_ack;      /* our ACK waits for the other leg's */
	bool asks_offering; /* an INVITE is open between it and us */
	bool allows_update;
	bool knows_100rel;
	bool is_counted;        /* in its phone's calls */
	uint8_t refers_waiting; /* REFERs that wait a little */
	bool has_referred;
	bool is_withheld; /* its number is not shown to the other party */
	bool hides_media; /* nor where it speaks from */
	bool is_by_peer;  /* reached through the other node (peer.h) */
};

/** Make a leg of a call for a phone. */
int leg_alloc(struct leg **legp, struct call *call, struct phone *phone);

/** The same for the phone of another leg, shown as that one is. */
int leg_alloc_like(struct leg **legp, struct call *call,
		   const struct leg *like);

/** How its phone is shown to others; "anonymous" when that is withheld. */
const char *leg_shown_number(const struct leg *leg);
const char *leg_shown_name(const struct leg *leg);

/** It takes a place on its phone's line, or not any more. */
void leg_count(struct leg *leg);
void leg_uncount(struct leg *leg);

/** Take over another leg's dialog and the state of it, for another call; the
 * other one is left without. */
void leg_take(struct leg *leg, struct leg *from);

/** Nothing is asked of it, nor by it, that waits for an answer. */
bool leg_is_quiet(const struct leg *leg);

/** Change state; an event that means nothing in this state is logged and
 * passed over.  0 or EPROTO. */
int leg_turn(struct leg *leg, enum leg_event event);

/** Whether it takes part in speech: connected or held. */
bool leg_is_up(const struct leg *leg);

/** Address its phone speaks SIP from, or NULL. */
const struct sa *leg_source(const struct leg *leg);

/** The other leg of an answered call; while it rings, the leg whose early
 * media the caller hears, or the only one that rings.  NULL without. */
struct leg *leg_peer(const struct leg *leg);

/** Header lines of every message of this leg: Session-ID. */
void leg_headers(const struct leg *leg, struct sip_out *o);

/** P-Asserted-Identity that shows this leg's phone to the other party. */
void leg_identity(const struct leg *shown, struct sip_out *o);

/** Read Allow and Supported of its phone. */
void leg_learn(struct leg *leg, const struct sip_message *m);

/** Keep a copy of the description we send it, where a refresh needs it. */
void leg_keep_sdp(struct leg *leg, struct span body);

/** Whether the phone's side of a dialog has the contact of a binding. */
bool dialog_is_at(const struct sip_dialog *d, const struct binding *b);

/** A provider may challenge what we ask in the dialog: it gets its account.
 * 0; ENOMEM. */
int leg_prove(struct leg *leg);

/** Before a request to its phone: when the connection the dialog used is
 * gone, go on over one the phone has registered on since (RFC 5626 4.2). */
void leg_reach(struct leg *leg);

/** The same for any dialog with a phone. */
void dialog_reach(struct sip_dialog *d, const struct phone *phone);

/** End its dialog: BYE, with a Reason value or NULL. */
void leg_bye(struct leg *leg, const char *reason);

/** Id of the leg as others see it: CALL-NUMBER. */
enum { LEG_ID_SIZE = 48 };
void leg_id(const struct leg *leg, char out[LEG_ID_SIZE]);

#endif
