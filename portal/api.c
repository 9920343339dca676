/* api.c - see api.h
 *
 * PUT and PATCH both change only what they name.  Rows of another tenant are
 * 404, references to them are unknown, so nobody learns that they exist.
 */
#include <stdio.h>

#include "base/http.h"
#include "base/id.h"
#include "base/json.h"
#include "model/kinds.h"
#include "portal/api.h"
#include "portal/audit.h"
#include "portal/group.h"
#include "portal/pbx_object.h"
#include "portal/phone.h"
#include "portal/task.h"

static bool is_visible(const struct record_table *table, const json_t *row,
		       const struct caller *caller)
{
	const char *tenant;

	if (!*caller->customer)
		return true;
	tenant = json_get_text(
		row, kind_field(table->kind, "customer") ? "customer" : "id");

	return tenant && !strcmp(tenant, caller->customer);
}

json_t *api_row(struct portal *p, const struct record_table *table,
		struct http_request *req, const struct caller *caller)
{
	json_t *row = NULL;
	int err;

	(void)p;
	err = record_get(&row, table, http_param(req, "id"));
	if (err) {
		reply_error(req, err);
		return NULL;
	}
	if (!row || !is_visible(table, row, caller)) {
		reply_not_found(req, table->kind->name);
		json_decref(row);
		return NULL;
	}

	return row;
}

void api_list(const struct record_table *table, struct http_request *req,
	      const struct caller *caller)
{
	record_reply_list(table, req, caller->customer, caller->role);
}

static json_t *checked(const struct record_table *table,
		       struct http_request *req, const struct caller *caller,
		       enum kind_write write)
{
	json_t *in = NULL, *out = NULL, *errors;
	int err;

	if (request_object(req, &in))
		return NULL;

	/* a customer's administrator need not say which customer */
	if (write == KIND_CREATE && *caller->customer &&
	    kind_field(table->kind, "customer") &&
	    !json_object_get(in, "customer"))
		(void)json_object_set_new(in, "customer",
					  json_string(caller->customer));

	errors = json_array();
	err = kind_check(&out, table->kind, in, write, caller->role, errors);
	if (err == EBADMSG)
		reply_invalid(req, json_incref(errors));
	else if (err)
		reply_error(req, err);
	json_decref(errors);
	json_decref(in);

	return err ? NULL : out;
}

json_t *api_new_object(const struct record_table *table,
		       struct http_request *req, const struct caller *caller)
{
	return checked(table, req, caller, KIND_CREATE);
}

static void refuse_fixed(const struct kind *kind, const json_t *before,
			 const json_t *change, json_t *errors)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)change, name, value)
	{
		const struct field *f = kind_field(kind, name);
		json_t *old = json_object_get(before, name);

		if (f && f->owner && strcmp(f->owner, kind->owner) != 0 &&
		    !json_is_null(value))
			kind_error(errors, name, "not-ours",
				   "belongs to the %s server once created; "
				   "change it there",
				   f->owner);
		if (f && (f->flags & FIELD_FIXED) && old &&
		    !json_equal(old, value))
			kind_error(errors, name, "fixed",
				   "cannot change; delete and create anew");
	}
}

json_t *api_changed_object(const struct record_table *table,
			   struct http_request *req,
			   const struct caller *caller, const json_t *before)
{
	json_t *change = checked(table, req, caller, KIND_CHANGE);
	json_t *after, *errors;

	if (!change)
		return NULL;

	errors = json_array();
	refuse_fixed(table->kind, before, change, errors);
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		json_decref(change);
		return NULL;
	}
	json_decref(errors);

	after = json_copy((json_t *)before);
	(void)json_object_update(after, change);
	(void)json_object_set_new(
		after, "generation",
		json_integer(json_get_int(before, "generation", 0) + 1));
	(void)json_object_set_new(after, "state", json_string("active"));
	json_decref(change);

	return after;
}

static void type_of(char out[32], const char *verb,
		    const struct record_table *table)
{
	(void)snprintf(out, 32, "%s-%s", verb, table->kind->name);
	for (char *p = out; *p; p++) {
		if (*p == ' ')
			*p = '-';
	}
}

