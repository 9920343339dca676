/* callback_api.c - see callback_api.h */
#include <jansson.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/control/application.h"
#include "pbx/control/control.h"
#include "pbx/feature/callback.h"
#include "pbx/feature/callback_api.h"

enum {
	MINUTES_DEFAULT = 30,
	MINUTES_MAX = 24 * 60,
};

static void list_callbacks(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	json_t *items = application_visible(application_of(req),
					    callback_list());

	(void)caller;
	(void)arg;

	(void)http_reply_json(req, 200,
			      json_pack("{s:o, s:n, s:I}", "items", items,
					"next", "total",
					(json_int_t)json_array_size(items)));
}

static void add_callback(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	json_t *body = NULL, *errors, *minutes, *added = NULL;
	const char *number, *after;
	struct phone *phone;
	int err;

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
	after = json_string_value(json_object_get(body, "after"));
	if (after && strcmp(after, "busy") && strcmp(after, "no-answer"))
		kind_error(errors, "after", "unknown",
			   "Give busy or no-answer.");
	minutes = json_object_get(body, "minutes");
	if (minutes && (json_integer_value(minutes) < 1 ||
			json_integer_value(minutes) > MINUTES_MAX))
		kind_error(errors, "minutes", "out-of-range",
			   "Give a number from 1 to %d.", MINUTES_MAX);
	if (control_has_errors(req, errors))
		goto out;

	err = callback_add(&added, phone, number,
			   after && !strcmp(after, "no-answer")
				   ? CALLBACK_NO_ANSWER
				   : CALLBACK_BUSY,
			   minutes ? (uint32_t)json_integer_value(minutes)
				   : MINUTES_DEFAULT);
	if (err == ENOENT)
		(void)http_reply_problem(req, 409, "no-such-number",
					 "Nobody to ring has this number.",
					 NULL);
	else if (err == EPERM)
		control_done(req, 403);
	else if (err)
		reply_error(req, err);
	else
		(void)http_reply_json(req, 201, added);

out:
	json_decref(body);
}

static void drop_callback(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	(void)caller;
	(void)arg;

	if (callback_drop(http_param(req, "id")))
		reply_not_found(req, "callback");
	else
		(void)http_reply(req, 204, NULL, NULL, 0);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/callbacks", "callbacks", ACTION_LIST, list_callbacks,
	  0, "Who waits for a number to be free" },
	{ "POST", "/api/v1/callbacks", "callbacks", ACTION_CREATE, add_callback,
	  0, "Ring a phone and a number once both are free" },
	{ "DELETE", "/api/v1/callbacks/{id}", "callbacks", ACTION_DELETE,
	  drop_callback, 0, "Do not call back" },
};

int callback_api_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
