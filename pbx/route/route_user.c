/* route_user.c - whom a user or a line rings; see route_walk.h */
#include "pbx/route/cos.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/route/route_walk.h"
#include "pbx/route/settings_user.h"
#include "pbx/desk/twin.h"

/* ---- phones ---- */

void walk_add_phone(struct walk *w, struct phone *p, bool *self)
{
	struct routing *r = w->r;

	if (p == w->caller) {
		*self = true;
		return;
	}
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->phones[i] == p)
			return;
	}
	if (r->count < DIRECTORY_PHONES_MAX)
		r->phones[r->count++] = p;
}

static bool is_chosen(const struct user *u, const struct phone *p)
{
	const struct user_settings *s = u->settings;

	if (phone_guest(p) == u) /* where somebody sits it rings */
		return true;
	if (!s || !s->device_count)
		return p->rings_with_user;

	for (uint8_t i = 0; i < s->device_count; i++) {
		if (!strcmp(s->devices[i], p->id))
			return true;
	}

	return false;
}

/* The user's outside number rings, too; true when it alone does. */
bool walk_add_twin(struct walk *w, struct user *u, bool is_always, bool *self)
{
	struct routing *r = w->r;
	char number[DIRECTORY_NUMBER_MAX + 1];
	const char *why;

	if (!twin_is_on(u) && !is_always)
		return false;
	if (!strcmp(w->caller->twin, u->id)) {
		*self = true;
		return false;
	}
	why = twin_bar(u, number);
	if (why || r->twin_count >= ROUTE_TWINS_MAX) {
		walk_note(w, "%s is not called outside: %s", u->name,
			  why ? why : "too many");
		return false;
	}
	r->twins[r->twin_count++] = u;
	walk_note(w, "%s is called outside, too", u->name);

	return u->rings_outside_alone;
}

void walk_add_user(struct walk *w, struct user *u, bool *self)
{
	if (walk_add_twin(w, u, false, self))
		return;
	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		struct phone *p = le->data;

		if (!is_chosen(u, p))
			continue;
		if (phone_guest(p))
			walk_note(w, "%s is logged in at phone %s", u->name,
				  p->number);
		walk_add_phone(w, p, self);
	}
}

/* Where the user is logged in is in no group's list of members. */
static void add_guest(struct walk *w, struct user *u)
{
	struct phone *p = hotdesk_of(u);
	bool self = false;

	if (p)
		walk_add_phone(w, p, &self);
}

static bool is_on_phone(const struct user *u)
{
	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		const struct phone *p = le->data;

		if (phone_has_call(p))
			return true;
	}

	return false;
}

static bool takes_one_call(const struct user *u)
{
	return (u->settings && u->settings->is_busy_on_phone) ||
	       !cos_may(u, COS_CALL_WAITING);
}

bool walk_has_dnd(const struct user *u)
{
	return cos_may(u, COS_DND_ALWAYS) ||
	       (u->settings && u->settings->has_dnd && cos_may(u, COS_DND));
}

bool walk_any_registered(const struct routing *r)
{
	if (r->twin_count)
		return true;
	for (uint32_t i = 0; i < r->count; i++) {
		if (phone_is_there(r->phones[i]))
			return true;
	}

	return false;
}

/* ---- who is refused ---- */

static bool is_listed(const json_t *list, const char *number)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (!strcmp(json_string_value(value), number))
			return true;
	}

	return false;
}

static bool is_unwelcome(struct walk *w, const struct user *u)
{
	const struct customer *c = u->customer;
	const char *number = phone_shown_number(w->caller);

	if (w->way->is_anonymous &&
	    (c->rejects_anonymous ||
	     (u->settings && u->settings->rejects_anonymous))) {
		walk_note(w, "%s takes no anonymous calls", u->name);
		walk_refuse(w->r, 433, "Anonymity Disallowed");
		return true;
	}
	if (user_blocks(u, number) || is_listed(c->blocked, number)) {
		walk_note(w, "%s blocks calls of %s", u->name, number);
		walk_refuse(w->r, 603, "Decline");
		return true;
	}

	return false;
}

/* ---- users and lines ---- */

/* Whether somebody hears the call before forward always takes it. */
static bool rings_first(const struct user *u)
{
	if (!cos_number(u, COS_FORWARD_DELAY))
		return false;

	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		const struct phone *p = le->data;

		if (p->bindings_count)
			return true;
	}

	return false;
}

