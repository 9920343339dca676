/* far.c - see far.h */
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "pbx/pair/far.h"
#include "pbx/watch/subscription.h"

enum { BUCKETS = 1024 };

/* How many legs take up a trunk, or a customer's share. */
struct share {
	struct table_entry by_id;
	char id[DIRECTORY_ID_SIZE];
	uint32_t legs;
};

static struct {
	struct table by_id;
	struct table shares;
	struct list all;
	bool is_known;
} far;

int far_init(void)
{
	int err;

	memset(&far, 0, sizeof(far));
	err = table_init(&far.by_id, BUCKETS);

	return err ? err : table_init(&far.shares, 64);
}

void far_close(void)
{
	far.is_known = false;
	list_flush(&far.all);
	table_close(&far.by_id);
	table_close(&far.shares);
}

bool far_is_known(void)
{
	return far.is_known;
}

bool far_decides(const struct call *call)
{
	return call->is_from_peer && far.is_known;
}

const struct list *far_list(void)
{
	return &far.all;
}

uint32_t far_count(void)
{
	return far.by_id.count;
}

/* ---- what is taken up ---- */

static struct share *share_find(const char *id)
{
	struct table_entry *e;

	if (!far.shares.count)
		return NULL;
	e = table_first(&far.shares, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct share *s = CONTAINER_OF(e, struct share, by_id);

		if (!strcmp(s->id, id))
			return s;
	}

	return NULL;
}

static void share_destructor(void *data)
{
	struct share *s = data;

	table_remove(&far.shares, &s->by_id);
}

static void share_add(const char *id)
{
	struct share *s = share_find(id);

	if (!s) {
		s = mem_zalloc(sizeof(*s), share_destructor);
		if (!s)
			return;
		(void)snprintf(s->id, sizeof(s->id), "%s", id);
		table_add(&far.shares, &s->by_id, hash_span(0, span_of(id)));
	}
	s->legs++;
}

static void share_drop(const char *id)
{
	struct share *s = share_find(id);

	if (s && !--s->legs)
		mem_deref(s);
}

static uint32_t share_of(const char *id)
{
	const struct share *s = share_find(id);

	return s ? s->legs : 0;
}

uint32_t far_trunk_calls(const char *trunk)
{
	return share_of(trunk);
}

uint32_t far_customer_calls(const char *customer)
{
	return share_of(customer);
}

/* ---- calls ---- */

static void leg_destructor(void *data)
{
	struct far_leg *leg = data;

	list_unlink(&leg->le);
	if (leg->trunk[0]) {
		share_drop(leg->trunk);
		share_drop(leg->call->customer);
	}
}

static void call_destructor(void *data)
{
	struct far_call *call = data;

	list_flush(&call->legs);
	list_unlink(&call->le);
	table_remove(&far.by_id, &call->by_id);
}

static struct far_call *call_find_far(const char *id)
{
	struct table_entry *e;

	if (!far.by_id.count)
		return NULL;
	e = table_first(&far.by_id, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct far_call *call = CONTAINER_OF(e, struct far_call, by_id);

		if (!strcmp(call->id, id))
			return call;
	}

	return NULL;
}

static struct far_leg *leg_of(const struct far_call *call, uint16_t number)
{
	for (struct le *le = list_head(&call->legs); le; le = le->next) {
		struct far_leg *leg = le->data;

		if (leg->number == number)
			return leg;
	}

	return NULL;
}

const struct far_leg *far_find(const char *call, uint16_t number)
{
	const struct far_call *c = call_find_far(call);

	return c ? leg_of(c, number) : NULL;
}

struct phone *far_phone(const struct far_leg *leg)
{
	return leg->phone[0] ? directory_phone(span_of(leg->phone)) : NULL;
}

static void copy(char *out, size_t size, const json_t *json, const char *name)
{
	const char *text = json_get_text(json, name);

	(void)re_snprintf(out, size, "%s", text ? text : "");
}

