/* application.c - see application.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/store.h"
#include "model/kind.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference.h"
#include "pbx/control/application.h"
#include "pbx/feature/park.h"
#include "pbx/trunk/outsider.h"
#include "pbx/watch/event.h"

enum {
	SAVE_MS = 60000, /* last use reaches the disk so often */
	BURST_S = 2,     /* requests of so many seconds at once */
	EXPIRY_MAX_MS = 86400000,
};

static struct {
	struct table by_id;
	struct table by_hash;
	struct store *store; /* not owned; NULL before the start */
} applications;

static const char *const right_names[RIGHTS] = {
#define APPLICATION_RIGHT(name, text, help, help_fr) text,
#include "model/application_rights.h"
#undef APPLICATION_RIGHT
};

const char *application_right_name(enum application_right right)
{
	return right < RIGHTS ? right_names[right] : "";
}

int application_init(void)
{
	int err = table_init(&applications.by_id, 16);

	return err ? err : table_init(&applications.by_hash, 16);
}

static void destructor(void *data)
{
	struct application *a = data;

	wheel_stop(&a->expiry);
	table_remove(&applications.by_id, &a->by_id);
	table_remove(&applications.by_hash, &a->by_hash);
	json_decref(a->scope);
}

void application_close(void)
{
	struct table *t = &applications.by_id;

	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		while (t->buckets[i]) {
			struct application *a = CONTAINER_OF(
				t->buckets[i], struct application, by_id);

			wheel_stop(&a->expiry);
			table_remove(t, &a->by_id);
			table_remove(&applications.by_hash, &a->by_hash);
			mem_deref(a);
		}
	}
	table_close(&applications.by_id);
	table_close(&applications.by_hash);
	applications.store = NULL;
}

struct application *application_by_id(const char *id)
{
	struct table_entry *e = NULL;

	if (id && applications.by_id.count)
		e = table_first(&applications.by_id, hash_span(0, span_of(id)));
	for (; e; e = table_next(e)) {
		struct application *a = CONTAINER_OF(e, struct application,
						     by_id);

		if (!strcmp(a->id, id))
			return a;
	}

	return NULL;
}

bool application_is_valid(const struct application *a)
{
	return a->is_enabled && !a->is_removed &&
	       (!a->expires_ms || clock_wall_ms() < a->expires_ms);
}

struct application *application_find(const char *token)
{
	char hash[TOKEN_HASH_SIZE];
	struct table_entry *e = NULL;

	token_hash(hash, token);
	if (applications.by_hash.count)
		e = table_first(&applications.by_hash,
				hash_span(0, span_of(hash)));
	for (; e; e = table_next(e)) {
		struct application *a = CONTAINER_OF(e, struct application,
						     by_hash);

		if (secret_equal(a->token_hash, hash) &&
		    application_is_valid(a))
			return a;
	}

	return NULL;
}

struct application *application_of(const struct http_request *req)
{
	return http_request_data(req);
}

bool application_may(const struct application *a, enum application_right right)
{
	return !a || (a->rights & RIGHT_BIT(right)) != 0;
}

/* ---- taken ---- */

static uint32_t rights_of(const json_t *list)
{
	uint32_t rights = 0;
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		for (int n = 0; n < RIGHTS; n++) {
			if (!strcmp(json_string_value(value), right_names[n]))
				rights |= RIGHT_BIT(n);
		}
	}

	return rights;
}

static void expired(void *arg);

static void watch_expiry(struct application *a)
{
	uint64_t now = clock_wall_ms(), left;

	wheel_stop(&a->expiry);
	if (!a->expires_ms || a->expires_ms <= now)
		return;
	left = a->expires_ms - now;
	wheel_start(&a->expiry, left < EXPIRY_MAX_MS ? left : EXPIRY_MAX_MS,
		    expired, a);
}

static void expired(void *arg)
{
	struct application *a = arg;

	if (application_is_valid(a)) {
		watch_expiry(a);
		return;
	}
	log_info("application", "%s %s has expired", a->id, a->name);
	event_application(a);
}

static void fill(struct application *a, const json_t *object)
{
	const char *hash = json_get_text(object, "token_hash");
	const char *name = json_get_text(object, "name");
	json_t *scope = json_object_get(object, "scope");
	uint32_t rights = rights_of(json_object_get(object, "rights"));
	bool is_other = rights != a->rights ||
			(a->scope || json_is_array(scope)
				 ? !json_equal(a->scope, scope)
				 : false);

	if (is_other)
		a->version++;
	if (strcmp(hash ? hash : "", a->token_hash) != 0)
		a->token_version++;
	(void)snprintf(a->name, sizeof(a->name), "%s", name ? name : "");
	a->rights = rights;
	json_decref(a->scope);
	a->scope = json_is_array(scope) ? json_incref(scope) : NULL;
	a->is_enabled = json_get_bool(object, "enabled", true);
	a->expires_ms = (uint64_t)json_get_int(object, "expires_ms", 0);
	a->requests_per_s = (uint16_t)json_get_int(object, "requests_per_s",
						   20);
	a->refilled_ms = 0;
	a->streams_max = (uint8_t)json_get_int(object, "streams_max", 4);
	table_remove(&applications.by_hash, &a->by_hash);
	(void)snprintf(a->token_hash, sizeof(a->token_hash), "%s",
		       hash ? hash : "");
	if (hash)
		table_add(&applications.by_hash, &a->by_hash,
			  hash_span(0, span_of(a->token_hash)));
}

