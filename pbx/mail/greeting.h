/* greeting.h - what callers of a mailbox hear first
 *
 * An owner may record a greeting for every call ("always"), one for each
 * reason why the call comes (busy, no-answer, dnd, not-registered), one for
 * being away until a date, one for each status of its own ("status-meeting"),
 * and its name.  One that is recorded is used until its owner turns it off;
 * the standard greeting says the name where there is one, else the number.
 *
 * Source: CAL-8; domain/uc-server.md 14.
 */
#ifndef PBX_GREETING_H
#define PBX_GREETING_H

#include "pbx/mail/mailbox.h"

enum { GREETING_NAME_BYTES = 40 };

#define GREETING_ALWAYS "always" /* the one for all calls */

enum greeting_why {
	GREETING_CALLED, /* the voice mail itself was dialled */
	GREETING_BUSY,
	GREETING_NO_ANSWER,
	GREETING_DND,
	GREETING_NOT_REGISTERED,
	GREETING_WHYS,
};

/** Name of a reason's greeting; that of GREETING_CALLED is "always". */
const char *greeting_of(enum greeting_why why);

/** Whether there may be one of this name. */
bool greeting_name_is_valid(const char *name);

/** The i-th of the names that all mailboxes have, NULL past the last. */
const char *greeting_at(uint32_t i);

/** Its sound, below the state folder. */
void greeting_file(const struct mailbox *b, const char *name,
		   char out[MAILBOX_PATH]);

bool greeting_is_recorded(const struct mailbox *b, const char *name);

/** Recorded and not turned off. */
bool greeting_is_used(const struct mailbox *b, const char *name);

/** How many are recorded. */
uint32_t greeting_count(const struct mailbox *b);

/** Use it, or the standard one instead.  0 or an errno. */
int greeting_use(struct mailbox *b, const char *name, bool is_used);

/** Take it away.  0 or an errno. */
int greeting_remove(struct mailbox *b, const char *name);

/** Told each of the names that a mailbox has recorded. */
typedef void(greeting_each_h)(const char *name, void *arg);
void greeting_each(const struct mailbox *b, greeting_each_h *h, void *arg);

/** The mailbox goes: all of them. */
void greeting_remove_all(const struct mailbox *b);

/** Whether its owner is away now. */
bool greeting_is_away(const struct mailbox *b);

/** The name of what is said to a caller, NULL for the standard one. */
const char *greeting_choose(const struct mailbox *b, enum greeting_why why,
			    char out[GREETING_NAME_BYTES]);

#endif
