/* zone.h - local time in any time zone, at once and without TZ
 *
 * Reads the system's files (tzdata, RFC 8536), each once.  The process's own
 * zone is never touched, so that zones of many customers are told beside each
 * other.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

struct zone;

enum { ZONE_NAME_MAX = 64 };

/** A moment as clocks show it there. */
struct zone_time {
	int32_t year;
	uint8_t month;   /* 1 to 12 */
	uint8_t day;     /* 1 to 31 */
	uint8_t weekday; /* 0 is Monday */
	uint8_t hour;
	uint8_t minute;
	uint8_t second;
	int32_t offset_s; /* east of UTC */
};

/**
 * A zone by its name: "Europe/Paris"; kept until zones_close().
 *
 * @return 0; EINVAL for what is no name; ENOENT; EBADMSG; ENOMEM
 */
int zone_find(const struct zone **zp, const char *name);

/** Forget all zones. */
void zones_close(void);

/** Seconds since 1970 UTC as local time; zone NULL: UTC. */
void zone_local(struct zone_time *t, const struct zone *z, int64_t utc_s);

/** Days since 1970-01-01 of a date; the date may be beyond its month. */
int64_t zone_day(int32_t year, int month, int day);

/** Whether the date exists: 29 February in leap years only. */
bool zone_is_date(int32_t year, int month, int day);

#endif
