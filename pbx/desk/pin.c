/* pin.c - see pin.h
 *
 * PINs are asked for at people's pace, so rows are read when they are needed
 * and nothing is kept in memory but the attempts under way.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/password.h"
#include "base/secrets.h"
#include "pbx/watch/event.h"
#include "pbx/jsontext.h"
#include "pbx/pair/pair_confirm.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/pair/pair_fields.h"
#include "pbx/pair/pair_log.h"
#include "pbx/desk/pin.h"
#include "pbx/settings.h"
#include "pbx/turn.h"
#include "sip/build.h"

static const struct field fields[] = {
	{ "initial", FIELD_SECRET, 0, 0, 16, .help = "The portal's value",
	  .help_fr = "Valeur du portail" },
	{ "hash", FIELD_TEXT, FIELD_HIDDEN, 0, PASSWORD_HASH_SIZE,
	  .help = "Of the user's own", .help_fr = "De l'usager" },
	{ "failed_ms", FIELD_JSON, 0, 0, 8192,
	  .help = "When the last attempts failed",
	  .help_fr = "Derniers échecs" },
	{ "locked_ms", FIELD_TIME, 0, .help = "Locked until then",
	  .help_fr = "Verrouillé jusqu'à" },
	{ "changed_ms", FIELD_TIME, 0, .help = "When it was set here",
	  .help_fr = "Modifié le" },
	{ "stamps", FIELD_JSON, FIELD_READONLY | FIELD_HIDDEN, 0, 2048,
	  .help = "When each field was set, for a resilient pair",
	  .help_fr = "Date de chaque champ, pour une paire résiliente" },
};

static const struct kind pin_kind = {
	.name = "user-pin",
	.plural = "user_pins",
	.owner = "pbx",
	.help = "A user's PIN",
	.help_fr = "Le code PIN d'un usager",
	KIND_FIELDS(fields),
};

/* An attempt or a change under way. */
struct attempt {
	struct le le;
	char user[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE];
	char initial[PIN_MAX + 1]; /* the portal's, when that counts */
	const char *what;
	json_t *row;
	enum pin_verdict verdict;
	bool is_locked; /* already */
	bool is_right;  /* the portal's value */
	pin_h *h;
	pin_set_h *set_h;
	void *arg;
};

static struct {
	struct record_table table;
	const struct record_table *users;
	struct list attempts;
	struct list sealed; /* record_reseal() */
	json_t *merged;     /* the last one that the other node has changed */
} pins;

static const char *const verdicts[] = { "right", "wrong", "locked", "none" };

const char *pin_verdict_name(enum pin_verdict verdict)
{
	return verdict <= PIN_NONE ? verdicts[verdict] : "?";
}

static void attempt_destructor(void *data)
{
	struct attempt *a = data;

	list_unlink(&a->le);
	secret_wipe(a->initial, sizeof(a->initial));
	json_decref(a->row);
}

static bool is_under_way(const char *user)
{
	for (struct le *le = list_head(&pins.attempts); le; le = le->next) {
		const struct attempt *a = le->data;

		if (!strcmp(a->user, user))
			return true;
	}

	return false;
}

/* ---- rows ---- */

/* The user's row; one is made of what the portal gave when there is none. */
static int row_get(json_t **rowp, const char *user)
{
	json_t *row = NULL, *u = NULL;
	int err = record_get(&row, &pins.table, user);

	if (!err && !row) {
		err = record_get(&u, pins.users, user);
		row = json_pack("{s:s,s:i,s:s?}", "id", user, "generation", 1,
				"initial", json_get_text(u, "pin"));
		json_decref(u);
	}
	if (!err && !row)
		err = ENOMEM;
	if (err)
		json_decref(row);
	else
		*rowp = row;

	return err;
}

static bool has_text(const json_t *row, const char *name)
{
	const char *text = json_get_text(row, name);

	return text && *text;
}

/* Which of its fields are set now. */
static int row_stamp(json_t *row)
{
	json_t *before = NULL;
	int err = record_get(&before, &pins.table, json_get_text(row, "id"));

	if (!err)
		err = pair_fields_stamp(row, before);
	json_decref(before);

	return err;
}

