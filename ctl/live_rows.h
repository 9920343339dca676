/* live_rows.h - what the pbx keeps in its journal as tables, for invariant.c */
#ifndef CTL_LIVE_ROWS_H
#define CTL_LIVE_ROWS_H

#include <sqlite3.h>

/**
 * Make the temporary tables bindings (phone, expires_ms), live_calls (id,
 * customer, caller, callee, place, is_answered) and callbacks (id, phone) of
 * the journal below DIR/pbx.  A row that is no call's has no id.
 *
 * @return 0, also when there is no journal (no tables then); an errno
 */
int live_rows_make(sqlite3 *db, const char *dir);

#endif
