/* cos.h - class of service: what a user may do, and for how long
 *
 * The options are the rows of cos_table.h; adding one is a row there and a
 * case in tests/programs/classes.  A class is an object of kind `coses` that
 * users refer to, one for the day and, where wanted, one for each night
 * service; a user without one has each row's `bare` value.
 *
 *   if (!cos_may(user, COS_PARK))
 *           call_refused(call, 403, "Not Permitted");
 *   wheel_start(&t, cos_ms(user, COS_HOLD_RECALL), recall, call);
 *
 * Source: domain/pbx.md 4; CAL-9.
 */
#ifndef PBX_COS_H
#define PBX_COS_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "model/route.h"
#include "pbx/directory.h"

#define COS_OPTION(NAME, ...) COS_##NAME,
#define COS_NUMBER(...)
#define COS_ABSENT(...)
enum cos_option {
#include "model/cos_table.h"
	COS_OPTIONS,
};

#define COS_OPTION(...)
#define COS_NUMBER(NAME, ...) COS_##NAME,
#define COS_ABSENT(...)
enum cos_number {
#include "model/cos_table.h"
	COS_NUMBERS,
};

int cos_init(void);
void cos_close(void);

/** Add, change or forget a class. */
int cos_take(json_t *object, void *arg);
void cos_remove(const char *id);

/** Add /api/v1/class-options: the table. */
int cos_start(struct router *router);

/** Whether the user's class has the option; NULL: as without a class. */
bool cos_may(const struct user *u, enum cos_option option);

/** A number of the user's class in its own unit: seconds, minutes, digits. */
uint32_t cos_number(const struct user *u, enum cos_number number);

/** A time of the user's class, from seconds or minutes to milliseconds.  With
 * HOLDFAST_SECOND_MS in the environment a second is that short; a test's
 * tool, not in a release build. */
uint64_t cos_ms(const struct user *u, enum cos_number number);

/** Milliseconds to wait, shorter by as much in such a test. */
uint64_t cos_wait_ms(uint64_t ms);

/** A second, as above. */
uint64_t cos_second_ms(void);

#endif
