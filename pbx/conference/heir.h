/* heir.h - a call goes on as two parties of a conference, with one record
 *
 * Somebody listens to a call or breaks into it (intrude.h): its parties are in
 * calls of their own from then on, but for the record it is still the one
 * call.  The caller's new call inherits it: id, times, both parties, trail and
 * account; the callee's has no record.  The first of the two that leaves ends
 * what they said to each other: the record is written then.  The heir's row
 * says all that, so that there is one record after kill -9, too.
 *
 * Source: CAL-9, CAL-12.
 */
#ifndef PBX_HEIR_H
#define PBX_HEIR_H

#include "base/span.h"

struct call;
struct heir;
struct mbuf;
struct phone;

/** Both calls were made of one, which will have no record; it is ended by who
 * calls this.  0 or ENOMEM: nothing has changed. */
int heir_make(struct call *caller, struct call *callee, struct call *from);

/** The times of what was inherited, after the parties have been taken. */
void heir_take_times(struct call *caller, const struct call *from);

/** Id of a call's record, and its callee's phone where that is in another
 * call; NULL: nobody, or the call has its own. */
const char *heir_id(const struct call *call);
const struct phone *heir_callee(const struct call *call);

/** A call is over: it may be that another one's record is due. */
void heir_over(struct call *call);

/** With its call's record, and back. */
int heir_save(const struct call *call, struct mbuf *mb);
int heir_restore(struct call *call, struct span text);

#endif
