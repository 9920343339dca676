/* admin.c - see admin.h
 *
 * Administrators live in the portal alone, so no task is needed.  One made
 * without a password gets a one-time link, told in the answer.
 */
#include <stdio.h>

#include "base/http.h"
#include "base/id.h"
#include "base/json.h"
#include "base/password.h"
#include "model/kinds.h"
#include "portal/admin.h"
#include "portal/api.h"
#include "portal/audit.h"
#include "portal/session.h"

/** A write on its way. */
struct saving {
	struct portal *portal;
	struct http_request *req;
	struct caller caller;
	json_t *before;
	json_t *admin; /* NULL: deleted */
	char token[TOKEN_SIZE];
};

static void saving_destructor(void *data)
{
	struct saving *s = data;

	mem_deref(s->req);
	json_decref(s->before);
	json_decref(s->admin);
}

static struct saving *saving_alloc(struct portal *p, struct http_request *req,
				   const struct caller *caller, json_t *before,
				   json_t *admin)
{
	struct saving *s = mem_zalloc(sizeof(*s), saving_destructor);

	if (!s) {
		json_decref(before);
		json_decref(admin);
		reply_error(req, ENOMEM);
		return NULL;
	}
	s->portal = p;
	s->req = mem_ref(req);
	s->caller = *caller;
	s->before = before;
	s->admin = admin;

	return s;
}

static void saved(const struct store_result *result, void *arg)
{
	struct saving *s = arg;
	json_t *view;

	if (result->err == EEXIST) {
		(void)http_reply_problem(s->req, 409, "duplicate-login",
					 "This login is taken; choose another.",
					 NULL);
	}
	else if (result->err) {
		reply_error(s->req, result->err);
	}
	else if (!s->admin) {
		(void)http_reply(s->req, 204, NULL, NULL, 0);
	}
	else {
		view = kind_view(&admin_kind, s->admin, s->caller.role);
		if (*s->token)
			session_add_link(s->portal->sessions, view, s->token);
		(void)http_reply_json(s->req, s->before ? 200 : 201, view);
	}
	mem_deref(s);
}

static void put_audit(struct store_write *w, const struct saving *s)
{
	const json_t *any = s->admin ? s->admin : s->before;
	json_t *changes = kind_diff(&admin_kind, s->before, s->admin);
	char address[64];
	const struct audit a = {
		.who = s->caller.name,
		.role = role_name(s->caller.role),
		.address = address,
		.action = !s->admin    ? "delete-admin"
			  : !s->before ? "create-admin"
				       : "change-admin",
		.kind = "admins",
		.object = json_get_text(any, "id"),
		.customer = json_get_text(any, "customer"),
		.result = "done",
		.correlation = http_correlation(s->req),
		.changes = changes,
	};

	(void)re_snprintf(address, sizeof(address), "%j", http_peer(s->req));
	(void)audit_add(w, s->portal, &a);
	json_decref(changes);
}

/* A login is reserved like other names (portal/store.c). */
static void put_login(struct store_write *w, const struct saving *s)
{
	const json_t *any = s->admin ? s->admin : s->before;
	const char *customer = json_get_text(any, "customer");
	char id[ID_SIZE];

	(void)store_write_add(w, "DELETE FROM reservations WHERE object = $1",
			      STORE_ARGS(store_text(json_get_text(any, "id"))));
	if (!s->admin)
		return;
	id_make(id);
	(void)store_write_add(
		w,
		"INSERT INTO reservations (id, generation, scope, customer, "
		"value, owner, kind, object) VALUES ($1, 1, 'admin', $2, $3, "
		"$4, 'admins', $5)",
		STORE_ARGS(store_text(id), store_text(customer ? customer : ""),
			   store_text(json_get_text(s->admin, "login")),
			   store_text(customer),
			   store_text(json_get_text(s->admin, "id"))));
}

static void save(struct saving *s)
{
	const json_t *any = s->admin ? s->admin : s->before;
	const char *id = json_get_text(any, "id");
	struct store_write *w = NULL;
	int err;

	err = store_write_alloc(&w, s->portal->store);
	if (err)
		goto out;
	if (s->admin)
		err = record_put(w, &s->portal->admins, s->admin);
	else
		err = record_remove(w, &s->portal->admins, id);
	put_login(w, s);
	if (!s->admin || json_get_text(s->admin, "password"))
		(void)store_write_add(w,
				      "DELETE FROM sessions WHERE admin = $1",
				      STORE_ARGS(store_text(id)));
	if (!s->before && !json_get_text(s->admin, "password_hash"))
		(void)session_put_link(w, s->portal->sessions, id, s->token);
	put_audit(w, s);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, saved, s);

