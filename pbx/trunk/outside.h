/* outside.h - calls that leave by a trunk or come in by one
 *
 * Out: the trunks for the number are asked one after the other, the next one
 * when one is silent, unreachable or answers 5xx before it has rung; what a
 * trunk that was given up still answers is ended at once, so that there are
 * never two calls.  An emergency call goes on to the next trunk after any
 * refusal, and at last to the customer's own emergency extension.
 *
 * In: a request from a trunk's address is its call to a DID; who is not a
 * trunk stays a stranger.
 *
 * Source: CAL-3; RFC 3323, RFC 3325; design.md section 7.
 */
#ifndef PBX_OUTSIDE_H
#define PBX_OUTSIDE_H

#include "pbx/call/call.h"

struct twin;
struct outside; /* a call's way out: the trunks still to be tried */

/** Whether what this phone dials is a call for help. */
bool outside_is_help(const struct phone *p, struct span dialled);

/**
 * Take a call for help, before anything else is asked.
 *
 * @param m       The caller's INVITE
 * @param dialled Its number, unescaped
 *
 * @return false: it is none, or nobody but an extension of that number could
 * take it; true: it is on its way, or over already
 */
bool outside_help(struct call *call, const struct sip_message *m,
		  struct span dialled);

/**
 * Ring a number outside: r->outside, paid by r->payer.
 *
 * @return false: no trunk takes it, the caller has been refused
 */
bool outside_ring(struct call *call, const struct routing *r,
		  const struct sip_message *m);

/** A user's outside number to be rung beside others (twin.h). */
struct outside_twin {
	struct call *call;
	struct twin *twin;
	const struct user *payer;
	const char *number; /* outside */
};

/**
 * Ring it; twin_told() hears of it.
 *
 * @param op One reference, the twin's
 *
 * @return 0; ENOENT: no trunk takes it; ELOOP: calls go in a circle; ENOMEM
 */
int outside_ring_twin(struct outside **op, const struct outside_twin *way,
		      const struct sip_message *m);

/**
 * Take an INVITE that comes from a trunk.
 *
 * @return false: it does not come from one
 */
bool outside_incoming(const struct sip_message *m, struct sip_flow *flow);

/** Whether a request on a flow may belong to a trunk's leg. */
bool outside_is_source(const struct phone *outsider,
		       const struct sip_flow *flow);

#endif
