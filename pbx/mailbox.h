/* mailbox.h - who has a voice mailbox, and the messages in it
 *
 * Memory is what calls read; behind it DIR/pbx/mail.db, a row a message, and
 * the sound in DIR/pbx/mail/CUSTOMER/USER/ID.wav.  A message's row is written
 * when its recording begins and completed when its file is whole on the disk;
 * only then it is shown and the caller hears that it is kept.  What a crash
 * leaves is settled at start: with a file it is kept and marked partial,
 * without one its row goes.
 *
 * Source: CAL-8, SIT-21; reliability.md I4.
 */
#ifndef PBX_MAILBOX_H
#define PBX_MAILBOX_H

#include <jansson.h>

#include "base/libre.h"
#include "base/list.h"
#include "base/span.h"
#include "pbx/directory.h"

enum {
	MAILBOX_MESSAGES_MAX = 200, /* of one mailbox */
	MAILBOX_NAME_MAX = 64,
	MAILBOX_PATH = 600,
	MAILBOX_MIN_MS = 1000, /* shorter is no message */
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
	bool is_whole; /* else it is being recorded */
	bool is_read;
	bool is_saved;
	bool is_partial; /* the recording was broken off by a fault */
};

struct mailbox {
	struct table_entry by_user;
	struct le le;
	char user[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char passcode[65]; /* hash, "" = none: nobody gets in by telephone */
	bool is_french;
	bool is_open;       /* the user has a mailbox */
	bool has_greeting;  /* greeting.wav is the user's own */
	uint8_t failures;   /* wrong passcodes in a row */
	uint64_t failed_ms; /* monotonic: the first of them */
	uint64_t locked_ms; /* monotonic: until then */
	struct list messages;
};

/** Told when what the lamp shows has changed. */
typedef void(mailbox_changed_h)(const struct mailbox *b);

/** Prepare, before the directory is filled.  0; ENAMETOOLONG; ENOMEM. */
int mailbox_init(const char *dir);

/** Read the messages; after the directory.  0 or an errno, logged. */
int mailbox_start(mailbox_changed_h *changed);
void mailbox_close(void);

/** A user was stored: its mailbox is made, changed or closed. */
int mailbox_take(const json_t *user);

/** A user, or a whole customer, is gone: messages and files go. */
void mailbox_remove(const char *user);
void mailbox_remove_customer(const char *customer);

/** The open mailbox of a user, or NULL. */
struct mailbox *mailbox_find(const char *user);

/** By id; also one that is still recorded. */
struct message *message_find(const char *id);

/** Whether one more fits. */
bool mailbox_has_room(const struct mailbox *b);

/** Those that are whole: not read, and read. */
uint32_t mailbox_count(const struct mailbox *b, bool is_read);

/** The next whole message after one (or NULL), of those read or not. */
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

/** Mark it. */
void message_mark(struct message *m, bool is_read, bool is_saved);

/** Take it away, row and file. */
void message_delete(struct message *m);

/** Recordings of an earlier life that nobody completes: settle them. */
void mailbox_settle(void);

/** Of an earlier life, and going on in the media server. */
void message_goes_on(const char *id);

/** Below the state folder: its sound; the greeting and a new one. */
void message_file(const struct message *m, char out[MAILBOX_PATH]);
void mailbox_greeting(const struct mailbox *b, bool is_new,
		      char out[MAILBOX_PATH]);
/** The same with the state folder before it. */
void mailbox_path(const char *file, char out[MAILBOX_PATH]);

/** Make the folder of its files.  0 or an errno. */
int mailbox_make_folder(const struct mailbox *b);

/** A new greeting is not to be. */
void mailbox_drop_new_greeting(const struct mailbox *b);

/** The new greeting is recorded, or the standard one is wanted. */
int mailbox_set_greeting(struct mailbox *b, bool is_own);

/** Whether a passcode is right; counts failures and locks. EACCES wrong;
 * EAGAIN locked. */
int mailbox_check(struct mailbox *b, const char *passcode);

#endif
