/* schedule.h - which service mode a schedule says, at a moment
 *
 * The clock of the schedule's own time zone decides (base/zone.h): where it
 * is moved forward the hour left out never comes, where it is moved back the
 * hour comes twice, and rows that hold then hold twice.  A holiday counts for
 * whole days and before the hours; one of every year on 29 February comes in
 * leap years only.
 *
 * Source: domain/pbx.md 19.
 */
#ifndef PBX_SCHEDULE_H
#define PBX_SCHEDULE_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "pbx/directory.h"

enum service_mode {
	MODE_DAY,
	MODE_NIGHT1,
	MODE_NIGHT2,
	MODES,
};

struct schedule;

/** What it says now. */
struct schedule_word {
	enum service_mode mode;
	const char *holiday; /* its name, NULL when it is none */
};

int schedule_init(void);
void schedule_close(void);

/** What is wrong with one to be stored: adds field errors. */
void schedule_check(const json_t *object, json_t *errors);

/** Add or change; arg is not used. */
int schedule_take(json_t *object, void *arg);
void schedule_remove(const char *id);

/** NULL when there is none of that id; "" is none. */
const struct schedule *schedule_find(const char *id);

/** The one that the service mode of a customer follows, or NULL. */
const struct schedule *schedule_of(const struct customer *c);

const char *schedule_name(const struct schedule *s);

/** @param utc_s Seconds since 1970 */
struct schedule_word schedule_say(const struct schedule *s, int64_t utc_s);

/** When it says something else, to the minute; 0 when not within eight
 * days. */
int64_t schedule_next(const struct schedule *s, int64_t utc_s);

/** "day", "night1", "night2"; MODES for another word. */
const char *service_mode_name(enum service_mode mode);
enum service_mode service_mode_of(const char *name);

#endif
