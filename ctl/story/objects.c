/* objects.c - see objects.h */
#include <stdio.h>

#include "base/id.h"
#include "ctl/story/fields.h"
#include "ctl/story/objects.h"
#include "ctl/story/play.h"
#include "model/kinds.h"
#include "pbx/kinds.h"

enum { WAIT_S = 20 }; /* a portal's task */

/* An object that was put, with all that was said of it. */
struct object {
	struct le le;
	const struct kind *kind;
	char name[32]; /* in the story, or "" */
	char id[64];
	json_t *body;
};

struct objects {
	struct list list;
};

static void object_destructor(void *data)
{
	struct object *o = data;

	list_unlink(&o->le);
	json_decref(o->body);
}

static void objects_destructor(void *data)
{
	struct objects *all = data;

	list_flush(&all->list);
}

static struct object *object_add(struct play *p, const struct kind *kind,
				 const char *name, const char *id)
{
	struct object *o;

	if (!p->objects)
		p->objects = mem_zalloc(sizeof(*p->objects),
					objects_destructor);
	o = mem_zalloc(sizeof(*o), object_destructor);
	if (!o || !p->objects)
		return mem_deref(o);
	o->kind = kind;
	(void)snprintf(o->name, sizeof(o->name), "%s", name);
	(void)snprintf(o->id, sizeof(o->id), "%s", id);
	list_append(&p->objects->list, &o->le, o);

	return o;
}

static struct object *object_of_id(const struct play *p,
				   const struct kind *kind, const char *id)
{
	for (struct le *le = p->objects ? p->objects->list.head : NULL; le;
	     le = le->next) {
		struct object *o = le->data;

		if (o->kind == kind && !strcmp(o->id, id))
			return o;
	}

	return NULL;
}

static struct object *object_named(const struct play *p,
				   const struct kind *kind, const char *name)
{
	for (struct le *le = p->objects ? p->objects->list.head : NULL; le;
	     le = le->next) {
		struct object *o = le->data;

		if ((!kind || o->kind == kind) && !strcmp(o->name, name))
			return o;
	}

	return NULL;
}

/* --- who is meant ------------------------------------------------------- */

/* "alice.desk" is a phone. */
static struct device *device_named(struct play *p, const char *name)
{
	const char *dot = strchr(name, '.');
	char who[32];
	struct person *person;

	if (!dot)
		return NULL;
	(void)snprintf(who, sizeof(who), "%.*s", (int)(dot - name), name);
	person = play_person(p, who);
	for (size_t i = 0; person && i < person->devices; i++) {
		if (!strcmp(person->device[i].kind, dot + 1))
			return &person->device[i];
	}

	return NULL;
}

static const char *id_of(const char *name, void *arg)
{
	struct play *p = arg;
	struct object *o = object_named(p, NULL, name);
	struct device *d = device_named(p, name);
	struct person *who = play_person(p, name);
	struct customer *c = play_customer(p, name);

	return o ? o->id : d ? d->id : who ? who->id : c ? c->id : NULL;
}

/* The id of an object of a kind, or NULL when there is none so called. */
static const char *id_of_kind(struct play *p, const struct kind *kind,
			      const char *name)
{
	struct object *o = object_named(p, kind, name);
	struct device *d = device_named(p, name);
	struct person *who = play_person(p, name);
	struct customer *c = play_customer(p, name);

	if (o)
		return o->id;
	if (!strcmp(kind->plural, "phones"))
		return d ? d->id : NULL;
	if (!strcmp(kind->plural, "users"))
		return who ? who->id : NULL;

	return !strcmp(kind->plural, "customers") && c ? c->id : NULL;
}

/* The step's fields with ids in them; NULL after play_fail(). */
static json_t *step_fields(struct play *p, const struct step *s)
{
	const char *text = s->slot[SLOT_FIELDS], *unknown = "";
	json_t *value = fields_parse(text ? text : "{}");

	if (value && !fields_resolve(&value, id_of, p, &unknown)) {
		json_decref(value);
		value = NULL;
	}
	if (!value)
		play_fail(p, "nothing is called @%s", unknown);

	return value;
}

