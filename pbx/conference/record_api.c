/* record_api.c - see record_api.h */
#include "base/http.h"
#include "base/json.h"
#include "pbx/call/call.h"
#include "pbx/conference/record.h"
#include "pbx/control/application.h"
#include "pbx/conference/record_api.h"
#include "pbx/speech/sound_file.h"
#include "pbx/turn.h"

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static json_t *recording_json(const struct recording *r)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, "
			 "s:I, s:s, s:O}",
			 "id", r->id, "customer", r->customer, "call", r->call,
			 "user", or_null(r->user), "number", or_null(r->number),
			 "name", or_null(r->name), "peer", or_null(r->peer),
			 "peer_name", or_null(r->peer_name), "at_ms",
			 (json_int_t)r->at_ms, "length_ms",
			 (json_int_t)r->length_ms, "state", recording_state(r),
			 "marks", r->marks);
}

static bool is_asked(struct http_request *req, const char *filter,
		     const char *value)
{
	const char *wanted = http_query(req, filter);

	return !wanted || !strcmp(wanted, value);
}

static void list_all(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	json_t *items = json_array();
	struct le *le;

	(void)caller;
	(void)arg;

	for (le = list_head(recording_list()); le; le = le->next) {
		const struct recording *r = le->data;

		if (application_sees_user(application_of(req), r->customer,
					  r->user) &&
		    is_asked(req, "filter[customer]", r->customer) &&
		    is_asked(req, "filter[user]", r->user) &&
		    is_asked(req, "filter[call]", r->call))
			json_array_append_new(items, recording_json(r));
	}
	(void)http_reply_json(req, 200,
			      json_pack("{s:I, s:n, s:o}", "total",
					(json_int_t)json_array_size(items),
					"next", "items", items));
}

/* The one of the path; another customer's is not there. */
static struct recording *wanted(struct http_request *req)
{
	struct recording *r = recording_find(http_param(req, "id"));

	if (r && is_asked(req, "customer", r->customer))
		return r;

	reply_not_found(req, "recording");

	return NULL;
}

static void get_one(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	const struct recording *r = wanted(req);

	(void)caller;
	(void)arg;

	if (r)
		(void)http_reply_json(req, 200, recording_json(r));
}

static bool is_whole(struct http_request *req, const struct recording *r)
{
	if (r->is_whole)
		return true;

	(void)http_reply_problem(req, 409, "going-on",
				 "The call is still being recorded; stop it "
				 "first.",
				 NULL);

	return false;
}

static void get_sound(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct recording *r = wanted(req);
	char file[RECORDING_PATH];

	(void)caller;
	(void)arg;

	if (!r || !is_whole(req, r))
		return;
	recording_file(r, file);
	sound_send(req, file, "recording");
}

static void delete_one(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct recording *r = wanted(req);

	(void)caller;
	(void)arg;

	if (!r || !is_whole(req, r))
		return;
	recording_delete(r);
	(void)http_reply(req, 204, NULL, NULL, 0);
}

/* ---- a call ---- */

static struct leg *leg_of(const struct call *call, const struct phone *p)
{
	if (call->caller->phone == p)
		return call->caller;

	return call->callee && call->callee->phone == p ? call->callee : NULL;
}

static void refuse(struct http_request *req, uint16_t status)
{
	switch (status) {
	case 403:
		(void)http_reply_problem(req, 403, "forbidden",
					 "The phone may not do this.", NULL);
		break;
	case 480:
		(void)http_reply_problem(req, 503, "media-away",
					 "The media server is away or has no "
					 "port left; the call goes on "
					 "unrecorded.",
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

static void record(struct http_request *req, const struct caller *caller,
		   void *arg)
{
	const struct call *call = call_find(span_of(http_param(req, "id")));
	json_t *body = NULL, *errors;
	const char *action, *id;
	const struct phone *p;
	struct leg *leg;
	uint16_t status;

	(void)caller;
	(void)arg;

	if (!call || call->state == CALL_OVER) {
		reply_not_found(req, "call");
		return;
	}
	if (request_object(req, &body))
		return;
	errors = json_array();
	action = json_get_text(body, "action");
	id = json_get_text(body, "phone");
	p = id ? directory_phone(span_of(id)) : NULL;
	if (!action || record_action_of(span_of(action)) == RECORD_ACTIONS)
		kind_error(errors, "action", "unknown",
			   "Give start, pause, resume, stop or discard.");
	if (!p)
		kind_error(errors, "phone", "unknown", "No phone has this id.");
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		json_decref(body);
		return;
	}
	json_decref(errors);

	leg = leg_of(call, p);
	status = leg ? record_do(leg, record_action_of(span_of(action))) : 481;
	json_decref(body);
	if (status) {
		refuse(req, status);
		return;
	}
	turn_end();
	(void)http_reply(req, 204, NULL, NULL, 0);
}

static const struct route routes[] = {
	{ "POST", "/api/v1/calls/{id}/record", "calls", ACTION_RUN, record, 0,
	  "Record a call, pause, resume, stop or discard it, for a phone" },
	{ "GET", "/api/v1/recordings", "recordings", ACTION_LIST, list_all, 0,
	  "Recordings of calls, the oldest first" },
	{ "GET", "/api/v1/recordings/{id}", "recordings", ACTION_READ, get_one,
	  0, "A recording" },
	{ "GET", "/api/v1/recordings/{id}/sound", "recordings", ACTION_READ,
	  get_sound, 0, "Its sound: a WAV file, 8 kHz, 16 bit" },
	{ "DELETE", "/api/v1/recordings/{id}", "recordings", ACTION_DELETE,
	  delete_one, 0, "Delete it" },
};

int record_api_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
