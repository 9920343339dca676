/* people.c - see people.h */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/list.h"
#include "uc/people.h"

struct customer {
	struct table_entry by_id;
	struct list users; /* of struct member */
	char *id;
	char *web_id;
	char platform[48];
};

struct member {
	struct table_entry by_id;
	struct table_entry by_login;
	struct le le; /* in its customer's users */
	struct customer *customer;
	struct person person;
	json_t *source; /* what the person's texts point into */
	char *login;    /* "name@web-id", lower case */
};

struct people {
	struct table customers;
	struct table users;
	struct table logins;
};

static uint64_t key_of(const char *text)
{
	return hash_span(0, span_of(text));
}

static void member_destructor(void *data)
{
	struct member *m = data;

	list_unlink(&m->le);
	json_decref(m->source);
	mem_deref(m->login);
}

static void customer_destructor(void *data)
{
	struct customer *c = data;

	mem_deref(c->id);
	mem_deref(c->web_id);
}

static struct customer *find_customer(const struct people *p, const char *id)
{
	struct table_entry *e = table_first(&p->customers, key_of(id));

	for (; e; e = table_next(e)) {
		struct customer *c = CONTAINER_OF(e, struct customer, by_id);

		if (!strcmp(c->id, id))
			return c;
	}

	return NULL;
}

static struct member *find_member(const struct people *p, const char *id)
{
	struct table_entry *e = table_first(&p->users, key_of(id));

	for (; e; e = table_next(e)) {
		struct member *m = CONTAINER_OF(e, struct member, by_id);

		if (!strcmp(m->person.id, id))
			return m;
	}

	return NULL;
}

static void drop_member(struct people *p, struct member *m)
{
	table_remove(&p->users, &m->by_id);
	table_remove(&p->logins, &m->by_login);
	mem_deref(m);
}

static void drop_customer(struct people *p, struct customer *c)
{
	struct le *le;

	while ((le = list_head(&c->users)))
		drop_member(p, le->data);
	table_remove(&p->customers, &c->by_id);
	mem_deref(c);
}

static void people_destructor(void *data)
{
	struct people *p = data;

	for (uint32_t i = 0; p->customers.buckets && i <= p->customers.mask;
	     i++) {
		while (p->customers.buckets[i]) {
			drop_customer(p, CONTAINER_OF(p->customers.buckets[i],
						      struct customer, by_id));
		}
	}

	table_close(&p->customers);
	table_close(&p->users);
	table_close(&p->logins);
}

