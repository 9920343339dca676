/* pair_sound.h - uploaded and recorded sounds at both nodes of a pair
 *
 * Music on hold, greetings and names of mailboxes, customers' own prompts,
 * attendants' greetings and announcements.  A file is an object of the shared
 * kind "sounds": its id is a hash of its name below the node's folder.  The
 * follower fetches it (GET /api/v1/pair/sounds/ID, with its checksum) beside
 * its place, and puts it in its place once the entry is on the disk.  The later
 * change holds, a deletion is one; an older copy never undoes it.  What goes
 * with its owner goes at each node by itself.
 *
 * The table pair_sounds knows the time and length of each file at its last
 * entry: what a crash has kept out of the log, and what changed while there was
 * no pair, is entered at the next start.
 *
 * Source: design.md section 5; CAL-3, CAL-8, CAL-10.
 */
#ifndef PBX_PAIR_SOUND_H
#define PBX_PAIR_SOUND_H

#include "base/store.h"

struct router;

/** Register the kind, the last one; before pair_start(). */
int pair_sound_start(struct router *router, struct store *store);
void pair_sound_close(void);

/** Enter what the log does not know; after pair_log_fill(). */
void pair_sound_settle(void);

/** A file below the state folder is new, or another one. */
void pair_sound_changed(const char *file);

/** Somebody has taken it away. */
void pair_sound_gone(const char *file);

#endif