void api_create(struct portal *p, const struct object_kind *ops,
		struct http_request *req, const struct caller *caller,
		json_t *object)
{
	const struct record_table *table = portal_table(p, ops->plural);
	const char *tenant = json_get_text(object, "customer");
	struct plan *plan = NULL;
	char id[ID_SIZE], type[32];
	int err;

	id_make(id);
	type_of(type, "create", table);
	(void)json_object_set_new(object, "id", json_string(id));
	(void)json_object_set_new(object, "generation", json_integer(1));
	(void)json_object_set_new(object, "state", json_string("creating"));
	if (!tenant && !strcmp(ops->plural, "customers"))
		tenant = id;

	err = plan_alloc(&plan, p, caller, type, ops->plural, id, tenant);
	if (err) {
		reply_error(req, err);
	}
	else {
		ops->create(plan, object);
		plan->changes = kind_diff(table->kind, NULL, object);
		task_start(p->tasks, plan, req);
	}
	json_decref(object);
}

/* A record that a task is at work on takes no other change. */
static bool is_pending(struct portal *p, struct http_request *req,
		       const json_t *row)
{
	const char *task = task_of(p->tasks, json_get_text(row, "id"));
	char detail[160];

	if (!task)
		return false;
	(void)snprintf(detail, sizeof(detail),
		       "Task %s is at work on this; wait for it or retry it "
		       "first.",
		       task);
	(void)http_reply_problem(req, 409, "pending-task", detail, NULL);

	return true;
}

void api_change(struct portal *p, const struct object_kind *ops,
		struct http_request *req, const struct caller *caller,
		json_t *before, json_t *after)
{
	const struct record_table *table = portal_table(p, ops->plural);
	const char *id = json_get_text(before, "id");
	const char *tenant = json_get_text(before, "customer");
	struct plan *plan = NULL;
	char type[32];
	int err;

	if (is_pending(p, req, before))
		goto out;
	type_of(type, "change", table);
	if (!tenant && !strcmp(ops->plural, "customers"))
		tenant = id;
	err = plan_alloc(&plan, p, caller, type, ops->plural, id, tenant);
	if (err) {
		reply_error(req, err);
		goto out;
	}
	ops->change(plan, before, after);
	plan->changes = kind_diff(table->kind, before, after);
	task_start(p->tasks, plan, req);

out:
	json_decref(before);
	json_decref(after);
}

/* Whether a task is at work on something the plan deletes. */
static void check_pending(struct plan *plan)
{
	json_t *row;
	size_t i;

	json_array_foreach(plan->rows, i, row)
	{
		const char *task = task_of(plan->portal->tasks,
					   json_get_text(row, "id"));

		if (task)
			plan_conflict(plan, "", "pending-task",
				      "Task %s is at work on part of this; "
				      "wait for it or retry it first.",
				      task);
	}
}

void api_delete(struct portal *p, const struct object_kind *ops,
		struct http_request *req, const struct caller *caller)
{
	const struct record_table *table = portal_table(p, ops->plural);
	struct plan *plan = NULL;
	const char *tenant, *id;
	char type[32];
	json_t *row;
	int err;

	if (task_repeated(p->tasks, req, caller))
		return;
	row = api_row(p, table, req, caller);
	if (!row || is_pending(p, req, row))
		goto out;

	type_of(type, "delete", table);
	id = json_get_text(row, "id");
	tenant = json_get_text(row, "customer");
	if (!tenant && !strcmp(ops->plural, "customers"))
		tenant = id;
	err = plan_alloc(&plan, p, caller, type, ops->plural, id, tenant);
	if (err) {
		reply_error(req, err);
		goto out;
	}
	ops->remove(plan, row);
	check_pending(plan);
	plan->changes = kind_diff(table->kind, row, NULL);
	task_start(p->tasks, plan, req);

out:
	json_decref(row);
}

/* ---- routes: one set for each kind, told apart by its path ---- */

static const struct object_kind *const object_kinds[] = {
	&customer_object,
	&user_object,
	&phone_object,
	&group_object,
};

