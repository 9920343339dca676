/* mailbox_class.h - what a mailbox may hold and do: classes of mailboxes
 *
 * A kind that the portal provisions for a customer and mailboxes refer to; a
 * mailbox without one is of the standard class, the presets of the fields.
 *
 * Source: domain/pbx.md 16 and 25 (FCOS); CAL-8.
 */
#ifndef PBX_MAILBOX_CLASS_H
#define PBX_MAILBOX_CLASS_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "pbx/directory.h"

struct mailbox_class {
	struct table_entry by_id;
	char id[DIRECTORY_ID_SIZE];
	char zero_number[DIRECTORY_NUMBER_MAX + 1]; /* 0 leads there, or "" */
	uint32_t message_max_s;
	uint32_t message_min_s;
	uint32_t silence_s; /* that ends a message */
	uint32_t greeting_max_s;
	uint32_t greetings_max;
	uint32_t messages_max;
	uint32_t minutes_max;    /* of all messages; 0: no limit */
	uint32_t retention_days; /* of messages heard; 0: kept */
	uint32_t passcode_min;   /* digits */
	uint32_t passcode_max;
	bool wants_setup; /* passcode and name are asked at first use */
	bool has_mail;    /* messages are told of by mail */
	bool has_sound;   /* ... with their sound */
	bool is_visual;   /* messages are listed and played by clients */
	bool has_zero;    /* callers may leave by 0 */
	bool has_reply;   /* the sender is called back */
	bool has_forward; /* to other mailboxes */
};

int mailbox_classes_init(void);
void mailbox_classes_close(void);

/** Add or change; arg is not used. */
int mailbox_class_take(json_t *object, void *arg);
void mailbox_class_remove(const char *id);

/** A class to be stored: adds field errors. */
void mailbox_class_check(const json_t *object, json_t *errors);

/** The class of that id, or the standard one; never NULL. */
const struct mailbox_class *mailbox_class_find(const char *id);

#endif
