/* outside_rules.h - what a customer's phones may dial outside
 *
 * One object a customer: the prefix for outside, which numbers are permitted,
 * how many calls at once, and what is an emergency number.  A customer
 * without one may call any outside number, written with + or of seven digits
 * and more, and has the emergency numbers 112 and 911.
 *
 * Source: domain/pbx.md 5, 10, 12; CAL-3.
 */
#ifndef PBX_OUTSIDE_RULES_H
#define PBX_OUTSIDE_RULES_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "pbx/directory.h"

int outside_rules_init(void);
void outside_rules_close(void);
int outside_rules_take(json_t *object, void *arg);
void outside_rules_remove(const char *id);

/** The customer's object of that kind, or NULL. */
const json_t *outside_rules_of(const struct customer *c);

/** A verdict; cause NULL permits. */
struct outside_verdict {
	uint16_t status;
	const char *cause;
};

/**
 * Whether a dialled number means the outside.
 *
 * @param out The number without the prefix for outside
 */
bool outside_number(const struct customer *c, const char *dialled,
		    char out[DIRECTORY_NUMBER_MAX + 1]);

/** The same, and there is a trunk that takes it, be it busy. */
bool outside_takes(const struct customer *c, const char *dialled,
		   char out[DIRECTORY_NUMBER_MAX + 1]);

/** Whether the customer may call that number now. */
struct outside_verdict outside_permits(const struct customer *c,
				       const char *number);

/** Whether the customer may have one more call with the outside. */
bool outside_has_room(const struct customer *c);

/** Whether a dialled number is an emergency number, with or without the
 * prefix for outside; out gets it without. */
bool outside_is_emergency(const struct customer *c, const char *dialled,
			  char out[DIRECTORY_NUMBER_MAX + 1]);

/** The customer's default emergency location number, or NULL. */
const char *outside_cesid(const struct customer *c);

/** The number inside that emergency calls ring when no trunk takes them, or
 * NULL. */
const char *outside_emergency_extension(const struct customer *c);

/** Whether emergency calls show their location in P-Asserted-Identity
 * only. */
bool outside_emergency_is_private(const struct customer *c);

/** Whether callers of this customer always withhold their number. */
bool outside_is_private(const struct customer *c);

#endif
