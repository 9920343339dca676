/* schedule.c - tests of hours and holidays: midnight, summer, 29 February */
#include "base/json.h"
#include "base/zone.h"
#include "pbx/route/schedule.h"
#include "tests/unit/test.h"

static void take(const char *zone, const char *hours, const char *holidays)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", "s1",
			      "customer", "acme", "name", "Office", "time_zone",
			      zone, "outside_hours", "night1", "holiday_mode",
			      "night2");

	CHECK_INT(directory_init(NULL, NULL), 0);
	CHECK_INT(schedule_init(), 0);
	json_object_set_new(o, "hours", json_loads(hours, 0, NULL));
	json_object_set_new(o, "holidays", json_loads(holidays, 0, NULL));
	CHECK_INT(schedule_take(o, NULL), 0);
	json_decref(o);
}

static void drop(void)
{
	schedule_close();
	directory_close();
}

/* 2026-03-29 01:30 UTC and the like */
static int64_t at(int year, int month, int day, int hour, int minute)
{
	return zone_day(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static int mode(int64_t utc_s)
{
	return (int)schedule_say(schedule_find("s1"), utc_s).mode;
}

static void hours(void)
{
	take("Europe/Paris",
	     "[{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\"],"
	     "\"from\":\"08:30\",\"to\":\"18:00\"},"
	     "{\"days\":[\"sat\"],\"from\":\"09:00\",\"to\":\"12:00\","
	     "\"mode\":\"night2\"}]",
	     "[]");
	/* Monday 2026-11-23, winter: UTC+1 */
	CHECK_INT(mode(at(2026, 11, 23, 7, 29)), MODE_NIGHT1);
	CHECK_INT(mode(at(2026, 11, 23, 7, 30)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 23, 16, 59)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 23, 17, 0)), MODE_NIGHT1);
	/* summer: UTC+2 */
	CHECK_INT(mode(at(2026, 7, 6, 6, 30)), MODE_DAY);
	CHECK_INT(mode(at(2026, 7, 6, 16, 0)), MODE_NIGHT1);
	/* Saturday, Sunday */
	CHECK_INT(mode(at(2026, 11, 28, 9, 0)), MODE_NIGHT2);
	CHECK_INT(mode(at(2026, 11, 29, 9, 0)), MODE_NIGHT1);
	/* what comes next: Friday evening, Saturday morning */
	CHECK_INT(schedule_next(schedule_find("s1"), at(2026, 11, 27, 12, 5)),
		  at(2026, 11, 27, 17, 0));
	CHECK_INT(schedule_next(schedule_find("s1"), at(2026, 11, 27, 17, 0)),
		  at(2026, 11, 28, 8, 0));
	drop();
}

static void midnight(void)
{
	take("UTC",
	     "[{\"days\":[\"fri\"],\"from\":\"22:00\",\"to\":\"06:00\"},"
	     "{\"days\":[\"mon\"],\"from\":\"00:00\",\"to\":\"24:00\"}]",
	     "[]");
	CHECK_INT(mode(at(2026, 11, 27, 21, 59)), MODE_NIGHT1);
	CHECK_INT(mode(at(2026, 11, 27, 22, 0)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 28, 0, 0)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 28, 5, 59)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 28, 6, 0)), MODE_NIGHT1);
	CHECK_INT(mode(at(2026, 11, 28, 22, 0)), MODE_NIGHT1);
	CHECK_INT(mode(at(2026, 11, 22, 23, 59)), MODE_NIGHT1);
	CHECK_INT(mode(at(2026, 11, 23, 0, 0)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 23, 23, 59)), MODE_DAY);
	CHECK_INT(mode(at(2026, 11, 24, 0, 0)), MODE_NIGHT1);
	drop();
}

static void summer(void)
{
	take("Europe/Paris",
	     "[{\"days\":[\"sun\"],\"from\":\"02:30\",\"to\":\"03:30\"}]",
	     "[]");
	/* 02:30 does not come on 29 March: the clock shows 03:00 at once */
	CHECK_INT(mode(at(2026, 3, 29, 0, 59)), MODE_NIGHT1); /* 01:59 */
	CHECK_INT(mode(at(2026, 3, 29, 1, 0)), MODE_DAY);     /* 03:00 */
	CHECK_INT(mode(at(2026, 3, 29, 1, 29)), MODE_DAY);
	CHECK_INT(mode(at(2026, 3, 29, 1, 30)), MODE_NIGHT1); /* 03:30 */
	/* 02:30 comes twice on 25 October */
	CHECK_INT(mode(at(2026, 10, 25, 0, 29)), MODE_NIGHT1); /* 02:29 */
	CHECK_INT(mode(at(2026, 10, 25, 0, 30)), MODE_DAY);    /* 02:30 */
	CHECK_INT(mode(at(2026, 10, 25, 1, 0)), MODE_NIGHT1);  /* 02:00 */
	CHECK_INT(mode(at(2026, 10, 25, 1, 30)), MODE_DAY);    /* 02:30 */
	CHECK_INT(mode(at(2026, 10, 25, 2, 30)), MODE_NIGHT1); /* 03:30 */
	drop();
}

