/* transfer_private.h - what the files of transfer.h share
 *
 * transfer.c has its life and its end, transfer_to.c who is handed over to
 * whom, transfer_replace.c who takes another one's place.
 */
#ifndef PBX_TRANSFER_PRIVATE_H
#define PBX_TRANSFER_PRIVATE_H

#include "pbx/call/call.h"
#include "pbx/call/fork.h"
#include "pbx/transfer/transfer.h"

enum transfer_kind {
	TRANSFER_RING,      /* the new call rings somebody */
	TRANSFER_REPLACE,   /* the new call's caller takes a leg's place */
	TRANSFER_ORIGINATE, /* the caller's phone is rung first */
};

/* Held by both calls until one is over. */
struct transfer {
	struct call *call; /* the new one */
	struct call *from; /* NULL once it is over */
	struct leg *by; /* in from: who hands over, or is replaced; NULL: we */
	struct leg *held; /* in from: the other party */
	struct phone *phone;
	uint32_t event; /* id of the subscription, 0: without */
	uint8_t kind;
	uint8_t held_state; /* while its dialog is in the new call */
	bool is_silent;     /* Refer-Sub: false */
	bool is_ringing;    /* told so */
	bool is_told;       /* the end */
	bool is_recall;
	uint8_t why; /* enum recall_why plus one: the handler is rung */
	struct wheel_timer timer; /* who handed over is gone: recall */
	uint8_t stage;            /* 0: its phones, 1: who stands in for it */
	uint64_t notice;          /* of a call for help, or 0 */
	char shown_name[64];      /* to the phone that is rung for one */
};

/* What happens once its outcome is on record. */
struct transfer_outcome {
	struct call *call;
	struct call *from, *consulted; /* over; counted */
	struct leg *by, *by_consulted; /* in them; told and let go */
	uint32_t event;
	bool is_silent;
	bool is_joined; /* the call's legs are to be brought together */
	struct mbuf *text;
	struct sip_message *answer; /* of the callee, or NULL */
};

struct transfer *transfer_alloc(struct phone *phone);

/* Both calls hold it. */
int transfer_make(struct transfer **tp, struct call *call, struct call *from,
		  struct leg *by, struct leg *held);

/* What the transferor hears of it. */
void transfer_tell(struct transfer *t, uint16_t status);

struct transfer_outcome *transfer_outcome_make(struct call *call);
void transfer_outcome_run(void *arg);

/* Its legs may not reach each other. */
void transfer_relay(struct call *call, struct phone *callee);

/* The call's callee, for its record. */
void transfer_callee(struct call *call, const struct phone *p);

/* A call, answered, of two legs that are still in other ones: leg_take() and
 * an outcome that joins them follow. */
int transfer_joined(struct call **callp, struct leg *x, struct leg *y);

/* Whether a user may bring two parties together, who may be outside both. */
bool transfer_may_join(const struct leg *by, const struct phone *a,
		       const struct phone *b);

/* An INVITE with nothing in it, for who rings a call of ours. */
struct sip_message *transfer_blank(void);

/* Ring phones for a call of ours; how many. */
uint32_t transfer_ring(struct call *call, const struct routing *r,
		       struct fork_answer *refusal);

/* The new call's caller is refused: the other party stays where it was. */
void transfer_give_back(struct transfer *t);

const char *transfer_number_of(const struct leg *leg);
const char *transfer_name_of(const struct leg *leg);

#endif
