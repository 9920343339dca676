/* mwi.h - the lamp of a mailbox: NOTIFY message-summary to its user's phones
 *
 * Sent by itself, without subscription, to every contact of the phones that
 * ring with the user: when the counts change and when a phone registers.
 *
 * Source: RFC 3842; CAL-8.
 */
#ifndef PBX_MWI_H
#define PBX_MWI_H

#include "pbx/mail/mailbox.h"

/** The counts of a mailbox have changed. */
void mwi_changed(const struct mailbox *b);

/** The same for one user's lamps, whatever for. */
void mwi_user(const char *id);

/** A phone has a new contact: it learns how its user's mailbox is. */
void mwi_registered(const struct phone *phone);

/** A phone is another user's from now on, or nobody's. */
void mwi_seated(const struct phone *phone);

/** Notices that nobody has answered yet. */
void mwi_close(void);

#endif