/* "users/@alice/settings" with the id in its place. */
static bool step_path(struct play *p, const struct step *s, char path[600])
{
	const char *from = s->slot[SLOT_PATH];
	size_t n = (size_t)snprintf(path, 600, "/api/v1/");

	while (*from && n < 500) {
		char name[64];
		const char *id;
		size_t k;

		if (*from != '@') {
			path[n++] = *from++;
			continue;
		}
		k = strcspn(++from, "/?&=");
		(void)snprintf(name, sizeof(name), "%.*s", (int)k, from);
		id = id_of(name, p);
		if (!id)
			return play_fail(p, "nothing is called @%s", name);
		n += (size_t)snprintf(path + n, 600 - n, "%s", id);
		from += k;
	}
	path[n] = '\0';

	return true;
}

/* --- provisioning ------------------------------------------------------- */

/* As REST has it now, without what it does not take back. */
static json_t *object_now(struct play *p, const struct kind *kind,
			  const char *id)
{
	struct rest_answer a = { 0 };
	char path[200];
	json_t *body = NULL, *value;
	const char *name;
	void *next;

	(void)snprintf(path, sizeof(path), "/api/v1/%s/%s", kind->plural, id);
	if (rest_ask(&p->pbx, &a, "GET", path, NULL))
		body = json_deep_copy(a.body);
	rest_clear(&a);
	json_object_foreach_safe(body, next, name, value)
	{
		const struct field *f = kind_field(kind, name);

		if (strcmp(name, "generation") != 0 &&
		    (!f || (f->flags & FIELD_READONLY) || json_is_null(value)))
			(void)json_object_del(body, name);
	}

	return body;
}

/* A phone the portal made: its secret is in the account file. */
static void add_secret(struct play *p, json_t *body, const char *id)
{
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			struct device *d = &p->person[i].device[k];
			json_t *account;

			if (strcmp(d->id, id) != 0)
				continue;
			account = json_load_file(d->account, 0, NULL);
			(void)json_object_set(
				body, "sip_secret",
				json_object_get(json_object_get(account, "sip"),
						"sip_secret"));
			json_decref(account);
		}
	}
}

bool object_put(struct play *p, const char *plural, const char *id,
		json_t *body)
{
	const struct kind *kind = kinds_find(plural);
	struct object *o = object_of_id(p, kind, id);
	json_int_t generation = 1;
	struct rest_answer a = { 0 };
	char path[200];
	bool ok;

	if (o && o->body)
		generation = json_integer_value(
				     json_object_get(o->body, "generation")) +
			     1;
	if (!json_object_get(body, "generation"))
		(void)json_object_set_new(body, "generation",
					  json_integer(generation));
	if (!o)
		o = object_add(p, kind, "", id);
	if (!o || !body)
		return play_fail(p, "out of memory");
	json_decref(o->body);
	o->body = body;

	(void)snprintf(path, sizeof(path), "/api/v1/%s/%s", plural, id);
	ok = rest_ask(&p->pbx, &a, "PUT", path, json_incref(body));
	if (!ok)
		play_fail(p, "the pbx answers PUT %s with %d: %s", path,
			  a.status, a.detail);
	rest_clear(&a);

	return ok;
}

/* Digits may be written as a number. */
static void fit(const struct kind *kind, json_t *fields)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(fields, next, name, value)
	{
		const struct field *f = kind_field(kind, name);
		char text[32];

		if (!f || !json_is_integer(value) ||
		    (f->type != FIELD_DIGITS && f->type != FIELD_TEXT &&
		     f->type != FIELD_SECRET))
			continue;
		(void)snprintf(text, sizeof(text), "%lld",
			       (long long)json_integer_value(value));
		(void)json_object_set_new(fields, name, json_string(text));
	}
}

static bool portal_has(const struct play *p, const struct kind *kind)
{
	return p->has_all_servers && !strcmp(kind->plural, "groups");
}