static const struct object_kind *ops_of(const struct http_request *req)
{
	const struct route *route = http_route_of(req)->data;
	const struct object_kind *kind = pbx_object_find(route->object);
	size_t i = 0;

	if (kind)
		return kind;

	/* the routes are made of these kinds: one of them it is */
	while (i + 1 < sizeof(object_kinds) / sizeof(object_kinds[0]) &&
	       strcmp(object_kinds[i]->plural, route->object))
		i++;

	return object_kinds[i];
}

static const struct record_table *table_of(struct portal *p,
					   const struct http_request *req)
{
	const struct route *route = http_route_of(req)->data;

	if (!strcmp(route->object, "numbers"))
		return &p->numbers;
	if (!strcmp(route->object, "audit"))
		return &p->audit;

	return portal_table(p, route->object);
}

static void objects_list(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	api_list(table_of(arg, req), req, caller);
}

static void object_get(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	const struct record_table *table = table_of(arg, req);
	json_t *row = api_row(arg, table, req, caller);

	if (row)
		(void)http_reply_json(
			req, 200, kind_view(table->kind, row, caller->role));
	json_decref(row);
}

static void object_post(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct portal *p = arg;
	json_t *object;

	if (task_repeated(p->tasks, req, caller))
		return;
	object = api_new_object(table_of(p, req), req, caller);
	if (object)
		api_create(p, ops_of(req), req, caller, object);
}

static void object_put(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct portal *p = arg;
	const struct record_table *table = table_of(p, req);
	json_t *before, *after;

	if (task_repeated(p->tasks, req, caller))
		return;
	before = api_row(p, table, req, caller);
	if (!before)
		return;
	after = api_changed_object(table, req, caller, before);
	if (after)
		api_change(p, ops_of(req), req, caller, before, after);
	else
		json_decref(before);
}

static void object_delete(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	api_delete(arg, ops_of(req), req, caller);
}

#define KIND_ROUTES(plural, one)                                                 \
	{ "GET", "/api/v1/" plural, plural, ACTION_LIST, objects_list,           \
	  0,     "List " plural },                                               \
		{ "GET",        "/api/v1/" plural "/{id}",                       \
		  plural,       ACTION_READ,                                     \
		  object_get,   0,                                               \
		  "Show a " one },                                               \
		{ "POST", "/api/v1/" plural, plural, ACTION_CREATE, object_post, \
		  0,      "Create a " one },                                     \
		{ "PUT",          "/api/v1/" plural "/{id}",                     \
		  plural,         ACTION_UPDATE,                                 \
		  object_put,     0,                                             \
		  "Change a " one },                                             \
		{ "PATCH",        "/api/v1/" plural "/{id}",                     \
		  plural,         ACTION_UPDATE,                                 \
		  object_put,     0,                                             \
		  "Change a " one },                                             \
	{                                                                        \
		"DELETE", "/api/v1/" plural "/{id}", plural, ACTION_DELETE,      \
			object_delete, 0, "Delete a " one                        \
	}

#define KIND_ROUTES_OF(plural, kind, one, has_extension)                       \
	KIND_ROUTES(#plural, one),

static const struct route routes[] = {
	KIND_ROUTES("customers", "customer"),
	KIND_ROUTES("users", "user"),
	KIND_ROUTES("phones", "phone"),
	KIND_ROUTES("groups", "group"),
	{ "GET", "/api/v1/numbers", "numbers", ACTION_LIST, objects_list, 0,
	  "List the numbers in use" },
	{ "GET", "/api/v1/audit", "audit", ACTION_LIST, objects_list, 0,
	  "List who changed what" },
	PBX_OBJECT_KINDS(KIND_ROUTES_OF)
};

int api_routes(struct portal *p)
{
	int err = 0;

	for (size_t i = 0; !err && portal_kinds[i]; i++)
		err = router_kind(p->router, portal_kinds[i]);
	if (!err)
		err = router_kind(p->router, &audit_kind);
	if (!err)
		err = router_routes(p->router, routes,
				    sizeof(routes) / sizeof(routes[0]), p);

	return err;
}
