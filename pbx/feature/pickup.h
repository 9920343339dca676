/* pickup.h - take a call that rings somewhere else
 *
 * By group (a pick-up group that the ringing phone is in, too) or directed
 * (the number that rings).  The ringing phones are cancelled as "completed
 * elsewhere"; each side's offer is the other one's answer, cut to the formats
 * both have.
 *
 * Source: domain/pbx.md 4.1 (Call Pickup); CAL-5.
 */
#ifndef PBX_PICKUP_H
#define PBX_PICKUP_H

#include "pbx/call/call.h"

/**
 * Connect the caller of `picker` with a call that rings.  On success
 * `picker` is gone; else it has been refused.
 *
 * @param number Whose call; "" for one of the picker's groups
 * @param m      The picker's INVITE
 */
void pickup_run(struct call *picker, const char *number,
		const struct sip_message *m);

/** The call that has rung longest at a number, or "" in one of the pick-up
 * groups of a phone, and that this phone might take; NULL: none. */
struct call *pickup_ringing(const struct phone *p, const char *number);

#endif
