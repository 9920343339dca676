/* farewell.h - a BYE that must arrive
 *
 * A call may end while a phone cannot be reached: its border is down, its
 * connection lost.  The phone must not stay in the call, so the dialog is
 * kept for two minutes and the BYE repeated: every few seconds, and at once
 * when the phone registers.  Nothing of it outlives the process.
 *
 * Source: CAL-4, RFC 5626 4.2.
 */
#ifndef PBX_FAREWELL_H
#define PBX_FAREWELL_H

#include "sip/dialog.h"

struct binding;
struct phone;

/**
 * Say BYE.  The dialog loses its argument: what still comes in it belongs to
 * nobody.
 *
 * @param dialog  A reference is taken
 * @param phone   Whose registration makes it try again, or NULL; likewise
 * @param headers Whole lines; copied
 *
 * @return 0 or ENOMEM
 */
int farewell_send(struct sip_dialog *dialog, struct phone *phone,
		  struct span headers);

/**
 * A phone that rings has lost its connection with a restart: its INVITE is
 * cancelled when it registers.
 *
 * @param text As sip_client_save() wrote it; copied
 *
 * @return 0 or ENOMEM
 */
int farewell_ringing(struct sip_dialog *dialog, struct phone *phone,
		     struct span text);

/** A phone has registered: who waits for that gets its BYE. */
void farewell_registered(const struct phone *phone, const struct binding *b);

/** Forget all. */
void farewell_close(void);

#endif
