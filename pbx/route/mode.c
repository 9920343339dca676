/* mode.c - see mode.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/wheel.h"
#include "model/permission.h"
#include "model/record.h"
#include "pbx/route/mode.h"
#include "pbx/pair/pair_log.h"
#include "pbx/turn.h"

enum {
	LOOK_MS = 20000, /* changes by schedule are logged that late */
};

static const struct field fields[] = {
	{ "mode", FIELD_ENUM, FIELD_REQUIRED,
	  .choices = "day|night1|night2|schedule",
	  .help = "Set by hand, or schedule",
	  .help_fr = "Choisi, ou selon l'horaire" },
	{ "until_ms", FIELD_TIME, 0, .help = "What is set by hand ends then",
	  .help_fr = "Jusqu'à" },
	{ "now", FIELD_ENUM, FIELD_READONLY | FIELD_UNSTORED,
	  .choices = "day|night1|night2", .help = "Mode of a call that begins",
	  .help_fr = "Mode actuel" },
	{ "because", FIELD_ENUM, FIELD_READONLY | FIELD_UNSTORED,
	  .choices = "hand|schedule|holiday|default", .help = "What decides it",
	  .help_fr = "Raison" },
	{ "schedule", FIELD_TEXT, FIELD_READONLY | FIELD_UNSTORED, 0, 60,
	  .help = "Name of the schedule followed", .help_fr = "Horaire suivi" },
	{ "holiday", FIELD_TEXT, FIELD_READONLY | FIELD_UNSTORED, 0, 60,
	  .help = "Name of today's holiday", .help_fr = "Jour férié" },
	{ "changes_ms", FIELD_TIME, FIELD_READONLY | FIELD_UNSTORED,
	  .help = "When it changes by itself, if within eight days",
	  .help_fr = "Prochain changement" },
};

static const struct kind mode_kind = {
	.name = "service-mode",
	.plural = "service_modes",
	.owner = "pbx",
	.help = "A customer's service by day or night",
	.help_fr = "Le mode de service d'un client",
	KIND_FIELDS(fields),
};

static struct {
	struct record_table table;
	struct wheel_timer timer;
} mode;

static bool is_by_hand(const struct customer *c)
{
	return c->mode.is_set &&
	       (!c->mode.until_ms || clock_wall_ms() < c->mode.until_ms);
}

enum service_mode mode_now(const struct customer *c)
{
	const struct schedule *s;

	if (is_by_hand(c))
		return (enum service_mode)c->mode.mode;
	s = schedule_of(c);

	return s ? schedule_say(s, (int64_t)clock_wall_s()).mode : MODE_DAY;
}

/* ---- what is heard of it ---- */

static void tell(struct customer *c, const char *by)
{
	enum service_mode now = mode_now(c);

	if (now == c->mode.told)
		return;

	log_info("mode", "customer=%s service goes from %s to %s: %s", c->id,
		 service_mode_name(c->mode.told), service_mode_name(now), by);
	c->mode.told = (uint8_t)now;
}

static void look(void *arg)
{
	struct le *le = list_head(directory_customers());

	(void)arg;
	for (; le; le = le->next) {
		struct customer *c = le->data;

		if (c->mode.is_set || c->mode.told || schedule_of(c))
			tell(c, "the time has come");
	}
	wheel_start(&mode.timer, LOOK_MS, look, NULL);
}

/* ---- kept ---- */

