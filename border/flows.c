/* flows.c - see flows.h */
#include <errno.h>
#include <stdio.h>

#include "base/libre.h"
#include "base/list.h"
#include "base/log.h"
#include "base/wheel.h"
#include "border/flows.h"
#include "sip/flow.h"

struct entry {
	struct table_entry by_flow;
	struct flows *all;
	struct sip_flow *flow;
	struct sip_flow_watch *watch; /* streams only */
	struct wheel_timer timer;
	char sip_user[130];
};

struct flows {
	struct table table;
};

static void entry_destructor(void *data)
{
	struct entry *e = data;

	wheel_stop(&e->timer);
	table_remove(&e->all->table, &e->by_flow);
	mem_deref(e->watch);
	mem_deref(e->flow);
}

static void flows_destructor(void *data)
{
	struct flows *f = data;

	for (uint32_t i = 0; f->table.buckets && i <= f->table.mask; i++) {
		while (f->table.buckets[i]) {
			mem_deref(CONTAINER_OF(f->table.buckets[i],
					       struct entry, by_flow));
		}
	}

	table_close(&f->table);
}

int flows_alloc(struct flows **fp)
{
	struct flows *f = mem_zalloc(sizeof(*f), flows_destructor);

	if (!f)
		return ENOMEM;

	if (table_init(&f->table, 256)) {
		mem_deref(f);
		return ENOMEM;
	}

	*fp = f;
	return 0;
}

/* Flows are the same when transport and remote address are. */
static uint64_t key_of(const struct sip_flow *flow)
{
	char text[80];
	int n = re_snprintf(text, sizeof(text), "%d %J",
			    (int)sip_flow_transport(flow),
			    sip_flow_remote(flow));

	return hash_span(0, (struct span){ text, n > 0 ? (uint32_t)n : 0 });
}

static struct entry *find(const struct flows *f, struct span sip_user,
			  const struct sip_flow *flow)
{
	struct table_entry *t = table_first(&f->table, key_of(flow));

	for (; t; t = table_next(t)) {
		struct entry *e = CONTAINER_OF(t, struct entry, by_flow);

		if (sip_flow_equal(e->flow, flow) &&
		    (!sip_user.p || span_equal(span_of(e->sip_user), sip_user)))
			return e;
	}

	return NULL;
}

static void expired(void *arg)
{
	mem_deref(arg);
}

static void lost(struct sip_flow *flow, int err, void *arg)
{
	struct entry *e = arg;

	(void)flow;
	log_info("flow", "lost sip_user=%s: %s", e->sip_user, strerror(err));
	mem_deref(e);
}

int flows_put(struct flows *f, struct span sip_user, struct sip_flow *flow,
	      uint32_t expires_s)
{
	struct entry *e = find(f, sip_user, flow);

	if (!expires_s) {
		mem_deref(e);
		return 0;
	}

	if (!e) {
		e = mem_zalloc(sizeof(*e), entry_destructor);
		if (!e)
			return ENOMEM;

		e->all = f;
		e->flow = mem_ref(flow);
		snprintf(e->sip_user, sizeof(e->sip_user), SPAN_FMT,
			 SPAN_ARG(sip_user));
		table_add(&f->table, &e->by_flow, key_of(flow));
		if (sip_flow_is_reliable(flow) &&
		    sip_flow_watch(&e->watch, flow, lost, e)) {
			mem_deref(e);
			return ENOTCONN;
		}
	}

	wheel_start(&e->timer, (uint64_t)expires_s * 1000, expired, e);
	return 0;
}

bool flows_has(const struct flows *f, const struct sip_flow *flow)
{
	return find(f, (struct span){ NULL, 0 }, flow) != NULL;
}

typedef void(entry_h)(struct entry *e, void *arg);

static void each(const struct flows *f, entry_h *h, void *arg)
{
	for (uint32_t i = 0; i <= f->table.mask; i++) {
		struct table_entry *t = f->table.buckets[i];

		while (t) {
			struct table_entry *next = t->next;

			h(CONTAINER_OF(t, struct entry, by_flow), arg);
			t = next;
		}
	}
}

static void drop_user(struct entry *e, void *arg)
{
	if (!strcmp(e->sip_user, arg))
		mem_deref(e);
}

void flows_drop(struct flows *f, const char *sip_user)
{
	each(f, drop_user, (void *)sip_user);
}

static void add_json(struct entry *e, void *arg)
{
	char name[80];

	re_snprintf(name, sizeof(name), "%s:%J",
		    sip_transport_name(sip_flow_transport(e->flow)),
		    sip_flow_remote(e->flow));
	json_array_append_new(
		arg, json_pack("{s:s,s:s,s:I}", "sip_user", e->sip_user, "flow",
			       name, "expires_s",
			       (json_int_t)(wheel_left_ms(&e->timer) / 1000)));
}

json_t *flows_json(const struct flows *f)
{
	json_t *list = json_array();

	if (list)
		each(f, add_json, list);

	return list;
}

uint32_t flows_count(const struct flows *f)
{
	return f->table.count;
}
