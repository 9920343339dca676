/* zone.c - see zone.h
 *
 * A file holds the moments at which the offset changed, and for what comes
 * after the last of them a rule in the words of POSIX ("CET-1CEST,M3.5.0,
 * M10.5.0/3"): today's files hold little else.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/libre.h"
#include "base/zone.h"

#define ZONES "/usr/share/zoneinfo"

enum {
	FILE_MAX_BYTES = 256 * 1024,
	HEAD_BYTES = 44,
	DAY_S = 86400,
	FOOTER_MAX = 80,
};

enum rule_kind {
	RULE_MONTH, /* Mm.w.d */
	RULE_DAY,   /* n, 0 to 365, 29 February counts */
	RULE_PLAIN, /* Jn, 1 to 365, 29 February never counts */
};

struct rule {
	enum rule_kind kind;
	int month, week, day;
	int32_t at_s; /* local time */
};

struct zone {
	struct le le;
	char name[ZONE_NAME_MAX + 1];
	uint32_t count;
	int64_t *moments;
	int32_t *offsets; /* after each */
	int32_t first_s;  /* before the first */
	bool has_rule;    /* after the last */
	bool has_summer;
	int32_t standard_s, summer_s;
	struct rule begin, end; /* of summer */
};

static struct list zones;

/* ---- dates ---- */

int64_t zone_day(int32_t year, int month, int day)
{
	int64_t y, era, of_era, of_year;

	year += (month - 1) / 12;
	month = (month - 1) % 12 + 1;
	y = (int64_t)year - (month <= 2);
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year + day - 1 - 719468;
}

static bool is_leap(int32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int32_t year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
					31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool zone_is_date(int32_t year, int month, int day)
{
	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= month_days(year, month);
}

static void date_of(struct zone_time *t, int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 -
		     of_era / 146096) /
		    365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	t->day = (uint8_t)(of_year - (153 * m + 2) / 5 + 1);
	t->month = (uint8_t)(m < 10 ? m + 3 : m - 9);
	t->year = (int32_t)(y + era * 400 + (t->month <= 2));
	t->weekday = (uint8_t)(((days + 3) % 7 + 7) % 7);
}

static int64_t day_of(int64_t seconds)
{
	return seconds >= 0 ? seconds / DAY_S
			    : -((DAY_S - 1 - seconds) / DAY_S);
}

/* ---- the rule ---- */

/* Local seconds since 1970 at which it holds in a year. */
static int64_t rule_at(const struct rule *r, int32_t year)
{
	int64_t day = zone_day(year, 1, 1);
	int weekday, first;

	switch (r->kind) {
	case RULE_DAY: day += r->day; break;
	case RULE_PLAIN:
		day += r->day - 1 + (is_leap(year) && r->day > 59);
		break;
	default:
		day = zone_day(year, r->month, 1);
		weekday = (int)(((day + 4) % 7 + 7) % 7); /* 0 is Sunday */
		first = (r->day - weekday + 7) % 7 + (r->week - 1) * 7;
		while (first >= month_days(year, r->month))
			first -= 7;
		day += first;
		break;
	}

	return day * DAY_S + r->at_s;
}

static bool is_summer(const struct zone *z, int64_t utc_s)
{
	struct zone_time t;
	int64_t begin, end;

	date_of(&t, day_of(utc_s + z->standard_s));
	begin = rule_at(&z->begin, t.year) - z->standard_s;
	end = rule_at(&z->end, t.year) - z->summer_s;

	return begin < end ? utc_s >= begin && utc_s < end
			   : utc_s >= begin || utc_s < end;
}