static int leg_read(struct far_call *call, const json_t *json)
{
	struct far_leg *leg = mem_zalloc(sizeof(*leg), leg_destructor);

	if (!leg)
		return ENOMEM;

	leg->call = call;
	leg->number = (uint16_t)json_get_int(json, "n", 0);
	leg->state = (uint8_t)json_get_int(json, "state", LEG_NULL);
	copy(leg->phone, sizeof(leg->phone), json, "phone");
	copy(leg->peer, sizeof(leg->peer), json, "peer");
	copy(leg->peer_name, sizeof(leg->peer_name), json, "peer_name");
	copy(leg->trunk, sizeof(leg->trunk), json, "trunk");
	if (leg->trunk[0]) {
		share_add(leg->trunk);
		share_add(call->customer);
	}
	list_append(&call->legs, &leg->le, leg);

	return 0;
}

static struct far_call *call_read(const json_t *json)
{
	struct far_call *call = mem_zalloc(sizeof(*call), call_destructor);
	const json_t *leg;
	size_t i;
	int err = call ? 0 : ENOMEM;

	if (err)
		return NULL;

	copy(call->id, sizeof(call->id), json, "id");
	copy(call->customer, sizeof(call->customer), json, "customer");
	copy(call->park, sizeof(call->park), json, "park");
	copy(call->parker, sizeof(call->parker), json, "parker");
	copy(call->conference, sizeof(call->conference), json, "conference");
	copy(call->room, sizeof(call->room), json, "room");
	call->park_index = (uint8_t)json_get_int(json, "park_index", 0);
	call->park_ms = (uint64_t)json_get_int(json, "park_ms", 0);
	call->is_answered = json_get_bool(json, "answered", false);
	json_array_foreach(json_object_get(json, "legs"), i, leg)
	{
		if (!err)
			err = leg_read(call, leg);
	}

	return err ? mem_deref(call) : call;
}

/* Legs that are there no more, or not at this number, are over for those who
 * watch. */
static void tell_old(const struct far_call *old, const struct far_call *now)
{
	bool is_moved = now && strcmp(old->park, now->park) != 0;

	for (struct le *le = list_head(&old->legs); le; le = le->next) {
		const struct far_leg *leg = le->data;

		if (is_moved || !now || !leg_of(now, leg->number))
			subscription_far_leg(leg, true);
	}
}

static void tell_new(const struct far_call *now)
{
	for (struct le *le = list_head(&now->legs); le; le = le->next)
		subscription_far_leg(le->data, false);
}

/* Frees old. */
static void call_replace(struct far_call *old, struct far_call *now)
{
	if (old) {
		list_unlink(&old->le);
		table_remove(&far.by_id, &old->by_id);
	}
	if (now) {
		list_append(&far.all, &now->le, now);
		table_add(&far.by_id, &now->by_id,
			  hash_span(0, span_of(now->id)));
	}
	if (old)
		tell_old(old, now);
	if (now)
		tell_new(now);
	mem_deref(old);
}

void far_take(const json_t *json)
{
	const char *id = json_get_text(json, "id");
	struct far_call *now = NULL;

	if (!id || !id[0] || strlen(id) >= CALL_ID_SIZE)
		return;
	if (json_array_size(json_object_get(json, "legs")))
		now = call_read(json);
	call_replace(call_find_far(id), now);
}

static void forget_all(void)
{
	struct le *le;

	while ((le = list_head(&far.all)))
		call_replace(le->data, NULL);
}

/* Our own side of what the other node decides is shown while it is not told
 * from there. */
static void show_own(void)
{
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;
		struct le *b;

		if (!call->is_from_peer || call->state == CALL_OVER)
			continue;
		if (call->caller)
			subscription_leg(call->caller);
		for (b = list_head(&call->branches); b; b = b->next)
			subscription_leg(b->data);
	}
}

void far_begin(void)
{
	far.is_known = false;
	forget_all();
}

void far_end(void)
{
	far.is_known = true;
	log_info("pair", "%u calls of the other node are known", far_count());
	show_own();
}

void far_lost(void)
{
	bool was_known = far.is_known;

	far.is_known = false;
	forget_all();
	if (was_known)
		show_own();
}
