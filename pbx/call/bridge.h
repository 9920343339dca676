/* bridge.h - what one leg asks inside the call, asked of the other leg
 *
 * re-INVITE, UPDATE, PRACK, INFO and OPTIONS pass from one leg to the other
 * with their bodies, each leg keeping its own transaction, CSeq and session
 * timer.  An exchange lives from the request to its final answer, for an
 * INVITE to its ACK.  Two offers at once are refused with 491.
 *
 * Source: RFC 3261 14, RFC 3262, RFC 3311, RFC 6337, RFC 6086.
 */
#ifndef PBX_BRIDGE_H
#define PBX_BRIDGE_H

#include "sip/stack.h"

struct leg;

/** A request inside this leg's dialog, from its authenticated flow. */
void bridge_request(struct leg *leg, const struct sip_message *m,
		    struct sip_flow *flow);

/** Forget the exchanges of a leg. */
void bridge_flush(struct leg *leg);

#endif