int people_alloc(struct people **pp)
{
	struct people *p;
	int err;

	if (!pp)
		return EINVAL;

	p = mem_zalloc(sizeof(*p), people_destructor);
	if (!p)
		return ENOMEM;

	err = table_init(&p->customers, 64);
	if (!err)
		err = table_init(&p->users, 1024);
	if (!err)
		err = table_init(&p->logins, 1024);

	if (err)
		mem_deref(p);
	else
		*pp = p;

	return err;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* (Re)make a member's login, which holds the customer's web id. */
static int name_member(struct people *p, struct member *m)
{
	char *login = NULL;
	int err;

	err = re_sdprintf(&login, "%s@%s", m->person.login,
			  m->customer->web_id);
	if (err)
		return err;

	lower(login);
	table_remove(&p->logins, &m->by_login);
	mem_deref(m->login);
	m->login = login;
	m->person.web_id = m->customer->web_id;
	table_add(&p->logins, &m->by_login, key_of(login));
	return 0;
}

int people_put_customer(struct people *p, const json_t *customer)
{
	const char *id = json_get_text(customer, "id");
	const char *web_id = json_get_text(customer, "web_id");
	const char *platform = json_get_text(customer, "platform");
	struct customer *c;
	char *copy = NULL;
	int err;

	if (!p || !id || !web_id)
		return EINVAL;

	err = str_dup(&copy, web_id);
	if (err)
		return err;

	c = find_customer(p, id);
	if (!c) {
		c = mem_zalloc(sizeof(*c), customer_destructor);
		if (!c || str_dup(&c->id, id)) {
			mem_deref(c);
			mem_deref(copy);
			return ENOMEM;
		}
		table_add(&p->customers, &c->by_id, key_of(id));
	}

	mem_deref(c->web_id);
	c->web_id = copy;
	(void)snprintf(c->platform, sizeof(c->platform), "%s",
		       platform ? platform : "");
	for (struct le *le = list_head(&c->users); le && !err; le = le->next)
		err = name_member(p, le->data);

	return err;
}

const char *people_platform(const struct people *p, const char *customer)
{
	const struct customer *c = find_customer(p, customer);

	return c ? c->platform : "";
}

void people_drop_customer(struct people *p, const char *id)
{
	struct customer *c = find_customer(p, id);

	if (c)
		drop_customer(p, c);
}

static const char *text_or_empty(const json_t *object, const char *name)
{
	const char *text = json_get_text(object, name);

	return text ? text : "";
}

/* The name shown: as given, else made from first and last name. */
static int show_name(json_t *user)
{
	char name[600];

	if (*text_or_empty(user, "name"))
		return 0;

	snprintf(name, sizeof(name), "%s%s%s",
		 text_or_empty(user, "first_name"),
		 *text_or_empty(user, "first_name") ? " " : "",
		 text_or_empty(user, "last_name"));
	return json_object_set_new(user, "name", json_string(name)) ? ENOMEM
								    : 0;
}

int people_put_user(struct people *p, const json_t *user)
{
	const char *id = json_get_text(user, "id");
	const char *customer = json_get_text(user, "customer");
	struct customer *c;
	struct member *m;
	struct member *old;
	int err;

	if (!p || !id || !customer || !json_get_text(user, "login"))
		return EINVAL;

	c = find_customer(p, customer);
	if (!c)
		return EINVAL;

	m = mem_zalloc(sizeof(*m), member_destructor);
	if (!m)
		return ENOMEM;

	m->source = json_deep_copy(user);
	if (!m->source || show_name(m->source)) {
		mem_deref(m);
		return ENOMEM;
	}

	m->customer = c;
	m->person = (struct person){
		.id = json_get_text(m->source, "id"),
		.customer = c->id,
		.login = json_get_text(m->source, "login"),
		.name = text_or_empty(m->source, "name"),
		.extension = text_or_empty(m->source, "extension"),
		.email = text_or_empty(m->source, "email"),
		.language = text_or_empty(m->source, "language"),
	};

	err = name_member(p, m);
	if (err) {
		mem_deref(m);
		return err;
	}

	old = find_member(p, id);
	if (old)
		drop_member(p, old);
	table_add(&p->users, &m->by_id, key_of(id));
	list_append(&c->users, &m->le, m);
	return 0;
}

void people_drop_user(struct people *p, const char *id)
{
	struct member *m = find_member(p, id);

	if (m)
		drop_member(p, m);
}

const struct person *people_find(const struct people *p, const char *id)
{
	struct member *m = p && id ? find_member(p, id) : NULL;

	return m ? &m->person : NULL;
}

const struct person *people_by_login(const struct people *p, const char *login)
{
	char wanted[512];
	struct table_entry *e;

	if (!p || !login || strlen(login) >= sizeof(wanted))
		return NULL;

	snprintf(wanted, sizeof(wanted), "%s", login);
	lower(wanted);

	for (e = table_first(&p->logins, key_of(wanted)); e;
	     e = table_next(e)) {
		struct member *m = CONTAINER_OF(e, struct member, by_login);

		if (!strcmp(m->login, wanted))
			return &m->person;
	}

	return NULL;
}

void people_each(const struct people *p, const char *customer, people_h *h,
		 void *arg)
{
	struct customer *c = find_customer(p, customer);
	struct le *le = c ? list_head(&c->users) : NULL;

	while (le) {
		struct member *m = le->data;

		le = le->next;
		if (h(&m->person, arg))
			break;
	}
}
