/* settings_user.c - see settings_user.h */
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "model/pbx_kinds.h"
#include "model/record.h"
#include "pbx/feature/dial.h"
#include "pbx/watch/event.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/pair/pair_log.h"
#include "pbx/feature/reminder.h"
#include "pbx/feature/lamp.h"
#include "pbx/mail/mwi.h"
#include "pbx/pair/pair_confirm.h"
#include "pbx/pair/pair_fields.h"
#include "pbx/route/settings_user.h"
#include "pbx/turn.h"

static struct record_table table;

static const char *const forward_fields[FORWARDS] = {
	"forward_always", "forward_busy", "forward_no_answer",
	"forward_not_registered"
};

const char *forward_field(enum forward forward)
{
	return forward < FORWARDS ? forward_fields[forward] : "";
}

/* ---- in memory ---- */

static void settings_destructor(void *data)
{
	struct user_settings *s = data;

	json_decref(s->object);
	mem_deref(s->blocked);
}

static void copy(char *out, size_t size, const char *text)
{
	(void)re_snprintf(out, size, "%s", text ? text : "");
}

static int take_blocked(struct user_settings *s, const json_t *list)
{
	size_t n = json_array_size(list);

	if (n > SETTINGS_BLOCKED_MAX)
		n = SETTINGS_BLOCKED_MAX;
	if (!n)
		return 0;

	s->blocked = mem_zalloc(n * sizeof(*s->blocked), NULL);
	if (!s->blocked)
		return ENOMEM;

	for (size_t i = 0; i < n; i++)
		copy(s->blocked[i], sizeof(s->blocked[i]),
		     json_string_value(json_array_get(list, i)));
	s->blocked_count = (uint16_t)n;

	return 0;
}

static void take_devices(struct user_settings *s, const json_t *list)
{
	size_t n = json_array_size(list);

	if (n > SETTINGS_DEVICES_MAX)
		n = SETTINGS_DEVICES_MAX;
	for (size_t i = 0; i < n; i++)
		copy(s->devices[i], sizeof(s->devices[i]),
		     json_string_value(json_array_get(list, i)));
	s->device_count = (uint8_t)n;
}

int settings_user_take(struct user *u, const json_t *object)
{
	struct user_settings *s;
	const char *text;
	int err;

	if (!object) {
		u->settings = mem_deref(u->settings);
		return 0;
	}

	s = mem_zalloc(sizeof(*s), settings_destructor);
	if (!s)
		return ENOMEM;

	s->object = json_deep_copy(object);
	for (int i = 0; i < FORWARDS; i++)
		copy(s->forward[i], sizeof(s->forward[i]),
		     json_get_text(object, forward_fields[i]));
	copy(s->outside_number, sizeof(s->outside_number),
	     json_get_text(object, "external_number"));
	s->has_dnd = json_get_bool(object, "dnd", false);
	s->rejects_anonymous = json_get_bool(object, "reject_anonymous", false);
	s->hides_number = json_get_bool(object, "hide_number", false);
	s->answers_itself = json_get_bool(object, "auto_answer", false);
	s->no_answer_s = (uint16_t)json_get_int(object, "no_answer_s", 0);
	text = json_get_text(object, "when_on_phone");
	s->is_busy_on_phone = text && !strcmp(text, "busy");
	take_devices(s, json_object_get(object, "ring_devices"));
	err = take_blocked(s, json_object_get(object, "blocked"));
	if (err || !s->object) {
		mem_deref(s);
		return ENOMEM;
	}

	mem_deref(u->settings);
	u->settings = s;
	reminder_take(u, (uint64_t)json_get_int(s->object, "reminder_ms", 0));

	return 0;
}

const char *user_forward(const struct user *u, enum forward forward)
{
	return u->settings && forward < FORWARDS ? u->settings->forward[forward]
						 : "";
}

bool user_blocks(const struct user *u, const char *number)
{
	const struct user_settings *s = u->settings;

	for (uint16_t i = 0; s && i < s->blocked_count; i++) {
		if (!strcmp(s->blocked[i], number))
			return true;
	}

	return false;
}

/* ---- kept ---- */

struct change {
	char id[DIRECTORY_ID_SIZE];
	json_t *object;
	struct http_request *req; /* or NULL */
	store_done_h *done;       /* or NULL */
	void *arg;
};

static void change_destructor(void *data)
{
	struct change *ch = data;

	json_decref(ch->object);
	mem_deref(ch->req);
}

/* What could not be kept is no base for the next change. */
static void take_stored(struct user *u)
{
	json_t *object = NULL;

	if (!record_get(&object, &table, u->id))
		(void)settings_user_take(u, object);
	json_decref(object);
}

/* Readers of the events show it at once. */
static void tell(const struct user *u, const json_t *object)
{
	json_t *seen = kind_view(&user_settings_kind, object, ROLE_SERVICE);
	json_t *data = json_pack("{s:s,s:o}", "user", u->id, "settings", seen);
	char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;

	if (text)
		event_news("settings", u->customer->id, span_of(text));
	free(text);
	json_decref(data);
}