int application_take(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	const char *customer = json_get_text(object, "customer");
	struct application *a = application_by_id(id);

	(void)arg;

	if (!id || !customer)
		return EINVAL;
	if (!a) {
		a = mem_zalloc(sizeof(*a), destructor);
		if (!a)
			return ENOMEM;
		(void)snprintf(a->id, sizeof(a->id), "%s", id);
		(void)snprintf(a->customer, sizeof(a->customer), "%s",
			       customer);
		table_add(&applications.by_id, &a->by_id,
			  hash_span(0, span_of(a->id)));
	}
	fill(a, object);
	watch_expiry(a);
	event_application(a);

	return 0;
}

void application_remove(const char *id)
{
	struct application *a = application_by_id(id);

	if (!a)
		return;
	a->is_removed = true;
	event_application(a);
	table_remove(&applications.by_id, &a->by_id);
	table_remove(&applications.by_hash, &a->by_hash);
	wheel_stop(&a->expiry);
	if (applications.store)
		(void)store_write(applications.store, NULL, NULL,
				  "DELETE FROM application_uses WHERE id = $1",
				  STORE_ARGS(store_text(a->id)));
	mem_deref(a); /* its streams and requests may hold it yet */
}

static bool has_text(const json_t *list, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (!strcmp(json_string_value(value), text))
			return true;
	}

	return false;
}

/* What was there before may name somebody who has gone: to switch it off must
 * always be possible. */
static void check_scope(const json_t *object, const json_t *before,
			json_t *errors)
{
	const char *customer = json_get_text(object, "customer");
	const struct customer *c = directory_customer(
		span_of(customer ? customer : ""));
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(object, "scope"), i, value)
	{
		struct span text = span_of(json_string_value(value));
		const struct user *u = directory_user(text);
		char name[40];

		if ((u && u->customer == c) ||
		    has_text(json_object_get(before, "scope"), text.p) ||
		    (c && (directory_user_by_extension(c, text) ||
			   directory_phone_by_number(c, text))))
			continue;
		(void)snprintf(name, sizeof(name), "scope[%zu]", i);
		kind_error(errors, name, "unknown-reference",
			   "is no user and no extension of the customer");
	}
}

void application_check(const json_t *object, const json_t *before,
		       json_t *errors)
{
	uint32_t rights = rights_of(json_object_get(object, "rights"));

	if (rights & RIGHT_BIT(RIGHT_EMERGENCY_CONTROL) &&
	    !(rights & RIGHT_BIT(RIGHT_CALLS_CONTROL)))
		kind_error(errors, "rights", "needs-another",
			   "emergency.control needs calls.control");
	check_scope(object, before, errors);
}

/* ---- use ---- */

static void used(struct application *a)
{
	a->last_used_ms = clock_wall_ms();
	if (!applications.store || a->last_used_ms < a->saved_ms + SAVE_MS)
		return;

	a->saved_ms = a->last_used_ms;
	(void)store_write(
		applications.store, NULL, NULL,
		"INSERT INTO application_uses (id, at_ms) VALUES ($1, $2) "
		"ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms",
		STORE_ARGS(store_text(a->id),
			   store_int((int64_t)a->last_used_ms)));
}

bool application_admits(struct application *a, uint32_t *wait_msp)
{
	uint64_t now = clock_mono_ms();
	uint64_t most = 1000ull * a->requests_per_s * BURST_S;
	uint64_t filled = a->bucket +
			  (now - a->refilled_ms) * a->requests_per_s;

	used(a);
	if (!a->refilled_ms || filled > most)
		filled = most;
	a->refilled_ms = now;
	a->bucket = (uint32_t)filled;
	if (filled < 1000) {
		*wait_msp = (uint32_t)((1000 - filled + a->requests_per_s - 1) /
				       a->requests_per_s);
		return false;
	}
	a->bucket -= 1000;

	return true;
}

int application_start(struct store *store)
{
	struct store_rows *rows = NULL;
	int err = store_exec_now(store,
				 "CREATE TABLE IF NOT EXISTS application_uses "
				 "(id TEXT PRIMARY KEY, at_ms BIGINT NOT NULL)",
				 STORE_NO_ARGS);

	if (!err)
		err = store_query(&rows, store,
				  "SELECT id, at_ms FROM application_uses",
				  STORE_NO_ARGS);
	for (uint32_t i = 0; !err && i < rows_count(rows); i++) {
		struct application *a = application_by_id(
			rows_text(rows, i, 0));

		if (a)
			a->last_used_ms = a->saved_ms = (uint64_t)rows_int(
				rows, i, 1);
	}
	mem_deref(rows);
	if (!err)
		applications.store = store;

	return err;
}

