/* callback.c - see callback.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/feature/callback.h"
#include "pbx/route/cos.h"
#include "pbx/control/csta.h"
#include "pbx/trunk/outsider.h"
#include "pbx/route/route.h"
#include "pbx/route/settings_user.h"
#include "pbx/store.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"

enum {
	LOOK_MS = 300,
	MINUTES = 30, /* by code */
	BLOB_BYTES = 256,
};

struct callback {
	struct le le;
	uint64_t row;
	struct phone *phone; /* counted */
	char id[ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1];
	char call[CALL_ID_SIZE]; /* that rings for it, or "" */
	uint64_t ends_ms;        /* wall clock */
	bool after_use;
	bool was_used;
	bool is_taken; /* who wanted it has answered */
};

static struct {
	struct list all;
	struct wheel_timer timer;
	uint64_t last_row;
} callbacks;

static void callback_destructor(void *data)
{
	struct callback *c = data;

	list_unlink(&c->le);
	mem_deref(c->phone);
}

static void keep(const struct callback *c)
{
	char blob[BLOB_BYTES];
	int n = snprintf(blob, sizeof(blob), "%s %s %s %llu %d", c->id,
			 c->phone->id, c->number,
			 (unsigned long long)c->ends_ms, c->after_use);

	keep_put_callback(c->row, (struct span){ blob, (uint32_t)n });
	turn_touch();
}

static void drop(struct callback *c)
{
	keep_remove_callback(c->row);
	turn_touch();
	mem_deref(c);
}

/* ---- whether they are free ---- */

static bool is_free(const struct phone *p)
{
	return phone_is_there(p) && !phone_has_call(p);
}

/* The phones of the number itself, wherever it is forwarded to. */
static void find_phones(struct routing *r, const struct callback *c,
			struct user **up)
{
	const struct customer *customer = c->phone->customer;
	struct span number = span_of(c->number);
	struct phone *p = directory_phone_by_number(customer, number);

	memset(r, 0, sizeof(*r));
	*up = directory_user_by_extension(customer, number);
	if (!*up && !p) { /* a group */
		route_number(r, c->phone, number, 0, NULL);
		return;
	}
	for (struct le *le = *up ? list_head(&(*up)->phones) : NULL;
	     le && r->count < DIRECTORY_PHONES_MAX; le = le->next)
		r->phones[r->count++] = le->data;
	for (; !*up && p && r->count < DIRECTORY_PHONES_MAX;
	     p = directory_phone_next(p))
		r->phones[r->count++] = p;
}

static bool is_undisturbed(const struct user *u)
{
	return u && cos_may(u, COS_DND) &&
	       (cos_may(u, COS_DND_ALWAYS) ||
		(u->settings && u->settings->has_dnd));
}

/* All phones of the number are free, and one at least can be rung. */
static bool is_number_free(struct callback *c)
{
	struct routing r;
	struct user *u;
	bool can_ring = false;

	find_phones(&r, c, &u);
	for (uint32_t i = 0; i < r.count; i++) {
		if (phone_has_call(r.phones[i])) {
			c->was_used = true;
			return false;
		}
		can_ring = can_ring || phone_is_there(r.phones[i]);
	}
	if (is_undisturbed(u)) {
		c->after_use = true; /* once more, when that has ended */
		c->was_used = false;
		return false;
	}

	return can_ring && (!c->after_use || c->was_used);
}

static void ring(struct callback *c)
{
	struct call *call;

	if (transfer_originate(&call, c->phone, c->number))
		return; /* it cannot be rung now */

	c->is_taken = false;
	memcpy(c->call, call->id, sizeof(c->call));
	call->cause = CSTA_CAUSE_CALL_BACK;
	trail_add(&call->trail, "called back: %s is free", c->number);
}

static void look(void *arg)
{
	struct le *le = list_head(&callbacks.all);
	uint64_t now = clock_wall_ms();

	(void)arg;

	while (le) {
		struct callback *c = le->data;

		le = le->next;
		if (c->call[0])
			continue;
		if (now >= c->ends_ms || !c->phone->customer)
			drop(c);
		else if (is_number_free(c) && is_free(c->phone))
			ring(c);
	}

	if (list_head(&callbacks.all))
		wheel_start(&callbacks.timer, LOOK_MS, look, NULL);
	turn_end();
}

/* ---- what calls tell ---- */

static struct callback *of_call(const struct call *call)
{
	for (struct le *le = list_head(&callbacks.all); le; le = le->next) {
		struct callback *c = le->data;

		if (c->call[0] && !strcmp(c->call, call->id))
			return c;
	}

	return NULL;
}

void callback_taken(const struct call *call)
{
	struct callback *c = of_call(call);

	if (c)
		c->is_taken = true;
}

void callback_over(const struct call *call)
{
	struct callback *c = of_call(call);

	if (!c)
		return;
	if (!c->is_taken || (call->result != CALL_RESULT_BUSY &&
			     call->result != CALL_RESULT_NO_ANSWER)) {
		drop(c);
		return;
	}

	c->call[0] = '\0';
	c->after_use = call->result == CALL_RESULT_NO_ANSWER;
	c->was_used = false;
	keep(c);
}

static bool is_same(const struct phone *a, const struct phone *b)
{
	return a && b && (a == b || (a->user && a->user == b->user));
}