out:
	if (err) {
		reply_error(s->req, err);
		mem_deref(s);
	}
}

static void hashed(int err, const char *hash, void *arg)
{
	struct saving *s = arg;

	if (err) {
		reply_error(s->req, err);
		mem_deref(s);
		return;
	}
	(void)json_object_set_new(s->admin, "password_hash", json_string(hash));
	save(s);
}

static void save_with_password(struct saving *s)
{
	const char *password = json_get_text(s->admin, "password");
	int err;

	if (!password) {
		save(s);
		return;
	}
	err = password_hash(password, hashed, s);
	if (err) {
		reply_error(s->req, err);
		mem_deref(s);
	}
}

/* Provider's administrators have no customer, customers' ones have one. */
static bool is_whole(struct portal *p, struct http_request *req,
		     const json_t *admin)
{
	bool of_customer = !strcmp(json_get_text(admin, "role"), "customer");
	const char *id = json_get_text(admin, "customer");
	json_t *errors = json_array(), *row = NULL;
	bool is_right;

	if (of_customer && !id)
		kind_error(errors, "customer", "missing",
			   "is required for a customer's administrator");
	else if (!of_customer && id)
		kind_error(errors, "customer", "not-possible",
			   "must be absent for a provider's administrator");
	else if (of_customer && (record_get(&row, &p->customers, id) || !row))
		kind_error(errors, "customer", "unknown-reference",
			   "is none of the customers");
	json_decref(row);
	is_right = json_array_size(errors) == 0;
	if (is_right)
		json_decref(errors);
	else
		reply_invalid(req, errors);

	return is_right;
}

static void admins_list(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct portal *p = arg;

	api_list(&p->admins, req, caller);
}

static void admin_get(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct portal *p = arg;
	json_t *row = api_row(p, &p->admins, req, caller);

	if (row)
		(void)http_reply_json(
			req, 200, kind_view(&admin_kind, row, caller->role));
	json_decref(row);
}

static void admin_post(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct portal *p = arg;
	json_t *admin = api_new_object(&p->admins, req, caller);
	struct saving *s;
	char id[ID_SIZE];

	if (!admin)
		return;
	if (!is_whole(p, req, admin)) {
		json_decref(admin);
		return;
	}
	id_make(id);
	(void)json_object_set_new(admin, "id", json_string(id));
	(void)json_object_set_new(admin, "generation", json_integer(1));
	s = saving_alloc(p, req, caller, NULL, admin);
	if (s)
		save_with_password(s);
}

static void admin_put(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct portal *p = arg;
	json_t *before = api_row(p, &p->admins, req, caller), *after;
	struct saving *s;

	if (!before)
		return;
	after = api_changed_object(&p->admins, req, caller, before);
	if (!after) {
		json_decref(before);
		return;
	}
	s = saving_alloc(p, req, caller, before, after);
	if (s)
		save_with_password(s);
}

static void admin_delete(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct portal *p = arg;
	json_t *before = api_row(p, &p->admins, req, caller);
	struct saving *s;

	if (!before)
		return;
	if (!strcmp(json_get_text(before, "id"), caller->id)) {
		(void)http_reply_problem(req, 409, "yourself",
					 "You cannot delete yourself; let "
					 "another administrator do it.",
					 NULL);
		json_decref(before);
		return;
	}
	s = saving_alloc(p, req, caller, before, NULL);
	if (s)
		save(s);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/admins", "admins", ACTION_LIST, admins_list, 0,
	  "List administrators" },
	{ "GET", "/api/v1/admins/{id}", "admins", ACTION_READ, admin_get, 0,
	  "Show an administrator" },
	{ "POST", "/api/v1/admins", "admins", ACTION_CREATE, admin_post, 0,
	  "Create an administrator" },
	{ "PUT", "/api/v1/admins/{id}", "admins", ACTION_UPDATE, admin_put, 0,
	  "Change an administrator" },
	{ "DELETE", "/api/v1/admins/{id}", "admins", ACTION_DELETE,
	  admin_delete, 0, "Delete an administrator" },
};

int admin_routes(struct portal *p)
{
	return router_routes(p->router, routes,
			     sizeof(routes) / sizeof(routes[0]), p);
}
