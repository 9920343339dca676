/* park_api.c - see park_api.h */
#include <jansson.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/call/alone.h"
#include "pbx/call/call.h"
#include "pbx/control/application.h"
#include "pbx/control/control.h"
#include "pbx/feature/park.h"
#include "pbx/feature/park_api.h"
#include "pbx/turn.h"

static void list_parked(struct http_request *req, const struct caller *caller,
			void *arg)
{
	json_t *items = application_visible(
		application_of(req), park_list(http_query(req, "customer")));

	(void)caller;
	(void)arg;

	(void)http_reply_json(req, 200,
			      json_pack("{s:o, s:n, s:I}", "items", items,
					"next", "total",
					(json_int_t)json_array_size(items)));
}

static void refused(struct http_request *req, uint16_t status)
{
	if (status == 404)
		(void)http_reply_problem(req, 409, "no-such-number",
					 "Nobody of this customer has the "
					 "number, and no park group.",
					 NULL);
	else if (status == 486)
		(void)http_reply_problem(req, 409, "full",
					 "As many calls are parked at this "
					 "number as may be; choose another.",
					 NULL);
	else
		control_done(req, status);
}

static void park(struct http_request *req, const struct caller *caller,
		 void *arg)
{
	const struct park *parked = NULL;
	const char *number;
	json_t *body = NULL;
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

	status = park_do(leg, number ? number : "", 0, true, &parked);
	if (status) {
		refused(req, status);
		goto out;
	}
	turn_end();
	(void)http_reply_json(req, 201, park_print(parked));

out:
	json_decref(body);
}

static void retrieve(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	struct call *call = call_find(span_of(http_param(req, "id")));
	json_t *body = NULL, *errors;
	struct phone *phone;

	(void)caller;
	(void)arg;

	if (!call || !call->park || !alone_is(call)) {
		reply_not_found(req, "parked call");
		return;
	}
	if (request_object(req, &body))
		return;

	errors = json_array();
	phone = control_phone(body, errors);
	if (phone && strcmp(phone->customer->id, call->customer) != 0)
		kind_error(errors, "phone", "unknown",
			   "No phone of the call's customer has this id.");
	if (!control_has_errors(req, errors)) {
		uint16_t status = park_fetch(call, phone);

		if (status == 480 || status == 486)
			(void)http_reply_problem(
				req, 409, "not-registered",
				"The phone cannot be rung: it is not "
				"registered or has too many calls.",
				NULL);
		else
			control_done(req, status);
	}
	json_decref(body);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/parked", "calls", ACTION_LIST, list_parked, 0,
	  "Calls that are parked, and where" },
	{ "POST", "/api/v1/calls/{id}/park", "calls", ACTION_RUN, park, 0,
	  "Park the other party of a phone" },
	{ "POST", "/api/v1/parked/{id}/retrieve", "calls", ACTION_RUN, retrieve,
	  0, "Ring a phone for a parked call" },
};

int park_api_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
