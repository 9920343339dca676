/* number_plan.h - what kind of number is dialled: local, mobile, premium ...
 *
 * The plan of a country (field `number_plan` of kind outside_rules) tells by
 * the first digits; a customer's own patterns (field `categories`) come
 * first.  Patterns are digits, a leading + and x for any digit; the longest
 * that fits decides.  A number that is written internationally is one of the
 * country's own when it begins with its code: +33 6 ... is mobile in France,
 * not international.
 *
 * Source: domain/pbx.md 5; CAL-3, CAL-9.
 */
#ifndef PBX_NUMBER_PLAN_H
#define PBX_NUMBER_PLAN_H

#include <jansson.h>

#include "pbx/directory.h"

enum number_category {
	NUMBER_LOCAL,
	NUMBER_NATIONAL,
	NUMBER_MOBILE,
	NUMBER_INTERNATIONAL,
	NUMBER_PREMIUM,
	NUMBER_SPECIAL,
	NUMBER_CATEGORIES,
};

/** "local", "national" ... */
const char *number_category_name(enum number_category category);

/**
 * The category of a number outside.
 *
 * @param rules  The customer's outside_rules, or NULL: no plan
 * @param number Without the prefix for outside
 * @param plain  Gets it as dialled inside the country
 */
enum number_category number_category_of(const json_t *rules, const char *number,
					char plain[DIRECTORY_NUMBER_MAX + 1]);

/** Check a customer's own patterns: adds field errors. */
void number_plan_check(const json_t *categories, json_t *errors);

#endif
