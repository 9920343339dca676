/* lamp.h - one user lights another's message lamp: "call me back"
 *
 * *38*N lights it, #38*N puts it out again, *38# calls back who lit it last.
 * It also goes out when the user calls that one, and, where the class of
 * service says so, with any call.  Kept with the user's settings, so that it
 * outlives the pbx; shown with the messages of the mailbox (mwi.h).
 *
 * Source: domain/pbx.md 4.1, 13; CAL-9.
 */
#ifndef PBX_LAMP_H
#define PBX_LAMP_H

#include "pbx/route/code.h"
#include "pbx/mail/mailbox.h"

code_run_h lamp_set;
code_run_h lamp_unset;
code_run_h lamp_call_back;

/** The same on behalf of a phone.  0; 403; 404. */
uint16_t lamp_send(const struct phone *p, const char *number, bool is_on);

/** A user has dialled a number. */
void lamp_dialled(const struct call *call);

/** What a user's lamp shows: the counts of the mailbox with who lit it; none
 * at all where the class of service gives the user no lamp. */
void lamp_counts(struct mailbox_counts *counts, const struct user *u);

/** Whether anybody has lit it. */
bool lamp_is_lit(const struct user *u);

#endif
