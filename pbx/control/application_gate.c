/* application_gate.c - see application_gate.h */
#include <stdio.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference.h"
#include "pbx/conference/recording.h"
#include "pbx/control/application.h"
#include "pbx/control/application_gate.h"
#include "pbx/feature/callback.h"
#include "pbx/mail/mailbox.h"
#include "pbx/store.h"

enum { STORY_MAX = 40 };

/* What the path of a route names. */
enum subject {
	ABOUT_NOTHING, /* a list filters what it shows */
	ABOUT_CALL,
	ABOUT_RECORD, /* a call, or its record */
	ABOUT_DEVICE,
	ABOUT_USER,
	ABOUT_MAILBOX,
	ABOUT_CONFERENCE,
	ABOUT_RECORDING,
	ABOUT_CALLBACK,
};

#define SEE         RIGHT_BIT(RIGHT_CALLS_SEE)
#define CONTROL     RIGHT_BIT(RIGHT_CALLS_CONTROL)
#define JOIN        RIGHT_BIT(RIGHT_CALLS_JOIN)
#define EXPLAIN     RIGHT_BIT(RIGHT_CALLS_EXPLAIN)
#define RECORDS     RIGHT_BIT(RIGHT_RECORDS_READ)
#define HEAR        RIGHT_BIT(RIGHT_RECORDINGS_READ)
#define RECORD      RIGHT_BIT(RIGHT_RECORDINGS_CONTROL)
#define SETTINGS    RIGHT_BIT(RIGHT_SETTINGS_SEE)
#define SET         RIGHT_BIT(RIGHT_SETTINGS_CHANGE)
#define MESSAGES    RIGHT_BIT(RIGHT_MESSAGES_READ)
#define MARK        RIGHT_BIT(RIGHT_MESSAGES_CHANGE)
#define ALARMS      RIGHT_BIT(RIGHT_ALARMS_SEE)
#define STREAM      (SEE | RECORDS | SETTINGS | MESSAGES | ALARMS)

#define CALL        "/api/v1/calls/{id}"
#define CONFERENCES "/api/v1/conference-calls"
#define CONFERENCE  CONFERENCES "/{id}"
#define MAILBOX     "/api/v1/mailboxes/{user}"

