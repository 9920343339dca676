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

#endif
