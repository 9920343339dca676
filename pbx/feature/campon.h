/* campon.h - a call to somebody busy waits until they are free
 *
 * With *43*N, by REST (camp_on of a new call), or by itself where the caller's
 * class of service gives a time (auto camp-on).  Who waits is told 182; who is
 * busy hears a short sign (interject.h), unless their class spares them.  As soon as all phones of the number are free it rings;
 * when the time for it (camp-on recall) is over the call ends as busy, or goes
 * back to who transferred it.  Only who is busy with a call of ours can be
 * waited for.
 *
 * Source: domain/pbx.md 2.1, 4.2, 13; CAL-4.
 */
#ifndef PBX_CAMPON_H
#define PBX_CAMPON_H

#include <stdbool.h>
#include <stdint.h>

#include "pbx/route/code.h"

struct call;

code_run_h campon_run;

/** A call is going to be refused: true when it waits instead. */
bool campon_takes(struct call *call, uint16_t status);

/** Whether it waits. */
bool campon_is(const struct call *call);

/** Its caller wants to wait should the number be busy. */
void campon_wish(struct call *call);

/** The call is over. */
void campon_end(struct call *call);

#endif