/* Any of the rights opens it; 0: none is needed. */
static const struct row {
	const char *method;
	const char *path;
	uint32_t rights;
	uint8_t subject;
} rows[] = {
	{ "GET", "/api/v1/application", 0, ABOUT_NOTHING },
	{ "GET", "/api/v1/call-control", 0, ABOUT_NOTHING },
	{ "GET", "/api/v1/events", STREAM, ABOUT_NOTHING },

	{ "GET", "/api/v1/devices", SEE, ABOUT_NOTHING },
	{ "GET", "/api/v1/devices/{id}", SEE, ABOUT_DEVICE },
	{ "GET", "/api/v1/calls", SEE, ABOUT_NOTHING },
	{ "GET", CALL, SEE, ABOUT_RECORD },
	{ "GET", CALL "/trail", EXPLAIN, ABOUT_RECORD },
	{ "GET", CALL "/trace", EXPLAIN, ABOUT_RECORD },
	{ "GET", "/api/v1/parked", SEE, ABOUT_NOTHING },
	{ "GET", "/api/v1/callbacks", SEE, ABOUT_NOTHING },
	{ "GET", CONFERENCES, SEE, ABOUT_NOTHING },
	{ "GET", CONFERENCE, SEE, ABOUT_CONFERENCE },

	{ "POST", "/api/v1/calls", CONTROL, ABOUT_NOTHING },
	{ "DELETE", CALL, CONTROL, ABOUT_CALL },
	{ "POST", CALL "/answer", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/hold", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/retrieve", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/consult", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/alternate", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/reconnect", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/transfer", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/single-step-transfer", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/redirect", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/deflect", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/pickup", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/park", CONTROL, ABOUT_CALL },
	{ "POST", "/api/v1/parked/{id}/retrieve", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/conference", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/join", JOIN, ABOUT_CALL },
	{ "POST", CALL "/digits", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/hangup", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/clear-connection", CONTROL, ABOUT_CALL },
	{ "POST", CALL "/clear", CONTROL, ABOUT_CALL },
	{ "POST", "/api/v1/devices/{id}/pickup", CONTROL, ABOUT_DEVICE },
	{ "POST", "/api/v1/message-waiting", CONTROL, ABOUT_NOTHING },
	{ "POST", "/api/v1/callbacks", CONTROL, ABOUT_NOTHING },
	{ "DELETE", "/api/v1/callbacks/{id}", CONTROL, ABOUT_CALLBACK },
	{ "POST", CONFERENCES, CONTROL, ABOUT_NOTHING },
	{ "DELETE", CONFERENCE, CONTROL, ABOUT_CONFERENCE },
	{ "POST", CONFERENCE "/lock", CONTROL, ABOUT_CONFERENCE },
	{ "POST", CONFERENCE "/unlock", CONTROL, ABOUT_CONFERENCE },
	{ "POST", CONFERENCE "/parties", CONTROL, ABOUT_CONFERENCE },
	{ "DELETE", CONFERENCE "/parties/{party}", CONTROL, ABOUT_CONFERENCE },
	{ "POST", CONFERENCE "/parties/{party}/mute", CONTROL,
	  ABOUT_CONFERENCE },
	{ "POST", CONFERENCE "/parties/{party}/unmute", CONTROL,
	  ABOUT_CONFERENCE },

	{ "GET", "/api/v1/cdrs", RECORDS, ABOUT_NOTHING },
	{ "GET", "/api/v1/recordings", HEAR, ABOUT_NOTHING },
	{ "GET", "/api/v1/recordings/{id}", HEAR, ABOUT_RECORDING },
	{ "GET", "/api/v1/recordings/{id}/sound", HEAR, ABOUT_RECORDING },
	{ "DELETE", "/api/v1/recordings/{id}", RECORD, ABOUT_RECORDING },
	{ "POST", CALL "/record", RECORD, ABOUT_CALL },

	{ "GET", "/api/v1/users/{id}/settings", SETTINGS | SET, ABOUT_USER },
	{ "PUT", "/api/v1/users/{id}/settings", SET, ABOUT_USER },
	{ "PATCH", "/api/v1/users/{id}/settings", SET, ABOUT_USER },

	{ "GET", MAILBOX, MESSAGES, ABOUT_MAILBOX },
	{ "GET", MAILBOX "/messages", MESSAGES, ABOUT_MAILBOX },
	{ "GET", MAILBOX "/messages/{id}", MESSAGES, ABOUT_MAILBOX },
	{ "GET", MAILBOX "/messages/{id}/sound", MESSAGES, ABOUT_MAILBOX },
	{ "PATCH", MAILBOX "/messages/{id}", MARK, ABOUT_MAILBOX },
	{ "DELETE", MAILBOX "/messages/{id}", MARK, ABOUT_MAILBOX },
};

static const struct row *row_of(const struct route *route)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!strcmp(rows[i].path, route->path) &&
		    !strcmp(rows[i].method, route->method))
			return &rows[i];
	}

	return NULL;
}

/* ---- who ---- */

static bool knows(struct caller *caller, struct http_request *req, void *arg)
{
	struct span token = http_bearer(req);
	struct application *a;
	char text[TOKEN_SIZE];

	(void)arg;

	if (!token.p)
		return true; /* nobody */
	if (token.len != TOKEN_SIZE - 1)
		return false;
	memcpy(text, token.p, token.len);
	text[token.len] = '\0';
	a = application_find(text);
	secret_wipe(text, sizeof(text));
	if (!a)
		return false;

	caller->role = ROLE_APPLICATION;
	(void)snprintf(caller->customer, sizeof(caller->customer), "%s",
		       a->customer);
	(void)snprintf(caller->id, sizeof(caller->id), "%s", a->id);
	(void)snprintf(caller->name, sizeof(caller->name), "%s", a->name);
	http_request_set_data(req, mem_ref(a));

	return true;
}

