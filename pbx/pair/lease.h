/* lease.h - asking for the lease, and giving it back in time
 *
 * Every quarter of its time all three voters are asked (base/lease.h), when
 * this node wants it.  It counts as held while two votes are surely good for
 * a sixth of their time more: what needs the lease is stopped in that sixth,
 * while it still is ours.
 *
 * Who wants it: the primary, unless the secondary holds it and has changes
 * that the primary has not read; the secondary, when it cannot reach the
 * primary, or the primary does not take it.  A secondary that holds it gives
 * it back when the primary has read everything, after its trunks are ended.
 *
 * Source: design.md section 5; CAL-10; docs/decisions/014.
 */
#ifndef PBX_LEASE_H
#define PBX_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct router;
struct store;

/** Told, from the loop, when the lease has come or must be let go of. */
typedef void(lease_h)(bool is_held);

/** Vote, and begin to ask. */
int lease_start(struct router *router, struct store *store, uint32_t ttl_ms,
		lease_h *handler);
void lease_close(void);

bool lease_is_held(void);
uint64_t lease_epoch(void);

/** Whether this node should have it; a change of mind is acted upon. */
void lease_want(bool is_wanted);

/** Who has it, as our own voter last promised; "" nobody. */
const char *lease_holder(void);

#endif
