/* schedule.c - see schedule.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/list.h"
#include "base/zone.h"
#include "pbx/route/schedule.h"

enum {
	HOURS_MAX = 64,
	HOLIDAYS_MAX = 200,
	NAME_BYTES = 61,
	DAY_MINUTES = 24 * 60,
	NEXT_MINUTES = 8 * DAY_MINUTES,
};

/* Times of day in minutes. */
struct hours {
	uint8_t days; /* bits, 1 is Monday */
	uint8_t mode;
	uint16_t from, to;
};

/* A day, or month * 100 + day of every year. */
struct holiday {
	int64_t from, to;
	bool is_yearly;
	uint8_t mode;
	char name[NAME_BYTES];
};

struct schedule {
	struct table_entry by_id;
	struct le le; /* of all */
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char zone[ZONE_NAME_MAX + 1]; /* "": the customer's */
	char name[NAME_BYTES];
	bool is_customers;
	uint8_t outside;
	uint16_t hours_count, holiday_count;
	struct hours hours[HOURS_MAX];
	struct holiday *holidays;
};

static struct {
	struct table by_id;
	struct list all;
} schedules;

static const char *const modes[MODES] = { "day", "night1", "night2" };
static const char *const weekdays[] = { "mon", "tue", "wed", "thu",
					"fri", "sat", "sun" };

const char *service_mode_name(enum service_mode mode)
{
	return mode < MODES ? modes[mode] : "?";
}

enum service_mode service_mode_of(const char *name)
{
	unsigned mode = 0;

	while (mode < MODES && (!name || strcmp(name, modes[mode]) != 0))
		mode++;

	return (enum service_mode)mode;
}

/* ---- reading ---- */

/* "08:30"; 24:00 where a day may end. */
static bool read_clock(uint16_t *minutep, const char *text)
{
	int h, m, n = 0;

	if (!text || sscanf(text, "%2d:%2d%n", &h, &m, &n) != 2 ||
	    n != (int)strlen(text) || n != 5 || h < 0 || h > 24 || m < 0 ||
	    m > 59 || (h == 24 && m))
		return false;

	*minutep = (uint16_t)(h * 60 + m);

	return true;
}

/* "2026-12-25", or "12-25" of every year. */
static bool read_date(int64_t *dayp, bool *yearlyp, const char *text)
{
	int y, m, d, n = 0;
	size_t len = text ? strlen(text) : 0;

	if (len == 10 && sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &n) == 3 &&
	    n == 10 && y >= 1970 && zone_is_date(y, m, d)) {
		*dayp = zone_day(y, m, d);
		*yearlyp = false;
		return true;
	}
	if (len == 5 && sscanf(text, "%2d-%2d%n", &m, &d, &n) == 2 && n == 5 &&
	    zone_is_date(2000, m, d)) {
		*dayp = m * 100 + d;
		*yearlyp = true;
		return true;
	}

	return false;
}

static uint8_t read_days(const json_t *list)
{
	uint8_t days = 0;
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		const char *text = json_string_value(value);
		unsigned d = 0;

		while (d < 7 && (!text || strcmp(text, weekdays[d]) != 0))
			d++;
		if (d == 7)
			return 0;
		days |= (uint8_t)(1u << d);
	}

	return days;
}

/* NULL, or what is wrong. */
static const char *read_hours(struct hours *h, const json_t *row)
{
	const char *mode = json_get_text(row, "mode");

	memset(h, 0, sizeof(*h));
	h->mode = mode ? (uint8_t)service_mode_of(mode) : MODE_DAY;
	h->days = read_days(json_object_get(row, "days"));
	if (!h->days)
		return "days: give a list of mon, tue, wed, thu, fri, sat, sun";
	if (!read_clock(&h->from, json_get_text(row, "from")) ||
	    h->from == DAY_MINUTES)
		return "from: give a time from 00:00 to 23:59";
	if (!read_clock(&h->to, json_get_text(row, "to")))
		return "to: give a time from 00:00 to 24:00";
	if (h->from == h->to)
		return "to: give another time than from; a whole day is 00:00 "
		       "to 24:00";
	if (h->mode >= MODES)
		return "mode: give day, night1 or night2";

	return NULL;
}

static const char *read_holiday(struct holiday *h, const json_t *row,
				enum service_mode preset)
{
	const char *mode = json_get_text(row, "mode");
	const char *name = json_get_text(row, "name");
	const char *to = json_get_text(row, "to");
	bool is_yearly;

