/* numbering.h - whether a number may stand in a customer's number plan
 *
 * An extension has 2 to 7 digits.  No number of a user or group begins
 * another one's (a phone that dials digit by digit would never reach the
 * longer), none begins with the customer's prefix for outside, and only a
 * personal group has the number of a user.  Feature access codes begin with
 * * or # and so never clash.
 *
 * Source: domain/pbx.md 1, 5; CAL-2.
 */
#ifndef PBX_NUMBERING_H
#define PBX_NUMBERING_H

#include <jansson.h>

/** What is wrong with the number of a user, of a group or attendant, with the prefix in
 * outside_rules that is to be stored: adds field errors. */
void numbering_check_user(const json_t *object, json_t *errors);
void numbering_check_group(const json_t *object, json_t *errors);
void numbering_check_attendant(const json_t *object, json_t *errors);
void numbering_check_rules(const json_t *object, json_t *errors);

#endif
