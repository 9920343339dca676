/* hotdesk_api.c - see hotdesk_api.h */
#include "base/http.h"
#include "base/json.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/desk/hotdesk_api.h"
#include "pbx/desk/pin.h"

static json_t *session_print(const struct hotdesk *s)
{
	return json_pack("{s:s,s:s?,s:s,s:I}", "user", s->user, "phone",
			 s->phone[0] ? s->phone : NULL, "customer", s->customer,
			 "since_ms", (json_int_t)s->since_ms);
}

static void list_desks(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	json_t *items = json_array();

	(void)caller;
	(void)arg;

	for (struct le *le = list_head(hotdesk_list()); le; le = le->next)
		(void)json_array_append_new(items, session_print(le->data));
	(void)http_reply_json(req, 200,
			      json_pack("{s:o,s:n,s:i}", "items", items, "next",
					"total", (int)hotdesk_count()));
}

static struct phone *wanted(struct http_request *req)
{
	struct phone *p = directory_phone(span_of(http_param(req, "id")));

	if (!p || !p->customer) {
		reply_not_found(req, "phone");
		return NULL;
	}

	return p;
}

static void reply_bar(struct http_request *req, const struct hotdesk_bar *b)
{
	(void)http_reply_problem(req, b->status, b->code, b->detail, NULL);
}

static void reply_session(struct http_request *req, const struct phone *p)
{
	const struct hotdesk *s = hotdesk_at(p);

	if (s)
		(void)http_reply_json(req, 200, session_print(s));
	else
		(void)http_reply_problem(req, 404, "not-logged-in",
					 "Nobody is logged in at this phone.",
					 NULL);
}

static void get_desk(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	const struct phone *p = wanted(req);

	(void)caller;
	(void)arg;
	if (p)
		reply_session(req, p);
}

/* A log-in asked for by REST. */
struct asked {
	struct http_request *req;
	char user[DIRECTORY_ID_SIZE];
	char phone[DIRECTORY_ID_SIZE];
};

static void asked_destructor(void *data)
{
	struct asked *a = data;

	mem_deref(a->req);
}

static void logged_in(int err, void *arg)
{
	struct asked *a = arg;
	const struct phone *p = directory_phone(span_of(a->phone));

	if (err || !p)
		reply_error(a->req, err ? err : ENOENT);
	else if (p->owner && !strcmp(p->owner->id, a->user))
		(void)http_reply_json(a->req, 200,
				      json_pack("{s:s,s:s,s:s,s:n}", "user",
						a->user, "phone", a->phone,
						"customer", p->customer->id,
						"since_ms"));
	else
		reply_session(a->req, p);
	mem_deref(a);
}

static void log_in_asked(struct asked *a, const char *by)
{
	struct phone *p = directory_phone(span_of(a->phone));
	struct user *u = directory_user(span_of(a->user));
	struct hotdesk_bar b;
	int err;

	if (!p || !u) {
		reply_not_found(a->req, p ? "user" : "phone");
		mem_deref(a);
		return;
	}
	b = hotdesk_may_log_in(p, u, NULL);
	if (b.code) {
		reply_bar(a->req, &b);
		mem_deref(a);
		return;
	}
	err = hotdesk_log_in(p, u, by, logged_in, a);
	if (err) {
		reply_error(a->req, err);
		mem_deref(a);
	}
}

static void pin_is_checked(int err, enum pin_verdict verdict, void *arg)
{
	struct asked *a = arg;

	if (!err && verdict == PIN_RIGHT) {
		log_in_asked(a, "the user");
		return;
	}

	pin_refuse(a->req, err, verdict,
		   "Extension and PIN do not go together.");
	mem_deref(a);
}

/* By id, on an administrator's word; or by extension and PIN. */
static struct user *asked_user(const struct phone *p, const json_t *body,
			       json_t *errors)
{
	const char *id = json_get_text(body, "user");
	const char *extension = json_get_text(body, "extension");
	struct user *u = NULL;

	if (id)
		u = directory_user(span_of(id));
	else if (extension)
		u = directory_user_by_extension(p->customer,
						span_of(extension));
	if (!id && !extension)
		kind_error(errors, "user", "missing",
			   "give user, or extension and pin");
	else if (!u || u->customer != p->customer)
		kind_error(errors, id ? "user" : "extension",
			   "unknown-reference", "is no user of this customer");
	else if (!id && !json_get_text(body, "pin"))
		kind_error(errors, "pin", "missing", "give the user's PIN");

	return u;
}

static void put_desk(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	const struct phone *p = wanted(req);
	json_t *body = NULL, *errors;
	const struct user *u;
	const char *pin;
	struct asked *a;
	int err = 0;

	(void)caller;
	(void)arg;
	if (!p || request_object(req, &body))
		return;

	errors = json_array();
	u = asked_user(p, body, errors);
	pin = json_get_text(body, "pin");
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
	memcpy(a->phone, p->id, sizeof(a->phone));
	if (pin)
		err = pin_check(u, pin, "hot desk by REST", pin_is_checked, a);
	else
		log_in_asked(a, "administrator");
	if (err) {
		reply_error(req, err == EBUSY ? EAGAIN : err);
		mem_deref(a);
	}

out:
	json_decref(body);
}