static int row_save(json_t *row, store_done_h *done, void *arg)
{
	struct store_write *w = NULL;
	int err = store_write_alloc(&w, pins.table.store);

	if (err)
		return err;

	err = row_stamp(row);
	if (!err)
		err = record_put(w, &pins.table, row);
	if (!err)
		err = pair_log_shared(w, pins.table.kind->plural,
				      json_get_text(row, "id"), false);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, done, arg);

	return err;
}

int pin_write(struct store_write *w, const struct provision_change *change)
{
	const char *now = json_get_text(change->object, "pin");
	const char *before = json_get_text(change->before, "pin");
	const char *initial;
	json_t *row = NULL;
	int err;

	if (!change->object)
		return record_remove(w, &pins.table, change->id);

	err = record_get(&row, &pins.table, change->id);
	if (err)
		return err;

	if (!now || !*now) {
		/* what it had counts on */
		if (before && !row)
			now = before;
		else
			goto out;
	}
	initial = json_get_text(row, "initial");
	if (initial && !strcmp(initial, now))
		goto out;

	json_decref(row);
	row = json_pack("{s:s,s:i,s:s}", "id", change->id, "generation", 1,
			"initial", now);
	err = row ? row_stamp(row) : ENOMEM;
	if (!err)
		err = record_put(w, &pins.table, row);
	if (!err)
		err = pair_log_shared(w, pins.table.kind->plural, change->id,
				      false);

out:
	json_decref(row);

	return err;
}

/* ---- what others learn ---- */

static void tell(const struct attempt *a, const char *what, uint64_t until_ms)
{
	char buf[256];
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	sip_out_raw(&o, SPAN("{"));
	jsontext_member(&o, true, "user", a->user);
	jsontext_member(&o, false, "pin", what);
	if (until_ms)
		jsontext_number(&o, "until_ms", until_ms);
	sip_out_raw(&o, SPAN("}"));
	event_news("pin", a->customer, sip_out_span(&o));
}

/* ---- failures ---- */

/* Failures that still count, with one more now. */
static size_t failures_add(json_t *row, uint64_t now)
{
	json_t *list = json_array(), *value;
	size_t i;

	json_array_foreach(json_object_get(row, "failed_ms"), i, value)
	{
		if ((uint64_t)json_integer_value(value) + PIN_WINDOW_MS > now)
			(void)json_array_append(list, value);
	}
	(void)json_array_append_new(list, json_integer((json_int_t)now));
	(void)json_object_set_new(row, "failed_ms", list);

	return json_array_size(list);
}

static bool row_is_locked(const json_t *row)
{
	return (uint64_t)json_get_int(row, "locked_ms", 0) > clock_wall_ms();
}

static void count_failure(struct attempt *a)
{
	uint64_t now = clock_wall_ms(), until;

	log_warn("pin", "user=%s customer=%s: wrong PIN (%s)", a->user,
		 a->customer, a->what);
	if (failures_add(a->row, now) < pbx_settings.pin_failures)
		return;

	until = now + pbx_settings.pin_lock_s * 1000ull;
	a->verdict = PIN_LOCKED;
	(void)json_object_set_new(a->row, "locked_ms",
				  json_integer((json_int_t)until));
	(void)json_object_set_new(a->row, "failed_ms", json_null());
	log_warn("pin",
		 "user=%s customer=%s: locked for %u s after %u failures",
		 a->user, a->customer, pbx_settings.pin_lock_s,
		 pbx_settings.pin_failures);
	tell(a, "locked", until);
}

/* ---- comparing ---- */

static void attempt_end(struct attempt *a, int err)
{
	list_unlink(&a->le);
	if (a->h)
		a->h(err, a->verdict, a->arg);
	if (a->set_h)
		a->set_h(err, a->arg);
	turn_end();
	mem_deref(a);
}

static void confirmed(void *arg)
{
	attempt_end(arg, 0);
}

