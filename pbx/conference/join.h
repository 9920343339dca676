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

#include <stdbool.h>

#include "base/span.h"

struct call;
struct leg;
struct sip_message;

/** Begin, with the callee's 2xx that waits for its ACK, or NULL. */
void join_start(struct call *call, const struct sip_message *m);

/** Told that both phones have agreed, or (EPROTO) that one does not want to be
 * asked: then nothing has changed. */
typedef void(join_h)(int err, void *arg);

/**
 * Have a call that goes on described anew, as is_relayed says now.  Which
 * phone refuses does not end it.
 *
 * @param arg A reference is held until the handler has been told, or the call
 *            is over
 *
 * @return 0; ENOMEM
 */
int join_ask(struct call *call, join_h *handler, void *arg);

/** Hold the call on behalf of this leg, or take it back, with nothing done at
 * its phone.  0; EBUSY while an offer is under way; ENOMEM. */
int join_hold(struct leg *leg, bool is_hold);

/** An answer to this offer that agrees to nothing but silence; valid until
 * the next call. */
struct span join_silence(struct span offer);

#endif
