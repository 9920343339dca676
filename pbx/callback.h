/* callback.h - rings somebody once a number is free
 *
 * After busy: as soon as both are free.  After no answer: once the phone of
 * that number has been used and is free again.  Who asked is rung first, then
 * the number; who does not answer then has it cancelled.  A second wish for
 * the same number replaces the first.  Kept in memory: a restart forgets.
 *
 * Source: domain/pbx.md 13 (Callback); CAL-4.
 */
#ifndef PBX_CALLBACK_H
#define PBX_CALLBACK_H

#include <jansson.h>

#include "pbx/directory.h"

/** Wait for a number.  *jp is what callback_list() shows of it.  0; ENOENT
 * when the number rings nobody; ENOMEM. */
int callback_add(json_t **jp, struct phone *phone, const char *number,
		 bool after_use, uint32_t minutes);

/** Forget one.  0 or ENOENT. */
int callback_drop(const char *id);

/** Of all; new reference. */
json_t *callback_list(void);

void callback_close(void);

#endif
