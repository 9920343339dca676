/* emergency_notice.h - designated people are told of a call for help
 *
 * Fields emergency_phones and emergency_mail of the customer and of the zone
 * the call comes from.  The phones of those extensions and lines ring,
 * whatever their users have set and whether they talk or not, with name and
 * number of who calls for help; who answers hears who and where three times,
 * and the user's other phones ring no more (class: notification audio).  They
 * get a text, too (MESSAGE; class: notification visual), and each address a
 * mail with all that is known.
 *
 * The call for help waits for none of this: it begins when the call is on its
 * way.  What is owed is in the journal before the call goes out: after kill -9
 * a phone that has not been answered rings again, a text that was not
 * confirmed is sent again, a mail is sent once.  A phone is rung three times
 * at most, and nothing is owed any more after ten minutes.
 *
 * Source: domain/pbx.md 12, 4.1, 6.3; CAL-3, CAL-9, CUS-9.
 */
#ifndef PBX_EMERGENCY_NOTICE_H
#define PBX_EMERGENCY_NOTICE_H

#include <jansson.h>

#include "base/span.h"

struct call;
struct emergency_place;
struct sa;

enum { EMERGENCY_PHONES_MAX = 32, EMERGENCY_MAILS_MAX = 16 };

int emergency_notice_init(void);
void emergency_notice_close(void);

/** Check the two fields: adds field errors. */
void emergency_notice_check(const json_t *object, json_t *errors);

/** Tell those who are to know of this call; facts is the alarm. */
void emergency_notice(const struct call *call, struct span facts);

/** A phone that was rung for one answers; the call is ours to answer. */
void emergency_notice_answered(struct call *call, uint64_t row);

/** After a restart: who has not been told. */
int emergency_notice_restore(void);

#endif
