/* cor.h - class of restriction: what a user may dial
 *
 * Classes are a kind that the portal provisions for a customer and users refer
 * to; a user without one may everything.  What a call may cost is asked at
 * each hop of whoever pays for it: the caller, then each user whose forward
 * sends it on.
 *
 * Source: domain/pbx.md 5; CAL-3.
 */
#ifndef PBX_COR_H
#define PBX_COR_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "pbx/route/cos.h"
#include "pbx/directory.h"

int cor_init(void);
void cor_close(void);

/** Add, change or (object NULL) forget a class. */
int cor_take(json_t *object, void *arg);
void cor_remove(const char *id);

/** Whether who pays may reach this number; NULL pays for nobody: yes. */
bool cor_permits(const struct user *payer, const char *number);

/** The same for a number outside, without the customer's prefix for outside:
 * the longest of allow and deny, else the category of the number. */
bool cor_permits_outside(const struct user *payer, const char *number);

#endif
