/* directory.c - see directory.h */
#include "pbx/directory.h"

static struct {
	struct table customers;
	struct table users;
	struct table phones;
	struct table sip_users;
	struct table extensions;
	struct table numbers;
	struct list all; /* struct customer */
	directory_phone_h *gone;
	void *arg;
} dir;

static void customer_destructor(void *data)
{
	struct customer *c = data;

	json_decref(c->codes);
	json_decref(c->blocked);
	json_decref(c->emergency_phones);
	json_decref(c->emergency_mail);
	json_decref(c->departments);
	json_decref(c->locations);
	json_decref(c->speed_dials);
	mem_deref(c->name);
}

static void user_destructor(void *data)
{
	struct user *u = data;

	mem_deref(u->settings);
	mem_deref(u->name);
	mem_deref(u->outside_prefix);
	mem_deref(u->outside_number);
}

static void phone_destructor(void *data)
{
	struct phone *p = data;

	mem_deref(p->sip_user);
}

static uint64_t key_of(struct span s)
{
	return hash_span(0, s);
}

static uint64_t number_key(const struct customer *c, struct span number)
{
	return hash_span(c->salt, number);
}

int directory_init(directory_phone_h *gone, void *arg)
{
	int err = 0;

	dir.gone = gone;
	dir.arg = arg;
	list_init(&dir.all);

	err |= table_init(&dir.customers, 64);
	err |= table_init(&dir.users, 1024);
	err |= table_init(&dir.phones, 1024);
	err |= table_init(&dir.sip_users, 1024);
	err |= table_init(&dir.extensions, 1024);
	err |= table_init(&dir.numbers, 1024);

	return err;
}

void directory_close(void)
{
	struct le *le;

	while ((le = list_head(&dir.all))) {
		const struct customer *c = le->data;
		char id[DIRECTORY_ID_SIZE];

		(void)re_snprintf(id, sizeof(id), "%s", c->id);
		directory_remove_customer(id);
	}

	table_close(&dir.customers);
	table_close(&dir.users);
	table_close(&dir.phones);
	table_close(&dir.sip_users);
	table_close(&dir.extensions);
	table_close(&dir.numbers);
}

struct customer *directory_customer(struct span id)
{
	struct table_entry *e = table_first(&dir.customers, key_of(id));

	for (; e; e = table_next(e)) {
		struct customer *c = CONTAINER_OF(e, struct customer, by_id);

		if (span_equal(span_of(c->id), id))
			return c;
	}

	return NULL;
}

struct user *directory_user(struct span id)
{
	struct table_entry *e = table_first(&dir.users, key_of(id));

	for (; e; e = table_next(e)) {
		struct user *u = CONTAINER_OF(e, struct user, by_id);

		if (span_equal(span_of(u->id), id))
			return u;
	}

	return NULL;
}

struct phone *directory_phone(struct span id)
{
	struct table_entry *e = table_first(&dir.phones, key_of(id));

	for (; e; e = table_next(e)) {
		struct phone *p = CONTAINER_OF(e, struct phone, by_id);

		if (span_equal(span_of(p->id), id))
			return p;
	}

	return NULL;
}

struct phone *directory_phone_by_sip_user(struct span sip_user)
{
	struct table_entry *e = table_first(&dir.sip_users, key_of(sip_user));

	for (; e; e = table_next(e)) {
		struct phone *p = CONTAINER_OF(e, struct phone, by_sip_user);

		if (span_equal(span_of(p->sip_user), sip_user))
			return p;
	}

	return NULL;
}

struct user *directory_user_by_extension(const struct customer *c,
					 struct span number)
{
	struct table_entry *e = table_first(&dir.extensions,
					    number_key(c, number));

	for (; e; e = table_next(e)) {
		struct user *u = CONTAINER_OF(e, struct user, by_extension);

		if (u->customer == c &&
		    span_equal(span_of(u->extension), number))
			return u;
	}

	return NULL;
}

static struct phone *with_number(struct table_entry *e,
				 const struct customer *c, struct span number)
{
	for (; e; e = table_next(e)) {
		struct phone *p = CONTAINER_OF(e, struct phone, by_number);

		if (p->customer == c && span_equal(span_of(p->number), number))
			return p;
	}

	return NULL;
}

