/* watched.c - see watched.h */
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

/* The number is one the leg's phone answers to. */
static bool is_of(const struct watched *w, const struct leg *leg)
{
	const struct phone *p = leg->phone;
	const struct call *call = leg->call;
	const struct user *u = p ? phone_person(p) : NULL;

	if (call->park && leg == call->callee)
		return !strcmp(call->customer, w->customer) &&
		       !strcmp(call->park->number, w->name);

	return p && p->customer && !strcmp(p->customer->id, w->customer) &&
	       (!strcmp(p->number, w->name) ||
		(u && !strcmp(u->extension, w->name)));
}

/* A new number: what goes on there already. */
static void look_around(struct watched *w)
{
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;

		if (strcmp(call->customer, w->customer) != 0)
			continue;
		if (call->caller && is_of(w, call->caller))
			(void)watched_leg(w, call->caller, false);
		for (struct le *b = list_head(&call->branches); b;
		     b = b->next) {
			if (is_of(w, b->data))
				(void)watched_leg(w, b->data, false);
		}
	}
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

static struct seen *seen_find(struct watched *w, const struct leg *leg)
{
	for (uint32_t i = 0; i < w->count; i++) {
		struct seen *s = &w->seen[i];

		if (s->number == leg->number && !strcmp(s->call, leg->call->id))
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

bool watched_leg(struct watched *w, const struct leg *leg, bool over)
{
	uint8_t state = over ? (uint8_t)LEG_NULL : leg->state;
	struct seen *s = seen_find(w, leg);

	if (!s && is_over(state))
		return false;
	if (!s) {
		s = seen_add(w);
		if (!s)
			return false; /* more than are shown */
		memset(s, 0, sizeof(*s));
		memcpy(s->call, leg->call->id, sizeof(s->call));
		s->number = leg->number;
		s->is_caller = leg == leg->call->caller;
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
		const struct leg *leg;

		if (is_over(s->state))
			continue;
		leg = leg_find(s);
		if (leg && is_of(w, leg) && leg->state == s->state)
			continue;
		s->state = leg && is_of(w, leg) ? leg->state
						: (uint8_t)LEG_NULL;
		s->change = ++w->changes;
	}
}

static void print(struct sip_out *o, const char *entity, const struct seen *s)
{
	struct notice_dialog d = { .call = s->call,
				   .number = s->number,
				   .state = s->state,
				   .is_caller = s->is_caller };
	const struct leg *leg = is_over(s->state) ? NULL : leg_find(s);
	const struct leg *peer = leg ? leg_peer(leg) : NULL;

	if (peer && peer->phone) {
		d.peer = phone_shown_number(peer->phone);
		d.peer_name = phone_name(peer->phone);
	}
	else if (leg && s->is_caller) {
		d.peer = leg->call->number;
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
		    (s->is_caller || s->state == LEG_CONNECTED ||
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
