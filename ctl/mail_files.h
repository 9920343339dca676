/* mail_files.h - sounds as tables, for invariant.c: of voice messages, of calls
 * that were recorded, greetings, attendants */
#ifndef CTL_MAIL_FILES_H
#define CTL_MAIL_FILES_H

#include <sqlite3.h>

/**
 * Make the temporary tables mail_files, greeting_files, recording_files and
 * attendant_files (customer, user, id, length_ms) of what lies under
 * DIR/pbx/mail, DIR/pbx/recordings and DIR/pbx/attendants (customer is the
 * attendant); a file that cannot be played has no length.
 *
 * @return 0, also when there is no such folder; an errno
 */
int mail_files_make(sqlite3 *db, const char *dir);

#endif
