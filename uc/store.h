/* store.h - the uc server's tables and their life */
#ifndef UC_STORE_H
#define UC_STORE_H

#include "base/store.h"

/** Open DIR/uc/uc.db or the database of the configuration, and migrate. */
int uc_store_open(struct store **sp, const char *url);

/** Statements that forget a user, into the write that deletes it. */
int uc_store_forget_user(struct store_write *w, const char *user);

#endif