static void saved(const struct store_result *result, void *arg)
{
	struct attempt *a = arg;

	pair_feed_changed();
	if (!result->err) {
		pair_confirm(confirmed, a);
		return;
	}
	log_error("pin", "user=%s: %s", a->user, result->error.text);
	/* Nobody gets in while failures cannot be counted. */
	attempt_end(a, result->err);
}

static void save(struct attempt *a)
{
	int err = directory_user(span_of(a->user)) ? row_save(a->row, saved, a)
						   : ENOENT;

	if (err)
		attempt_end(a, err);
}

static void compared(int err, bool is_match, void *arg)
{
	struct attempt *a = arg;
	const json_t *failed = json_object_get(a->row, "failed_ms");

	if (err || a->is_locked || a->verdict == PIN_NONE) {
		attempt_end(a, err);
		return;
	}

	a->verdict = is_match || a->is_right ? PIN_RIGHT : PIN_WRONG;
	if (a->verdict == PIN_WRONG) {
		count_failure(a);
		save(a);
	}
	else if (json_array_size(failed)) {
		(void)json_object_set_new(a->row, "failed_ms", json_null());
		save(a);
	}
	else {
		attempt_end(a, 0);
	}
}

static int attempt_make(struct attempt **ap, const struct user *u,
			const char *what)
{
	struct attempt *a;
	int err;

	if (is_under_way(u->id))
		return EBUSY;

	a = mem_zalloc(sizeof(*a), attempt_destructor);
	if (!a)
		return ENOMEM;

	memcpy(a->user, u->id, sizeof(a->user));
	(void)snprintf(a->customer, sizeof(a->customer), "%s",
		       u->customer ? u->customer->id : "");
	a->what = what;
	err = row_get(&a->row, u->id);
	if (err) {
		mem_deref(a);
		return err;
	}
	list_append(&pins.attempts, &a->le, a);
	*ap = a;

	return 0;
}

int pin_check(const struct user *u, const char *digits, const char *what,
	      pin_h *h, void *arg)
{
	const char *hash, *initial;
	struct attempt *a = NULL;
	int err = attempt_make(&a, u, what);

	if (err)
		return err;

	a->h = h;
	a->arg = arg;
	hash = json_get_text(a->row, "hash");
	initial = json_get_text(a->row, "initial");
	if (row_is_locked(a->row)) {
		a->is_locked = true;
		a->verdict = PIN_LOCKED;
		log_warn("pin",
			 "user=%s customer=%s: attempt while locked "
			 "(%s)",
			 a->user, a->customer, what);
	}
	else if (!hash && (!initial || !*initial)) {
		a->verdict = PIN_NONE;
	}
	else if (!hash) {
		a->is_right = secret_equal(initial, digits);
	}

	/* It takes as long whatever the case. */
	err = password_verify(a->is_locked ? NULL : hash,
			      *digits ? digits : "-", compared, a);
	if (err)
		mem_deref(a);

	return err;
}

/* ---- changing ---- */

const char *pin_weakness(const struct user *u, const char *digits)
{
	static char length[64];
	size_t n = strlen(digits), extension = strlen(u->extension);
	bool same = true, up = true, down = true, is_reverse = n == extension;

	if (digits[strspn(digits, "0123456789")])
		return "must be digits";
	if (n < pbx_settings.pin_min || n > PIN_MAX) {
		(void)snprintf(length, sizeof(length),
			       "must have %u to %d digits",
			       pbx_settings.pin_min, PIN_MAX);
		return length;
	}

	for (size_t i = 1; i < n; i++) {
		same = same && digits[i] == digits[0];
		up = up && digits[i] == digits[i - 1] + 1;
		down = down && digits[i] == digits[i - 1] - 1;
	}
	for (size_t i = 0; is_reverse && i < n; i++)
		is_reverse = digits[i] == u->extension[n - 1 - i];
	if (same)
		return "must not be one digit repeated";
	if (up || down)
		return "must not be a sequence";
	if (is_reverse || !strcmp(digits, u->extension))
		return "must not be the extension, nor its reverse";

	return NULL;
}

