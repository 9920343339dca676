/* forward.h - a call that goes on: the next to ring when the last ones fail
 *
 * Between the engine (route.h) and the call: rings what was routed, and when
 * those rung are busy, refuse, do not answer in time or send the call
 * elsewhere, asks the engine who is next and rings them.  The caller is told
 * with 181; both sides see Diversion and History-Info.
 *
 * Source: RFC 3261 21.1.3, RFC 5806, RFC 7044; CAL-4.
 */
#ifndef PBX_FORWARD_H
#define PBX_FORWARD_H

#include "pbx/call/call.h"

/** Begin a call's way; its INVITE (NULL: the pbx itself calls) is kept for who
 * is rung later. */
int forward_begin(struct call *call, const struct sip_message *m);

/** The way, for route_begin(); NULL once somebody has answered. */
struct route_way *forward_way(const struct call *call);

/** The number the caller dialled, cleaned. */
const char *forward_dialled(const struct call *call);

/** Whom it is for now and how long they may ring; forward_ring() does it. */
void forward_take(struct call *call, const struct routing *r);

/** Ring what was routed, or refuse. */
void forward_ring(struct call *call, struct routing *r,
		  const struct sip_message *m);

/** Go on for this reason.  False when it leads nowhere. */
bool forward_on(struct call *call, enum route_why why, struct span to);

/** Everybody rung has refused, at best with this status.  False when the
 * caller is to get the answer. */
bool forward_refused(struct call *call, uint16_t status);

/** A phone has sent the call elsewhere (3xx).  False when it leads nowhere. */
bool forward_redirected(struct call *call, const struct sip_message *m);

/** How long those rung now may ring. */
uint64_t forward_limit_ms(const struct call *call);

/** Whether the caller wants to stay unknown. */
bool forward_is_anonymous(const struct call *call);

/** Header lines that tell where the call has been. */
void forward_headers(const struct call *call, struct sip_out *o);

/** Its INVITE again, as it came; without anything where the pbx calls.  Valid
 * while the way is. */
void forward_invite(const struct call *call, struct sip_message *m);

/** Somebody has answered, or it is over: it goes no further. */
void forward_end(struct call *call);

#endif
