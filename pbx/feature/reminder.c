/* reminder.c - see reminder.h */
#include "base/clock.h"
#include "base/log.h"
#include "base/wheel.h"
#include "base/zone.h"
#include "pbx/call/alone.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/trunk/cpn.h"
#include "pbx/feature/reminder.h"
#include "pbx/route/settings_user.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"

#define FIELD "reminder_ms"

enum {
	DAY_MIN = 24 * 60,
	LATE_MS = 15 * 60 * 1000,
	WAIT_MAX_MS = 60 * 1000, /* clocks may be set meanwhile */
};

struct reminder {
	struct le le;
	struct wheel_timer timer;
	uint64_t at_ms; /* wall clock */
	char user[DIRECTORY_ID_SIZE];
};

static struct list reminders;

static void destructor(void *data)
{
	struct reminder *r = data;

	list_unlink(&r->le);
	wheel_stop(&r->timer);
}

void reminder_close(void)
{
	list_flush(&reminders);
}

static void forgotten(const struct store_result *result, void *arg)
{
	(void)arg;

	if (result->err)
		log_warn("reminder", "one may ring again: %s",
			 strerror(result->err));
}

static struct phone *phone_of(const struct user *u)
{
	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		struct phone *p = le->data;

		if (p->bindings_count && p->rings_with_user)
			return p;
	}

	return NULL;
}

static void ring(struct user *u)
{
	struct phone *p = phone_of(u);
	struct call *call = NULL;
	int err = p ? transfer_originate(&call, p, REMINDER_NUMBER) : ENOTCONN;

	if (err)
		log_info("reminder", "user=%s: %s", u->id, strerror(err));
	else
		trail_add(&call->trail, "%s wanted to be called now", u->name);
}

static void due(void *arg)
{
	struct reminder *r = arg;
	uint64_t now = clock_wall_ms();
	struct user *u = directory_user(span_of(r->user));
	bool is_late = now > r->at_ms + LATE_MS;

	if (now < r->at_ms) {
		uint64_t left = r->at_ms - now;

		wheel_start(&r->timer, left < WAIT_MAX_MS ? left : WAIT_MAX_MS,
			    due, r);
		return;
	}

	mem_deref(r);
	if (!u)
		return;
	(void)settings_user_set(u, FIELD, json_null(), forgotten, NULL);
	if (!is_late)
		ring(u);
	turn_end();
}

void reminder_take(const struct user *u, uint64_t at_ms)
{
	struct reminder *r = NULL;

	for (struct le *le = list_head(&reminders); le && !r; le = le->next) {
		struct reminder *other = le->data;

		if (!strcmp(other->user, u->id))
			r = other;
	}
	if (!at_ms) {
		mem_deref(r);
		return;
	}
	if (!r) {
		r = mem_zalloc(sizeof(*r), destructor);
		if (!r)
			return;
		memcpy(r->user, u->id, sizeof(r->user));
		list_append(&reminders, &r->le, r);
	}
	if (r->at_ms == at_ms)
		return;
	r->at_ms = at_ms;
	wheel_start(&r->timer, 1, due, r);
}

/* ---- codes ---- */

/* The next moment at which clocks there show it. */
static uint64_t moment_of(const char *clock, int minute)
{
	const struct zone *z = NULL;
	int64_t now = (int64_t)clock_wall_s();
	struct zone_time t;
	int64_t at;

	(void)zone_find(&z, clock);
	zone_local(&t, z, now);
	at = now - t.second +
	     ((minute - (t.hour * 60 + t.minute) + DAY_MIN) % DAY_MIN) * 60;
	if (at <= now)
		at += DAY_MIN * 60;
	now = t.offset_s;
	zone_local(&t, z, at);

	return (uint64_t)(at + now - t.offset_s) * 1000;
}

/* HHMM as minutes of the day; -1: none. */
static int minute_of(const char *text)
{
	int n;

	if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
		return -1;
	n = (text[0] - '0') * 10 + text[1] - '0';
	if (n > 23 || text[2] > '5')
		return -1;

	return n * 60 + (text[2] - '0') * 10 + text[3] - '0';
}

static void stored(const struct store_result *result, void *arg)
{
	struct call *call = arg;

	code_done(call, result->err);
	mem_deref(call);
}

static void store(struct call *call, json_t *value)
{
	struct user *u = call->caller->phone->user;
	int err;

	call_try(call);
	err = settings_user_set(u, FIELD, value, stored, mem_ref(call));
	if (!err)
		return;

	code_done(call, err);
	mem_deref(call);
}

void reminder_set(struct call *call, const struct routing *r,
		  const struct sip_message *m)
{
	const struct user *u = call->caller->phone->user;
	int minute = minute_of(r->argument);
	const char *clock;
	uint64_t at_ms;

	(void)m;

	if (!cos_may(u, COS_REMINDER)) {
		trail_add(&call->trail, "%s may not be called at a time",
			  u->name);
		call_refused(call, 403, "Not Permitted");
		return;
	}
	if (minute < 0) {
		trail_add(&call->trail, "%s is no time of day", r->argument);
		call_refused(call, 404, "No Such Time");
		return;
	}

	at_ms = clock_wall_ms();
	clock = zone_clock(call->caller->phone, leg_source(call->caller));
	at_ms += cos_wait_ms(moment_of(clock, minute) - at_ms);
	trail_add(&call->trail, "%s is called in %llu minutes", u->name,
		  (unsigned long long)((at_ms - clock_wall_ms()) / 60000));
	store(call, json_integer((json_int_t)at_ms));
}

void reminder_unset(struct call *call, const struct routing *r,
		    const struct sip_message *m)
{
	(void)r;
	(void)m;

	store(call, json_null());
}

/* ---- the call ---- */

void reminder_answered(struct call *call)
{
	transfer_forget(call);
	if (alone_place(call)) {
		call_hangup(call, NULL, "SIP;cause=500");
		return;
	}

	(void)leg_turn(call->callee, LEG_QUEUES);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	alone_start(call);
	turn_end();
}
