/* twin_consult.h - who talks from an outside number puts the other one aside
 *
 * Key flash: the other party hears music in a call of its own (alone.h), and
 * the outside number dial tone (twin_line.h).  From then on there is somebody
 * held for the call the outside number is in, whichever that becomes: keys
 * swap the two, bring them together, let all three confer, or let go of the
 * one consulted.  When that one hangs up, the held one is back; when the
 * outside number hangs up, the two are brought together where the user may do
 * so, else the held one rings the user.
 *
 * The held call's row names the other call, so that after a kill they still
 * belong together; a held call whose other one did not survive ends.
 *
 * What may be refused answers 0 or the status that says why not.
 *
 * Source: domain/pbx.md 2.1, 7.2; CAL-4, CAL-6.
 */
#ifndef PBX_TWIN_CONSULT_H
#define PBX_TWIN_CONSULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct call;
struct consult; /* of a held call: for which call it is held */
struct leg;
struct mbuf;

/** Whether somebody is held for a call. */
bool twin_consult_is(const struct call *call);

/** Put the other party of an outside number's leg aside; the leg hears dial
 * tone in a call of its own, and the call they were in is over. */
uint16_t twin_consult_begin(struct leg *t);

/** Back to who is held; the other party, if any, is let go, or put aside. */
uint16_t twin_consult_back(struct leg *t);
uint16_t twin_consult_swap(struct leg *t);

/** Bring the two others together; the outside number is let go. */
uint16_t twin_consult_transfer(struct leg *t);

/** All three hear each other. */
uint16_t twin_consult_confer(struct leg *t);

/** Ring a number for who is held; the outside number is no longer needed. */
uint16_t twin_consult_send(struct call *call, const char *number);

/** One of an answered call's two legs has hung up: true when the rest of what
 * was said has been seen to, and the call is over. */
bool twin_consult_left(struct call *call, struct leg *by);

/** What leg.c and call.c tell: an outside number's leg is in another call from
 * now on; a call is over. */
void twin_consult_moved(const struct call *from, const struct call *to);
void twin_consult_over(struct call *call);

/** Nobody took who is held: what recall.c tells. */
void twin_consult_failed(struct call *held, bool is_last);

/** With its call's record, and back; all of them are back. */
int twin_consult_save(const struct call *call, struct mbuf *mb);
int twin_consult_restore(struct call *call, struct span text);
void twin_consult_restored(void);

#endif