struct phone *directory_phone_by_number(const struct customer *c,
					struct span number)
{
	return with_number(table_first(&dir.numbers, number_key(c, number)), c,
			   number);
}

struct phone *directory_phone_next(const struct phone *p)
{
	return with_number(table_next(&p->by_number), p->customer,
			   span_of(p->number));
}

static int text_set(char **textp, const char *text)
{
	char *copy = NULL;
	int err;

	if (*textp && !strcmp(*textp, text))
		return 0;

	err = str_dup(&copy, text);
	if (err)
		return err;

	mem_deref(*textp);
	*textp = copy;

	return 0;
}

static bool id_is_good(const char *id)
{
	return id && id[0] && strlen(id) < DIRECTORY_ID_SIZE;
}

static bool number_is_good(const char *number)
{
	return number && number[0] && strlen(number) <= DIRECTORY_NUMBER_MAX;
}

static void json_set(json_t **jp, const json_t *json)
{
	json_decref(*jp);
	*jp = json_is_null(json) ? NULL : json_incref((json_t *)json);
}

static int customer_change(struct customer *c, const struct customer_fields *f)
{
	json_set(&c->codes, f->codes);
	json_set(&c->blocked, f->blocked);
	json_set(&c->emergency_phones, f->emergency_phones);
	json_set(&c->emergency_mail, f->emergency_mail);
	json_set(&c->departments, f->departments);
	json_set(&c->locations, f->locations);
	c->desk_logout_min = f->desk_logout_min;
	json_set(&c->speed_dials, f->speed_dials);
	c->rejects_anonymous = f->rejects_anonymous;
	c->is_french = f->is_french;
	c->has_announcements = f->has_announcements;
	(void)re_snprintf(c->operator, sizeof(c->operator), "%s",
			  f->operator ? f->operator : "");
	(void)re_snprintf(c->time_zone, sizeof(c->time_zone), "%s",
			  f->time_zone ? f->time_zone : "");
	c->desk_idle_min = f->desk_idle_min;
	(void)re_snprintf(c->access, sizeof(c->access), "%s",
			  f->access ? f->access : "");
	(void)re_snprintf(c->twin_keys, sizeof(c->twin_keys), "%s",
			  f->twin_keys ? f->twin_keys : "");

	return text_set(&c->name, f->name);
}

int directory_put_customer(const struct customer_fields *f)
{
	struct customer *c;

	if (!f || !id_is_good(f->id) || !f->name)
		return EINVAL;

	c = directory_customer(span_of(f->id));
	if (c)
		return customer_change(c, f);

	c = mem_zalloc(sizeof(*c), customer_destructor);
	if (!c)
		return ENOMEM;
	if (customer_change(c, f)) {
		mem_deref(c);
		return ENOMEM;
	}

	memcpy(c->id, f->id, strlen(f->id) + 1);
	c->salt = key_of(span_of(c->id));
	table_add(&dir.customers, &c->by_id, c->salt);
	list_append(&dir.all, &c->le, c);

	return 0;
}

static void id_set(char out[DIRECTORY_ID_SIZE], const char *id)
{
	(void)re_snprintf(out, DIRECTORY_ID_SIZE, "%s", id ? id : "");
}

static int outside_set(struct user *u, const struct user_fields *f)
{
	const char *number = f->outside_number ? f->outside_number : "";
	int err;

	if (!f->outside_prefix) {
		u->outside_prefix = mem_deref(u->outside_prefix);
		u->outside_number = mem_deref(u->outside_number);
		return 0;
	}
	err = text_set(&u->outside_prefix, f->outside_prefix);

	return err ? err : text_set(&u->outside_number, number);
}

static void extension_forget(struct user *u)
{
	if (u->extension[0])
		u->customer->extensions[strlen(u->extension)]--;
	table_remove(&dir.extensions, &u->by_extension);
}