static void hashed(int err, const char *hash, void *arg)
{
	struct attempt *a = arg;

	if (err) {
		attempt_end(a, err);
		return;
	}

	(void)json_object_set_new(a->row, "hash", json_string(hash));
	(void)json_object_set_new(a->row, "changed_ms",
				  json_integer((json_int_t)clock_wall_ms()));
	(void)json_object_set_new(a->row, "failed_ms", json_null());
	(void)json_object_set_new(a->row, "locked_ms", json_null());
	log_info("pin", "user=%s customer=%s: changed by %s", a->user,
		 a->customer, a->what);
	tell(a, "changed", 0);
	save(a);
}

int pin_set(const struct user *u, const char *digits, const char *by,
	    pin_set_h *h, void *arg)
{
	struct attempt *a = NULL;
	int err = attempt_make(&a, u, by);

	if (err)
		return err;

	a->set_h = h;
	a->arg = arg;
	err = password_hash(digits, hashed, a);
	if (err)
		mem_deref(a);

	return err;
}

/* ---- REST ---- */

static struct user *wanted(struct http_request *req)
{
	struct user *u = directory_user(span_of(http_param(req, "id")));

	if (!u)
		reply_not_found(req, "user");

	return u;
}

static void reply_busy(struct http_request *req, int err)
{
	if (err == EBUSY)
		(void)http_reply_problem(req, 503, "busy",
					 "This PIN is being compared or "
					 "changed; try again.",
					 NULL);
	else
		reply_error(req, err);
}

static void get_pin(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	const struct user *u = wanted(req);
	json_t *row = NULL;
	bool is_own;
	int err;

	(void)caller;
	(void)arg;
	if (!u)
		return;

	err = row_get(&row, u->id);
	if (err) {
		reply_error(req, err);
		return;
	}
	is_own = has_text(row, "hash");
	(void)http_reply_json(
		req, 200,
		json_pack(
			"{s:b,s:b,s:O?,s:i,s:o}", "is_set",
			is_own || has_text(row, "initial"), "is_own", is_own,
			"changed_ms", json_object_get(row, "changed_ms"),
			"failures",
			(int)json_array_size(json_object_get(row, "failed_ms")),
			"locked_until_ms",
			row_is_locked(row)
				? json_incref(json_object_get(row, "locked_ms"))
				: json_null()));
	json_decref(row);
}

/* A change by REST, perhaps by who must know the old one. */
struct asked {
	struct http_request *req;
	char user[DIRECTORY_ID_SIZE];
	char digits[PIN_MAX + 1];
};

static void asked_destructor(void *data)
{
	struct asked *a = data;

	secret_wipe(a->digits, sizeof(a->digits));
	mem_deref(a->req);
}

static void set_is_done(int err, void *arg)
{
	struct asked *a = arg;

	if (err)
		reply_busy(a->req, err);
	else
		(void)http_reply(a->req, 204, NULL, NULL, 0);
	mem_deref(a);
}

static void set_now(struct asked *a, const char *by)
{
	const struct user *u = directory_user(span_of(a->user));
	int err = u ? pin_set(u, a->digits, by, set_is_done, a) : ENOENT;

	if (err) {
		reply_busy(a->req, err);
		mem_deref(a);
	}
}

void pin_refuse(struct http_request *req, int err, enum pin_verdict verdict,
		const char *wrong)
{
	if (err)
		reply_error(req, err);
	else if (verdict == PIN_LOCKED)
		(void)http_reply_problem(req, 429, "pin-locked",
					 "Too many wrong PINs: wait, or have "
					 "an administrator unlock it.",
					 NULL);
	else
		(void)http_reply_problem(req, 403, "wrong-pin", wrong, NULL);
}

static void old_is_checked(int err, enum pin_verdict verdict, void *arg)
{
	struct asked *a = arg;

	if (!err && verdict == PIN_RIGHT) {
		set_now(a, "the user");
		return;
	}

	pin_refuse(a->req, err, verdict, "The old PIN is another one.");
	mem_deref(a);
}