struct change {
	char id[DIRECTORY_ID_SIZE];
	char by[96];
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

static void take(struct customer *c, const json_t *object)
{
	enum service_mode m = service_mode_of(json_get_text(object, "mode"));

	c->mode.is_set = m < MODES;
	c->mode.mode = (uint8_t)m;
	c->mode.until_ms = (uint64_t)json_get_int(object, "until_ms", 0);
}

/* As it is kept, and what follows from it. */
static json_t *view(const struct customer *c)
{
	const struct schedule *s = schedule_of(c);
	struct schedule_word word = { MODE_DAY, NULL };
	bool is_set = is_by_hand(c);
	int64_t now = (int64_t)clock_wall_s(), next = 0;

	if (s) {
		word = schedule_say(s, now);
		next = is_set ? 0 : schedule_next(s, now) * 1000;
	}
	if (is_set)
		next = (int64_t)c->mode.until_ms;

	return json_pack(
		"{s:s, s:s, s:o, s:s, s:s, s:s?, s:s?, s:o}", "id", c->id,
		"mode",
		is_set ? service_mode_name((enum service_mode)c->mode.mode)
		       : "schedule",
		"until_ms",
		is_set && c->mode.until_ms
			? json_integer((json_int_t)c->mode.until_ms)
			: json_null(),
		"now", service_mode_name(mode_now(c)), "because",
		is_set         ? "hand"
		: word.holiday ? "holiday"
		: s            ? "schedule"
			       : "default",
		"schedule", s ? schedule_name(s) : NULL, "holiday",
		word.holiday, "changes_ms",
		next ? json_integer(next) : json_null());
}

static void changed(const struct store_result *result, void *arg)
{
	struct change *ch = arg;
	struct customer *c = directory_customer(span_of(ch->id));
	int err = result->err;

	if (!err && c) {
		take(c, ch->object);
		tell(c, ch->by);
	}
	if (err)
		log_error("mode", "customer=%s: %s", ch->id, strerror(err));
	if (ch->req && err)
		reply_error(ch->req, err);
	else if (ch->req && c)
		(void)http_reply_json(ch->req, 200, view(c));
	else if (ch->req)
		reply_not_found(ch->req, "customer");
	if (ch->done)
		ch->done(result, ch->arg);
	turn_end();
	mem_deref(ch);
}

/* Takes the object over. */
static int send_change(const struct customer *c, json_t *object,
		       const struct change *how)
{
	struct change *ch = mem_zalloc(sizeof(*ch), change_destructor);
	struct store_write *w = NULL;
	int err;

	if (!ch) {
		json_decref(object);
		return ENOMEM;
	}
	*ch = *how;
	(void)json_object_set_new(object, "id", json_string(c->id));
	(void)json_object_set_new(object, "generation", json_integer(1));
	ch->object = object;
	ch->req = mem_ref(how->req);
	memcpy(ch->id, c->id, sizeof(ch->id));

	err = mode.table.store ? store_write_alloc(&w, mode.table.store)
			       : ENOSYS;
	if (!err)
		err = record_put(w, &mode.table, object);
	if (!err)
		err = pair_log_shared(w, mode_kind.plural, c->id, false);
	if (!err)
		err = store_write_send(w, changed, ch);
	else
		mem_deref(w);
	if (err)
		mem_deref(ch);

	return err;
}

int mode_set(struct customer *c, enum service_mode m, uint64_t until_ms,
	     const char *by, store_done_h *done, void *arg)
{
	struct change how = { .done = done, .arg = arg };
	json_t *object = json_pack(
		"{s:s, s:o}", "mode",
		m < MODES ? service_mode_name(m) : "schedule", "until_ms",
		until_ms ? json_integer((json_int_t)until_ms) : json_null());

	if (!object)
		return ENOMEM;
	(void)snprintf(how.by, sizeof(how.by), "%s", by);

	return send_change(c, object, &how);
}

int mode_remove(struct store_write *w, const char *id)
{
	return mode.table.store ? record_remove(w, &mode.table, id) : 0;
}

/* ---- REST ---- */

static struct customer *wanted(struct http_request *req)
{
	struct customer *c = directory_customer(span_of(http_param(req, "id")));

	if (!c)
		reply_not_found(req, "customer");

	return c;
}

static void get_mode(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	const struct customer *c = wanted(req);

	(void)caller;
	(void)arg;
	if (c)
		(void)http_reply_json(req, 200, view(c));
}

static void put_mode(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	struct customer *c = wanted(req);
	struct change how = { .req = req, .by = "set over REST" };
	json_t *in = NULL, *out = NULL, *errors;
	int err;

	(void)caller;
	(void)arg;
	if (!c || request_object(req, &in))
		return;

	errors = json_array();
	err = kind_check(&out, &mode_kind, in, KIND_REPLACE, ROLE_SERVICE,
			 errors);
	if (!err && json_get_int(out, "until_ms", 0) &&
	    (uint64_t)json_get_int(out, "until_ms", 0) <= clock_wall_ms())
		kind_error(errors, "until_ms", "out-of-range",
			   "give a moment to come");
	if (json_array_size(errors)) {
		json_decref(out);
		reply_invalid(req, json_incref(errors));
	}
	else {
		if (!err)
			err = send_change(c, out, &how);
		if (err)
			reply_error(req, err);
	}
	json_decref(in);
	json_decref(errors);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/customers/{id}/service-mode", "service_modes",
	  ACTION_READ, get_mode, 0, "Day or night, and why" },
	{ "PUT", "/api/v1/customers/{id}/service-mode", "service_modes",
	  ACTION_UPDATE, put_mode, 0,
	  "Set day or night by hand, or back to the schedule" },
};

static int taken(json_t *object, void *arg)
{
	const char *id = json_get_text(object, "id");
	struct customer *c = id ? directory_customer(span_of(id)) : NULL;

	(void)arg;
	if (c)
		take(c, object);

	return 0;
}

/* The other node of a pair has set it. */
static void merged(const char *id, json_t *object, void *arg)
{
	struct customer *c = directory_customer(span_of(id));

	(void)arg;
	if (!c || !object)
		return;
	take(c, object);
	tell(c, "the other node");
}

int mode_start(struct store *store, struct router *router)
{
	int err;

	mode.table = (struct record_table){ &mode_kind, store, NULL };
	err = record_prepare(&mode.table);
	if (!err)
		err = router_kind(router, &mode_kind);
	if (!err)
		err = record_each(&mode.table, taken, NULL);
	if (!err)
		err = pair_table_add(&mode.table, merged);
	if (!err)
		err = router_routes(router, routes, ARRAY_SIZE(routes), NULL);
	if (!err)
		look(NULL);

	return err;
}

void mode_close(void)
{
	wheel_stop(&mode.timer);
	mode.table.store = NULL;
}
