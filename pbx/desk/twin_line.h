/* twin_line.h - an outside number stays on the line and hears dial tone
 *
 * After a call whose other party has hung up (class: dial tone upon call
 * completion), and while somebody is held for it (twin_consult.h).  The user
 * dials the next number as the extension, with own privileges, at own cost; #
 * or a pause ends it.  Codes and emergency numbers are no numbers here, as at
 * the access number (access.h): who needs help dials it at the telephone
 * itself.  Nothing dialled for as long as the class says (First Digit), or
 * three numbers that led nowhere: the line is let go.
 *
 * Source: domain/pbx.md 7.2; CAL-6.
 */
#ifndef PBX_TWIN_LINE_H
#define PBX_TWIN_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct leg;

/** Whether a leg is a user's at an outside number beyond doubt: we have rung
 * it, or its PIN was given. */
bool twin_line_is(const struct leg *leg);

/** Take a leg out of its call, which the caller of this ends, to dial tone in
 * a new one.  0 or the status that says why not. */
uint16_t twin_line_take(struct call **callp, struct leg *t);

/** One of an answered call's two legs has hung up: true when the other one
 * goes on and the call is over. */
bool twin_line_left(struct call *call, struct leg *by);

#endif
