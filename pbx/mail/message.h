/* message.h - the messages in mailboxes, on disk
 *
 * Behind memory is DIR/pbx/mail.db, a row a message, and the sound in
 * DIR/pbx/mail/CUSTOMER/USER/ID.wav.  A message's row is written when its
 * recording begins and completed when its file is whole on the disk; only
 * then it is shown and the caller hears that it is kept.  What a crash leaves
 * is settled at start: with a file it is kept and marked partial, without one
 * its row goes.
 *
 * Source: CAL-8; reliability.md I4.
 */
#ifndef PBX_MESSAGE_H
#define PBX_MESSAGE_H

#include "base/store.h"
#include "pbx/mail/mailbox.h"

/** Whether it is to be told of by mail (message_mail.h). */
enum message_mail {
	MESSAGE_MAIL_NO,
	MESSAGE_MAIL_WANTED,
	MESSAGE_MAIL_PUT, /* it waits to be sent */
};

struct message {
	struct le le; /* in its mailbox, the oldest first */
	struct table_entry by_id;
	struct mailbox *mailbox;
	char id[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1]; /* of the caller, or "" */
	char name[MAILBOX_NAME_MAX + 1];
	uint64_t at_ms; /* wall clock */
	uint64_t length_ms;
	uint8_t mail;    /* enum message_mail */
	bool is_whole;   /* else it is being recorded */
	bool is_held;    /* its caller has not said yet that it is good */
	bool is_deleted; /* until the call of its owner ends: undone by a key */
	bool is_read;
	bool is_saved;
	bool is_partial; /* the recording was broken off by a fault */
	bool is_urgent;
	bool is_private; /* not to be forwarded */
};

/** By id; also one that is still recorded. */
struct message *message_find(const char *id);

/** Whether its owner sees it. */
bool message_is_shown(const struct message *m);

/** Those shown: not read, and read. */
uint32_t mailbox_count(const struct mailbox *b, bool is_read);

/** The next one shown after one (or NULL), of those read or not: urgent ones
 * first. */
struct message *mailbox_next(const struct mailbox *b, const struct message *m,
			     bool is_read);

/** Begin one: its row is written, its folder made.  0; ENOSPC; ENOMEM. */
int message_begin(struct message **mp, struct mailbox *b, const char *number,
		  const char *name);

/** Told when it is on the disk, or why not; m is NULL when it was deleted
 * meanwhile. */
typedef void(message_kept_h)(int err, struct message *m, void *arg);

/** Its file is whole: complete the row.  handler may be NULL. */
void message_keep(struct message *m, uint64_t length_ms, bool is_partial,
		  message_kept_h *handler, void *arg);

/** A message of the other node of a pair, whose file is here: its row is
 * written, then it is shown.  0 or an errno, then the handler does not come. */
int message_copy(const struct message *as, message_kept_h *handler, void *arg);

/** Its caller says it is good, or has gone: it is shown. */
void message_release(struct message *m, bool is_urgent, bool is_private);

/** Mark it. */
void message_mark(struct message *m, bool is_read, bool is_saved);

/** Hide it from its owner, or show it again; not on the disk. */
void message_hide(struct message *m, bool is_deleted);

/** Take it away, row and file. */
void message_delete(struct message *m);

/** How far its mail is, in a write of its own or (w) in one being made. */
void message_set_mail(struct message *m, enum message_mail mail,
		      struct store_write *w);

/** Recordings of an earlier life that nobody completes: settle them. */
void message_settle_all(void);

/** Of an earlier life, and going on in the media server. */
void message_goes_on(const char *id);

/** Messages heard that are older than their class keeps them go. */
void message_purge(void);

/** Below the state folder: its sound. */
void message_file(const struct message *m, char out[MAILBOX_PATH]);

/** Told of each message that is shown from now on. */
typedef void(message_shown_h)(struct message *m);

/** Open the store and read; after the mailboxes.  0 or an errno, logged. */
int message_start(const char *dir, message_shown_h *shown);
void message_close(void);

/** The store of messages: mails wait in it, too. */
struct store *message_store(void);

#endif
