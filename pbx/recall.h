/* recall.h - who handled a call last is rung again
 *
 * Held too long, parked too long, transferred and not answered, camped on and
 * not free: the last handler's phones ring with the other party's name and
 * number; whoever answers has the party back.  When nobody does: a parked
 * party goes on to the handler's forward on no answer or the customer's
 * operator; who is held stays held, and the timer begins anew.
 *
 * Source: domain/pbx.md 2.2, 4.2, P21; SIT-26.
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
	RECALL_CAMP_ON,
	RECALL_WHYS,
};

/** Seconds until then for calls this phone handles, 0: never. */
uint32_t recall_after_s(const struct phone *handler, enum recall_why why);

/** A leg holds, or holds no more; also after a restart. */
void recall_held(struct leg *leg, bool is_held);

/** Ring the handler for the other party of its leg. */
int recall_begin(struct leg *by, struct phone *handler, enum recall_why why);

/** The handler comes back by itself: nobody rings any more. */
void recall_cancel(struct call *call);

#endif