static int32_t offset_of(const struct zone *z, int64_t utc_s)
{
	uint32_t low = 0, high = z->count;

	if (!z->count || utc_s >= z->moments[z->count - 1]) {
		if (z->has_rule)
			return z->has_summer && is_summer(z, utc_s)
				       ? z->summer_s
				       : z->standard_s;
		return z->count ? z->offsets[z->count - 1] : z->first_s;
	}
	while (low < high) { /* the first that is later */
		uint32_t middle = (low + high) / 2;

		if (z->moments[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}

	return low ? z->offsets[low - 1] : z->first_s;
}

void zone_local(struct zone_time *t, const struct zone *z, int64_t utc_s)
{
	int32_t offset = z ? offset_of(z, utc_s) : 0;
	int64_t local = utc_s + offset;
	int64_t days = day_of(local);
	int32_t rest = (int32_t)(local - days * DAY_S);

	memset(t, 0, sizeof(*t));
	date_of(t, days);
	t->hour = (uint8_t)(rest / 3600);
	t->minute = (uint8_t)(rest / 60 % 60);
	t->second = (uint8_t)(rest % 60);
	t->offset_s = offset;
}

/* ---- reading the rule ---- */

static bool read_number(int *np, const char **pp, int max)
{
	int n = 0;

	if (!isdigit((unsigned char)**pp))
		return false;
	while (isdigit((unsigned char)**pp)) {
		n = n * 10 + (*(*pp)++ - '0');
		if (n > max)
			return false;
	}
	*np = n;

	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(int32_t *sp, const char **pp)
{
	int sign = **pp == '-' ? -1 : 1, h, m = 0, s = 0;

	if (**pp == '-' || **pp == '+')
		(*pp)++;
	if (!read_number(&h, pp, 167))
		return false;
	if (**pp == ':' && (++*pp, !read_number(&m, pp, 59)))
		return false;
	if (**pp == ':' && (++*pp, !read_number(&s, pp, 59)))
		return false;
	*sp = sign * (h * 3600 + m * 60 + s);

	return true;
}

static bool skip_name(const char **pp)
{
	const char *start = *pp;

	if (**pp == '<') {
		while (**pp && **pp != '>')
			(*pp)++;
		return *(*pp)++ == '>';
	}
	while (isalpha((unsigned char)**pp))
		(*pp)++;

	return *pp - start >= 3;
}

static bool read_rule(struct rule *r, const char **pp)
{
	if (*(*pp)++ != ',')
		return false;

	r->at_s = 2 * 3600;
	if (**pp == 'M') {
		r->kind = RULE_MONTH;
		++*pp;
		if (!read_number(&r->month, pp, 12) || r->month < 1 ||
		    *(*pp)++ != '.' || !read_number(&r->week, pp, 5) ||
		    r->week < 1 || *(*pp)++ != '.' ||
		    !read_number(&r->day, pp, 6))
			return false;
	}
	else {
		r->kind = **pp == 'J' ? RULE_PLAIN : RULE_DAY;
		if (**pp == 'J')
			++*pp;
		if (!read_number(&r->day, pp, 365))
			return false;
	}
	if (**pp != '/')
		return true;

	++*pp;

	return read_time(&r->at_s, pp);
}

/* False when it is none: the last moment holds for ever then. */
static bool read_footer(struct zone *z, const char *p)
{
	int32_t s;

	if (!skip_name(&p) || !read_time(&s, &p))
		return false;
	z->standard_s = -s;
	z->has_rule = true;
	if (!*p)
		return true;

	z->has_summer = true;
	z->summer_s = z->standard_s + 3600;
	if (!skip_name(&p))
		return false;
	if (*p && *p != ',') {
		if (!read_time(&s, &p))
			return false;
		z->summer_s = -s;
	}

	return read_rule(&z->begin, &p) && read_rule(&z->end, &p) && !*p;
}

/* ---- reading the file ---- */

struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Octets of a block whose moments have so many; 0 when it is none. */
static size_t block_read(struct counts *c, const uint8_t *p, size_t len,
			 size_t width)
{
	uint32_t *const all[] = { &c->isut, &c->isstd, &c->leap,
				  &c->time, &c->type,  &c->chars };
	size_t size;

	if (len < HEAD_BYTES || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return 0;
	for (unsigned i = 0; i < 6; i++) {
		*all[i] = be32(p + 20 + i * 4);
		if (*all[i] > FILE_MAX_BYTES)
			return 0;
	}
	size = HEAD_BYTES + c->time * (width + 1) + c->type * 6 + c->chars +
	       c->leap * (width + 4) + c->isstd + c->isut;

	return size <= len && c->type ? size : 0;
}

static int parse(struct zone *z, const uint8_t *p, size_t len)
{
	const uint8_t *types, *infos;
	char footer[FOOTER_MAX + 1];
	struct counts c;
	size_t size = block_read(&c, p, len, 4);

	if (!size)
		return EBADMSG;
	p += size;
	len -= size;
	size = block_read(&c, p, len, 8);
	if (!size)
		return EBADMSG;

	z->moments = mem_zalloc((c.time + 1) * sizeof(*z->moments), NULL);
	z->offsets = mem_zalloc((c.time + 1) * sizeof(*z->offsets), NULL);
	if (!z->moments || !z->offsets)
		return ENOMEM;
	types = p + HEAD_BYTES + c.time * 8;
	infos = types + c.time;
	z->first_s = (int32_t)be32(infos);
	for (uint32_t i = 0; i < c.time; i++) {
		if (types[i] >= c.type)
			return EBADMSG;
		z->moments[i] = be64(p + HEAD_BYTES + i * 8);
		z->offsets[i] = (int32_t)be32(infos + types[i] * 6);
	}
	z->count = c.time;

	p += size;
	len -= size;
	if (len < 2 || *p != '\n' || len - 2 > FOOTER_MAX)
		return 0;
	memcpy(footer, p + 1, len - 2);
	footer[len - 2] = '\0';
	if (footer[0] && !read_footer(z, footer))
		return EBADMSG;

	return 0;
}

static int read_file(struct zone *z, const char *path)
{
	uint8_t *buf = mem_alloc(FILE_MAX_BYTES, NULL);
	FILE *f;
	size_t len;
	int err = 0;

	if (!buf)
		return ENOMEM;
	f = fopen(path, "rbe");
	if (!f) {
		err = ENOENT;
		goto out;
	}
	len = fread(buf, 1, FILE_MAX_BYTES, f);
	err = ferror(f) ? ENOENT : parse(z, buf, len);
	(void)fclose(f);

out:
	mem_deref(buf);

	return err;
}

/* ---- all of them ---- */

static void zone_destructor(void *data)
{
	struct zone *z = data;

	list_unlink(&z->le);
	mem_deref(z->moments);
	mem_deref(z->offsets);
}

static bool name_is_good(const char *name)
{
	size_t len = strlen(name);

	return len && len <= ZONE_NAME_MAX && isalpha((unsigned char)name[0]) &&
	       !strstr(name, "..") && !strstr(name, "//") &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz"
				 "0123456789_+-/")] == '\0';
}

int zone_find(const struct zone **zp, const char *name)
{
	char path[sizeof(ZONES) + ZONE_NAME_MAX + 2];
	struct zone *z;
	struct le *le;
	int err;

	if (!name || !name_is_good(name))
		return EINVAL;
	for (le = list_head(&zones); le; le = le->next) {
		z = le->data;
		if (!strcmp(z->name, name)) {
			*zp = z;
			return 0;
		}
	}

	z = mem_zalloc(sizeof(*z), zone_destructor);
	if (!z)
		return ENOMEM;
	(void)snprintf(z->name, sizeof(z->name), "%s", name);
	(void)snprintf(path, sizeof(path), ZONES "/%s", name);
	err = read_file(z, path);
	if (err) {
		mem_deref(z);
		return err;
	}
	list_append(&zones, &z->le, z);
	*zp = z;

	return 0;
}

void zones_close(void)
{
	list_flush(&zones);
}
