/* pair_follow.h - the other node's log, read and applied here
 *
 * Connects to the other node, names the place up to which its log is applied,
 * and applies what comes: each change in one write with its entry in our own
 * log (so that a repetition changes nothing), the cursor behind all of its
 * batch.  A break, a refused write, a crash at any moment: it begins again
 * from the cursor.
 *
 * Source: design.md 4.4; CAL-10.
 */
#ifndef PBX_PAIR_FOLLOW_H
#define PBX_PAIR_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct sa;

void pair_follow_start(void);
void pair_follow_close(void);

/** Whether we are connected to the other node. */
bool pair_follow_is_up(void);

/** Whether we have all that it had when it last said so. */
bool pair_follow_is_current(void);

/** Changes of the other node that are not here yet, as far as known. */
uint64_t pair_follow_lag(void);

/** Since when (monotonic) it has not been reachable; 0 while it is. */
uint64_t pair_follow_lost_ms(void);

#endif
