/* pair_confirm.h - what a user is told is done, is on both nodes' disks
 *
 * A change of a user's own (settings, PIN) is confirmed once the other node has
 * it, too, so that it outlives the node that took it.  That one is given
 * PAIR_CONFIRM_MS and no more; a node that is cut off is not waited for.
 *
 * Source: design.md section 5; CAL-10.
 */
#ifndef PBX_PAIR_CONFIRM_H
#define PBX_PAIR_CONFIRM_H

#include <stdint.h>

enum { PAIR_CONFIRM_MS = 200 };

typedef void(pair_confirm_h)(void *arg);

/** Told when all that is on our disk now is on the other node's, or after
 * PAIR_CONFIRM_MS; at once when there is none, or without memory. */
void pair_confirm(pair_confirm_h *handler, void *arg);

/** The other node has read up to here. */
void pair_confirm_read(uint64_t seq);

void pair_confirm_close(void);

#endif
