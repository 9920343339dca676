/* access.h - a user calls in from outside and goes on as the extension
 *
 * The customer's access number (field access_number; a DID leads to it)
 * answers callers from outside.  Whose caller's number is a user's outside
 * number (twin.h) is that user, shown as such, and dials numbers inside at
 * once; others name an extension and press its PIN, which logs the user in at
 * the outside number.  Numbers outside are dialled only after the PIN, at the
 * user's cost and with the user's privileges; wrong PINs lock it (pin.h).
 * *52 logs out.  Codes and emergency numbers are no numbers here.
 *
 * Source: domain/pbx.md 7.2; CAL-6, MOB-10.
 */
#ifndef PBX_ACCESS_H
#define PBX_ACCESS_H

#include <stdbool.h>

struct call;

/** A call from outside to this number is answered here; false: it is no call
 * for the access number. */
bool access_dialled(struct call *call, const char *number);

#endif
