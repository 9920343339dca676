/* callback.h - rings somebody once a number is free
 *
 * On busy: as soon as both are free.  On no answer: once the phone of that
 * number has been used and is free again.  Who asked is rung first, then the
 * number; who ignores it, or hangs up, has it cancelled; when the number is
 * busy again or does not answer the wish is kept.  It belongs to the number
 * dialled, forwarded or not; do not disturb holds it up until it has ended and
 * the phone has been used.  Two that have talked meanwhile need none.  A
 * second wish for the same number replaces the first.  All are on the disk.
 *
 * By code: *37*N for a number, *37# for the last one dialled, #37# takes all
 * one's own back.  By REST: control.h.
 *
 * Source: domain/pbx.md 13 (Callback); CAL-4.
 */
#ifndef PBX_CALLBACK_H
#define PBX_CALLBACK_H

#include <jansson.h>

#include "pbx/route/code.h"
#include "pbx/directory.h"

struct call;

/** What callback_add() finds out by itself: whether the number is in use. */
enum callback_after {
	CALLBACK_BUSY,
	CALLBACK_NO_ANSWER,
	CALLBACK_AS_IT_IS,
};

/** Wait for a number.  *jp is what callback_list() shows of it, may be NULL.
 * 0; ENOENT when the number rings nobody here; EPERM when the class of
 * service forbids it; ENOMEM. */
int callback_add(json_t **jp, struct phone *phone, const char *number,
		 enum callback_after after, uint32_t minutes);

/** Forget one.  0 or ENOENT. */
int callback_drop(const char *id);

/** Forget all of a phone and of its user. */
void callback_drop_of(const struct phone *phone);

/** Of all; new reference. */
json_t *callback_list(void);

code_run_h callback_run;
code_run_h callback_run_off;

/** What calls tell: two parties talk; who is called back has answered; it is
 * over. */
void callback_talked(const struct call *call);
void callback_taken(const struct call *call);
void callback_over(const struct call *call);

/** Read those back, after the directory. */
int callback_restore(void);
void callback_close(void);

#endif
