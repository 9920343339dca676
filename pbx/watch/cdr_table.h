/* cdr_table.h - call detail records on the disk; for store.c
 *
 * A record is first a row of the journal, so that kill -9 loses none; several
 * together go into an SQLite table, in a thread, and leave the journal once
 * they are on the disk there.  A record that is in both is written once.
 */
#ifndef PBX_CDR_TABLE_H
#define PBX_CDR_TABLE_H

#include "base/journal.h"
#include "pbx/store.h"

/** Open the table and put into it what the journal still holds.
 *
 * @param kind The journal's rows that are records
 */
int cdr_table_open(struct store *store, struct journal *journal, uint8_t kind);

/** Write what waits, and call its done handlers.  Drops the store. */
void cdr_table_close(void);

/** See keep_add_cdr(). */
int cdr_table_add(const struct keep_cdr *cdr, store_done_h *done, void *arg);

/** See keep_settle(). */
void cdr_table_settle(keep_settled_h *h, void *arg);

/** The journal has been flushed: what was added may go on. */
void cdr_table_flushed(void);

#endif
