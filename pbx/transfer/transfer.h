/* transfer.h - one party of a call hands the other one over
 *
 * REFER to a number: the number is routed on behalf of who hands over and
 * rings in a new call; the call that is handed over goes on until somebody
 * answers, then the other party's dialog passes to the new call and the
 * transferor is let go.  Who hangs up meanwhile is rung again when nobody
 * answers (recall).  REFER to another call of the same phone (Replaces): the
 * far ends of both are joined, at once or, while it rings, when it answers.
 * INVITE with Replaces: who asks takes the place of a leg of its own user.
 *
 * Each call that ends by this has its own record: who talked with whom.  The
 * old calls' ends and the new call are written in one turn, before anybody
 * is told.
 *
 * Source: RFC 3515, RFC 3891, RFC 4488, RFC 5589; CAL-4, SIT-13, SIT-26.
 */
#ifndef PBX_TRANSFER_H
#define PBX_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

struct answer_way;
struct call;
struct leg;
struct phone;
struct sip_message;

/** Whether a party may be handed over by this leg now: 0, or the status that
 * says why not; 491 for not yet. */
uint16_t transfer_may(const struct leg *leg);

/**
 * Hand the other party over: to a number, or to another call of the phone.
 *
 * @param with      Its leg in the other call, or NULL
 * @param event     Id of the subscription, 0 without
 * @param is_silent No NOTIFY is wanted
 *
 * @return 0; the status that says why not
 */
uint16_t transfer_do(struct leg *leg, const char *number, struct leg *with,
		     uint32_t event, bool is_silent);

/** Hand the other party over to a number; that call is booked under an account
 * code.  0 or a status, as transfer_do(). */
uint16_t transfer_booked(struct leg *leg, const char *number,
			 const char *account);

/** The pbx has answered this call's caller and sends it on to a number
 * (answer.h); answer_sent_back() follows when nobody takes it.  0; EPROTO;
 * ENOMEM. */
int transfer_send_on(struct call *call, const struct answer_way *way);

/**
 * Put the other party into a call of its own, in which it is alone (alone.h);
 * the leg is let go.  The new call has a place as its callee, which queues.
 *
 * @param callp Set to the new call
 * @param number What its record says it calls
 *
 * @return as transfer_do()
 */
uint16_t transfer_aside(struct call **callp, struct leg *by, const char *number,
			uint32_t event, bool is_silent);

/** Whom to ring for a party: phones, or a number at the handler's cost. */
struct transfer_back {
	struct phone *handler;
	const struct routing *routing; /* NULL: the number */
	const char *number;
	uint8_t why; /* enum recall_why */
	uint8_t stage;
	uint32_t event; /* of the phone whose leg it is */
	bool is_told;   /* by NOTIFY */
};

/** Ring for the other party of a leg; who answers has it and the leg is let
 * go, else recall_failed() is told.  0 or a status, as transfer_do(). */
uint16_t transfer_back(struct leg *by, const struct transfer_back *back);

/** The new caller takes a leg's place, whoever's it is.  0 or the status. */
uint16_t transfer_take_place(struct call *call, struct leg *leg,
			     const struct sip_message *m);

/** Nobody is rung any more for the caller of an answered call that was sent
 * on. */
void transfer_call_off(struct call *from);

/** Whose privileges count for where a call goes: its caller's, or who hands it
 * over. */
struct phone *transfer_payer(const struct call *call);

/** The pbx itself takes the caller of such a call: whether it may, and that it
 * does; the caller's dialog is in the call then, and who handed over is told.
 * false: there is no caller to be had. */
bool transfer_may_take(const struct call *call);
bool transfer_take(struct call *call);

/** The call whose caller was sent on into this one, or NULL. */
struct call *transfer_sender(const struct call *call);

/** Id of the subscription that a REFER outside the call made: a dialog of its
 * own, the leg's referral. */
#define TRANSFER_REFERRAL UINT32_MAX

/** Tell who handed over what became of it. */
void transfer_notify(struct leg *leg, uint32_t event, uint16_t status);

/** Whether a phone may dispose of a leg: it is its own or its user's. */
bool transfer_owns(const struct phone *p, const struct leg *leg);

/**
 * Make a call: ring the phone, then what it would dial.
 *
 * @return 0; ENOTCONN when the phone is not registered; ENOMEM
 */
int transfer_originate(struct call **callp, struct phone *phone,
		       const char *number);

/** The same; the phone is asked to answer by itself. */
int transfer_originate_answered(struct call **callp, struct phone *phone,
				const char *number);

/** Who hands over, when that is shown to whom is rung in place of the party
 * handed over (class of service); else NULL. */
const struct phone *transfer_mask(const struct call *call);

/** Who is told of a call for help (emergency_notice.h). */
struct transfer_notice {
	uint64_t row;
	const char *name; /* shown with the number */
};

/** Ring a phone, whatever it does, and have emergency_notice_answered() told
 * when it answers.  As transfer_originate(). */
int transfer_originate_notice(struct call **callp, struct phone *phone,
			      const char *number,
			      const struct transfer_notice *notice);

/** The notice that a call is for, or 0; the name shown to its phone, or
 * NULL. */
uint64_t transfer_notice_of(const struct call *call);
const char *transfer_shown_name(const struct call *call);

/** Whether the class of service lets a phone take a leg over that another
 * phone holds. */
bool transfer_may_fetch(const struct phone *p, const struct leg *leg);

/** Such a call's first phone has answered: true, the call goes on. */
bool transfer_originated(struct call *call, struct leg *branch,
			 const struct sip_message *m);

/** The leg that hands the caller of a call over while it rings, NULL for any
 * other call. */
const struct leg *transfer_referrer(const struct call *call);

/** The number shown to the first phone of such a call, else NULL. */
const char *transfer_shown(const struct call *call);

/** INVITE with Replaces: the call has just begun. */
void transfer_replace(struct call *call, const struct sip_message *m);

/**
 * What call.c tells: a branch has progress (true: the caller is told by this,
 * not by an answer), somebody has answered, nobody will (true: not the
 * caller's business now), a leg hangs up, the call is over, it is freed.
 */
bool transfer_progress(struct call *call, struct leg *branch,
		       const struct sip_message *m);
void transfer_answered(struct call *call, const struct sip_message *m);
bool transfer_refused(struct call *call, uint16_t status);
void transfer_left(struct call *call, const struct leg *by);
void transfer_over(struct call *call);
/** Its branch's dialog belongs to the call whose leg is replaced. */
bool transfer_lends(const struct call *call);
void transfer_forget(struct call *call);

#endif
