/* mail_files.h - the sounds of voice messages as a table, for invariant.c */
#ifndef CTL_MAIL_FILES_H
#define CTL_MAIL_FILES_H

#include <sqlite3.h>

/**
 * Make the temporary table mail_files (customer, user, id, length_ms) of what
 * lies under DIR/pbx/mail; a file that cannot be played has no length.
 *
 * @return 0, also when there is no such folder; an errno
 */
int mail_files_make(sqlite3 *db, const char *dir);

#endif