/* A new object: what every one of its kind needs and nobody cares for. */
static void fill(struct play *p, const struct kind *kind, const char *name,
		 json_t *fields)
{
	const struct field *f = kind_field(kind, "name");

	if (kind_field(kind, "customer") &&
	    !json_object_get(fields, "customer") && p->customers)
		(void)json_object_set_new(
			fields, "customer",
			json_string(p->customer[p->customers - 1].id));
	if (f && (f->flags & FIELD_REQUIRED) &&
	    !json_object_get(fields, "name"))
		(void)json_object_set_new(fields, "name", json_string(name));
}

static bool portal_write(struct play *p, const struct kind *kind,
			 const char *id, const char *name, json_t *fields)
{
	struct rest r = p->portal;
	struct rest_answer a = { 0 };
	char path[200];
	bool ok;

	r.limit_ms = (WAIT_S + 5) * 1000;
	(void)snprintf(path, sizeof(path), "/api/v1/%s%s%s?wait=%d",
		       kind->plural, id ? "/" : "", id ? id : "", WAIT_S);
	ok = rest_ask(&r, &a,
		      !id       ? "POST"
		      : !fields ? "DELETE"
				: "PATCH",
		      path, fields) &&
	     a.status != 202;
	if (!ok)
		play_fail(p, "the portal answers %d: %s", a.status, a.detail);
	else if (!id)
		ok = object_add(p, kind, name,
				rest_text(&a, "id") ? rest_text(&a, "id")
						    : "") != NULL;
	rest_clear(&a);

	return ok;
}

/* The object as it is, with the fields changed. */
static bool object_change(struct play *p, const struct kind *kind,
			  const char *id, json_t *fields)
{
	struct object *o = object_of_id(p, kind, id);
	json_t *body = o && o->body ? json_deep_copy(o->body)
				    : object_now(p, kind, id);
	json_int_t generation = json_integer_value(
		json_object_get(body, "generation"));
	bool ok;

	if (!strcmp(kind->plural, "phones") &&
	    !json_object_get(body, "sip_secret"))
		add_secret(p, body, id);
	(void)json_object_update(body, fields);
	(void)json_object_set_new(body, "generation",
				  json_integer(generation + 1));
	ok = object_put(p, kind->plural, id, body);
	json_decref(fields);

	return ok;
}

bool object_has(struct play *p, const struct step *s)
{
	const struct kind *kind = kinds_find(s->slot[SLOT_KIND]);
	const char *name = s->slot[SLOT_OBJECT];
	const char *known = id_of_kind(p, kind, name);
	json_t *fields = step_fields(p, s);
	struct object *o;
	char id[ID_SIZE];

	if (!fields)
		return false;
	fit(kind, fields);
	if (!known)
		fill(p, kind, name, fields);
	if (portal_has(p, kind))
		return portal_write(p, kind, known, name, fields);
	if (known)
		return object_change(p, kind, known, fields);

	id_make(id);
	o = object_add(p, kind, name, id);
	return o && object_put(p, kind->plural, o->id, fields);
}

bool object_forget(struct play *p, const struct step *s)
{
	const struct kind *kind = kinds_find(s->slot[SLOT_KIND]);
	const char *id = id_of_kind(p, kind, s->slot[SLOT_MADE]);
	struct rest_answer a = { 0 };
	struct object *o;
	json_t *now;
	char path[240];
	bool ok;

	if (!id)
		return play_fail(p, "no %s is called %s", kind->name,
				 s->slot[SLOT_MADE]);
	o = object_of_id(p, kind, id);
	if (portal_has(p, kind)) {
		ok = portal_write(p, kind, id, "", NULL);
		mem_deref(o);
		return ok;
	}
	now = object_now(p, kind, id);
	(void)snprintf(path, sizeof(path), "/api/v1/%s/%s?generation=%lld",
		       kind->plural, id,
		       (long long)json_integer_value(
			       json_object_get(now, "generation")) +
			       1);
	json_decref(now);
	ok = rest_ask(&p->pbx, &a, "DELETE", path, NULL);
	if (!ok)
		play_fail(p, "the pbx answers DELETE %s with %d: %s", path,
			  a.status, a.detail);
	rest_clear(&a);
	mem_deref(o);

	return ok;
}

/* --- requests ----------------------------------------------------------- */

struct wanted {
	char path[600];
	json_t *value;
	const char *field; /* of the answer, dots between, or NULL */
	char found[500];
};

