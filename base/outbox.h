/* outbox.h - mails wait in the program's store until they are sent
 *
 * A mail is put in the same write as what it tells about: both are there
 * after a crash or neither.  The outbox sends from a thread, tries again
 * after 5 s, then twice as long up to an hour, for three days.  The key makes
 * a mail unique: putting it again does nothing, and a resend after a crash
 * between the server's answer and our note carries the same Message-ID.
 * The body is wiped once the mail has gone.
 */
#ifndef BASE_OUTBOX_H
#define BASE_OUTBOX_H

#include "base/mail.h"
#include "base/store.h"

struct outbox;

/** The table; to be one of the program's migrations. */
#define OUTBOX_MIGRATION                                                       \
	"CREATE TABLE outbox (\n"                                              \
	" mail_key TEXT NOT NULL PRIMARY KEY,\n"                               \
	" recipient TEXT NOT NULL,\n"                                          \
	" message TEXT NOT NULL,\n"                                            \
	" state TEXT NOT NULL,\n"                                              \
	" tries BIGINT NOT NULL,\n"                                            \
	" next_ms BIGINT NOT NULL,\n"                                          \
	" made_ms BIGINT NOT NULL,\n"                                          \
	" sent_ms BIGINT,\n"                                                   \
	" why TEXT);\n"                                                        \
	"CREATE INDEX outbox_next ON outbox (state, next_ms);\n"

/**
 * Start sending from a store; mails left from before go first.
 *
 * @param op    Set on success; drop with mem_deref() before the store
 * @param conf  Copied
 */
int outbox_alloc(struct outbox **op, struct store *store,
		 const struct mail_conf *conf);

/** Put a mail into a write being recorded; m->key is needed. */
int outbox_put(struct store_write *w, const struct mail *m);

/** The same with a mail that mail_build() has written. */
int outbox_put_built(struct store_write *w, const char *key, const char *to,
		     const struct mbuf *message);

/** The same from within a store_tx_h. */
int outbox_put_tx(struct store_tx *tx, const struct mail *m);

/** Told of each mail that is sent, or given up, once that is noted. */
typedef void(outbox_gone_h)(const char *key, bool is_sent, void *arg);
void outbox_on_gone(struct outbox *o, outbox_gone_h *h, void *arg);

/** Look for work now; call it when the write that put a mail is done. */
void outbox_kick(struct outbox *o);

#endif