	memset(h, 0, sizeof(*h));
	h->mode = (uint8_t)(mode ? service_mode_of(mode) : preset);
	if (!name || !*name || strlen(name) >= sizeof(h->name))
		return "name: give up to 60 characters";
	(void)snprintf(h->name, sizeof(h->name), "%s", name);
	if (!read_date(&h->from, &h->is_yearly, json_get_text(row, "from")))
		return "from: give a date (2026-12-25), or month and day "
		       "(12-25) for every year";
	h->to = h->from;
	if (to &&
	    (!read_date(&h->to, &is_yearly, to) || is_yearly != h->is_yearly))
		return "to: give a date as in from";
	if (!h->is_yearly && h->to < h->from)
		return "to: give a date that is not before from";
	if (h->mode >= MODES)
		return "mode: give day, night1 or night2";

	return NULL;
}

/* ---- checking ---- */

static void check_rows(const json_t *object, const char *field, size_t most,
		       json_t *errors)
{
	const json_t *rows = json_object_get(object, field);
	struct hours hours;
	struct holiday holiday;
	json_t *row;
	size_t i;

	if (!rows || json_is_null(rows))
		return;
	if (!json_is_array(rows) || json_array_size(rows) > most) {
		kind_error(errors, field, "wrong-type",
			   "give a list of at most %zu rows", most);
		return;
	}
	json_array_foreach(rows, i, row)
	{
		const char *why = most == HOURS_MAX
					  ? read_hours(&hours, row)
					  : read_holiday(&holiday, row,
							 MODE_NIGHT1);
		if (why)
			kind_error(errors, field, "bad-row", "row %zu: %s",
				   i + 1, why);
	}
}

static void check_alone(const json_t *object, json_t *errors)
{
	const char *id = json_get_text(object, "id");
	const char *customer = json_get_text(object, "customer");
	struct le *le;

	if (!json_get_bool(object, "customer_wide", false))
		return;

	for (le = list_head(&schedules.all); le; le = le->next) {
		const struct schedule *s = le->data;

		if (s->is_customers && customer &&
		    !strcmp(s->customer, customer) &&
		    (!id || strcmp(s->id, id) != 0))
			kind_error(errors, "customer_wide", "duplicate",
				   "the customer follows %s; one schedule "
				   "only",
				   s->name);
	}
}

void schedule_check(const json_t *object, json_t *errors)
{
	const char *name = json_get_text(object, "time_zone");
	const struct zone *z;

	if (name && *name && zone_find(&z, name))
		kind_error(errors, "time_zone", "unknown-zone",
			   "give the name of a time zone, as Europe/Paris");
	check_rows(object, "hours", HOURS_MAX, errors);
	check_rows(object, "holidays", HOLIDAYS_MAX, errors);
	check_alone(object, errors);
}

/* ---- life ---- */

static void schedule_destructor(void *data)
{
	struct schedule *s = data;
	struct customer *c = directory_customer(span_of(s->customer));

	if (c && c->schedule == s)
		c->schedule = NULL;
	table_remove(&schedules.by_id, &s->by_id);
	list_unlink(&s->le);
	mem_deref(s->holidays);
}

int schedule_init(void)
{
	list_init(&schedules.all);

	return table_init(&schedules.by_id, 16);
}

void schedule_close(void)
{
	list_flush(&schedules.all);
	table_close(&schedules.by_id);
	zones_close();
}

static void copy(char *out, size_t size, const json_t *o, const char *name)
{
	const char *text = json_get_text(o, name);

	(void)snprintf(out, size, "%s", text ? text : "");
}

static int take_holidays(struct schedule *s, const json_t *object)
{
	const json_t *rows = json_object_get(object, "holidays");
	enum service_mode preset = service_mode_of(
		json_get_text(object, "holiday_mode"));
	json_t *row;
	size_t i;

	s->holidays = mem_zalloc(
		(json_array_size(rows) + 1) * sizeof(*s->holidays), NULL);
	if (!s->holidays)
		return ENOMEM;
	json_array_foreach(rows, i, row)
	{
		if (s->holiday_count < HOLIDAYS_MAX &&
		    !read_holiday(&s->holidays[s->holiday_count], row,
				  preset < MODES ? preset : MODE_NIGHT2))
			s->holiday_count++;
	}

	return 0;
}