/* The new PIN, or NULL with a field error. */
static const char *new_pin(const struct user *u, const json_t *body,
			   json_t *errors)
{
	const char *pin = json_get_text(body, "pin");
	const char *old = json_get_text(body, "old");
	const char *rule;

	if (!pin) {
		kind_error(errors, "pin", "missing", "give the new PIN");
		return NULL;
	}
	rule = pin_weakness(u, pin);
	if (!rule && old && !strcmp(old, pin))
		rule = "must be another than the old one";
	if (rule)
		kind_error(errors, "pin", "weak", "%s", rule);

	return pin;
}

static void put_pin(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	const struct user *u = wanted(req);
	json_t *body = NULL, *errors;
	const char *pin, *old;
	struct asked *a;
	int err = 0;

	(void)caller;
	(void)arg;
	if (!u || request_object(req, &body))
		return;

	errors = json_array();
	pin = new_pin(u, body, errors);
	old = json_get_text(body, "old");
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		goto out;
	}
	json_decref(errors);

	a = mem_zalloc(sizeof(*a), asked_destructor);
	if (!a) {
		reply_error(req, ENOMEM);
		goto out;
	}
	a->req = mem_ref(req);
	memcpy(a->user, u->id, sizeof(a->user));
	(void)snprintf(a->digits, sizeof(a->digits), "%s", pin);
	if (old)
		err = pin_check(u, old, "change by REST", old_is_checked, a);
	else
		set_now(a, "an administrator");
	if (err) {
		reply_busy(req, err);
		mem_deref(a);
	}

out:
	json_decref(body);
}

static void unlocked(const struct store_result *result, void *arg)
{
	struct http_request *req = arg;

	if (result->err)
		reply_error(req, result->err);
	else
		(void)http_reply(req, 204, NULL, NULL, 0);
	mem_deref(req);
}

static void delete_lock(struct http_request *req, const struct caller *caller,
			void *arg)
{
	const struct user *u = wanted(req);
	struct attempt *a = NULL;
	int err;

	(void)caller;
	(void)arg;
	if (!u)
		return;

	err = attempt_make(&a, u, "unlock");
	if (err) {
		reply_busy(req, err);
		return;
	}
	(void)json_object_set_new(a->row, "locked_ms", json_null());
	(void)json_object_set_new(a->row, "failed_ms", json_null());
	err = row_save(a->row, unlocked, mem_ref(req));
	if (err) {
		mem_deref(req);
		reply_error(req, err);
	}
	else {
		log_info("pin",
			 "user=%s customer=%s: unlocked by an "
			 "administrator",
			 a->user, a->customer);
		tell(a, "unlocked", 0);
	}
	mem_deref(a);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/users/{id}/pin", "pins", ACTION_READ, get_pin, 0,
	  "Whether a user has a PIN, and whether it is locked" },
	{ "PUT", "/api/v1/users/{id}/pin", "pins", ACTION_UPDATE, put_pin, 0,
	  "Set a user's PIN; with `old`, only who knows that" },
	{ "DELETE", "/api/v1/users/{id}/pin/lock", "pins", ACTION_DELETE,
	  delete_lock, 0, "Unlock a user's PIN" },
};

/* As the other node's is merged with it; nothing is kept in memory. */
static const json_t *current(const char *id)
{
	json_decref(pins.merged);
	pins.merged = NULL;
	(void)record_get(&pins.merged, &pins.table, id);

	return pins.merged;
}

static void remember(const char *id, const json_t *object)
{
	(void)id;
	(void)object;
}

int pin_start(struct store *store, const struct key_file *keys,
	      struct router *router, const struct record_table *users)
{
	int err;

	list_init(&pins.attempts);
	list_init(&pins.sealed);
	pins.users = users;
	pins.table = (struct record_table){ &pin_kind, store, keys };
	err = record_prepare(&pins.table);
	if (!err)
		err = record_reseal(&pins.sealed, &pins.table);
	if (!err)
		err = router_routes(router, routes,
				    sizeof(routes) / sizeof(routes[0]), NULL);
	if (!err)
		err = pair_table_add_fields(&pins.table, NULL, current,
					    remember);

	return err;
}

void pin_close(void)
{
	list_flush(&pins.attempts);
	list_flush(&pins.sealed);
	json_decref(pins.merged);
	pins.merged = NULL;
	pins.users = NULL;
}
