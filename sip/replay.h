/* replay.h - which (device, nonce) was used up to which count
 *
 * Two open hash tables, of this nonce life and of the one before: nothing is
 * deleted one by one, and an entry is found for at least one life.  Full
 * means "used", never "unknown".
 */
#ifndef SIP_REPLAY_H
#define SIP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct replay_entry {
	uint64_t key; /* 0 = free */
	uint32_t nc;
};

struct replay_table {
	struct replay_entry *entries;
	uint32_t mask;
	uint32_t count;
};

struct replay {
	struct replay_table now, before;
	uint64_t started_ms;
	uint64_t life_ms;
};

/** Make an empty one.  0 or ENOMEM. */
int replay_init(struct replay *r, uint64_t life_ms, uint64_t now_ms);

/** Give its memory back. */
void replay_close(struct replay *r);

/** Note a use; false when the count was reached before, or there is no room
 * to note it. */
bool replay_use(struct replay *r, uint64_t key, uint32_t nc, uint64_t now_ms);

#endif