int directory_put_user(const struct user_fields *f)
{
	struct customer *c;
	struct user *u;

	if (!f || !id_is_good(f->id) || !f->customer ||
	    !number_is_good(f->extension) || !f->name)
		return EINVAL;

	c = directory_customer(span_of(f->customer));
	if (!c)
		return ENOENT;

	u = directory_user(span_of(f->id));
	if (u && u->customer != c)
		return EINVAL;
	if (!u) {
		u = mem_zalloc(sizeof(*u), user_destructor);
		if (!u)
			return ENOMEM;
		if (text_set(&u->name, f->name)) {
			mem_deref(u);
			return ENOMEM;
		}
		memcpy(u->id, f->id, strlen(f->id) + 1);
		u->customer = c;
		table_add(&dir.users, &u->by_id, key_of(span_of(u->id)));
		list_append(&c->users, &u->customer_le, u);
	}
	else if (text_set(&u->name, f->name)) {
		return ENOMEM;
	}

	for (int i = 0; i < DIRECTORY_MODES; i++) {
		id_set(u->cor[i], f->cor[i]);
		id_set(u->cos[i], f->cos[i]);
	}
	for (int i = 0; i < DIRECTORY_MODES; i++)
		(void)re_snprintf(u->reroute[i], sizeof(u->reroute[i]), "%s",
				  f->reroute[i] ? f->reroute[i] : "");
	u->is_french = f->is_french;
	u->is_hot_desk_user = f->is_hot_desk_user;
	u->rings_outside_alone = f->rings_outside_alone;
	if (outside_set(u, f))
		return ENOMEM;
	extension_forget(u);
	memcpy(u->extension, f->extension, strlen(f->extension) + 1);
	c->extensions[strlen(u->extension)]++;
	table_add(&dir.extensions, &u->by_extension,
		  number_key(c, span_of(u->extension)));

	return 0;
}

static void seat(struct phone *p, struct user *u)
{
	if (p->user == u)
		return;

	list_unlink(&p->user_le);
	p->user = u;
	if (u)
		list_append(&u->phones, &p->user_le, p);
}

void directory_seat(struct phone *p, struct user *u)
{
	if (!u)
		u = p->owner;
	if (!p->is_removed && (!u || u->customer == p->customer))
		seat(p, u);
}

struct user *phone_guest(const struct phone *p)
{
	return p->user != p->owner ? p->user : NULL;
}

/* Everything of a phone that may change; a secret that does ends what the
 * old one had authenticated. */
static int phone_change(struct phone *p, const struct phone_fields *f,
			struct user *u)
{
	bool is_other = p->sip_user && (strcmp(p->sip_user, f->sip_user) ||
					strcmp(p->ha1_md5, f->ha1_md5) ||
					strcmp(p->ha1_sha256, f->ha1_sha256));
	int err = text_set(&p->sip_user, f->sip_user);

	if (err)
		return err;
	if (is_other && dir.gone)
		dir.gone(p, dir.arg);

	memcpy(p->number, f->number, strlen(f->number) + 1);
	memcpy(p->ha1_md5, f->ha1_md5, sizeof(p->ha1_md5));
	memcpy(p->ha1_sha256, f->ha1_sha256, sizeof(p->ha1_sha256));
	p->rings_with_user = f->rings_with_user;

	table_remove(&dir.sip_users, &p->by_sip_user);
	table_add(&dir.sip_users, &p->by_sip_user,
		  key_of(span_of(p->sip_user)));
	table_remove(&dir.numbers, &p->by_number);
	table_add(&dir.numbers, &p->by_number,
		  number_key(p->customer, span_of(p->number)));

	p->is_hot_desk = f->is_hot_desk;
	p->may_call_inside = f->may_call_inside;
	p->srtp = f->srtp;
	if (!phone_guest(p) || p->user == u || !p->is_hot_desk)
		seat(p, u);
	p->owner = u;

	return 0;
}

/* One of the two at least, and each whole. */
static bool has_proof(const struct phone_fields *f)
{
	size_t md5 = strlen(f->ha1_md5), sha256 = strlen(f->ha1_sha256);

	return (md5 == 32 || !md5) && (sha256 == 64 || !sha256) && md5 + sha256;
}

