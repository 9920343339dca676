/* watched.c - see watched.h */
#include "pbx/trunk/outsider.h"
#include "pbx/watch/notice.h"
#include "pbx/feature/park.h"
#include "pbx/watch/watched.h"

enum { BUCKETS = 1024 };

static struct table all;

int watched_init(void)
{
	return table_init(&all, BUCKETS);
}

void watched_close(void)
{
	table_close(&all);
}

static uint64_t key_of(const char *customer, const char *name)
{
	return hash_span(hash_span(0, span_of(customer)), span_of(name));
}

struct watched *watched_find(const char *customer, const char *name)
{
	struct table_entry *e;

	if (!all.count)
		return NULL;

	for (e = table_first(&all, key_of(customer, name)); e;
	     e = table_next(e)) {
		struct watched *w = CONTAINER_OF(e, struct watched, by_name);

		if (!strcmp(w->customer, customer) && !strcmp(w->name, name))
			return w;
	}

	return NULL;
}

static void watched_destructor(void *data)
{
	struct watched *w = data;

	table_remove(&all, &w->by_name);
}

static bool is_over(uint8_t state)
{
	return state == LEG_NULL || state == LEG_FAILED;
}

void watched_view(struct watched_view *v, const struct leg *leg)
{
	const struct call *call = leg->call;
	const struct leg *peer = leg_peer(leg);

	*v = (struct watched_view){
		.call = call->id,
		.customer = call->customer,
		.park = call->park && leg == call->callee ? call->park->number
							  : NULL,
		.phone = leg->phone,
		.number = leg->number,
		.state = far_decides(call) ? (uint8_t)LEG_NULL : leg->state,
	};
	if (peer && peer->phone) {
		v->peer = leg_shown_number(peer);
		v->peer_name = leg_shown_name(peer);
	}
	else if (leg == call->caller) {
		v->peer = call->number;
	}
}

void watched_view_far(struct watched_view *v, const struct far_leg *leg)
{
	const struct far_call *call = leg->call;
	bool is_parked = call->park[0] && leg->number > 1;

	*v = (struct watched_view){
		.call = call->id,
		.customer = call->customer,
		.park = is_parked ? call->park : NULL,
		.phone = far_phone(leg),
		.peer = leg->peer[0] ? leg->peer : NULL,
		.peer_name = leg->peer_name[0] ? leg->peer_name : NULL,
		.number = leg->number,
		.state = leg->state,
		.is_far = true,
	};
}

static struct leg *leg_find(const struct seen *s)
{
	const struct call *call = call_find(span_of(s->call));
	struct le *le;

	if (!call)
		return NULL;
	if (call->caller && call->caller->number == s->number)
		return call->caller;
	for (le = list_head(&call->branches); le; le = le->next) {
		struct leg *leg = le->data;

		if (leg->number == s->number)
			return leg;
	}

	return NULL;
}

/* How it is now; false when it is gone. */
static bool view_find(struct watched_view *v, const struct seen *s)
{
	const struct leg *leg = s->is_far ? NULL : leg_find(s);
	const struct far_leg *other = s->is_far ? far_find(s->call, s->number)
						: NULL;

	if (leg)
		watched_view(v, leg);
	else if (other)
		watched_view_far(v, other);

	return leg || other;
}

/* The number is one the leg's phone answers to. */
static bool is_of(const struct watched *w, const struct watched_view *v)
{
	const struct phone *p = v->phone;
	const struct user *u = p ? phone_person(p) : NULL;

	if (v->park)
		return !strcmp(v->customer, w->customer) &&
		       !strcmp(v->park, w->name);

	if (!p || (outsider_is(p) && !p->twin[0]))
		return false;

	return p->customer && !strcmp(p->customer->id, w->customer) &&
	       (!strcmp(p->number, w->name) ||
		(u && !strcmp(u->extension, w->name)));
}

static void look_at(struct watched *w, const struct watched_view *v)
{
	if (is_of(w, v))
		(void)watched_leg(w, v, false);
}

static void look_at_far(struct watched *w)
{
	for (struct le *le = list_head(far_list()); le; le = le->next) {
		const struct far_call *call = le->data;
		struct le *b = list_head(&call->legs);

		for (; b && !strcmp(call->customer, w->customer); b = b->next) {
			struct watched_view v;

			watched_view_far(&v, b->data);
			look_at(w, &v);
		}
	}
}

/* A new number: what goes on there already. */
static void look_around(struct watched *w)
{
	struct watched_view v;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;

		if (strcmp(call->customer, w->customer) != 0)
			continue;
		if (call->caller) {
			watched_view(&v, call->caller);
			look_at(w, &v);
		}
		for (struct le *b = list_head(&call->branches); b;
		     b = b->next) {
			watched_view(&v, b->data);
			look_at(w, &v);
		}
	}
	look_at_far(w);
}