/* It is at both nodes, as far as both are there. */
static void confirmed(void *arg)
{
	static const struct store_result good;
	struct change *ch = arg;

	if (ch->req)
		(void)http_reply_json(ch->req, 200,
				      kind_view(&user_settings_kind, ch->object,
						ROLE_SERVICE));
	if (ch->done)
		ch->done(&good, ch->arg);
	turn_end();
	mem_deref(ch);
}

static void changed(const struct store_result *result, void *arg)
{
	struct change *ch = arg;
	struct user *u = directory_user(span_of(ch->id));
	int err = result->err;

	pair_feed_changed();
	if (!err && u) /* with what has been sent since */
		err = settings_user_take(u, u->settings ? u->settings->object
							: ch->object);
	else if (u)
		take_stored(u);
	if (err)
		log_error("settings", "user=%s: %s", ch->id, strerror(err));
	if (!err && u)
		tell(u, ch->object);
	if (!result->err && !err) {
		pair_confirm(confirmed, ch);
		return;
	}
	if (ch->req)
		reply_error(ch->req, err);
	if (ch->done)
		ch->done(result, ch->arg);
	turn_end();
	mem_deref(ch);
}

/* The base of the next change, before this one is on the disk. */
static void remember(struct user *u, const json_t *object)
{
	if (!u->settings)
		u->settings = mem_zalloc(sizeof(*u->settings),
					 settings_destructor);
	if (!u->settings)
		return;

	json_decref(u->settings->object);
	u->settings->object = json_deep_copy(object);
}

/* Takes the object over. */
static int send_change(struct user *u, json_t *object, struct http_request *req,
		       store_done_h *done, void *arg)
{
	struct change *ch = mem_zalloc(sizeof(*ch), change_destructor);
	struct store_write *w = NULL;
	int err;

	if (!ch) {
		json_decref(object);
		return ENOMEM;
	}
	(void)json_object_set_new(object, "id", json_string(u->id));
	(void)json_object_set_new(object, "generation", json_integer(1));
	err = pair_fields_stamp(object,
				u->settings ? u->settings->object : NULL);
	ch->object = object;
	ch->req = mem_ref(req);
	ch->done = done;
	ch->arg = arg;
	memcpy(ch->id, u->id, sizeof(ch->id));

	if (!err)
		err = table.store ? store_write_alloc(&w, table.store) : ENOSYS;
	if (!err)
		err = record_put(w, &table, object);
	if (!err)
		err = pair_log_shared(w, user_settings_kind.plural, u->id,
				      false);
	if (!err)
		err = store_write_send(w, changed, ch);
	else
		mem_deref(w);
	if (err)
		mem_deref(ch);
	else
		remember(u, object);

	return err;
}

/* What the user has now, or what one has who has set nothing. */
static json_t *object_of(const struct user *u)
{
	json_t *errors, *none, *object = NULL;

	if (u->settings && u->settings->object)
		return json_deep_copy(u->settings->object);

	errors = json_array();
	none = json_object();
	(void)kind_check(&object, &user_settings_kind, none, KIND_REPLACE,
			 ROLE_SERVICE, errors);
	json_decref(none);
	json_decref(errors);
	if (!object)
		return NULL;
	(void)json_object_set_new(object, "id", json_string(u->id));
	(void)json_object_set_new(object, "generation", json_integer(1));

	return object;
}

int settings_user_change(struct user *u, json_t *changes, store_done_h *done,
			 void *arg)
{
	json_t *object = object_of(u);
	int err = !object || json_object_update(object, changes) ? ENOMEM : 0;

	json_decref(changes);
	if (err) {
		json_decref(object);
		return err;
	}

	return send_change(u, object, NULL, done, arg);
}

int settings_user_set(struct user *u, const char *name, json_t *value,
		      store_done_h *done, void *arg)
{
	json_t *changes = json_object();

	(void)json_object_set_new(changes, name, value);

	return settings_user_change(u, changes, done, arg);
}

int settings_user_block(struct user *u, const char *number, bool is_blocked,
			store_done_h *done, void *arg)
{
	json_t *object = object_of(u);
	json_t *before = json_object_get(object, "blocked");
	json_t *list = json_array();
	json_t *value;
	size_t i;

	if (!object || !list) {
		json_decref(object);
		json_decref(list);
		return ENOMEM;
	}

	json_array_foreach(before, i, value)
	{
		if (strcmp(json_string_value(value), number) != 0)
			(void)json_array_append(list, value);
	}
	if (is_blocked && json_array_size(list) >= SETTINGS_BLOCKED_MAX) {
		json_decref(object);
		json_decref(list);
		return ENOSPC;
	}
	if (is_blocked)
		(void)json_array_append_new(list, json_string(number));
	(void)json_object_set_new(object, "blocked", list);

	return send_change(u, object, NULL, done, arg);
}