/* Forward always, if it holds for this call before anything rings. */
static bool forwards_always(struct walk *w, const struct user *u)
{
	const char *always = user_forward(u, FORWARD_ALWAYS);

	if (!always[0])
		return false;
	if (!strcmp(always, phone_shown_number(w->caller))) {
		walk_note(w, "%s may be called by who takes the calls",
			  u->name);
		return false;
	}
	if (!w->is_hop && w->caller->user &&
	    cos_may(w->caller->user, COS_FORWARD_OVERRIDE)) {
		walk_note(w, "%s rings in spite of a forward: %s may do so",
			  u->name, w->caller->user->name);
		return false;
	}
	if (!w->way->is_final && rings_first(u) &&
	    walk_may_forward(w, u, always)) {
		w->way->is_delayed = true;
		return false;
	}

	return walk_forward(w, u, ROUTE_ALWAYS, always);
}

/* Forwards that hold before anything rings. */
static bool forwards_at_once(struct walk *w, const struct user *u)
{
	if (forwards_always(w, u))
		return true;
	if (!walk_has_dnd(u))
		return false;

	walk_note(w, "%s is not to be disturbed", u->name);
	if (!walk_forward(w, u, ROUTE_DND, user_forward(u, FORWARD_BUSY)))
		walk_refuse_why(w->r, ROUTE_DND);

	return true;
}

/* How long a user's phones ring, where a forward waits for it. */
static uint32_t ring_time_s(const struct walk *w, const struct user *u)
{
	if (w->way->is_delayed)
		return cos_number(u, COS_FORWARD_DELAY);
	if (!user_forward(u, FORWARD_NO_ANSWER)[0])
		return 0;

	return u->settings->no_answer_s ? u->settings->no_answer_s
					: cos_number(u, COS_FORWARD_NO_ANSWER);
}

static void ring_user(struct walk *w, struct user *u, struct group *g)
{
	struct routing *r = w->r;
	bool self = false, is_busy = false;

	walk_copy(w->way->user, sizeof(w->way->user), u->id);
	if (g) {
		add_guest(w, u);
		walk_ring_members(w, g);
		if (r->status == 486 && walk_forward_busy(w, u))
			r->status = 0;
	}
	else {
		is_busy = takes_one_call(u) &&
			  (is_on_phone(u) || twin_is_busy(u));
		walk_add_user(w, u, &self);
		walk_note(w, "%s is the extension of %s: %u phone%s", r->number,
			  u->name, r->count, r->count == 1 ? "" : "s");
	}
	if (r->status || w->next[0])
		return;

	if (is_busy) {
		walk_note(w, "%s is on the phone and takes one call at a time",
			  u->name);
		r->count = r->twin_count = 0;
		if (!walk_forward_busy(w, u))
			walk_refuse_why(r, ROUTE_BUSY);
		return;
	}
	if (!walk_any_registered(r) && !self &&
	    walk_forward(w, u, ROUTE_NOT_REGISTERED,
			 user_forward(u, FORWARD_NOT_REGISTERED))) {
		r->count = r->twin_count = 0;
		return;
	}
	if (!r->count && !r->twin_count)
		walk_refuse(r, self ? 486 : 480,
			    self ? "Calls Oneself" : "No Phone");
	r->ring_s = ring_time_s(w, u);
}

void walk_at_user(struct walk *w, struct user *u, struct group *g)
{
	w->r->user = u;
	if (w->is_hop && !cos_may(u, COS_FORWARD_ACCEPT)) {
		walk_note(w, "%s takes no forwarded calls", u->name);
		walk_refuse_why(w->r, w->why);
		return;
	}
	if (!walk_visit(w, u->id, u->name) || is_unwelcome(w, u) ||
	    walk_reroute(w, u->reroute, u->name, u) || forwards_at_once(w, u))
		return;

	ring_user(w, u, g);
}

void walk_at_line(struct walk *w, struct phone *p)
{
	struct routing *r = w->r;
	bool self = false;

	r->user = p->user;
	if (group_hides(p)) {
		walk_note(w,
			  "%s is a member of a multi-device group: not dialled",
			  r->number);
		walk_refuse(r, 404, "No Such Number");
		return;
	}
	if (p->user && is_unwelcome(w, p->user))
		return;
	if (p->user)
		walk_copy(w->way->user, sizeof(w->way->user), p->user->id);
	w->way->is_line = true;
	for (; p; p = directory_phone_next(p))
		walk_add_phone(w, p, &self);

	walk_note(w, "%s is a phone line: %u phone%s", r->number, r->count,
		  r->count == 1 ? "" : "s");
	if (!r->count)
		walk_refuse(r, 486, "Calls Oneself");
}
