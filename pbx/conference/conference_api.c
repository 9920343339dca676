/* conference_api.c - see conference_api.h */
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/conference/conference_api.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/control/application.h"
#include "pbx/control/control.h"
#include "pbx/route/cos.h"
#include "pbx/route/route.h"
#include "pbx/transfer/transfer_private.h"
#include "pbx/turn.h"

/* ---- printing ---- */

static const char *const state_names[] = { "dialled", "asked", "waiting",
					   "in" };

static json_t *party_json(const struct party *p)
{
	const struct leg *leg = party_leg(p);
	const struct phone *phone = leg ? leg->phone : NULL;

	return json_pack(
		"{s:i, s:s, s:s, s:s?, s:s?, s:s, s:s, s:b, s:b, s:b, s:b, "
		"s:b}",
		"party", (int)p->number, "call", p->call->id, "state",
		state_names[p->state], "user",
		phone && phone->user ? phone->user->id : NULL, "phone",
		phone && phone->id[0] ? phone->id : NULL, "number",
		phone ? phone_shown_number(phone) : p->call->number, "name",
		phone ? phone_name(phone) : p->call->number, "muted",
		p->is_muted, "held", p->is_held, "creator", p->is_creator,
		"moderator", p->is_moderator, "listener", p->is_listener);
}

static json_t *conference_json(const struct conference *c)
{
	json_t *parties = json_array();
	struct le *le;

	for (le = list_head(&c->parties); le; le = le->next)
		json_array_append_new(parties, party_json(le->data));

	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s?, s:I, s:i, s:b, s:b, "
			 "s:o}",
			 "id", c->id, "customer", c->customer, "type",
			 conference_type_name(c->type), "room",
			 c->room[0] ? c->room : NULL, "name", c->name, "number",
			 c->number[0] ? c->number : NULL, "began_ms",
			 (json_int_t)c->began_ms, "limit", (int)c->limit,
			 "locked", c->is_locked, "recorded", c->is_recorded,
			 "parties", parties);
}

static void list_all(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	const char *customer = http_query(req, "filter[customer]");
	json_t *items = json_array();
	struct le *le;

	(void)caller;
	(void)arg;

	for (le = list_head(conference_list()); le; le = le->next) {
		const struct conference *c = le->data;

		if ((!customer || !strcmp(c->customer, customer)) &&
		    application_sees_conference(application_of(req), c))
			json_array_append_new(items, conference_json(c));
	}
	(void)http_reply_json(req, 200,
			      json_pack("{s:I, s:n, s:o}", "total",
					(json_int_t)json_array_size(items),
					"next", "items", items));
}

/* ---- finding ---- */

static struct conference *wanted(struct http_request *req)
{
	struct conference *c = conference_find(http_param(req, "id"));

	if (!c)
		reply_not_found(req, "conference");

	return c;
}

static struct party *wanted_party(struct http_request *req)
{
	struct conference *c = wanted(req);
	struct party *p;

	if (!c)
		return NULL;
	p = conference_party(
		c, (uint32_t)strtoul(http_param(req, "party"), NULL, 10));
	if (!p)
		reply_not_found(req, "party");

	return p;
}

static struct phone *phone_of(json_t *body, const char *customer,
			      json_t *errors)
{
	const char *id = json_get_text(body, "phone");
	struct phone *p = id ? directory_phone(span_of(id)) : NULL;

	if (!id)
		kind_error(errors, "phone", "required",
			   "Give phone as text: who calls.");
	else if (!p || !p->customer ||
		 (customer && strcmp(p->customer->id, customer) != 0))
		kind_error(errors, "phone", "unknown", "No phone has this id.");
	else
		return p;

	return NULL;
}

static void check_number(const char *number, const char *field, json_t *errors)
{
	if (!number || !*number)
		kind_error(errors, field, "required", "Give %s as text.",
			   field);
	else if (strlen(number) > DIRECTORY_NUMBER_MAX)
		kind_error(errors, field, "too-long", "Give at most %d digits.",
			   DIRECTORY_NUMBER_MAX);
}

static bool has_errors(struct http_request *req, json_t *errors)
{
	if (!json_array_size(errors)) {
		json_decref(errors);
		return false;
	}

	reply_invalid(req, errors);

	return true;
}

