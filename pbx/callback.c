/* callback.c - see callback.h */
#include "base/clock.h"
#include "base/id.h"
#include "base/wheel.h"
#include "pbx/callback.h"
#include "pbx/call.h"
#include "pbx/route.h"
#include "pbx/transfer.h"

enum { LOOK_MS = 300 };

struct callback {
	struct le le;
	struct phone *phone; /* counted */
	char id[ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1];
	uint64_t ends_ms; /* wall clock */
	bool after_use;
	bool was_used;
};

static struct {
	struct list all;
	struct wheel_timer timer;
} callbacks;

static void callback_destructor(void *data)
{
	struct callback *c = data;

	list_unlink(&c->le);
	mem_deref(c->phone);
}

/* Whether a phone can be rung and has no call. */
static bool is_free(const struct phone *p)
{
	return p->bindings && !p->calls;
}

/* All that the number rings are free, and one at least can be rung. */
static bool is_number_free(struct callback *c)
{
	struct routing r;
	bool can_ring = false;

	route_number(&r, c->phone, span_of(c->number), 0, NULL);
	for (uint32_t i = 0; i < r.count; i++) {
		if (r.phones[i]->calls) {
			c->was_used = true;
			return false;
		}
		can_ring = can_ring || r.phones[i]->bindings;
	}

	return can_ring && (!c->after_use || c->was_used);
}

static void look(void *arg)
{
	struct le *le = list_head(&callbacks.all);
	uint64_t now = clock_wall_ms();

	(void)arg;

	while (le) {
		struct callback *c = le->data;
		struct call *call;

		le = le->next;
		if (now >= c->ends_ms || !c->phone->customer) {
			mem_deref(c);
			continue;
		}
		if (!is_number_free(c) || !is_free(c->phone))
			continue;
		if (!transfer_originate(&call, c->phone, c->number))
			trail_add(&call->trail, "called back: %s is free",
				  c->number);
		mem_deref(c);
	}

	if (list_head(&callbacks.all))
		wheel_start(&callbacks.timer, LOOK_MS, look, NULL);
}

static json_t *print(const struct callback *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", c->id, "phone",
			 c->phone->id, "number", c->number, "after",
			 c->after_use ? "no-answer" : "busy", "ends_ms",
			 (json_int_t)c->ends_ms);
}

static struct callback *find(const struct phone *phone, const char *number)
{
	struct le *le;

	for (le = list_head(&callbacks.all); le; le = le->next) {
		struct callback *c = le->data;

		if (c->phone == phone && !strcmp(c->number, number))
			return c;
	}

	return NULL;
}

int callback_add(json_t **jp, struct phone *phone, const char *number,
		 bool after_use, uint32_t minutes)
{
	struct callback *c;
	struct routing r;

	route_number(&r, phone, span_of(number), 0, NULL);
	if (r.status || !r.count)
		return ENOENT;

	c = mem_zalloc(sizeof(*c), callback_destructor);
	if (!c)
		return ENOMEM;

	mem_deref(find(phone, r.number));
	id_make(c->id);
	c->phone = mem_ref(phone);
	memcpy(c->number, r.number, sizeof(c->number));
	c->after_use = after_use;
	c->ends_ms = clock_wall_ms() + (uint64_t)minutes * 60000;
	list_append(&callbacks.all, &c->le, c);
	wheel_start(&callbacks.timer, LOOK_MS, look, NULL);
	*jp = print(c);

	return *jp ? 0 : ENOMEM;
}

int callback_drop(const char *id)
{
	struct le *le;

	for (le = list_head(&callbacks.all); le; le = le->next) {
		struct callback *c = le->data;

		if (!strcmp(c->id, id)) {
			mem_deref(c);
			return 0;
		}
	}

	return ENOENT;
}

json_t *callback_list(void)
{
	json_t *items = json_array();
	struct le *le;

	for (le = list_head(&callbacks.all); le; le = le->next)
		json_array_append_new(items, print(le->data));

	return items;
}

void callback_close(void)
{
	wheel_stop(&callbacks.timer);
	list_flush(&callbacks.all);
}
