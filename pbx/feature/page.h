/* page.h - speaking to phones that answer by themselves
 *
 *   *44*N  one user: hears a tone, then the caller; speaks back where the
 *          class of service has hands-free answerback
 *   *45*N  a group of type `page` (its number dialled does the same): up to 32
 *          idle members hear the caller, nobody hears them
 *
 * A page is a conference in which the others only listen (conference.h).  It
 * ignores forwards; who does not want to be disturbed or is on the phone is
 * left out, for one user the caller hears why.  It ends when the caller hangs
 * up or nobody listens any more.
 *
 * Source: domain/pbx.md 6.2, 13; RFC 5373; CAL-4, CAL-5.
 */
#ifndef PBX_PAGE_H
#define PBX_PAGE_H

#include "pbx/route/code.h"

struct party;

/** The codes. */
code_run_h page_run, page_run_group;

/** A listener has answered: the caller may speak. */
void page_answered(struct party *listener);

/** A listener who has not answered is gone: the last one takes the caller
 * along. */
void page_missed(struct party *listener, uint16_t status);

#endif