static void refuse(struct http_request *req, uint16_t status)
{
	switch (status) {
	case 403:
		(void)http_reply_problem(req, 409, "locked",
					 "The conference is locked; unlock it "
					 "first.",
					 NULL);
		break;
	case 486:
		(void)http_reply_problem(req, 409, "full",
					 "The conference has as many parties "
					 "as it may.",
					 NULL);
		break;
	case 480:
		(void)http_reply_problem(req, 503, "media-away",
					 "The media server is away; try "
					 "again.",
					 NULL);
		break;
	default: reply_error(req, ENOMEM);
	}
}

static void done(struct http_request *req)
{
	turn_end();
	(void)http_reply(req, 204, NULL, NULL, 0);
}

/* ---- beginning ---- */

uint16_t conference_ring(struct conference *c, struct phone *phone,
			 bool asks_answer, enum conference_place place)
{
	struct routing r = { .count = 1, .phones = { phone } };
	struct call *call = call_new(c->customer);
	struct party *p = NULL;

	if (!call || leg_alloc(&call->caller, call, phone)) {
		mem_deref(call);
		return 500;
	}
	leg_uncount(call->caller);
	call->asks_answer = asks_answer;
	if (conference_add(&p, c, call)) {
		mem_deref(call);
		return 500;
	}
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  phone_shown_number(phone));
	p->is_creator = p->is_moderator = place == CONFERENCE_CREATOR;
	p->is_listener = place == CONFERENCE_LISTENER;
	(void)call_adopt(call);
	trail_add(&call->trail, "%s (%s) is called into %s", phone_name(phone),
		  phone->number,
		  place == CONFERENCE_CREATOR ? "a new conference" : "a call");
	switch (party_ring(p, &r)) {
	case 0: return 0;
	case ENOENT: return 404;
	default: call_refused(call, 480, NULL); return 480;
	}
}

static void begin_with(struct http_request *req, struct phone *phone,
		       const json_t *body)
{
	const json_t *numbers = json_object_get(body, "numbers");
	struct conference *c = NULL;
	uint16_t status;
	json_t *value;
	size_t i;

	json_array_foreach(numbers, i, value)
	{
		if (!control_account(req, body, phone,
				     json_string_value(value)))
			return;
	}
	if (!cos_may(phone->user, COS_CONFERENCE)) {
		(void)http_reply_problem(req, 403, "forbidden",
					 "The phone's class of service permits "
					 "no conferences.",
					 NULL);
		return;
	}
	if (conference_make(&c, phone->customer->id, CONFERENCE_ADHOC,
			    phone_name(phone))) {
		refuse(req, 480);
		return;
	}
	c->ends_with_creator = cos_may(phone->user, COS_CONFERENCE_ENDS);
	mem_ref(c);
	status = conference_ring(c, phone, false, CONFERENCE_CREATOR);
	if (status == 404) {
		(void)http_reply_problem(req, 409, "not-registered",
					 "The phone cannot be rung: it is not "
					 "registered or has too many calls.",
					 NULL);
	}
	else if (status) {
		refuse(req, status);
	}
	else {
		c->account = json_get_text(body, "account");
		json_array_foreach(numbers, i, value)
		{
			(void)conference_call(c, phone,
					      json_string_value(value), NULL, 0,
					      NULL);
		}
		c->account = NULL;
		turn_end();
		(void)http_reply_json(req, 201, conference_json(c));
	}
	mem_deref(c);
}

static void begin(struct http_request *req, const struct caller *caller,
		  void *arg)
{
	json_t *body = NULL, *errors, *value;
	const json_t *numbers;
	struct phone *phone;
	size_t i;

	(void)caller;
	(void)arg;

	if (request_object(req, &body))
		return;
	errors = json_array();
	phone = phone_of(body, NULL, errors);
	numbers = json_object_get(body, "numbers");
	if (numbers && (!json_is_array(numbers) ||
			json_array_size(numbers) >= CONFERENCE_PARTIES_MAX))
		kind_error(errors, "numbers", "too-long",
			   "Give a list of at most %d numbers.",
			   CONFERENCE_PARTIES_MAX - 1);
	json_array_foreach(numbers, i, value)
	{
		check_number(json_string_value(value), "numbers", errors);
	}
	if (!has_errors(req, errors) && phone)
		begin_with(req, phone, body);
	json_decref(body);
}

