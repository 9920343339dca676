/* keys.c - see keys.h */
#include <stdio.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/route/code.h"
#include "pbx/directory.h"
#include "pbx/feature/keys.h"
#include "pbx/watch/subscription.h"
#include "model/pbx_kinds.h"

enum { LABEL_MAX = 20 };

/* Functions that are no codes. */
static const struct {
	const char *name;
	bool has_number;
} plain[] = {
	{ "line", false },
	{ "blf", true },
	{ "speed-dial", true },
};

enum { PLAIN_COUNT = sizeof(plain) / sizeof(plain[0]) };

static const struct record_table *users, *phones;

static bool is_number(const char *text)
{
	size_t n = text ? strspn(text, "+0123456789*#") : 0;

	return n && n <= DIRECTORY_NUMBER_MAX && !text[n];
}

static int plain_find(const char *function)
{
	for (int i = 0; i < PLAIN_COUNT; i++) {
		if (!strcmp(plain[i].name, function))
			return i;
	}

	return -1;
}

/* What is wrong with a key, in words; NULL: nothing. */
static const char *fault_of(const json_t *key)
{
	static const char *const known[] = { "key", "function", "number",
					     "label" };
	const char *function = json_get_text(key, "function");
	const char *label = json_get_text(key, "label");
	const char *number = json_get_text(key, "number");
	int64_t n = json_get_int(key, "key", 0);
	size_t members = 0;

	if (!json_is_object(key))
		return "must be an object";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		members += json_object_get(key, known[i]) != NULL;
	if (members != json_object_size(key))
		return "has members other than key, function, number, label";
	if (n < 1 || n > KEYS_MAX)
		return "key must be 1 to 96";
	if (!function || (plain_find(function) < 0 && !code_is_known(function)))
		return "function must be line, blf, speed-dial or the name of "
		       "a feature access code";
	if (json_object_get(key, "number") && !is_number(number))
		return "number must be digits";
	if (plain_find(function) >= 0 &&
	    plain[plain_find(function)].has_number && !number)
		return "needs a number";
	if (json_object_get(key, "label") &&
	    (!label || strlen(label) > LABEL_MAX))
		return "label must be a text of at most 20 characters";

	return NULL;
}

void keys_check(const json_t *object, json_t *errors)
{
	const json_t *keys = json_object_get(object, "keys");
	bool used[KEYS_MAX + 1] = { false };
	json_t *key;
	size_t i;

	if (!keys || json_is_null(keys))
		return;
	if (!json_is_array(keys) || json_array_size(keys) > KEYS_MAX) {
		kind_error(errors, "keys", "wrong-type",
			   "must be a list of at most %d keys", KEYS_MAX);
		return;
	}
	json_array_foreach(keys, i, key)
	{
		const char *fault = fault_of(key);
		int64_t n = json_get_int(key, "key", 0);

		if (!fault && used[n])
			fault = "is there twice";
		if (fault) {
			kind_error(errors, "keys", "bad-value", "[%zu] %s", i,
				   fault);
			return;
		}
		used[n] = true;
	}
}

/* ---- what a phone has now ---- */

/* The digits that a key dials; NULL: it dials nothing. */
static json_t *dialled_by(const struct customer *c, const char *function,
			  const char *number)
{
	/* a key with a number of its own is no code of the same name */
	bool is_plain = plain_find(function) >= 0;
	const char *digits = is_plain ? NULL : code_digits(c, function);

	if (is_plain && !plain[plain_find(function)].has_number)
		return json_null();

	return json_sprintf("%s%s", digits ? digits : "", number ? number : "");
}

static json_t *shown(const struct customer *c, const json_t *keys)
{
	json_t *items = json_array();
	json_t *key;
	size_t i;

	json_array_foreach(keys, i, key)
	{
		json_t *item = json_copy(key);
		const char *number = json_get_text(key, "number");
		const char *label = json_get_text(key, "label");

		(void)json_object_set_new(
			item, "number",
			json_sprintf("%s", number ? number : ""));
		(void)json_object_set_new(
			item, "label", json_sprintf("%s", label ? label : ""));
		(void)json_object_set_new(
			item, "dial",
			dialled_by(c, json_get_text(key, "function"), number));
		(void)json_array_append_new(items, item);
	}

	return items;
}

/* Keys of an object, a new reference, or NULL. */
static json_t *keys_of(const struct record_table *table, const char *id)
{
	json_t *object = NULL, *keys;

	if (!id || record_get(&object, table, id))
		return NULL;
	keys = json_incref(json_object_get(object, "keys"));
	json_decref(object);
	if (json_is_array(keys))
		return keys;
	json_decref(keys);

	return NULL;
}

/* What a phone's keys are; a new reference. */
static json_t *document(const struct phone *p)
{
	const char *pickup = code_digits(p->customer, "pickup-directed");
	json_t *keys = phone_guest(p) ? NULL : keys_of(phones, p->id);
	json_t *o;

	if (!keys && p->user)
		keys = keys_of(users, p->user->id);
	o = json_pack("{s:s,s:s?,s:s?,s:o}", "phone", p->id, "user",
		      p->user ? p->user->id : NULL, "pickup", pickup, "items",
		      shown(p->customer, keys));
	json_decref(keys);

	return o;
}

static void get_keys(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	const struct phone *p = directory_phone(span_of(http_param(req, "id")));

	(void)caller;
	(void)arg;
	if (!p || !p->customer)
		reply_not_found(req, "phone");
	else
		(void)http_reply_json(req, 200, document(p));
}

void keys_print(const struct phone *p, struct sip_out *o)
{
	json_t *keys = p->customer ? document(p) : NULL;
	char *text = keys ? json_dumps(keys, JSON_COMPACT) : NULL;

	sip_out_text(o, text ? text : "{}");
	free(text);
	json_decref(keys);
}

void keys_changed(const struct kind *kind, const char *id)
{
	struct list *list = NULL;
	struct le *le;

	if (kind == &pbx_phone_kind) {
		subscription_keys(directory_phone(span_of(id)));
	}
	else if (kind == &pbx_user_kind) {
		struct user *u = directory_user(span_of(id));

		list = u ? &u->phones : NULL;
	}
	else if (kind == &pbx_customer_kind) {
		struct customer *c = directory_customer(span_of(id));

		list = c ? &c->phones : NULL;
	}
	for (le = list_head(list); le; le = le->next)
		subscription_keys(le->data);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/phones/{id}/keys", "phones", ACTION_READ, get_keys, 0,
	  "What the keys of a phone do now" },
};

int keys_start(struct router *router, const struct provision *p)
{
	users = provision_table(p, "users");
	phones = provision_table(p, "phones");

	return router_routes(router, routes, 1, NULL);
}
