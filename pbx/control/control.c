/* control.c - see control.h */
#include <jansson.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/call/call.h"
#include "pbx/feature/intrude.h"
#include "pbx/feature/pickup.h"
#include "pbx/feature/campon.h"
#include "pbx/watch/cdr.h"
#include "pbx/control/application.h"
#include "pbx/control/application_gate.h"
#include "pbx/control/command.h"
#include "pbx/control/csta.h"
#include "pbx/control/control.h"
#include "pbx/route/account.h"
#include "pbx/route/cos.h"
#include "pbx/call/fork.h"
#include "pbx/route/forward.h"
#include "pbx/conference/join.h"
#include "pbx/jsontext.h"
#include "pbx/feature/lamp.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"

enum {
	CALL_BYTES = 4096,
};

/* A member that must be text; adds a field error. */
const char *control_text(json_t *body, const char *name, json_t *errors)
{
	const char *text = json_string_value(json_object_get(body, name));

	if (!text || !*text) {
		kind_error(errors, name, "required", "Give %s as text.", name);
		return NULL;
	}

	return text;
}

struct phone *control_phone(json_t *body, json_t *errors)
{
	const char *id = control_text(body, "phone", errors);
	struct phone *p = id ? directory_phone(span_of(id)) : NULL;

	if (id && (!p || !p->customer)) {
		kind_error(errors, "phone", "unknown", "No phone has this id.");
		return NULL;
	}

	return p;
}

/* Whether the class of service of its user lets programs control a phone. */
static bool may_control(const struct phone *p)
{
	return p && cos_may(p->user, COS_CTI_CONTROL);
}

bool control_has_errors(struct http_request *req, json_t *errors)
{
	if (!json_array_size(errors)) {
		json_decref(errors);
		return false;
	}

	reply_invalid(req, errors);

	return true;
}

void control_done(struct http_request *req, uint16_t status)
{
	switch (status) {
	case 0:
		turn_end();
		(void)http_reply(req, 204, NULL, NULL, 0);
		break;
	case 403:
		(void)http_reply_problem(req, 403, "forbidden",
					 "The phone may not do this.", NULL);
		break;
	case 422:
		(void)http_reply_problem(req, 422, "invalid",
					 "digits: give 1 to 32 of 0-9, *, #, "
					 "A-D.",
					 NULL);
		break;
	case 480:
		(void)http_reply_problem(req, 409, "not-registered",
					 "The phone cannot be rung: it is "
					 "not registered or has too many "
					 "calls.",
					 NULL);
		break;
	case 491:
		(void)http_reply_problem(req, 409, "busy",
					 "The call is changing now; try "
					 "again.",
					 NULL);
		break;
	case 500: reply_error(req, ENOMEM); break;
	default:
		(void)http_reply_problem(req, 409, "wrong-state",
					 "Not possible in the state the call "
					 "is in.",
					 NULL);
	}
}

bool control_account(struct http_request *req, const json_t *body,
		     const struct phone *phone, const char *number)
{
	const json_t *value = json_object_get(body, "account");
	const char *code = json_string_value(value);
	enum account_verdict verdict = value && !code
					       ? ACCOUNT_WRONG
					       : account_verdict_of(
							 phone, number, code);
	json_t *errors;

	if (verdict == ACCOUNT_FINE)
		return true;

	errors = json_array();
	if (verdict == ACCOUNT_NEEDED)
		kind_error(errors, "account", "required",
			   "Calls outside need an account code here: give it "
			   "as text.");
	else
		kind_error(errors, "account", "not-valid",
			   "The phone's user may not book under this code.");
	reply_invalid(req, errors);

	return false;
}

/* ---- a new call ---- */

static void start_call(struct http_request *req, struct phone *phone,
		       const char *number, const json_t *body)
{
	const struct application *a = application_of(req);
	const char *account = json_get_text(body, "account");
	bool asks_answer = json_get_bool(body, "auto_answer", false);
	struct call *call = NULL;
	char buf[CALL_BYTES];
	struct sip_out o;
	int err = asks_answer
			  ? transfer_originate_answered(&call, phone, number)
			  : transfer_originate(&call, phone, number);

	if (err) {
		control_done(req, err == ENOTCONN ? 480 : 500);
		return;
	}

	if (json_get_bool(body, "camp_on", false))
		campon_wish(call);
	if (account)
		account_book(call, account);
	if (a)
		trail_add(&call->trail, "application %s makes the call",
			  a->name);
	call_touch(call);
	sip_out_init(&o, buf, sizeof(buf));
	cdr_print_call(call, &o);
	turn_end();
	(void)http_reply(req, 201, "application/json", o.p, o.len);
}