/* ---- refused ---- */

struct application_counts *application_counts(void)
{
	static struct application_counts counts;

	return &counts;
}

static void refuse_rate(struct http_request *req, uint32_t wait_ms)
{
	application_counts()->limited++;
	(void)http_reply_header(req, "Retry-After", "%u",
				(wait_ms + 999) / 1000);
	(void)http_reply_problem(req, 429, "too-many-requests",
				 "This application asks more often than it "
				 "may; wait and ask again.",
				 NULL);
}

/* "calls.see or records.read" */
static void name_rights(char *names, size_t size, uint32_t rights)
{
	names[0] = '\0';
	for (int i = 0; i < RIGHTS; i++) {
		size_t len = strlen(names);

		if (rights & RIGHT_BIT(i))
			(void)snprintf(names + len, size - len, "%s%s",
				       len ? " or " : "",
				       application_right_name(i));
	}
}

static void refuse_right(struct http_request *req, uint32_t rights)
{
	json_t *errors = json_array();
	char names[200], detail[320];

	application_counts()->refused++;
	name_rights(names, sizeof(names), rights);
	kind_error(errors, "rights", "missing", "%s", names);
	(void)snprintf(detail, sizeof(detail),
		       "This application lacks the right %s; an "
		       "administrator of the customer can give it.",
		       names);
	(void)http_reply_problem(req, 403, "right-missing", detail, errors);
}

void application_refuse_emergency(struct http_request *req)
{
	json_t *errors = json_array();

	kind_error(errors, "rights", "missing", "%s",
		   application_right_name(RIGHT_EMERGENCY_CONTROL));
	(void)http_reply_problem(req, 403, "emergency-call",
				 "This is an emergency call: only an "
				 "application with the right "
				 "emergency.control may touch it.",
				 errors);
}

/* ---- what it is about ---- */

bool application_keeps_off(const struct application *a, const struct call *call)
{
	return a && call && call->is_emergency &&
	       !application_may(a, RIGHT_EMERGENCY_CONTROL);
}

static bool conference_is_kept_safe(const struct application *a,
				    const struct conference *c)
{
	for (struct le *le = c ? list_head(&c->parties) : NULL; le;
	     le = le->next) {
		const struct party *p = le->data;

		if (application_keeps_off(a, p->call))
			return true;
	}

	return false;
}

static bool sees_mailbox(const struct application *a, const char *owner)
{
	const struct mailbox *b = mailbox_find(owner);

	return b &&
	       (b->is_group
			? application_sees_customer(a, b->customer) && !a->scope
			: application_sees_user(a, b->customer, b->user));
}

static bool sees_recording(const struct application *a, const char *id)
{
	const struct recording *r = recording_find(id);

	return r && application_sees_user(a, r->customer, r->user);
}

static bool sees_callback(const struct application *a, const char *id)
{
	json_t *all = callback_list(), *c;
	bool sees = false;
	size_t i;

	json_array_foreach(all, i, c)
	{
		if (!strcmp(json_get_text(c, "id"), id))
			sees = application_sees_phone(
				a, directory_phone(
					   span_of(json_get_text(c, "phone"))));
	}
	json_decref(all);

	return sees;
}

static const struct call *call_of(const struct http_request *req)
{
	const char *id = http_param(req, "id");
	const struct call *call = id ? call_find(span_of(id)) : NULL;

	return call && call->state != CALL_OVER ? call : NULL;
}

/* Whether it sees what the path names; *whatp for the answer. */
static bool sees_subject(const struct application *a, struct http_request *req,
			 enum subject subject, const char **whatp)
{
	const char *id = http_param(req, "id");
	const struct conference *c;
	const struct call *call;
	const struct user *u;

