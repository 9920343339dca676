/* restore.h - calls as octets: kept while they live, made again after a crash
 *
 * An answered call comes back with both dialogs and its session timers, so
 * that it can be held and ended.  One that was still ringing is over: whoever
 * rings is cancelled, the caller refused, and it gets its record; for that its
 * row has the heads of the INVITEs that are open.
 *
 * Source: design.md 4.5; reliability.md I5, I7.
 */
#ifndef PBX_RESTORE_H
#define PBX_RESTORE_H

#include "base/span.h"
#include "pbx/directory.h"

struct call;

/** What can be seen of a row from outside. */
struct restore_look {
	char id[33];
	char customer[DIRECTORY_ID_SIZE];
	char phones[2][DIRECTORY_ID_SIZE]; /* caller, callee; "" */
	char place[64];                    /* parked there: "2001 1"; "" */
	bool is_answered;
};

/** Look at a row without making its call.  False when it is none. */
bool restore_look(struct restore_look *look, struct span row);

/** Write a call's row in this turn.  0 or ENOMEM. */
int restore_save(const struct call *call);

/** Make all calls again, at start.  0 or the store's errno. */
int restore_all(void);

#endif
