/* emergency.c - see emergency.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/emergency.h"
#include "pbx/trunk/emergency_notice.h"
#include "pbx/watch/event.h"
#include "pbx/jsontext.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/store.h"

/* A call for help of the last half hour. */
struct recent {
	struct le le;
	uint64_t until_ms; /* monotonic */
	char number[DIRECTORY_NUMBER_MAX + 1];
	char phone[DIRECTORY_ID_SIZE];
};

static struct list recents; /* newest first */

static void recent_destructor(void *data)
{
	struct recent *r = data;

	list_unlink(&r->le);
}

void emergency_init(void)
{
	list_init(&recents);
}

void emergency_close(void)
{
	list_flush(&recents);
}

void emergency_find_place(struct emergency_place *place, const struct phone *p,
			  const struct sa *source)
{
	struct shown_number n = cesid_of(p, source);

	if (!n.number && p->customer)
		n = (struct shown_number){ outside_cesid(p->customer),
					   "default" };
	if (!n.number) {
		n = cpn_of(p, source);
		n.level = "cpn";
	}

	(void)snprintf(place->number, sizeof(place->number), "%s",
		       n.number ? n.number : "");
	place->level = n.number ? n.level : "none";
}

static void remember(const char *number, const char *phone, uint64_t left_ms)
{
	struct recent *r = mem_zalloc(sizeof(*r), recent_destructor);

	if (!r)
		return;

	r->until_ms = clock_mono_ms() + left_ms;
	(void)snprintf(r->number, sizeof(r->number), "%s", number);
	(void)snprintf(r->phone, sizeof(r->phone), "%s", phone);
	list_prepend(&recents, &r->le, r);
	if (list_count(&recents) > EMERGENCY_RECENT_MAX)
		mem_deref(list_tail(&recents)->data);
}

static const char *bare(const char *number)
{
	return number[0] == '+' ? number + 1 : number;
}

struct phone *emergency_caller(const char *number)
{
	uint64_t now = clock_mono_ms();
	struct le *le = list_head(&recents);

	while (le) {
		struct recent *r = le->data;

		le = le->next;
		if (r->until_ms <= now) {
			mem_deref(r);
			continue;
		}
		if (!strcmp(bare(r->number), bare(number)))
			return directory_phone(span_of(r->phone));
	}

	return NULL;
}

/* ---- after a restart ---- */

static void take_alarm(uint64_t seq, const char *customer, struct span json,
		       void *arg)
{
	json_t *alarm = json_loadb(json.p, json.len, 0, NULL);
	const char *number = json_get_text(alarm, "cesid");
	const char *phone = json_get_text(alarm, "phone");
	uint64_t age = clock_wall_ms() -
		       (uint64_t)json_get_int(alarm, "at_ms", 0);

	(void)seq;
	(void)customer;
	(void)arg;

	if (number && phone && age < EMERGENCY_BACK_MS)
		remember(number, phone, EMERGENCY_BACK_MS - age);
	json_decref(alarm);
}

static void read_alarms(void *arg)
{
	const struct keep_query q = {
		.result = "alarm",
		.from_ms = clock_wall_ms() - EMERGENCY_BACK_MS,
		.limit = EMERGENCY_RECENT_MAX,
		.with_alarms = true,
	};

	(void)arg;

	if (keep_each_cdr(&q, take_alarm, NULL))
		log_error("emergency", "who called for help before the restart "
				       "cannot be called back");
}

void emergency_restore(void)
{
	keep_settle(read_alarms, NULL);
}

/* ---- the alarm ---- */

enum { ALARM_BYTES = 2048 };

/* What waits for the disk. */
struct alarm {
	uint64_t seq;
	char customer[DIRECTORY_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];
	char id[CALL_ID_SIZE + 8];
	uint32_t len;
	char json[ALARM_BYTES];
};

static void durable(const struct store_result *result, void *arg)
{
	struct alarm *a = arg;

	if (result->err)
		log_error("emergency", "seq=%llu is not on the disk: %s",
			  (unsigned long long)a->seq, strerror(result->err));
	event_cdr(a->seq, a->customer, (struct span){ a->json, a->len });
	mem_deref(a);
}

static void print(struct alarm *a, const struct call *call, const char *dialled,
		  const struct emergency_place *place)
{
	const struct phone *p = call->caller->phone;
	struct sip_out o;

	sip_out_init(&o, a->json, sizeof(a->json));
	sip_out_raw(&o, SPAN("{"));
	jsontext_member(&o, true, "alarm", "emergency");
	jsontext_member(&o, false, "id", a->id);
	jsontext_member(&o, false, "call", call->id);
	jsontext_member(&o, false, "customer", call->customer);
	jsontext_member(&o, false, "user", p->user ? p->user->id : NULL);
	jsontext_member(&o, false, "phone", p->id);
	jsontext_member(&o, false, "number", phone_shown_number(p));
	jsontext_member(&o, false, "name", phone_name(p));
	jsontext_member(&o, false, "dialled", dialled);
	jsontext_member(&o, false, "cesid",
			place->number[0] ? place->number : NULL);
	jsontext_member(&o, false, "place", place->level);
	jsontext_number(&o, "at_ms", call->started_ms);
	sip_out_raw(&o, SPAN("}"));
	a->len = o.len;
}

void emergency_raise(const struct call *call, const char *dialled,
		     const struct emergency_place *place)
{
	const struct phone *p = call->caller->phone;
	struct alarm *a = mem_zalloc(sizeof(*a), NULL);
	struct keep_cdr row;

	log_warn("emergency", "call=%s %s (%s) of %s dials %s, place %s (%s)",
		 call->id, phone_name(p), phone_shown_number(p), call->customer,
		 dialled, place->number[0] ? place->number : "unknown",
		 place->level);
	if (place->number[0])
		remember(place->number, p->id, EMERGENCY_BACK_MS);
	if (!a)
		return;

	a->seq = event_hold();
	memcpy(a->customer, call->customer, sizeof(a->customer));
	if (p->user)
		memcpy(a->user, p->user->id, sizeof(a->user));
	(void)snprintf(a->id, sizeof(a->id), "%s-alarm", call->id);
	print(a, call, dialled, place);
	emergency_notice(call, (struct span){ a->json, a->len });

	row = (struct keep_cdr){
		.seq = a->seq,
		.call = a->id,
		.customer = a->customer,
		.result = "alarm",
		.caller = a->user,
		.callee = "",
		.started_ms = call->started_ms,
		.json = { a->json, a->len },
	};
	if (keep_add_cdr(&row, durable, a)) {
		log_error("emergency", "call=%s: the alarm cannot be kept",
			  call->id);
		event_cdr(a->seq, a->customer,
			  (struct span){ a->json, a->len });
		mem_deref(a);
	}
}
