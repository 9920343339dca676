/* join.h - two legs that come from different calls are made to hear each other
 *
 * The callee is asked for a description (or its 2xx brought one), the caller
 * gets it as an offer, and the answer goes back in the callee's ACK.  Until
 * then neither phone's own offers are let in.  The call's row says that this
 * is under way, so that it begins anew after a restart.
 *
 * Source: RFC 3725 section 7, RFC 5589; CAL-4.
 */
#ifndef PBX_JOIN_H
#define PBX_JOIN_H

struct call;
struct sip_message;

/** Begin, with the callee's 2xx that waits for its ACK, or NULL. */
void join_start(struct call *call, const struct sip_message *m);

#endif
