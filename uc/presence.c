/* presence.c - see presence.h
 *
 * A user has facts: legs and registered phones, each named by the source that
 * told it.  The state is worked out from the facts, never stored apart.
 */
#include <errno.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/list.h"
#include "uc/presence.h"

enum fact_kind {
	FACT_REGISTERED,
	FACT_RINGING,
	FACT_BUSY,
};

struct fact {
	struct le le;
	enum fact_kind kind;
	uint32_t round; /* of its source, when it was last said */
	char *source;
	char *id; /* of the leg or phone */
};

struct subject {
	struct table_entry by_id;
	struct list facts;
	const char *shown; /* the state last told */
	char *id;
	char *source; /* where its last fact came from */
};

struct source_state {
	struct le le;
	uint32_t round; /* snapshots begun */
	bool is_up;
	char *name;
};

struct presence {
	struct table subjects;
	struct list sources;
	presence_h *changed;
	void *arg;
};

static void fact_destructor(void *data)
{
	struct fact *f = data;

	list_unlink(&f->le);
	mem_deref(f->source);
	mem_deref(f->id);
}

static void subject_destructor(void *data)
{
	struct subject *s = data;

	list_flush(&s->facts);
	mem_deref(s->id);
	mem_deref(s->source);
}

static void source_destructor(void *data)
{
	struct source_state *s = data;

	list_unlink(&s->le);
	mem_deref(s->name);
}

typedef void(subject_h)(struct presence *p, struct subject *s, void *arg);

/* The handler may drop the subject it is given, and no other. */
static void each_subject(struct presence *p, subject_h *h, void *arg)
{
	for (uint32_t i = 0; p->subjects.buckets && i <= p->subjects.mask;
	     i++) {
		struct table_entry *e = p->subjects.buckets[i];

		while (e) {
			struct table_entry *next = e->next;

			h(p, CONTAINER_OF(e, struct subject, by_id), arg);
			e = next;
		}
	}
}

static void drop_subject(struct presence *p, struct subject *s, void *arg)
{
	(void)arg;

	table_remove(&p->subjects, &s->by_id);
	mem_deref(s);
}

static void presence_destructor(void *data)
{
	struct presence *p = data;

	each_subject(p, drop_subject, NULL);
	table_close(&p->subjects);
	list_flush(&p->sources);
}

int presence_alloc(struct presence **pp, presence_h *h, void *arg)
{
	struct presence *p;

	if (!pp || !h)
		return EINVAL;

	p = mem_zalloc(sizeof(*p), presence_destructor);
	if (!p)
		return ENOMEM;

	if (table_init(&p->subjects, 1024)) {
		mem_deref(p);
		return ENOMEM;
	}

	p->changed = h;
	p->arg = arg;
	*pp = p;
	return 0;
}

static struct subject *find(const struct presence *p, const char *user)
{
	struct table_entry *e = table_first(&p->subjects,
					    hash_span(0, span_of(user)));

	for (; e; e = table_next(e)) {
		struct subject *s = CONTAINER_OF(e, struct subject, by_id);

		if (!strcmp(s->id, user))
			return s;
	}

	return NULL;
}

static struct subject *find_or_make(struct presence *p, const char *user)
{
	struct subject *s = find(p, user);

	if (s)
		return s;

	s = mem_zalloc(sizeof(*s), subject_destructor);
	if (!s || str_dup(&s->id, user))
		return mem_deref(s);

	s->shown = "offline";
	table_add(&p->subjects, &s->by_id, hash_span(0, span_of(user)));
	return s;
}

static const struct source_state *find_source(const struct presence *p,
					      const char *name)
{
	for (struct le *le = list_head(&p->sources); le; le = le->next) {
		struct source_state *s = le->data;

		if (!strcmp(s->name, name))
			return s;
	}

	return NULL;
}

static const char *state_of(const struct presence *p, const struct subject *s)
{
	const struct source_state *source = s->source
						    ? find_source(p, s->source)
						    : NULL;
	int best = -1;

	/* What a source said last that is away now is nothing any more: of a
	 * pair the other one says more. */
	for (struct le *le = list_head(&s->facts); le; le = le->next) {
		const struct fact *f = le->data;
		const struct source_state *by = find_source(p, f->source);

		if ((!by || by->is_up) && (int)f->kind > best)
			best = (int)f->kind;
	}

	switch (best) {
	case FACT_BUSY: return "busy";
	case FACT_RINGING: return "ringing";
	case FACT_REGISTERED: return "idle";
	default: return source && !source->is_up ? "unknown" : "offline";
	}
}

static void tell(struct presence *p, struct subject *s, void *arg)
{
	const char *state = state_of(p, s);

	(void)arg;

	if (state == s->shown || !strcmp(state, s->shown))
		return;

	s->shown = state;
	p->changed(s->id, state, p->arg);
}