void application_view(json_t *object)
{
	const struct application *a = application_by_id(
		json_get_text(object, "id"));

	(void)json_object_set_new(
		object, "last_used_ms",
		a && a->last_used_ms ? json_integer((json_int_t)a->last_used_ms)
				     : json_null());
	(void)json_object_set_new(object, "streams",
				  json_integer(a ? a->streams : 0));
}

/* ---- what it sees ---- */

static bool is_listed(const struct application *a, const char *text)
{
	return !a->scope || has_text(a->scope, text);
}

bool application_sees_customer(const struct application *a, const char *id)
{
	return !a || (id && !strcmp(a->customer, id));
}

bool application_sees_user(const struct application *a, const char *customer,
			   const char *user)
{
	const struct user *u;

	if (!application_sees_customer(a, customer))
		return false;
	if (!a || !a->scope)
		return true;
	if (!user || !user[0])
		return false;
	u = directory_user(span_of(user));

	return is_listed(a, user) || (u && is_listed(a, u->extension));
}

bool application_sees_phone(const struct application *a, const struct phone *p)
{
	const struct user *u = p ? phone_person(p) : NULL;

	if (!a)
		return true;
	if (!p || !p->customer ||
	    !application_sees_customer(a, p->customer->id))
		return false;
	if (!a->scope)
		return true;
	if (u)
		return application_sees_user(a, a->customer, u->id);

	return !outsider_is(p) && is_listed(a, p->number);
}

/* Parked by, or at the number of, somebody it sees. */
static bool is_parked_by(const struct application *a, const struct park *park)
{
	return is_listed(a, park->number) ||
	       application_sees_phone(a,
				      directory_phone(span_of(park->parker)));
}

bool application_sees_call(const struct application *a, const struct call *call)
{
	struct le *le;

	if (!application_sees_customer(a, call->customer))
		return false;
	if (!a || !a->scope)
		return true;
	if ((call->caller && application_sees_phone(a, call->caller->phone)) ||
	    (call->callee_user[0] &&
	     application_sees_user(a, a->customer, call->callee_user)))
		return true;
	if (call->park && is_parked_by(a, call->park))
		return true;
	for (le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (application_sees_phone(a, leg->phone))
			return true;
	}

	return false;
}

bool application_sees_leg(const struct application *a, const struct leg *leg)
{
	if (!a || !a->scope || !leg->phone || outsider_is(leg->phone))
		return application_sees_call(a, leg->call);

	return application_sees_phone(a, leg->phone);
}

bool application_sees_conference(const struct application *a,
				 const struct conference *c)
{
	struct le *le;

	if (!application_sees_customer(a, c->customer))
		return false;
	if (!a || !a->scope)
		return true;
	for (le = list_head(&c->parties); le; le = le->next) {
		const struct party *p = le->data;

		if (p->is_creator &&
		    application_sees_phone(a, p->call->caller->phone))
			return true;
	}

	return false;
}

char *application_users(const struct application *a)
{
	const struct customer *c = directory_customer(span_of(a->customer));
	json_t *ids, *value;
	char *text;
	size_t i;

	if (!a->scope)
		return NULL;
	ids = json_array();
	json_array_foreach(a->scope, i, value)
	{
		const struct user *u = c ? directory_user_by_extension(
						   c, span_of(json_string_value(
							      value)))
					 : NULL;

		(void)json_array_append(ids, value);
		if (u)
			(void)json_array_append_new(ids, json_string(u->id));
	}
	text = json_text(ids, NULL);
	json_decref(ids);

	return text;
}

static bool sees_party(const struct application *a, const json_t *party)
{
	const char *user = json_get_text(party, "user");

	return user && application_sees_user(a, a->customer, user);
}

bool application_sees_json(const struct application *a, const json_t *json)
{
	const char *user = json_get_text(json, "user");
	const char *phone = json_get_text(json, "phone");
	const char *id = json_get_text(json, "call");
	const struct call *call = id ? call_find(span_of(id)) : NULL;
	const json_t *caller = json_object_get(json, "caller");

	if (!a || !a->scope)
		return true;
	if (user)
		return application_sees_user(a, a->customer, user);
	if (phone)
		return application_sees_phone(a,
					      directory_phone(span_of(phone)));
	if (caller)
		return sees_party(a, caller) ||
		       sees_party(a, json_object_get(json, "callee"));

	return call && application_sees_call(a, call);
}

/* A parked call has its own id, a callback a phone. */
static bool sees_entry(const struct application *a, const json_t *entry)
{
	const char *phone = json_get_text(entry, "phone");
	const char *id = json_get_text(entry, "id");
	const struct call *call;

	if (phone)
		return application_sees_phone(a,
					      directory_phone(span_of(phone)));
	call = id ? call_find(span_of(id)) : NULL;

	return call && application_sees_call(a, call);
}

json_t *application_visible(const struct application *a, json_t *list)
{
	if (!a)
		return list;

	for (size_t i = json_array_size(list); i-- > 0;) {
		if (!sees_entry(a, json_array_get(list, i)))
			(void)json_array_remove(list, i);
	}

	return list;
}
