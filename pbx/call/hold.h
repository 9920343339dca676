/* hold.h - one party puts the call on hold and takes it back
 *
 * The offer and its answer pass through to the other party; what this keeps
 * is who holds, told to everybody by the leg's state.  Both may hold at once.
 *
 * Source: RFC 3264 8.4, RFC 6337 5.3; CAL-4.
 */
#ifndef PBX_HOLD_H
#define PBX_HOLD_H

#include "base/span.h"

struct leg;

enum hold_offer {
	HOLD_OFFER_NONE, /* no description, or none with sound */
	HOLD_OFFER_HOLD, /* it will not hear the other party */
	HOLD_OFFER_TALK,
};

/** What an offer means for the one who made it. */
enum hold_offer hold_read(struct span sdp);

/** An offer of this leg has been accepted. */
void hold_apply(struct leg *leg, enum hold_offer offer);

#endif
