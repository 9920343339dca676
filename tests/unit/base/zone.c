/* zone.c - tests of local time: zones, summer, leap years */
#include <errno.h>

#include "base/zone.h"
#include "tests/unit/test.h"

static void local(void)
{
	static const struct {
		const char *zone;
		int64_t utc_s;
		int year, month, day, weekday, hour, minute;
	} rows[] = {
		/* 2026-11-22T05:40Z, a Sunday */
		{ "Europe/Paris", 1795326000, 2026, 11, 22, 6, 6, 40 },
		{ "America/New_York", 1795326000, 2026, 11, 22, 6, 0, 40 },
		{ "America/Los_Angeles", 1795326000, 2026, 11, 21, 5, 21, 40 },
		{ "Asia/Kolkata", 1795326000, 2026, 11, 22, 6, 11, 10 },
		{ "UTC", 1795326000, 2026, 11, 22, 6, 5, 40 },
		/* the gap: 2026-03-29 01:00Z */
		{ "Europe/Paris", 1774745999, 2026, 3, 29, 6, 1, 59 },
		{ "Europe/Paris", 1774746000, 2026, 3, 29, 6, 3, 0 },
		/* the hour that comes twice: 2026-10-25 01:00Z */
		{ "Europe/Paris", 1792889999, 2026, 10, 25, 6, 2, 59 },
		{ "Europe/Paris", 1792890000, 2026, 10, 25, 6, 2, 0 },
		/* far future: the rule */
		{ "Europe/Paris", 2540131200, 2050, 6, 29, 2, 18, 0 },
		/* summer across the new year */
		{ "Australia/Sydney", 1798722000, 2027, 1, 1, 4, 0, 0 },
		{ "Australia/Sydney", 1782950400, 2026, 7, 2, 3, 10, 0 },
		/* 29 February */
		{ "Europe/London", 1835438400, 2028, 2, 29, 1, 12, 0 },
		{ "Europe/London", -1, 1970, 1, 1, 3, 0, 59 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct zone *z = NULL;
		struct zone_time t;

		CHECK_INT(zone_find(&z, rows[i].zone), 0);
		zone_local(&t, z, rows[i].utc_s);
		CHECK_INT(t.year, rows[i].year);
		CHECK_INT(t.month, rows[i].month);
		CHECK_INT(t.day, rows[i].day);
		CHECK_INT(t.weekday, rows[i].weekday);
		CHECK_INT(t.hour, rows[i].hour);
		CHECK_INT(t.minute, rows[i].minute);
	}
	zones_close();
}

static void names(void)
{
	static const char *const bad[] = { "", "../etc/passwd", "/etc/passwd",
					   "Europe//Paris", "Eu rope" };
	const struct zone *z = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(zone_find(&z, bad[i]), EINVAL);
	CHECK_INT(zone_find(&z, "Europe/Atlantis"), ENOENT);
	CHECK_INT(zone_find(&z, "Europe"), ENOENT);
	CHECK_INT(zone_find(&z, "zone.tab"), EINVAL);
	CHECK(!z);
}

static void dates(void)
{
	CHECK_INT(zone_day(1970, 1, 1), 0);
	CHECK_INT(zone_day(2000, 3, 1), 11017);
	CHECK_INT(zone_day(2026, 13, 1), zone_day(2027, 1, 1));
	CHECK(zone_is_date(2028, 2, 29));
	CHECK(!zone_is_date(2027, 2, 29));
	CHECK(!zone_is_date(2100, 2, 29));
	CHECK(zone_is_date(2000, 2, 29));
	CHECK(!zone_is_date(2026, 0, 1));
	CHECK(!zone_is_date(2026, 4, 31));
}

static const struct test tests[] = {
	{ "clocks of zones: summer, its gap and its double hour, far years, "
	  "29 February",
	  local },
	{ "only names of zones are names of files", names },
	{ "days and dates", dates },
};

TEST_MAIN("base/zone", tests)
