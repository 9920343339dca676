/* settings_user.h - how a user wants to be called: the pbx's own settings
 *
 * Do not disturb, forwards, what rings, who is refused.  They belong to the
 * pbx: users change them through it (REST, feature access codes), it keeps
 * them durably and obeys them whether other servers run or not.  A change is
 * obeyed once it is on the disk.
 *
 *   GET, PUT /api/v1/users/ID/settings
 *
 * Source: design.md 4.5; domain/pbx.md 6; SIT-3, SIT-5 to SIT-7, USR-14.
 */
#ifndef PBX_SETTINGS_USER_H
#define PBX_SETTINGS_USER_H

#include <jansson.h>

#include "base/store.h"
#include "model/route.h"
#include "pbx/directory.h"

struct key_file;

enum forward {
	FORWARD_ALWAYS,
	FORWARD_BUSY, /* on do not disturb, too */
	FORWARD_NO_ANSWER,
	FORWARD_NOT_REGISTERED,
	FORWARDS,
};

enum {
	SETTINGS_DEVICES_MAX = 8,
	SETTINGS_BLOCKED_MAX = 100,
};

/** What one user has set; most have nothing and no such object. */
struct user_settings {
	json_t *object; /* as sent last: the base of the next change */
	char forward[FORWARDS][DIRECTORY_NUMBER_MAX + 1];
	char devices[SETTINGS_DEVICES_MAX][DIRECTORY_ID_SIZE];
	char outside_number[DIRECTORY_NUMBER_MAX + 1]; /* own, or "" */
	char (*blocked)[DIRECTORY_NUMBER_MAX + 1];
	uint16_t blocked_count;
	uint16_t no_answer_s; /* 0: as the class of service says */
	uint8_t device_count; /* 0: all that ring with the user */
	bool has_dnd;
	bool rejects_anonymous;
	bool hides_number;
	bool answers_itself;
	bool is_busy_on_phone; /* "when I am on the phone" */
	bool is_lamp_new;      /* by the other node, not on our disk yet */
};

/** Make the table, read it into the directory, add the routes. */
int settings_user_start(struct store *store, struct router *router);

/** Obey an object of settings; NULL: none. */
int settings_user_take(struct user *u, const json_t *object);

/**
 * Change one setting and keep it.
 *
 * @param name  Field as in the REST object
 * @param value What it becomes; reference taken over
 * @param done  Called once it is durable and obeyed, or has failed
 */
int settings_user_set(struct user *u, const char *name, json_t *value,
		      store_done_h *done, void *arg);

/** Change several at once; takes changes over, names to values. */
int settings_user_change(struct user *u, json_t *changes, store_done_h *done,
			 void *arg);

/** Add a number to those blocked, or take it out; as settings_user_set(). */
int settings_user_block(struct user *u, const char *number, bool is_blocked,
			store_done_h *done, void *arg);

/** A user is deleted: its row goes with it in the same write. */
int settings_user_remove(struct store_write *w, const char *id);

/** The forward's number, "" without. */
const char *user_forward(const struct user *u, enum forward forward);

/** Whether this number may not call the user. */
bool user_blocks(const struct user *u, const char *number);

/** Field name of a forward: "forward_always". */
const char *forward_field(enum forward forward);

#endif