static void logged_out(int err, void *arg)
{
	struct http_request *req = arg;

	if (err)
		reply_error(req, err);
	else
		(void)http_reply(req, 204, NULL, NULL, 0);
	mem_deref(req);
}

static void delete_desk(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct phone *p = wanted(req);
	struct hotdesk_bar b;
	int err;

	(void)caller;
	(void)arg;
	if (!p)
		return;

	b = hotdesk_may_log_out(p, NULL);
	if (b.code) {
		reply_bar(req, &b);
		return;
	}
	err = hotdesk_log_out(p, "administrator", logged_out, mem_ref(req));
	if (err) {
		mem_deref(req);
		reply_error(req, err);
	}
}

/* ---- wherever the user is ---- */

static struct user *wanted_user(struct http_request *req)
{
	struct user *u = directory_user(span_of(http_param(req, "id")));

	if (!u || !u->customer) {
		reply_not_found(req, "user");
		return NULL;
	}

	return u;
}

static void reply_user(struct http_request *req, const struct user *u)
{
	const struct hotdesk *s = hotdesk_of_user(u);

	if (s)
		(void)http_reply_json(req, 200, session_print(s));
	else
		(void)http_reply_problem(req, 404, "not-logged-in",
					 "This user is logged in nowhere.",
					 NULL);
}

static void get_user_desk(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	const struct user *u = wanted_user(req);

	(void)caller;
	(void)arg;
	if (u)
		reply_user(req, u);
}

static void outside_logged_in(int err, void *arg)
{
	struct asked *a = arg;
	const struct user *u = directory_user(span_of(a->user));

	if (err || !u)
		reply_error(a->req, err ? err : ENOENT);
	else
		reply_user(a->req, u);
	mem_deref(a);
}

static void put_user_desk(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	struct user *u = wanted_user(req);
	struct hotdesk_bar b;
	struct asked *a;
	int err;

	(void)caller;
	(void)arg;
	if (!u)
		return;

	b = hotdesk_may_log_in_outside(u);
	if (b.code) {
		reply_bar(req, &b);
		return;
	}
	a = mem_zalloc(sizeof(*a), asked_destructor);
	if (!a) {
		reply_error(req, ENOMEM);
		return;
	}
	a->req = mem_ref(req);
	memcpy(a->user, u->id, sizeof(a->user));
	err = hotdesk_log_in_outside(u, "administrator", outside_logged_in, a);
	if (err) {
		reply_error(req, err);
		mem_deref(a);
	}
}

static void delete_user_desk(struct http_request *req,
			     const struct caller *caller, void *arg)
{
	const struct user *u = wanted_user(req);
	const struct phone *p = u ? hotdesk_of(u) : NULL;
	struct hotdesk_bar b = { 0, NULL, NULL, NULL };
	int err;

	(void)caller;
	(void)arg;
	if (!u)
		return;

	if (p)
		b = hotdesk_may_log_out(p, NULL);
	if (b.code) {
		reply_bar(req, &b);
		return;
	}
	err = hotdesk_log_out_user(u, "administrator", logged_out,
				   mem_ref(req));
	if (!err)
		return;
	mem_deref(req);
	if (err == ENOENT)
		reply_user(req, u);
	else
		reply_error(req, err);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/hot-desks", "hot_desks", ACTION_LIST, list_desks, 0,
	  "Who is logged in at shared phones" },
	{ "GET", "/api/v1/phones/{id}/hot-desk", "hot_desks", ACTION_READ,
	  get_desk, 0, "Who is logged in at a phone" },
	{ "PUT", "/api/v1/phones/{id}/hot-desk", "hot_desks", ACTION_UPDATE,
	  put_desk, 0,
	  "Log in: user, or extension and pin; another one is logged out" },
	{ "DELETE", "/api/v1/phones/{id}/hot-desk", "hot_desks", ACTION_DELETE,
	  delete_desk, 0, "Log out whoever is logged in at a phone" },
	{ "GET", "/api/v1/users/{id}/hot-desk", "hot_desks", ACTION_READ,
	  get_user_desk, 0, "Where a user is logged in" },
	{ "PUT", "/api/v1/users/{id}/hot-desk", "hot_desks", ACTION_UPDATE,
	  put_user_desk, 0, "Log a user in at the outside number" },
	{ "DELETE", "/api/v1/users/{id}/hot-desk", "hot_desks", ACTION_DELETE,
	  delete_user_desk, 0, "Log a user out, wherever that is" },
};

int hotdesk_api_start(struct router *router)
{
	return router_routes(router, routes, sizeof(routes) / sizeof(routes[0]),
			     NULL);
}