int schedule_take(json_t *object, void *arg)
{
	struct schedule *s = mem_zalloc(sizeof(*s), schedule_destructor);
	enum service_mode outside;
	struct customer *c;
	json_t *row;
	size_t i;

	(void)arg;
	if (!s || take_holidays(s, object)) {
		mem_deref(s);
		return ENOMEM;
	}

	copy(s->id, sizeof(s->id), object, "id");
	copy(s->customer, sizeof(s->customer), object, "customer");
	copy(s->name, sizeof(s->name), object, "name");
	copy(s->zone, sizeof(s->zone), object, "time_zone");
	s->is_customers = json_get_bool(object, "customer_wide", false);
	outside = service_mode_of(json_get_text(object, "outside_hours"));
	s->outside = (uint8_t)(outside < MODES ? outside : MODE_NIGHT1);
	json_array_foreach(json_object_get(object, "hours"), i, row)
	{
		if (s->hours_count < HOURS_MAX &&
		    !read_hours(&s->hours[s->hours_count], row))
			s->hours_count++;
	}

	schedule_remove(s->id);
	table_add(&schedules.by_id, &s->by_id, hash_span(0, span_of(s->id)));
	list_append(&schedules.all, &s->le, s);
	c = directory_customer(span_of(s->customer));
	if (c && s->is_customers)
		c->schedule = s;

	return 0;
}

const struct schedule *schedule_find(const char *id)
{
	struct table_entry *e;

	if (!id[0] || !schedules.by_id.count)
		return NULL;
	e = table_first(&schedules.by_id, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct schedule *s = CONTAINER_OF(e, struct schedule, by_id);

		if (!strcmp(s->id, id))
			return s;
	}

	return NULL;
}

void schedule_remove(const char *id)
{
	mem_deref((void *)(uintptr_t)schedule_find(id));
}

const struct schedule *schedule_of(const struct customer *c)
{
	return c->schedule;
}

const char *schedule_name(const struct schedule *s)
{
	return s->name;
}

/* ---- what it says ---- */

static const struct zone *zone_of(const struct schedule *s)
{
	const struct customer *c = directory_customer(span_of(s->customer));
	const struct zone *z = NULL;

	if (!zone_find(&z, s->zone[0] ? s->zone : c ? c->time_zone : ""))
		return z;

	return NULL; /* UTC */
}

static bool is_holiday(const struct holiday *h, const struct zone_time *t)
{
	int64_t day = h->is_yearly ? t->month * 100 + t->day
				   : zone_day(t->year, t->month, t->day);

	if (h->from <= h->to)
		return day >= h->from && day <= h->to;

	return day >= h->from || day <= h->to; /* over the new year */
}

static bool holds(const struct hours *h, const struct zone_time *t)
{
	uint16_t now = (uint16_t)(t->hour * 60 + t->minute);
	bool is_today = h->days & (1u << t->weekday);
	bool was_yesterday = h->days & (1u << ((t->weekday + 6) % 7));

	if (h->from < h->to)
		return is_today && now >= h->from && now < h->to;

	return (is_today && now >= h->from) || (was_yesterday && now < h->to);
}

static struct schedule_word say(const struct schedule *s, const struct zone *z,
				int64_t utc_s)
{
	struct schedule_word word = { (enum service_mode)s->outside, NULL };
	struct zone_time t;

	zone_local(&t, z, utc_s);
	for (uint16_t i = 0; i < s->holiday_count; i++) {
		const struct holiday *h = &s->holidays[i];

		if (!is_holiday(h, &t))
			continue;
		word.mode = (enum service_mode)h->mode;
		word.holiday = h->name;
		return word;
	}
	for (uint16_t i = 0; i < s->hours_count; i++) {
		if (!holds(&s->hours[i], &t))
			continue;
		word.mode = (enum service_mode)s->hours[i].mode;
		break;
	}

	return word;
}

struct schedule_word schedule_say(const struct schedule *s, int64_t utc_s)
{
	return say(s, zone_of(s), utc_s);
}

int64_t schedule_next(const struct schedule *s, int64_t utc_s)
{
	const struct zone *z = zone_of(s);
	enum service_mode mode = say(s, z, utc_s).mode;
	int64_t at = utc_s - utc_s % 60;

	for (int i = 0; i < NEXT_MINUTES; i++) {
		at += 60;
		if (say(s, z, at).mode != mode)
			return at;
	}

	return 0;
}