static void holidays(void)
{
	const struct schedule *s;

	take("UTC",
	     "[{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\","
	     "\"sun\"],\"from\":\"00:00\",\"to\":\"24:00\"}]",
	     "[{\"name\":\"Christmas\",\"from\":\"12-24\",\"to\":\"12-26\"},"
	     "{\"name\":\"New year\",\"from\":\"12-31\",\"to\":\"01-02\","
	     "\"mode\":\"night1\"},"
	     "{\"name\":\"Leap\",\"from\":\"02-29\"},"
	     "{\"name\":\"Works\",\"from\":\"2026-05-04\","
	     "\"to\":\"2026-05-08\"}]");
	s = schedule_find("s1");
	CHECK_INT(mode(at(2026, 12, 23, 23, 59)), MODE_DAY);
	CHECK_INT(mode(at(2026, 12, 24, 0, 0)), MODE_NIGHT2);
	CHECK_STR(schedule_say(s, at(2031, 12, 25, 0, 0)).holiday, "Christmas");
	CHECK_INT(mode(at(2026, 12, 27, 0, 0)), MODE_DAY);
	CHECK_INT(mode(at(2026, 12, 31, 0, 0)), MODE_NIGHT1);
	CHECK_INT(mode(at(2027, 1, 2, 23, 59)), MODE_NIGHT1);
	CHECK_INT(mode(at(2027, 1, 3, 0, 0)), MODE_DAY);
	CHECK_INT(mode(at(2028, 2, 29, 12, 0)), MODE_NIGHT2);
	CHECK_INT(mode(at(2027, 2, 28, 12, 0)), MODE_DAY);
	CHECK_INT(mode(at(2027, 3, 1, 12, 0)), MODE_DAY);
	CHECK_INT(mode(at(2026, 5, 6, 12, 0)), MODE_NIGHT2);
	CHECK_INT(mode(at(2027, 5, 6, 12, 0)), MODE_DAY);
	drop();
}

static size_t faults(const char *text)
{
	json_t *o = json_loads(text, 0, NULL), *errors = json_array();
	size_t n;

	CHECK(o);
	schedule_check(o, errors);
	n = json_array_size(errors);
	json_decref(o);
	json_decref(errors);

	return n;
}

static void refused(void)
{
	static const char *const bad[] = {
		"{\"time_zone\":\"Europe/Atlantis\"}",
		"{\"time_zone\":\"../../etc/passwd\"}",
		"{\"hours\":{}}",
		"{\"hours\":[{\"days\":[\"mon\"],\"from\":\"8:00\","
		"\"to\":\"12:00\"}]}",
		"{\"hours\":[{\"days\":[],\"from\":\"08:00\","
		"\"to\":\"12:00\"}]}",
		"{\"hours\":[{\"days\":[\"lun\"],\"from\":\"08:00\","
		"\"to\":\"12:00\"}]}",
		"{\"hours\":[{\"days\":[\"mon\"],\"from\":\"08:60\","
		"\"to\":\"12:00\"}]}",
		"{\"hours\":[{\"days\":[\"mon\"],\"from\":\"24:00\","
		"\"to\":\"12:00\"}]}",
		"{\"hours\":[{\"days\":[\"mon\"],\"from\":\"08:00\","
		"\"to\":\"08:00\"}]}",
		"{\"hours\":[{\"days\":[\"mon\"],\"from\":\"08:00\","
		"\"to\":\"12:00\",\"mode\":\"noon\"}]}",
		"{\"holidays\":[{\"name\":\"x\",\"from\":\"2027-02-29\"}]}",
		"{\"holidays\":[{\"name\":\"x\",\"from\":\"02-30\"}]}",
		"{\"holidays\":[{\"from\":\"12-25\"}]}",
		"{\"holidays\":[{\"name\":\"x\",\"from\":\"2026-05-08\","
		"\"to\":\"2026-05-01\"}]}",
		"{\"holidays\":[{\"name\":\"x\",\"from\":\"2026-05-08\","
		"\"to\":\"05-09\"}]}",
	};

	CHECK_INT(faults("{\"time_zone\":\"Europe/Paris\",\"hours\":null}"), 0);
	CHECK_INT(faults("{\"hours\":[{\"days\":[\"mon\"],\"from\":\"08:00\","
			 "\"to\":\"24:00\"}],\"holidays\":[{\"name\":\"x\","
			 "\"from\":\"02-29\"}]}"),
		  0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (faults(bad[i]) != 1)
			test_fail(__FILE__, __LINE__, "passed: %s", bad[i]);
	}
	zones_close();
}

static const struct test tests[] = {
	{ "hours of a week, by the clock of the zone, winter and summer",
	  hours },
	{ "hours go on after midnight and fill whole days", midnight },
	{ "the hour left out never comes, the one that comes twice counts "
	  "twice",
	  summer },
	{ "holidays: whole days, ranges, over the new year, 29 February",
	  holidays },
	{ "what is no schedule is refused with its row", refused },
};

TEST_MAIN("pbx/schedule", tests)
