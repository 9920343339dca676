/* reminder.h - a user is called at a time of day: *56*HHMM, #56# takes it back
 *
 * Once, at the next moment that clocks in the customer's time zone show it.
 * The first registered phone of the user rings; who answers hears the
 * customer's music.  Kept with the user's settings; one that was due while
 * the pbx was away rings when it is back, unless it is a quarter of an hour
 * late.
 *
 * Source: domain/pbx.md 4.1 (Timed Reminder); CAL-9.
 */
#ifndef PBX_REMINDER_H
#define PBX_REMINDER_H

#include "pbx/route/code.h"

/** What such a call has in place of a number. */
#define REMINDER_NUMBER "reminder"

code_run_h reminder_set;
code_run_h reminder_unset;

/** A user's settings have been read or changed: 0 is none. */
void reminder_take(const struct user *u, uint64_t at_ms);

/** Its phone has answered. */
void reminder_answered(struct call *call);

void reminder_close(void);

#endif
