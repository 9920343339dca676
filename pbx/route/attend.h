/* attend.h - a call that an auto attendant answers
 *
 * An owner of an answered call (answer.h): a greeting by the hour, then keys.
 * A key does what the attendant's plan says; else digits are an extension, at
 * any time and where that is allowed.  Who presses nothing, or what leads
 * nowhere, is asked again some times and then sent to the attendant's number
 * for that, or let go.  Who is sent on and finds nobody comes back, or gets
 * the mailbox of who was called.
 *
 * What a caller may reach: users and groups; any number inside where the
 * attendant says so; numbers outside only where it says that, at the
 * customer's cost and by the class of the user named in it.  Never an
 * emergency number, never a feature access code.
 *
 * Source: CAL-11; domain/pbx.md 16.
 */
#ifndef PBX_ATTEND_H
#define PBX_ATTEND_H

#include "pbx/route/attendant.h"
#include "pbx/call/call.h"

/** It answers this call; false: it cannot, and the call is as before. */
bool attend_begin(struct call *call, const struct attendant *a);

/** The digits of a keypad for a name: "Zoé" is 963; others are left out. */
void attend_letters(char *out, size_t size, const char *name);

#endif
