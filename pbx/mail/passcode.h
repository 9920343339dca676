/* passcode.h - who gets into a mailbox by telephone
 *
 * The passcode that the portal gives holds until the owner chooses another;
 * when the portal gives a new one (a reset), that holds again.  Three wrong
 * ones within five minutes lock the mailbox for fifteen; five within a day
 * raise an alarm, over restarts too.
 *
 * Source: domain/pbx.md 3 and 16; CAL-8.
 */
#ifndef PBX_PASSCODE_H
#define PBX_PASSCODE_H

#include "pbx/mail/mailbox.h"

enum {
	PASSCODE_ALARM_TRIES = 5,
	PASSCODE_ALARM_MS = 24 * 3600 * 1000,
};

/** The portal's; NULL or "": none. */
void passcode_give(struct mailbox *b, const char *passcode);

/** Why it is too weak to be chosen, as a sentence; NULL: it is not. */
const char *passcode_weakness(const struct mailbox *b, const char *passcode);

/** Whether it is right; from is the number it is tried from, for the alarm.
 * 0; EACCES wrong; EAGAIN locked. */
int passcode_check(struct mailbox *b, const char *passcode, const char *from);

/** Whether it is locked now; it may be tried again at once. */
bool passcode_is_locked(const struct mailbox *b);
void passcode_unlock(struct mailbox *b);

/** The owner chooses it; EINVAL when it is weak. */
int passcode_choose(struct mailbox *b, const char *passcode);

/** Whether the owner must choose one before anything else: the given one
 * breaks the rules, or the mailbox's class asks for it. */
bool passcode_is_due(const struct mailbox *b);

#endif