	switch (subject) {
	case ABOUT_CALL:
	case ABOUT_RECORD:
		*whatp = "call";
		call = call_of(req);
		return call && application_sees_call(a, call);
	case ABOUT_DEVICE:
		*whatp = "device";
		return application_sees_phone(a, directory_phone(span_of(id)));
	case ABOUT_USER:
		*whatp = "user";
		u = directory_user(span_of(id));
		return u && u->customer &&
		       application_sees_user(a, u->customer->id, id);
	case ABOUT_MAILBOX:
		*whatp = "mailbox";
		return sees_mailbox(a, http_param(req, "user"));
	case ABOUT_CONFERENCE:
		*whatp = "conference";
		c = conference_find(id);
		return c && application_sees_conference(a, c);
	case ABOUT_RECORDING:
		*whatp = "recording";
		return sees_recording(a, id);
	case ABOUT_CALLBACK: *whatp = "callback"; return sees_callback(a, id);
	default: return true;
	}
}

/* What the body names: a phone, another call.  Answers what is not seen. */
static bool sees_body(const struct application *a, struct http_request *req)
{
	static const char *const phones[] = { "phone", "with" };
	const char *id, *other;
	const struct call *call;
	json_t *body = NULL, *errors = json_array();
	bool is_safe = true;

	if (json_read(&body, http_body(req), 0, NULL))
		goto out; /* the handler says what is wrong with it */
	for (size_t i = 0; i < ARRAY_SIZE(phones); i++) {
		id = json_get_text(body, phones[i]);
		if (id &&
		    !application_sees_phone(a, directory_phone(span_of(id))))
			kind_error(errors, phones[i], "unknown",
				   "No phone has this id.");
	}
	other = json_get_text(body, "call");
	call = other ? call_find(span_of(other)) : NULL;
	if (other && (!call || !application_sees_call(a, call)))
		kind_error(errors, "call", "unknown", "No call has this id.");
	is_safe = !application_keeps_off(a, call);

out:
	json_decref(body);
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		return false;
	}
	json_decref(errors);
	if (!is_safe)
		application_refuse_emergency(req);

	return is_safe;
}

/* ---- a call that may be over ---- */

struct asking {
	struct http_request *req;
	const struct route *route;
	struct caller caller;
	void *arg;
	bool sees;
};

static void asking_destructor(void *data)
{
	struct asking *k = data;

	mem_deref(k->req);
}

static void look(uint64_t seq, const char *customer, struct span json,
		 void *arg)
{
	struct asking *k = arg;
	json_t *record = NULL;

	(void)seq;

	if (!application_sees_customer(application_of(k->req), customer))
		return;
	if (!json_read(&record, json, 0, NULL))
		k->sees = application_sees_json(application_of(k->req), record);
	json_decref(record);
}

static void settled(void *arg)
{
	struct asking *k = arg;
	const struct keep_query q = { .call = http_param(k->req, "id"),
				      .customer = k->caller.customer,
				      .limit = 1 };

	(void)keep_each_cdr(&q, look, k);
	if (k->sees)
		k->route->handler(k->req, &k->caller, k->arg);
	else
		reply_not_found(k->req, "call");
	mem_deref(k);
}

static void ask_record(struct http_request *req, const struct route *route,
		       const struct caller *caller, void *arg)
{
	struct asking *k = mem_zalloc(sizeof(*k), asking_destructor);

	if (!k) {
		reply_error(req, ENOMEM);
		return;
	}
	k->req = mem_ref(req);
	k->route = route;
	k->caller = *caller;
	k->arg = arg;
	keep_settle(settled, k);
}

/* ---- the gate ---- */