static bool has_number(const struct phone *p, const char *number)
{
	return p && (!strcmp(p->number, number) ||
		     !strcmp(phone_shown_number(p), number));
}

void callback_talked(const struct call *call)
{
	struct le *le = list_head(&callbacks.all);
	const struct phone *a = call->caller->phone;
	const struct phone *b = call->callee ? call->callee->phone : NULL;

	while (le) {
		struct callback *c = le->data;

		le = le->next;
		if ((is_same(c->phone, a) && has_number(b, c->number)) ||
		    (is_same(c->phone, b) && has_number(a, c->number)))
			drop(c);
		else if (has_number(a, c->number) || has_number(b, c->number))
			c->was_used = true;
	}
}

/* ---- wishes ---- */

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

static struct callback *callback_make(struct phone *phone, const char *number)
{
	struct callback *c = mem_zalloc(sizeof(*c), callback_destructor);

	if (!c)
		return NULL;

	c->phone = mem_ref(phone);
	(void)snprintf(c->number, sizeof(c->number), "%s", number);
	list_append(&callbacks.all, &c->le, c);
	wheel_start(&callbacks.timer, LOOK_MS, look, NULL);

	return c;
}

static bool is_used(const struct callback *c)
{
	struct routing r;
	struct user *u;

	find_phones(&r, c, &u);
	for (uint32_t i = 0; i < r.count; i++) {
		if (phone_has_call(r.phones[i]))
			return true;
	}

	return false;
}

int callback_add(json_t **jp, struct phone *phone, const char *number,
		 enum callback_after after, uint32_t minutes)
{
	struct callback *c, *before;
	struct routing r;
	struct user *u;

	if (outsider_is(phone) || !cos_may(phone->user, COS_CALLBACK))
		return EPERM;
	before = find(phone, number);
	c = callback_make(phone, number);
	if (!c)
		return ENOMEM;
	find_phones(&r, c, &u);
	if (!r.count || !route_permits(phone->user, number)) {
		mem_deref(c);
		return ENOENT;
	}
	if (before)
		drop(before);

	id_make(c->id);
	c->row = ++callbacks.last_row;
	c->after_use = after == CALLBACK_AS_IT_IS ? !is_used(c)
						  : after == CALLBACK_NO_ANSWER;
	c->ends_ms = clock_wall_ms() + (uint64_t)minutes * 60000;
	keep(c);
	if (!jp)
		return 0;
	*jp = print(c);

	return *jp ? 0 : ENOMEM;
}

int callback_drop(const char *id)
{
	struct le *le;

	for (le = list_head(&callbacks.all); le; le = le->next) {
		struct callback *c = le->data;

		if (!strcmp(c->id, id)) {
			drop(c);
			return 0;
		}
	}

	return ENOENT;
}

void callback_drop_of(const struct phone *phone)
{
	struct le *le = list_head(&callbacks.all);

	while (le) {
		struct callback *c = le->data;

		le = le->next;
		if (is_same(c->phone, phone))
			drop(c);
	}
}

json_t *callback_list(void)
{
	json_t *items = json_array();
	struct le *le;

	for (le = list_head(&callbacks.all); le; le = le->next)
		json_array_append_new(items, print(le->data));

	return items;
}

/* ---- by code ---- */

void callback_run(struct call *call, const struct routing *r,
		  const struct sip_message *m)
{
	struct phone *p = call->caller->phone;
	const char *number = r->argument[0] ? r->argument
					    : p->user->last_number;
	int err;

	(void)m;

	err = number[0] ? callback_add(NULL, p, number, CALLBACK_AS_IT_IS,
				       MINUTES)
			: ENOENT;
	if (err)
		trail_add(&call->trail, "%s: no callback: %s", number,
			  err == EPERM ? "not permitted" : "nobody to ring");
	if (err == EPERM)
		call_refused(call, 403, "Not Permitted");
	else if (err == ENOENT)
		call_refused(call, 404, "No Such Number");
	else
		code_done(call, err);
}

void callback_run_off(struct call *call, const struct routing *r,
		      const struct sip_message *m)
{
	(void)r;
	(void)m;

	callback_drop_of(call->caller->phone);
	code_done(call, 0);
}

/* ---- kept ---- */

static void restored(uint64_t row, struct span blob, void *arg)
{
	char text[BLOB_BYTES], id[ID_SIZE], phone[ID_SIZE], number[64];
	unsigned long long ends = 0;
	struct phone *p;
	struct callback *c;
	int after = 0;

	(void)arg;

	if (row > callbacks.last_row)
		callbacks.last_row = row;
	if (blob.len >= sizeof(text))
		return;
	memcpy(text, blob.p, blob.len);
	text[blob.len] = '\0';
	p = NULL;
	if (sscanf(text, "%26s %26s %63s %llu %d", id, phone, number, &ends,
		   &after) == 5)
		p = directory_phone(span_of(phone));
	c = p ? callback_make(p, number) : NULL;
	if (!c) {
		keep_remove_callback(row);
		return;
	}
	c->row = row;
	memcpy(c->id, id, sizeof(c->id));
	c->ends_ms = ends;
	c->after_use = after;
}

int callback_restore(void)
{
	return keep_each_callback(restored, NULL);
}

void callback_close(void)
{
	wheel_stop(&callbacks.timer);
	list_flush(&callbacks.all);
}
