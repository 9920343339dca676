/* mailbox_settings.c - see mailbox_settings.h */
#include <errno.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "model/pbx_kinds.h"
#include "model/record.h"
#include "pbx/mail/greeting.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/pair/pair_fields.h"
#include "pbx/pair/pair_log.h"
#include "pbx/mail/passcode.h"

static struct record_table table;

const char *mailbox_setting(const struct mailbox *b, const char *name)
{
	const char *text = json_get_text(b->settings, name);

	return text ? text : "";
}

int64_t mailbox_setting_number(const struct mailbox *b, const char *name)
{
	return json_get_int(b->settings, name, 0);
}

/* ---- kept ---- */

struct change {
	char id[DIRECTORY_ID_SIZE];
	struct http_request *req; /* or NULL */
};

static void change_destructor(void *data)
{
	struct change *ch = data;

	mem_deref(ch->req);
}

static void reply_settings(struct http_request *req, const struct mailbox *b)
{
	(void)http_reply_json(
		req, 200,
		kind_view(&mailbox_settings_kind, b->settings, ROLE_SERVICE));
}

static void changed(const struct store_result *result, void *arg)
{
	struct change *ch = arg;
	struct mailbox *b = mailbox_find(ch->id);

	if (result->err) {
		log_error("mailbox", "settings of %s: %s", ch->id,
			  strerror(result->err));
		if (b) { /* what could not be kept is not obeyed */
			json_decref(b->settings);
			b->settings = NULL;
			(void)record_get(&b->settings, &table, b->user);
		}
	}
	if (ch->req && result->err)
		reply_error(ch->req, result->err);
	else if (ch->req && b)
		reply_settings(ch->req, b);
	else if (ch->req)
		reply_not_found(ch->req, "mailbox");
	mem_deref(ch);
}

/* Nothing set: the presets. */
static int prepare(struct mailbox *b)
{
	json_t *errors, *none;

	if (b->settings)
		return 0;

	errors = json_array();
	none = json_object();
	(void)kind_check(&b->settings, &mailbox_settings_kind, none,
			 KIND_CREATE, ROLE_SERVICE, errors);
	json_decref(none);
	json_decref(errors);
	if (!b->settings)
		return ENOMEM;
	(void)json_object_set_new(b->settings, "id", json_string(b->user));
	(void)json_object_set_new(b->settings, "generation", json_integer(1));

	return 0;
}

/* Takes the reference of changes. */
static int change(struct mailbox *b, json_t *changes, struct http_request *req)
{
	struct change *ch = mem_zalloc(sizeof(*ch), change_destructor);
	struct store_write *w = NULL;
	json_t *before = NULL;
	int err = ch && changes ? prepare(b) : ENOMEM;

	if (!err) {
		memcpy(ch->id, b->user, sizeof(ch->id));
		ch->req = mem_ref(req);
		before = json_deep_copy(b->settings);
		err = json_object_update(b->settings, changes) ? ENOMEM : 0;
	}
	if (!err)
		err = pair_fields_stamp(b->settings, before);
	json_decref(before);
	json_decref(changes);
	if (!err)
		err = table.store ? store_write_alloc(&w, table.store) : ENOSYS;
	if (!err)
		err = record_put(w, &table, b->settings);
	if (!err)
		err = pair_log_shared(w, table.kind->plural, b->user, false);
	if (!err)
		err = store_write_send(w, changed, ch);
	else
		mem_deref(w);
	if (err)
		mem_deref(ch);

	return err;
}

int mailbox_settings_set(struct mailbox *b, json_t *changes)
{
	return change(b, changes, NULL);
}

int mailbox_settings_remove(struct store_write *w, const char *id)
{
	return table.store ? record_remove(w, &table, id) : 0;
}

/* ---- REST ---- */

static struct mailbox *wanted(struct http_request *req)
{
	struct mailbox *b = mailbox_find(http_param(req, "user"));

	if (!b)
		reply_not_found(req, "mailbox");

	return b;
}

static void get_settings(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct mailbox *b = wanted(req);

	(void)caller;
	(void)arg;
	if (!b)
		return;
	if (prepare(b))
		reply_error(req, ENOMEM);
	else
		reply_settings(req, b);
}

/* What the table cannot say. */
static void check(const struct mailbox *b, json_t *out, json_t *errors)
{
	const struct mailbox_class *k = mailbox_class_of(b);
	const char *passcode = json_get_text(out, "passcode");
	const char *mail = json_get_text(out, "mail");
	const char *rule = passcode ? passcode_weakness(b, passcode) : NULL;
	json_t *off = json_object_get(out, "greetings_off"), *value;
	size_t i;

	if (rule)
		kind_error(errors, "passcode", "weak", "%s", rule);
	if (passcode && !rule)
		(void)json_object_set_new(out, "passcode_for",
					  json_string(b->given));
	if (mail && strcmp(mail, "no") != 0 && !k->has_mail)
		kind_error(errors, "mail", "not-permitted",
			   "the mailbox's class has no mail");
	if (mail && !strcmp(mail, "sound") && !k->has_sound)
		kind_error(errors, "mail", "not-permitted",
			   "the mailbox's class has no sound in mails");
	if (json_object_get(out, "zero") && json_get_text(out, "zero") &&
	    !k->has_zero)
		kind_error(errors, "zero", "not-permitted",
			   "the mailbox's class has no way out by 0");
	json_array_foreach(off, i, value)
	{
		if (!greeting_name_is_valid(json_string_value(value)))
			kind_error(errors, "greetings_off", "bad-choice",
				   "%s is no greeting's name",
				   json_string_value(value));
	}
}

static void patch_settings(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct mailbox *b = wanted(req);
	json_t *in = NULL, *out = NULL, *errors;
	int err;

	(void)caller;
	(void)arg;
	if (!b || request_object(req, &in))
		return;

	errors = json_array();
	err = kind_check(&out, &mailbox_settings_kind, in, KIND_CHANGE,
			 ROLE_SERVICE, errors);
	check(b, out, errors);
	json_decref(in);
	if (json_array_size(errors)) {
		json_decref(out);
		reply_invalid(req, errors);
		return;
	}
	json_decref(errors);
	if (!err)
		err = change(b, out, req);
	if (err)
		reply_error(req, err);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/mailboxes/{user}/settings", "mailbox_settings",
	  ACTION_READ, get_settings, 0, "What the owner of a mailbox has set" },
	{ "PATCH", "/api/v1/mailboxes/{user}/settings", "mailbox_settings",
	  ACTION_UPDATE, patch_settings, 0, "Change some of it" },
};

static int taken(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	struct mailbox *b = id ? mailbox_find(id) : NULL;

	(void)arg;
	if (!b)
		return 0;
	json_decref(b->settings);
	b->settings = json_deep_copy(object);

	return 0;
}

static const json_t *current(const char *id)
{
	const struct mailbox *b = mailbox_find(id);

	return b ? b->settings : NULL;
}

/* The other node of a pair has changed them. */
static void remember_theirs(const char *id, const json_t *object)
{
	struct mailbox *b = mailbox_find(id);

	if (!b)
		return;
	json_decref(b->settings);
	b->settings = json_deep_copy(object);
}

/* That is on the disk; what has been set since is later. */
static void merged(const char *id, json_t *object, void *arg)
{
	if (object && !current(id))
		(void)taken(object, arg);
}

int mailbox_settings_start(struct store *store, const struct key_file *keys,
			   struct router *router)
{
	int err;

	table = (struct record_table){ &mailbox_settings_kind, store, keys };
	err = record_prepare(&table);
	if (!err)
		err = router_kind(router, &mailbox_settings_kind);
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