static struct fact *find_fact(const struct subject *s, const char *source,
			      const char *id)
{
	for (struct le *le = list_head(&s->facts); le; le = le->next) {
		struct fact *f = le->data;

		if (!strcmp(f->id, id) && !strcmp(f->source, source))
			return f;
	}

	return NULL;
}

static uint32_t round_of(const struct presence *p, const char *source)
{
	const struct source_state *s = find_source(p, source);

	return s ? s->round : 0;
}

/* Set or clear one fact of a user. */
static struct subject *note(struct presence *p, const char *source,
			    const char *user, const char *id, bool is_true,
			    enum fact_kind kind)
{
	struct subject *s = find_or_make(p, user);
	struct fact *f = s ? find_fact(s, source, id) : NULL;

	if (!s)
		return NULL;

	if (!s->source || strcmp(s->source, source)) {
		s->source = mem_deref(s->source);
		if (str_dup(&s->source, source))
			return NULL;
	}

	if (!is_true) {
		mem_deref(f);
		return s;
	}

	if (!f) {
		f = mem_zalloc(sizeof(*f), fact_destructor);
		if (!f || str_dup(&f->source, source) || str_dup(&f->id, id)) {
			mem_deref(f);
			return s;
		}
		list_append(&s->facts, &f->le, f);
	}

	f->kind = kind;
	f->round = round_of(p, source);
	return s;
}

static struct subject *note_leg(struct presence *p, const char *source,
				const json_t *leg)
{
	const char *user = json_get_text(leg, "user");
	const char *id = json_get_text(leg, "id");
	const char *state = json_get_text(leg, "state");
	bool is_busy;
	bool is_ringing;

	if (!user || !id || !state)
		return NULL;

	is_busy = !strcmp(state, "connected") || !strcmp(state, "held");
	is_ringing = !strcmp(state, "alerting") || !strcmp(state, "initiated");
	return note(p, source, user, id, is_busy || is_ringing,
		    is_busy ? FACT_BUSY : FACT_RINGING);
}

static struct subject *note_registration(struct presence *p, const char *source,
					 const json_t *r)
{
	const char *user = json_get_text(r, "user");
	const char *phone = json_get_text(r, "phone");

	if (!user || !phone)
		return NULL;

	return note(p, source, user, phone,
		    json_get_bool(r, "registered", false), FACT_REGISTERED);
}

void presence_leg(struct presence *p, const char *source, const json_t *leg)
{
	struct subject *s = note_leg(p, source, leg);

	if (s)
		tell(p, s, NULL);
}

void presence_registration(struct presence *p, const char *source,
			   const json_t *registration)
{
	struct subject *s = note_registration(p, source, registration);

	if (s)
		tell(p, s, NULL);
}

static void forget_unsaid(struct presence *p, struct subject *s, void *arg)
{
	const struct source_state *source = arg;
	struct le *le = list_head(&s->facts);

	(void)p;

	while (le) {
		struct fact *f = le->data;

		le = le->next;
		if (f->round != source->round &&
		    !strcmp(f->source, source->name))
			mem_deref(f);
	}
}

void presence_snapshot(struct presence *p, const char *source,
		       const json_t *snapshot)
{
	struct source_state *s;
	size_t i;
	json_t *row;

	presence_source(p, source, true);
	s = (void *)find_source(p, source);
	if (!s)
		return;

	if (json_get_bool(snapshot, "first", true))
		s->round++;
	json_array_foreach(json_object_get(snapshot, "registrations"), i, row)
		note_registration(p, source, row);
	json_array_foreach(json_object_get(snapshot, "calls"), i, row)
		note_leg(p, source, row);
	if (!json_get_bool(snapshot, "last", true))
		return;

	each_subject(p, forget_unsaid, s);
	each_subject(p, tell, NULL);
}

void presence_source(struct presence *p, const char *source, bool is_up)
{
	struct source_state *s = (void *)find_source(p, source);

	if (!s) {
		s = mem_zalloc(sizeof(*s), source_destructor);
		if (!s || str_dup(&s->name, source)) {
			mem_deref(s);
			return;
		}
		list_append(&p->sources, &s->le, s);
		s->is_up = !is_up;
	}

	if (s->is_up == is_up)
		return;

	s->is_up = is_up;
	each_subject(p, tell, NULL);
}

void presence_forget(struct presence *p, const char *user)
{
	struct subject *s = find(p, user);

	if (s)
		drop_subject(p, s, NULL);
}

const char *presence_state(const struct presence *p, const char *user)
{
	const struct subject *s = find(p, user);

	return s ? state_of(p, s) : "offline";
}