static const json_t *value_at(const json_t *o, const char *field)
{
	char name[64];

	while (o && field && *field) {
		size_t n = strcspn(field, ".");

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, field);
		o = json_object_get(o, name);
		field += n + (field[n] == '.');
	}

	return o;
}

static bool answers_so(struct play *p, void *arg)
{
	struct wanted *w = arg;
	struct rest_answer a = { 0 };
	const json_t *value;
	bool ok = false;
	char *text;

	if (rest_ask(&p->pbx, &a, "GET", w->path, NULL)) {
		value = value_at(a.body, w->field);
		ok = fields_hold(w->value, value);
		text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
		(void)snprintf(w->found, sizeof(w->found), "%s",
			       text ? text : "nothing");
		free(text);
	}
	else {
		(void)snprintf(w->found, sizeof(w->found), "%d %s", a.status,
			       a.detail);
	}
	rest_clear(&a);

	return ok;
}

bool object_says(struct play *p, const struct step *s)
{
	const struct kind *kind = kinds_find(s->slot[SLOT_KIND]);
	const char *id = id_of_kind(p, kind, s->slot[SLOT_MADE]);
	const char *unknown = "";
	struct wanted w = { .field = s->slot[SLOT_FIELD] };
	bool ok;

	if (!id)
		return play_fail(p, "no %s is called %s", kind->name,
				 s->slot[SLOT_MADE]);
	(void)snprintf(w.path, sizeof(w.path), "/api/v1/%s/%s", kind->plural,
		       id);
	w.value = fields_parse(s->slot[SLOT_VALUE]);
	if (!w.value)
		w.value = json_string(s->slot[SLOT_VALUE]);
	if (!fields_resolve(&w.value, id_of, p, &unknown)) {
		json_decref(w.value);
		return play_fail(p, "nothing is called @%s", unknown);
	}
	ok = play_until(p, play_limit(p), answers_so, &w) ||
	     play_fail(p, "%s of %s %s is %s", w.field, kind->name,
		       s->slot[SLOT_MADE], w.found);
	json_decref(w.value);

	return ok;
}

bool pbx_answers(struct play *p, const struct step *s)
{
	struct wanted w = { .field = NULL };
	bool ok;

	if (!step_path(p, s, w.path))
		return false;
	w.value = step_fields(p, s);
	if (!w.value)
		return false;
	ok = play_until(p, play_limit(p), answers_so, &w) ||
	     play_fail(p, "the pbx answers %s", w.found);
	json_decref(w.value);

	return ok;
}

/* Ask as the step says; false after play_fail() when it cannot be asked. */
static bool tell(struct play *p, const struct step *s, struct rest_answer *a)
{
	char path[600], method[8];
	json_t *body = NULL;
	size_t i;

	if (!step_path(p, s, path))
		return false;
	if (s->slot[SLOT_FIELDS]) {
		body = step_fields(p, s);
		if (!body)
			return false;
	}
	for (i = 0; s->choice[0][i] && i < sizeof(method) - 1; i++)
		method[i] = (char)(s->choice[0][i] - 'a' + 'A');
	method[i] = '\0';
	(void)rest_ask(&p->pbx, a, method, path, body);

	return true;
}

bool pbx_told(struct play *p, const struct step *s)
{
	struct rest_answer a = { 0 };
	bool ok = tell(p, s, &a);

	if (ok && (a.status < 200 || a.status > 299))
		ok = play_fail(p, "the pbx answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}

bool pbx_refuses(struct play *p, const struct step *s)
{
	const char *because = s->slot[SLOT_TEXT];
	struct rest_answer a = { 0 };
	bool ok = tell(p, s, &a);

	if (ok && a.status >= 200 && a.status <= 299)
		ok = play_fail(p, "the pbx did it");
	else if (ok && (a.status < 400 || a.status > 499 ||
			(!strcasestr(a.detail, because) &&
			 !strcasestr(a.text ? a.text : "", because))))
		ok = play_fail(p, "the pbx answers %d: %s", a.status, a.detail);
	rest_clear(&a);

	return ok;
}