int watched_get(struct watched **wp, const char *customer, const char *name)
{
	struct watched *w = watched_find(customer, name);

	if (w) {
		*wp = mem_ref(w);
		return 0;
	}
	if (strlen(customer) >= sizeof(w->customer) ||
	    strlen(name) >= sizeof(w->name))
		return EINVAL;

	w = mem_zalloc(sizeof(*w), watched_destructor);
	if (!w)
		return ENOMEM;

	memcpy(w->customer, customer, strlen(customer) + 1);
	memcpy(w->name, name, strlen(name) + 1);
	list_init(&w->subscriptions);
	w->changes = 1; /* 0 is told to nobody */
	table_add(&all, &w->by_name, key_of(customer, name));
	look_around(w);
	*wp = w;

	return 0;
}

static struct seen *seen_find(struct watched *w, const struct watched_view *v)
{
	for (uint32_t i = 0; i < w->count; i++) {
		struct seen *s = &w->seen[i];

		if (s->number == v->number && s->is_far == v->is_far &&
		    !strcmp(s->call, v->call))
			return s;
	}

	return NULL;
}

/* A place for one more: a free one, or that of the one longest over. */
static struct seen *seen_add(struct watched *w)
{
	struct seen *oldest = NULL;

	if (w->count < WATCHED_LEGS)
		return &w->seen[w->count++];

	for (uint32_t i = 0; i < w->count; i++) {
		struct seen *s = &w->seen[i];

		if (is_over(s->state) &&
		    (!oldest || s->change < oldest->change))
			oldest = s;
	}
	if (oldest)
		w->forgotten = oldest->change;

	return oldest;
}

bool watched_leg(struct watched *w, const struct watched_view *v, bool over)
{
	uint8_t state = over ? (uint8_t)LEG_NULL : v->state;
	struct seen *s = seen_find(w, v);

	if (!s && is_over(state))
		return false;
	if (!s) {
		s = seen_add(w);
		if (!s)
			return false; /* more than are shown */
		memset(s, 0, sizeof(*s));
		memcpy(s->call, v->call, strlen(v->call) + 1);
		s->number = v->number;
		s->is_far = v->is_far;
	}
	else if (s->state == state) {
		return false;
	}

	s->state = state;
	s->change = ++w->changes;

	return true;
}

/* Those that are gone without a word are over. */
static void check(struct watched *w)
{
	for (uint32_t i = 0; i < w->count; i++) {
		struct seen *s = &w->seen[i];
		struct watched_view v;
		bool is_there;

		if (is_over(s->state))
			continue;
		is_there = view_find(&v, s) && is_of(w, &v);
		if (is_there && v.state == s->state)
			continue;
		s->state = is_there ? v.state : (uint8_t)LEG_NULL;
		s->change = ++w->changes;
	}
}

static void print(struct sip_out *o, const char *entity, const struct seen *s)
{
	struct notice_dialog d = { .call = s->call,
				   .number = s->number,
				   .state = s->state,
				   .is_caller = s->number == 1 };
	struct watched_view v;

	if (!is_over(s->state) && view_find(&v, s)) {
		d.peer = v.peer;
		d.peer_name = v.peer_name;
	}
	notice_dialog(o, entity, &d);
}

void watched_dialogs(struct watched *w, struct sip_out *o, const char *entity,
		     uint32_t version, uint32_t after)
{
	bool is_full = !after || after < w->forgotten;

	check(w);
	notice_dialogs_begin(o, entity, version, is_full);
	for (uint32_t i = 0; i < w->count; i++) {
		const struct seen *s = &w->seen[i];

		if (is_full ? !is_over(s->state) : s->change > after)
			print(o, entity, s);
	}
	notice_dialogs_end(o);
}

bool watched_is_busy(struct watched *w)
{
	check(w);
	for (uint32_t i = 0; i < w->count; i++) {
		const struct seen *s = &w->seen[i];

		if (!is_over(s->state) &&
		    (s->number == 1 || s->state == LEG_CONNECTED ||
		     s->state == LEG_HELD))
			return true;
	}

	return false;
}

bool watched_is_open(const struct watched *w)
{
	const struct customer *c = directory_customer(span_of(w->customer));
	const struct user *user;
	const struct phone *p;

	if (!c)
		return false;

	user = directory_user_by_extension(c, span_of(w->name));
	for (struct le *le = user ? list_head(&user->phones) : NULL; le;
	     le = le->next) {
		p = le->data;
		if (phone_is_there(p))
			return true;
	}
	for (p = directory_phone_by_number(c, span_of(w->name)); p;
	     p = directory_phone_next(p)) {
		if (phone_is_there(p))
			return true;
	}

	return false;
}