/* ---- what is done to one ---- */

static void get_one(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	const struct conference *c = wanted(req);

	(void)caller;
	(void)arg;

	if (c)
		(void)http_reply_json(req, 200, conference_json(c));
}

static void end_one(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	struct conference *c = wanted(req);

	(void)caller;
	(void)arg;

	if (!c)
		return;
	conference_end(c, "the conference was ended by REST");
	done(req);
}

static void lock(struct http_request *req, const struct caller *caller,
		 void *arg)
{
	struct conference *c = wanted(req);
	const char *slash = strrchr(http_path(req), '/');

	(void)caller;
	(void)arg;

	if (!c)
		return;
	conference_lock(c, slash && !strcmp(slash, "/lock"));
	done(req);
}

/* Who pays when nobody is named: whoever began it. */
static struct phone *payer(const struct conference *c)
{
	for (struct le *le = list_head(&c->parties); le; le = le->next) {
		const struct party *p = le->data;

		if (p->is_creator && p->call->caller->phone &&
		    p->call->caller->phone->customer)
			return p->call->caller->phone;
	}

	return NULL;
}

static void add_party(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct conference *c = wanted(req);
	json_t *body = NULL, *errors;
	struct phone *phone = NULL;
	struct party *p = NULL;
	const char *number;
	uint16_t status;

	(void)caller;
	(void)arg;

	if (!c || request_object(req, &body))
		return;
	errors = json_array();
	number = json_get_text(body, "number");
	check_number(number, "number", errors);
	if (!json_object_get(body, "phone"))
		phone = payer(c);
	if (!phone)
		phone = phone_of(body, c->customer, errors);
	if (!has_errors(req, errors) &&
	    control_account(req, body, phone, number)) {
		c->account = json_get_text(body, "account");
		status = conference_call(c, phone, number, NULL, 0, &p);
		c->account = NULL;
		turn_end();
		if (status)
			refuse(req, status);
		else if (!p)
			(void)http_reply_problem(req, 409, "not-reached",
						 "Nobody could be rung; the "
						 "call's record says why.",
						 NULL);
		else
			(void)http_reply_json(req, 201, party_json(p));
	}
	json_decref(body);
}

static void drop_party(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct party *p = wanted_party(req);

	(void)caller;
	(void)arg;

	if (!p)
		return;
	trail_add(&p->call->trail, "is let go by REST");
	call_hangup(p->call, NULL, NULL);
	done(req);
}

static void mute(struct http_request *req, const struct caller *caller,
		 void *arg)
{
	struct party *p = wanted_party(req);
	const char *slash = strrchr(http_path(req), '/');

	(void)caller;
	(void)arg;

	if (!p)
		return;
	conference_mute(p, slash && !strcmp(slash, "/mute"));
	done(req);
}

#define CALLS   "/api/v1/conference-calls"
#define PARTIES CALLS "/{id}/parties"

static const struct route routes[] = {
	{ "GET", CALLS, "conference_calls", ACTION_LIST, list_all, 0,
	  "Conferences that go on" },
	{ "POST", CALLS, "conference_calls", ACTION_CREATE, begin, 0,
	  "Ring a phone and numbers and let them hear each other" },
	{ "GET", CALLS "/{id}", "conference_calls", ACTION_READ, get_one, 0,
	  "A conference and its parties" },
	{ "DELETE", CALLS "/{id}", "conference_calls", ACTION_DELETE, end_one,
	  0, "End a conference" },
	{ "POST", CALLS "/{id}/lock", "conference_calls", ACTION_RUN, lock, 0,
	  "Let nobody else in" },
	{ "POST", CALLS "/{id}/unlock", "conference_calls", ACTION_RUN, lock, 0,
	  "Let others in again" },
	{ "POST", PARTIES, "conference_calls", ACTION_CREATE, add_party, 0,
	  "Call a number into a conference" },
	{ "DELETE", PARTIES "/{party}", "conference_calls", ACTION_DELETE,
	  drop_party, 0, "Let a party go" },
	{ "POST", PARTIES "/{party}/mute", "conference_calls", ACTION_RUN, mute,
	  0, "A party only hears" },
	{ "POST", PARTIES "/{party}/unmute", "conference_calls", ACTION_RUN,
	  mute, 0, "A party is heard again" },
};

int conference_api_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