int settings_user_remove(struct store_write *w, const char *id)
{
	return table.store ? record_remove(w, &table, id) : 0;
}

/* ---- REST ---- */

static struct user *wanted(struct http_request *req)
{
	struct user *u = directory_user(span_of(http_param(req, "id")));

	if (!u)
		reply_not_found(req, "user");

	return u;
}

static void get_settings(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	const struct user *u = wanted(req);
	json_t *object;

	(void)caller;
	(void)arg;
	if (!u)
		return;

	object = object_of(u);
	(void)http_reply_json(
		req, 200, kind_view(&user_settings_kind, object, ROLE_SERVICE));
	json_decref(object);
}

static void check_list(const json_t *object, const char *name, size_t most,
		       json_t *errors)
{
	if (json_array_size(json_object_get(object, name)) > most)
		kind_error(errors, name, "too-long", "has at most %zu entries",
			   most);
}

/* All of it, where what was sent is only what changes; takes that over. */
/* What is set by codes only stays. */
static void keep_own(const struct user *u, json_t *sent)
{
	static const char *const names[] = { "messages", "reminder_ms" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = u->settings && u->settings->object
					? json_object_get(u->settings->object,
							  names[i])
					: NULL;

		if (value)
			(void)json_object_set(sent, names[i], value);
	}
}

static json_t *whole_of(const struct user *u, json_t *sent,
			enum kind_write write)
{
	json_t *whole;

	if (write == KIND_REPLACE) {
		keep_own(u, sent);
		return sent;
	}

	whole = object_of(u);
	(void)json_object_update(whole, sent);
	json_decref(sent);

	return whole;
}

static void change_settings(struct http_request *req, enum kind_write write)
{
	struct user *u = wanted(req);
	json_t *in = NULL, *out = NULL, *errors;
	int err;

	if (!u || request_object(req, &in))
		return;

	errors = json_array();
	err = kind_check(&out, &user_settings_kind, in, write, ROLE_SERVICE,
			 errors);
	check_list(out, "ring_devices", SETTINGS_DEVICES_MAX, errors);
	check_list(out, "blocked", SETTINGS_BLOCKED_MAX, errors);
	dial_check(json_object_get(out, "speed_dials"), false, errors);
	if (json_array_size(errors)) {
		json_decref(out);
		reply_invalid(req, json_incref(errors));
	}
	else {
		if (!err)
			err = send_change(u, whole_of(u, out, write), req, NULL,
					  NULL);
		if (err)
			reply_error(req, err);
	}
	json_decref(in);
	json_decref(errors);
}

static void put_settings(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	(void)caller;
	(void)arg;

	change_settings(req, KIND_REPLACE);
}

static void patch_settings(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	(void)caller;
	(void)arg;

	change_settings(req, KIND_CHANGE);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/users/{id}/settings", "user_settings", ACTION_READ,
	  get_settings, 0, "How a user wants to be called" },
	{ "PUT", "/api/v1/users/{id}/settings", "user_settings", ACTION_UPDATE,
	  put_settings, 0, "Set how a user wants to be called" },
	{ "PATCH", "/api/v1/users/{id}/settings", "user_settings",
	  ACTION_UPDATE, patch_settings, 0,
	  "Change some of how a user wants to be called" },
};

static int taken(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	struct user *u = id ? directory_user(span_of(id)) : NULL;

	(void)arg;

	return u ? settings_user_take(u, object) : 0;
}

/* The other node's change is on the disk. */
static void merged(const char *id, json_t *object, void *arg)
{
	struct user *u = directory_user(span_of(id));
	bool was_lit = u && lamp_is_lit(u);
	bool is_lamp_new = u && u->settings && u->settings->is_lamp_new;
	const json_t *newest = object && u && u->settings ? u->settings->object
							  : object;

	(void)arg;
	if (!u)
		return;
	if (settings_user_take(u, newest))
		log_error("settings", "user=%s: no memory", id);
	if (is_lamp_new || lamp_is_lit(u) != was_lit)
		mwi_user(id);
}

static const json_t *current(const char *id)
{
	const struct user *u = directory_user(span_of(id));

	return u && u->settings ? u->settings->object : NULL;
}

static void remember_theirs(const char *id, const json_t *object)
{
	struct user *u = directory_user(span_of(id));
	bool was_lit = u && lamp_is_lit(u);

	if (!u)
		return;
	remember(u, object);
	if (u->settings && lamp_is_lit(u) != was_lit)
		u->settings->is_lamp_new = true;
}

int settings_user_start(struct store *store, struct router *router)
{
	int err;

	table = (struct record_table){ &user_settings_kind, store, NULL };
	err = record_prepare(&table);
	if (!err)
		err = router_kind(router, &user_settings_kind);
	if (!err)
		err = record_each(&table, taken, NULL);
	if (!err)
		err = pair_table_add_fields(&table, merged, current,
					    remember_theirs);
	if (!err)
		err = router_routes(router, routes,
				    sizeof(routes) / sizeof(routes[0]), NULL);

	return err;
}
