/* emergency.h - calls for help
 *
 * They are recognised before anything else and refused by nothing.  Each
 * shows the centre where it comes from (CESID), raises an alarm that readers
 * of the event stream get for certain, tells designated people
 * (emergency_notice.h) and opens a way back: for half an hour
 * a call from outside to that number rings the phone that called, whatever
 * its user has set.
 *
 * Source: domain/pbx.md 12; CUS-9, CAL-3.
 */
#ifndef PBX_EMERGENCY_H
#define PBX_EMERGENCY_H

#include "pbx/call/call.h"

enum {
	EMERGENCY_BACK_MS = 30 * 60 * 1000,
	EMERGENCY_RECENT_MAX = 1000,
};

void emergency_init(void);
void emergency_close(void);

/** After a restart: the ways back of the last half hour, from the alarms. */
void emergency_restore(void);

/** What is shown to the centre. */
struct emergency_place {
	char number[DIRECTORY_NUMBER_MAX + 1]; /* "": none is known */
	const char *level; /* "phone", "zone", "user", "customer", "default",
			      "cpn", "none" */
};

/** Where a phone is. */
void emergency_find_place(struct emergency_place *place, const struct phone *p,
			  const struct sa *source);

/** Tell those who must know, and remember the way back. */
void emergency_raise(const struct call *call, const char *dialled,
		     const struct emergency_place *place);

/** The phone a centre calls back, or NULL. */
struct phone *emergency_caller(const char *number);

#endif
