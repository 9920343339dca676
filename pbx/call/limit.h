/* limit.h - calls that may last only so long
 *
 * The class of service of who calls (of who is called, when the call comes
 * from outside) limits calls outside, inside or both: after the call duration
 * a tone warns both parties where the pbx carries their speech, after the
 * clear-down time the call ends.  A call taken back after a restart has what
 * is left of its time.
 *
 * Source: domain/pbx.md 4.1, 4.2; CAL-9.
 */
#ifndef PBX_LIMIT_H
#define PBX_LIMIT_H

#include "pbx/call/call.h"

/** A call has been answered, or is back after a restart. */
void limit_begin(struct call *call);

/** It is over. */
void limit_end(struct call *call);

#endif
