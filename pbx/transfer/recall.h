/* recall.h - who handled a call last is rung again
 *
 * Held too long, parked too long, transferred and not answered: the last
 * handler's phones ring with the other party's name and number; whoever
 * answers has the party back.  When nobody does, a parked party goes on to the
 * handler's forward on no answer or the customer's operator; who is held or
 * parked stays so, and the time begins anew.
 *
 * Source: domain/pbx.md 2.2, 4.2; CAL-4, SIT-26.
 */
#ifndef PBX_RECALL_H
#define PBX_RECALL_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct leg;
struct phone;
struct routing;

enum recall_why {
	RECALL_HELD,
	RECALL_PARKED,
	RECALL_TRANSFERRED,
	RECALL_HANDOFF, /* nobody is rung for it but by will */
	RECALL_CONSULT, /* who held it has left (twin_consult.h) */
	RECALL_WHYS,
};

enum { RECALL_STAGE_LAST = 1 };

/** Time for calls this phone handles (NULL: as without class), 0: never. */
uint64_t recall_after_ms(const struct phone *handler, enum recall_why why);

/** The phones to ring for who handled a call: its own and its user's. */
void recall_phones(struct routing *r, struct phone *handler);

/** A leg holds, or holds no more; also after a restart. */
void recall_held(struct leg *leg, bool is_held);

struct recall_wish {
	struct leg *by;        /* its other party waits */
	struct phone *handler; /* NULL: gone meanwhile */
	enum recall_why why;
};

/** Ring the handler for who waits. */
void recall_begin(const struct recall_wish *wish);

/** Nobody came: what transfer.c tells. */
struct recall_failure {
	struct leg *by;
	struct phone *handler;
	enum recall_why why;
	uint8_t stage;
};
void recall_failed(const struct recall_failure *f);

/** The handler comes back by itself: nobody rings any more. */
void recall_cancel(struct call *call);

#endif