static bool touches_emergency(const struct application *a,
			      struct http_request *req, const struct row *row)
{
	if (!(row->rights & (CONTROL | JOIN | RECORD)) ||
	    row->subject == ABOUT_NOTHING)
		return false;
	if (row->subject == ABOUT_CONFERENCE)
		return strcmp(row->method, "GET") != 0 &&
		       conference_is_kept_safe(
			       a, conference_find(http_param(req, "id")));

	return row->subject == ABOUT_CALL &&
	       application_keeps_off(a, call_of(req));
}

/* The call's story says who wanted it, and has room for what else happens. */
static void tell_story(const struct application *a, struct http_request *req,
		       const struct row *row)
{
	const char *slash = strrchr(http_path(req), '/');
	struct call *call = NULL;

	if (row->subject == ABOUT_CALL && http_param(req, "id"))
		call = call_find(span_of(http_param(req, "id")));
	if (!call || call->application_asks >= STORY_MAX)
		return;

	call->application_asks++;
	trail_add(&call->trail, "application %s asks: %s", a->name,
		  !strcmp(row->method, "DELETE") ? "end"
		  : slash                        ? slash + 1
						 : "");
}

static void pass(struct http_request *req, const struct route *route,
		 const struct caller *caller, void *arg)
{
	struct application *a = application_of(req);
	const struct row *row = row_of(route);
	const char *what = "object";
	uint32_t wait_ms;

	application_counts()->requests++;
	if (!application_admits(a, &wait_ms)) {
		refuse_rate(req, wait_ms);
		return;
	}
	if (!row) {
		if (permission_allows(ROLE_ANYONE, route->object,
				      route->action))
			route->handler(req, caller, arg);
		else
			(void)http_reply_problem(
				req, 403, "service-only",
				"No right of an application opens this; only "
				"the servers of the installation may ask.",
				NULL);
		return;
	}
	if (row->rights && !(row->rights & a->rights)) {
		refuse_right(req, row->rights);
		return;
	}
	if (row->subject == ABOUT_RECORD && !call_of(req)) {
		ask_record(req, route, caller, arg);
		return;
	}
	if (!sees_subject(a, req, row->subject, &what)) {
		reply_not_found(req, what);
		return;
	}
	if (touches_emergency(a, req, row)) {
		application_refuse_emergency(req);
		return;
	}
	if (!strcmp(row->method, "POST") && !sees_body(a, req))
		return;
	tell_story(a, req, row);
	if (strcmp(row->method, "GET") != 0)
		log_info("application", "%s %s: %s %s correlation=%s", a->id,
			 a->name, row->method, http_path(req),
			 http_correlation(req));
	route->handler(req, caller, arg);
}

static const char *right_of(const struct route *route)
{
	static char names[200];
	const struct row *row = row_of(route);

	if (!row)
		return NULL;
	name_rights(names, sizeof(names), row->rights);

	return names[0] ? names : "any";
}

/* ---- who am I ---- */

static void get_own(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	const struct application *a = application_of(req);
	json_t *rights = json_array();

	(void)caller;
	(void)arg;

	for (int i = 0; i < RIGHTS; i++) {
		if (a->rights & RIGHT_BIT(i))
			(void)json_array_append_new(
				rights, json_string(application_right_name(i)));
	}
	(void)http_reply_json(
		req, 200,
		json_pack(
			"{s:s, s:s, s:s, s:o, s:O?, s:o, s:i, s:i, s:i}", "id",
			a->id, "customer", a->customer, "name", a->name,
			"rights", rights, "scope", a->scope, "expires_ms",
			a->expires_ms ? json_integer((json_int_t)a->expires_ms)
				      : json_null(),
			"requests_per_s", (int)a->requests_per_s, "streams_max",
			(int)a->streams_max, "streams", (int)a->streams));
}

static const struct route routes[] = {
	{ "GET", "/api/v1/application", "application", ACTION_READ, get_own, 0,
	  "What the application that asks is and may" },
};

int application_gate_start(struct router *router)
{
	router_callers(router, knows, NULL);
	router_gate(router, pass, right_of);

	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
