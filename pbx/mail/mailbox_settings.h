/* mailbox_settings.h - what a mailbox's owner has set
 *
 * They belong to the pbx: owners change them by the menus and through REST.
 * A change is obeyed at once and kept durably; the passcode is sealed.
 *
 *   GET, PATCH /api/v1/mailboxes/ID/settings
 *
 * Source: design.md 4.5; CAL-8.
 */
#ifndef PBX_MAILBOX_SETTINGS_H
#define PBX_MAILBOX_SETTINGS_H

#include <jansson.h>

#include "base/store.h"
#include "model/route.h"
#include "pbx/mail/mailbox.h"

struct key_file;

/** Make the table, read it into the mailboxes, add the routes. */
int mailbox_settings_start(struct store *store, const struct key_file *keys,
			   struct router *router);

/** A text that is set, or "". */
const char *mailbox_setting(const struct mailbox *b, const char *name);

/** A number that is set, or 0. */
int64_t mailbox_setting_number(const struct mailbox *b, const char *name);

/** Change some and keep them; takes the reference.  0 or an errno. */
int mailbox_settings_set(struct mailbox *b, json_t *changes);

/** A mailbox is deleted: its row goes with it in the same write. */
int mailbox_settings_remove(struct store_write *w, const char *id);

#endif