static void make_call(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	json_t *body = NULL, *errors;
	struct phone *phone;
	const char *number;

	(void)caller;
	(void)arg;

	if (request_object(req, &body))
		return;

	errors = json_array();
	phone = control_phone(body, errors);
	number = control_text(body, "number", errors);
	if (number && strlen(number) > DIRECTORY_NUMBER_MAX)
		kind_error(errors, "number", "too-long",
			   "Give at most %d digits.", DIRECTORY_NUMBER_MAX);
	if (control_has_errors(req, errors))
		;
	else if (!may_control(phone))
		control_done(req, 403);
	else if (control_account(req, body, phone, number))
		start_call(req, phone, number, body);
	json_decref(body);
}

/* ---- what is done to a call ---- */

struct leg *control_leg_of(const struct call *call, const struct phone *phone)
{
	bool is_caller = call->caller->phone == phone;
	struct le *le;

	if (is_caller && call->caller->state != LEG_NULL)
		return call->caller;
	if (call->callee)
		return call->callee->phone == phone ? call->callee
		       : is_caller                  ? call->caller
						    : NULL;

	for (le = list_head(&call->branches); le; le = le->next) {
		struct leg *leg = le->data;

		if (leg->phone == phone && !leg->is_past)
			return leg;
	}

	return is_caller ? call->caller : NULL;
}

/* The call of the path and the leg of the phone in the body; answers what is
 * wrong. */
struct leg *control_leg(struct http_request *req, json_t *body)
{
	const struct call *call = call_find(span_of(http_param(req, "id")));
	json_t *errors;
	struct phone *phone;
	struct leg *leg;

	if (!call || call->state == CALL_OVER) {
		reply_not_found(req, "call");
		return NULL;
	}

	errors = json_array();
	phone = control_phone(body, errors);
	if (control_has_errors(req, errors))
		return NULL;

	leg = control_leg_of(call, phone);
	if (!leg)
		(void)http_reply_problem(req, 409, "not-in-call",
					 "The phone takes no part in this "
					 "call.",
					 NULL);

	return leg;
}

static uint16_t set_hold(struct leg *leg, bool is_hold)
{
	int err;

	if (leg->state != (is_hold ? LEG_CONNECTED : LEG_HELD))
		return 481;

	err = join_hold(leg, is_hold);
	if (err)
		return err == EBUSY ? 491 : 500;
	trail_add(&leg->call->trail, "%s for %s",
		  is_hold ? "held" : "retrieved", leg->phone->number);

	return 0;
}

static uint16_t do_hold(struct leg *leg, json_t *body)
{
	(void)body;

	return cos_may(leg->phone->user, COS_HOLD) ? set_hold(leg, true) : 403;
}

static uint16_t do_retrieve(struct leg *leg, json_t *body)
{
	(void)body;

	return set_hold(leg, false);
}

/* A phone that rings stops; else the call ends. */
static uint16_t do_hangup(struct leg *leg, json_t *body)
{
	struct call *call = leg->call;

	(void)body;

	trail_add(&call->trail, "ended for %s", leg->phone->number);
	if (leg != call->caller && leg != call->callee && !fork_is_alone(leg))
		return 481; /* others go on ringing */
	call_hangup(call, NULL, NULL);

	return 0;
}

static uint16_t do_transfer(struct leg *leg, json_t *body)
{
	const char *number = json_string_value(json_object_get(body, "number"));
	const char *id = json_string_value(json_object_get(body, "call"));
	const struct call *other = id ? call_find(span_of(id)) : NULL;
	struct leg *with = other && other->state != CALL_OVER
				   ? control_leg_of(other, leg->phone)
				   : NULL;

	if (id ? !with : !number || !*number)
		return 481;
	if (!with && json_get_text(body, "account"))
		return transfer_booked(leg, number,
				       json_get_text(body, "account"));

	return transfer_do(leg, number, with, 0, true);
}

/* A call that rings goes elsewhere. */
static uint16_t do_redirect(struct leg *leg, json_t *body)
{
	const char *number = json_string_value(json_object_get(body, "number"));
	struct call *call = leg->call;

	if (!number || !*number || call->state >= CALL_ANSWERED ||
	    leg == call->caller)
		return 481;

	if (json_get_text(body, "account"))
		account_book(call, json_get_text(body, "account"));
	trail_add(&call->trail, "redirected for %s to %s", leg->phone->number,
		  number);

	return forward_on(call, ROUTE_REDIRECTED, span_of(number)) ? 0 : 481;
}

typedef uint16_t(action_h)(struct leg *leg, json_t *body);

static uint16_t do_single_step(struct leg *leg, json_t *body)
{
	(void)json_object_del(body, "call");

	return do_transfer(leg, body);
}

