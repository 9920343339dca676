/* sound_row.h - sounds whose row in a store goes before they do
 *
 * A sound without row would lie there for ever, a row without sound would be
 * shown to people.  So the row is deleted first, again and again where the
 * disk refuses, then the sound; what a crash has left in between goes at the
 * next start.
 *
 * Source: reliability.md I4.
 */
#ifndef PBX_SOUND_ROW_H
#define PBX_SOUND_ROW_H

#include <stdbool.h>

#include "base/store.h"

/**
 * Delete the row, then the sound.
 *
 * @param store Must live until sound_row_close()
 * @param sql   Deletes it, $1 being the id; a constant
 * @param id    Copied
 * @param path  Copied
 *
 * @return 0 or ENOMEM
 */
int sound_row_remove(struct store *store, const char *sql, const char *id,
		     const char *path);

/** The store has been closed: what could not be deleted stays. */
void sound_row_close(const struct store *store);

/** Whether there is a row of this id. */
typedef bool(sound_row_known_h)(const char *id);

/**
 * Delete the sounds (ID.wav) without row; greetings are none.  At start.
 *
 * @param folder Where they lie
 * @param depth  How many folders below it
 */
void sound_row_sweep(const char *folder, unsigned depth,
		     sound_row_known_h *known);

#endif
