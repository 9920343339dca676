/* mailbox.h - who has a voice mailbox
 *
 * A user's, or one of several owners (mailbox_group.h).  Memory is what calls
 * read; the messages in it are message.h, what its owner has set is
 * mailbox_settings.h, what it may hold mailbox_class.h, its greetings
 * greeting.h.
 *
 * Source: CAL-8, SIT-21; domain/pbx.md 16.
 */
#ifndef PBX_MAILBOX_H
#define PBX_MAILBOX_H

#include <jansson.h>

#include "base/libre.h"
#include "base/list.h"
#include "base/span.h"
#include "base/zone.h"
#include "pbx/directory.h"
#include "pbx/mail/mailbox_class.h"

enum {
	MAILBOX_NAME_MAX = 64,
	MAILBOX_PATH = 600,
	MAILBOX_OWNERS_MAX = 16,
};

struct mailbox {
	struct table_entry by_user;
	struct le le;
	char user[DIRECTORY_ID_SIZE]; /* its id: the user's, or its own */
	char customer[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1];
	char name[MAILBOX_NAME_MAX + 1];
	char class_id[DIRECTORY_ID_SIZE];
	char given[65];    /* hash of the passcode provisioned, "" = none */
	json_t *settings;  /* what its owner has set, NULL: nothing */
	bool has_language; /* else the customer's */
	bool is_french;
	bool is_open;  /* the user has a mailbox */
	bool is_group; /* of several owners */
	bool is_given_weak;
	uint8_t failures;     /* wrong passcodes in a row */
	uint64_t failed_ms;   /* monotonic: the first of them */
	uint64_t locked_ms;   /* monotonic: until then */
	struct list messages; /* struct message, the oldest first */
	uint8_t owner_count;
	char (*owners)[DIRECTORY_ID_SIZE]; /* of a group mailbox: users */
};

/** Told when what the lamp shows has changed. */
typedef void(mailbox_changed_h)(const struct mailbox *b);

/** Prepare, before the directory is filled.  0; ENAMETOOLONG; ENOMEM. */
int mailbox_init(const char *dir);

/** Read the messages; after the directory.  0 or an errno, logged. */
int mailbox_start(mailbox_changed_h *changed);
void mailbox_close(void);

/** Whether it speaks French: its own language, else the customer's. */
bool mailbox_is_french(const struct mailbox *b);

/** A user was stored: its mailbox is made, changed or closed. */
int mailbox_take(const json_t *user);

/** The same for a mailbox of several owners; arg is not used. */
int mailbox_take_group(json_t *object, void *arg);

/** One to be stored: adds field errors. */
void mailbox_check_group(const json_t *object, json_t *errors);

/** A user, or a whole customer, is gone: messages and files go. */
void mailbox_remove(const char *user);
void mailbox_remove_customer(const char *customer);

/** The mailbox of this id, made when it is not there; NULL: no memory. */
struct mailbox *mailbox_get(const char *id, const char *customer);

/** The open mailbox of a user (or of a group mailbox's id), or NULL. */
struct mailbox *mailbox_find(const char *user);

/** Of an extension or a group mailbox's number, or NULL. */
struct mailbox *mailbox_by_number(const struct customer *c, const char *number);

/** Walk all: NULL gives the first; open or not. */
struct mailbox *mailbox_each(const struct mailbox *b);

/** Whether this user is an owner of a group mailbox. */
bool mailbox_is_owner(const struct mailbox *b, const char *user);

/** Its class; never NULL. */
const struct mailbox_class *mailbox_class_of(const struct mailbox *b);

/** A moment in the time zone of its customer. */
void mailbox_local_time(const struct mailbox *b, uint64_t at_ms,
			struct zone_time *t);

/** Whether one more message fits: count and minutes. */
bool mailbox_has_room(const struct mailbox *b);

/** Milliseconds of all its messages. */
uint64_t mailbox_length_ms(const struct mailbox *b);

/** What a phone of this user shows: its own mailbox and those of several
 * owners it is one of. */
struct mailbox_counts {
	uint32_t fresh, old;
	uint32_t fresh_urgent, old_urgent;
	uint32_t lit; /* of other users (lamp.h) */
};
void mailbox_counts_of(struct mailbox_counts *counts, const char *user);

/** Whether there is any for its lamps. */
bool mailbox_hears(const char *user);

/** Below the state folder: its folder; a file's path with that before. */
void mailbox_folder(const struct mailbox *b, char out[MAILBOX_PATH]);
void mailbox_path(const char *file, char out[MAILBOX_PATH]);

/** Make the folder of its files.  0 or an errno. */
int mailbox_make_folder(const struct mailbox *b);

/** Whether a file below the state folder is there; bytesp may be NULL. */
bool mailbox_has_file(const char *file, uint64_t *bytesp);

/** Take away a file below the state folder. */
void mailbox_remove_file(const char *file);

/** What the lamp shows has changed; nothing before mailbox_start(). */
void mailbox_tell(const struct mailbox *b);

#endif