static const struct {
	const char *name;
	action_h *run;
} actions[] = {
	{ "hold", do_hold },
	{ "retrieve", do_retrieve },
	{ "hangup", do_hangup },
	{ "clear-connection", do_hangup },
	{ "clear", command_clear },
	{ "transfer", do_transfer },
	{ "single-step-transfer", do_single_step },
	{ "redirect", do_redirect },
	{ "deflect", do_redirect },
	{ "answer", command_answer },
	{ "alternate", command_alternate },
	{ "reconnect", command_reconnect },
	{ "conference", command_conference },
	{ "digits", command_digits },
};

static action_h *action_of(const struct http_request *req)
{
	const char *path = http_path(req);
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < ARRAY_SIZE(actions); i++) {
		if (!strcmp(name + 1, actions[i].name))
			return actions[i].run;
	}

	return NULL;
}

static void act(struct http_request *req, const struct caller *caller,
		void *arg)
{
	action_h *run = action_of(req);
	json_t *body = NULL;
	const char *number;
	struct leg *leg;

	(void)caller;
	(void)arg;

	if (request_object(req, &body))
		return;

	leg = control_leg(req, body);
	number = json_get_text(body, "number");
	if (!leg || !run)
		;
	else if (!may_control(leg->phone))
		control_done(req, 403);
	else if (!number || json_get_text(body, "call") ||
		 control_account(req, body, leg->phone, number))
		control_done(req, run(leg, body));
	json_decref(body);
}

/* ---- commands with an answer of their own ---- */

static void consult(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	json_t *body = NULL;
	struct call *call = NULL;
	const char *number;
	char buf[CALL_BYTES];
	struct sip_out o;
	struct leg *leg;
	uint16_t status;

	(void)caller;
	(void)arg;

	if (request_object(req, &body))
		return;

	leg = control_leg(req, body);
	number = json_get_text(body, "number");
	if (!leg)
		goto out;

	status = !may_control(leg->phone) ? 403
		 : !number || !number[0] ||
				 strlen(number) > DIRECTORY_NUMBER_MAX
			 ? 481
			 : 0;
	if (!status && !control_account(req, body, leg->phone, number))
		goto out;
	if (!status)
		status = command_consult(leg, number, &call);
	if (status) {
		control_done(req, status);
		goto out;
	}
	if (json_get_text(body, "account")) {
		account_book(call, json_get_text(body, "account"));
		call_touch(call);
	}
	sip_out_init(&o, buf, sizeof(buf));
	cdr_print_call(call, &o);
	turn_end();
	(void)http_reply(req, 201, "application/json", o.p, o.len);

out:
	json_decref(body);
}

static void pick_up(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	struct call *call = call_find(span_of(http_param(req, "id")));
	json_t *body = NULL, *errors;
	struct phone *phone;

	(void)caller;
	(void)arg;

	if (!call || call->state == CALL_OVER) {
		reply_not_found(req, "call");
		return;
	}
	if (request_object(req, &body))
		return;

	errors = json_array();
	phone = control_phone(body, errors);
	if (!control_has_errors(req, errors))
		control_done(req, may_control(phone)
					  ? command_pickup(call, phone)
					  : 403);
	json_decref(body);
}

static void join(struct http_request *req, const struct caller *caller,
		 void *arg)
{
	const struct call *call = call_find(span_of(http_param(req, "id")));
	struct phone *phone, *with = NULL;
	json_t *body = NULL, *errors;
	const char *id;
	struct leg *leg;

	(void)caller;
	(void)arg;

	if (!call || call->state == CALL_OVER) {
		reply_not_found(req, "call");
		return;
	}
	if (request_object(req, &body))
		return;

	errors = json_array();
	phone = control_phone(body, errors);
	id = control_text(body, "with", errors);
	if (id)
		with = directory_phone(span_of(id));
	leg = with ? control_leg_of(call, with) : NULL;
	if (id && !leg)
		kind_error(errors, "with", "unknown",
			   "No phone of this id is in the call.");
	if (phone && strcmp(phone->customer->id, call->customer) != 0)
		kind_error(errors, "phone", "unknown", "No phone has this id.");
	if (!control_has_errors(req, errors)) {
		uint16_t status = may_control(phone)
					  ? intrude_ring(leg, phone,
							 json_get_bool(body,
								       "silent",
								       false))
					  : 403;

		control_done(req, status == 404 ? 480 : status);
	}
	json_decref(body);
}