int directory_put_phone(const struct phone_fields *f)
{
	struct customer *c;
	struct user *u = NULL;
	struct phone *p, *other;
	int err;

	if (!f || !id_is_good(f->id) || !f->customer || !f->sip_user ||
	    !number_is_good(f->number) || !f->ha1_md5 || !f->ha1_sha256 ||
	    !has_proof(f))
		return EINVAL;

	c = directory_customer(span_of(f->customer));
	if (!c)
		return ENOENT;
	if (f->user && f->user[0]) {
		u = directory_user(span_of(f->user));
		if (!u || u->customer != c)
			return ENOENT;
	}

	p = directory_phone(span_of(f->id));
	other = directory_phone_by_sip_user(span_of(f->sip_user));
	if (other && other != p)
		return EEXIST;
	if (p)
		return p->customer == c ? phone_change(p, f, u) : EINVAL;

	p = mem_zalloc(sizeof(*p), phone_destructor);
	if (!p)
		return ENOMEM;

	memcpy(p->id, f->id, strlen(f->id) + 1);
	p->customer = c;
	err = phone_change(p, f, u);
	if (err) {
		mem_deref(p);
		return err;
	}

	table_add(&dir.phones, &p->by_id, key_of(span_of(p->id)));
	list_append(&c->phones, &p->customer_le, p);

	return 0;
}

static void phone_remove(struct phone *p)
{
	if (dir.gone)
		dir.gone(p, dir.arg);

	table_remove(&dir.phones, &p->by_id);
	table_remove(&dir.sip_users, &p->by_sip_user);
	table_remove(&dir.numbers, &p->by_number);
	list_unlink(&p->customer_le);
	list_unlink(&p->user_le);
	p->user = NULL;
	p->owner = NULL;
	p->customer = NULL;
	p->is_removed = true;
	mem_deref(p);
}

/* It may own phones at which others are logged in. */
static void disown(const struct user *u)
{
	struct le *le = list_head(&u->customer->phones);

	for (; le; le = le->next) {
		struct phone *p = le->data;

		if (p->owner == u)
			p->owner = NULL;
	}
}

static void user_remove(struct user *u)
{
	struct le *le;

	disown(u);
	while ((le = list_head(&u->phones))) {
		struct phone *p = le->data;

		list_unlink(&p->user_le);
		p->user = NULL;
		directory_seat(p, NULL);
	}

	table_remove(&dir.users, &u->by_id);
	extension_forget(u);
	list_unlink(&u->customer_le);
	u->customer = NULL;
	mem_deref(u);
}

void directory_remove_phone(const char *id)
{
	struct phone *p = directory_phone(span_of(id));

	if (p)
		phone_remove(p);
}

void directory_remove_user(const char *id)
{
	struct user *u = directory_user(span_of(id));

	if (u)
		user_remove(u);
}

void directory_remove_customer(const char *id)
{
	struct customer *c = directory_customer(span_of(id));
	struct le *le;

	if (!c)
		return;

	while ((le = list_head(&c->phones)))
		phone_remove(le->data);
	while ((le = list_head(&c->users)))
		user_remove(le->data);

	while ((le = list_head(&c->outsiders))) {
		struct phone *p = le->data;

		list_unlink(&p->customer_le);
		p->customer = NULL;
		p->is_removed = true;
	}

	table_remove(&dir.customers, &c->by_id);
	list_unlink(&c->le);
	mem_deref(c);
}

struct directory_counts directory_counts(void)
{
	return (struct directory_counts){
		.customers = dir.customers.count,
		.users = dir.users.count,
		.phones = dir.phones.count,
	};
}

const struct list *directory_customers(void)
{
	return &dir.all;
}

struct user *phone_person(const struct phone *p)
{
	return p->twin[0] ? directory_user(span_of(p->twin)) : p->user;
}

bool phone_is_french(const struct phone *p)
{
	const struct user *u = p ? phone_person(p) : NULL;

	if (u)
		return u->is_french;
	if (p && p->has_language)
		return p->is_french;

	return p && p->customer && p->customer->is_french;
}

const char *phone_name(const struct phone *p)
{
	if (p->outside_name)
		return p->outside_name;

	return p->user && p->user->name[0] ? p->user->name : p->number;
}

const char *phone_shown_number(const struct phone *p)
{
	return p->user ? p->user->extension : p->number;
}

bool phone_is_there(const struct phone *p)
{
	return p->bindings_count || p->is_elsewhere;
}

bool phone_has_call(const struct phone *p)
{
	return p->calls || p->calls_elsewhere;
}