static void pick_up_at(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct phone *phone = directory_phone(span_of(http_param(req, "id")));
	const char *number;
	json_t *body = NULL;
	struct call *call;

	(void)caller;
	(void)arg;

	if (!phone || !phone->customer) {
		reply_not_found(req, "device");
		return;
	}
	if (request_object(req, &body))
		return;

	number = json_get_text(body, "number");
	if (!number)
		number = "";
	call = pickup_ringing(phone, number);
	if (!may_control(phone))
		control_done(req, 403);
	else if (!call)
		(void)http_reply_problem(req, 409, "nothing-rings",
					 "No call rings there that the phone "
					 "may take.",
					 NULL);
	else if (application_keeps_off(application_of(req), call))
		application_refuse_emergency(req);
	else
		control_done(req, command_pickup_at(call, phone, number));
	json_decref(body);
}

static void send_message_waiting(struct http_request *req,
				 const struct caller *caller, void *arg)
{
	json_t *body = NULL, *errors;
	struct phone *phone;
	const char *number;
	uint16_t status;

	(void)caller;
	(void)arg;

	if (request_object(req, &body))
		return;

	errors = json_array();
	phone = control_phone(body, errors);
	number = control_text(body, "number", errors);
	if (!control_has_errors(req, errors)) {
		status = may_control(phone)
				 ? lamp_send(phone, number,
					     json_get_bool(body, "on", true))
				 : 403;
		if (status == 404)
			reply_not_found(req, "other user of this extension");
		else
			control_done(req, status);
	}
	json_decref(body);
}

static void get_tables(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	(void)caller;
	(void)arg;

	(void)http_reply_json(req, 200, csta_tables());
}

static const struct route routes[] = {
	{ "POST", "/api/v1/calls", "calls", ACTION_CREATE, make_call, 0,
	  "Ring a phone, then what it would dial" },
	{ "POST", "/api/v1/calls/{id}/hold", "calls", ACTION_RUN, act, 0,
	  "Hold a call on behalf of a phone" },
	{ "POST", "/api/v1/calls/{id}/retrieve", "calls", ACTION_RUN, act, 0,
	  "Take a held call back" },
	{ "POST", "/api/v1/calls/{id}/hangup", "calls", ACTION_RUN, act, 0,
	  "Hang up for a phone" },
	{ "POST", "/api/v1/calls/{id}/transfer", "calls", ACTION_RUN, act, 0,
	  "Hand the other party over to a number or another call" },
	{ "POST", "/api/v1/calls/{id}/redirect", "calls", ACTION_RUN, act, 0,
	  "Send a call that rings to another number" },
	{ "POST", "/api/v1/calls/{id}/deflect", "calls", ACTION_RUN, act, 0,
	  "The same, as ECMA-269 calls it" },
	{ "POST", "/api/v1/calls/{id}/single-step-transfer", "calls",
	  ACTION_RUN, act, 0, "Hand the other party over to a number" },
	{ "POST", "/api/v1/calls/{id}/answer", "calls", ACTION_RUN, act, 0,
	  "A phone that rings is asked to answer by itself" },
	{ "POST", "/api/v1/calls/{id}/alternate", "calls", ACTION_RUN, act, 0,
	  "Hold this call, take the phone's other one back" },
	{ "POST", "/api/v1/calls/{id}/reconnect", "calls", ACTION_RUN, act, 0,
	  "End this call, take the phone's other one back" },
	{ "POST", "/api/v1/calls/{id}/conference", "calls", ACTION_RUN, act, 0,
	  "Bring the parties of two calls of a phone together" },
	{ "POST", "/api/v1/calls/{id}/digits", "calls", ACTION_RUN, act, 0,
	  "Press keys for a phone (INFO)" },
	{ "POST", "/api/v1/calls/{id}/clear-connection", "calls", ACTION_RUN,
	  act, 0, "Hang up for a phone" },
	{ "POST", "/api/v1/calls/{id}/clear", "calls", ACTION_RUN, act, 0,
	  "End the call for everybody" },
	{ "POST", "/api/v1/calls/{id}/consult", "calls", ACTION_RUN, consult, 0,
	  "Hold a call and make a second one for the phone" },
	{ "POST", "/api/v1/calls/{id}/pickup", "calls", ACTION_RUN, pick_up, 0,
	  "Ring a phone for a call that rings elsewhere" },
	{ "POST", "/api/v1/calls/{id}/join", "calls", ACTION_RUN, join, 0,
	  "Ring a phone that comes into a call, to speak or to hear only" },
	{ "POST", "/api/v1/devices/{id}/pickup", "calls", ACTION_RUN,
	  pick_up_at, 0,
	  "Ring a phone for a call that rings in its pick-up group, or at a "
	  "number" },
	{ "POST", "/api/v1/message-waiting", "calls", ACTION_RUN,
	  send_message_waiting, 0,
	  "Light another user's lamp on behalf of a phone, or put it out" },
	{ "GET", "/api/v1/call-control", "calls", ACTION_LIST, get_tables, 0,
	  "Events, states and causes of calls" },
};

int control_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
