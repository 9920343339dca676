/* platform.c - see platform.h
 *
 * Before a group is stored each of its servers is asked who it is and whether
 * it takes our token; the first that does not is named and nothing is stored.
 * Then a task tells the uc server where its events and registrars are, and
 * the border where to forward.
 *
 * Source: PLT-1, PLT-5.
 */
#include <stdio.h>

#include "base/http.h"
#include "base/json.h"
#include "base/service.h"
#include "model/kinds.h"
#include "portal/api.h"
#include "portal/pbx_object.h"
#include "portal/platform.h"
#include "portal/task.h"

enum { PROBE_MS = 5000 };

static const char *const servers[] = { "pbx", "uc", "border" };

/** What each server is asked for to prove the token. */
static const char *const locked[] = {
	"/api/v1/customers?page[size]=1",
	"/api/v1/customers?page[size]=1",
	"/api/v1/upstreams?page[size]=1",
};

/** One look at all servers of a group, one after the other. */
struct probe {
	struct le le; /* in the portal's, which ends what is in flight */
	struct portal *portal;
	struct http_request *req;
	struct caller caller;
	json_t *before; /* NULL: to be created; or only pinged */
	json_t *object;
	json_t *reports;
	bool is_ping;
	size_t n;       /* server in work             */
	bool is_second; /* its token is being tried   */
	char problem[400];
};

static void probe_next(struct probe *pr);

static void probe_destructor(void *data)
{
	struct probe *pr = data;

	list_unlink(&pr->le);
	mem_deref(pr->req);
	json_decref(pr->before);
	json_decref(pr->object);
	json_decref(pr->reports);
}

static const char *member(const json_t *object, const char *server,
			  const char *what)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "%s_%s", server, what);

	return json_get_text(object, name);
}

/* ---- the task ---- */

static json_t *uc_source(const json_t *o)
{
	return body_clean(json_pack("{s:O?,s:O?}", "url",
				    json_object_get(o, "pbx_url"), "token",
				    json_object_get(o, "pbx_token")));
}

/* The secondary's, where there is one. */
static json_t *uc_source2(const json_t *o)
{
	if (!o || !json_get_text(o, "pbx2_url"))
		return NULL;

	return body_clean(json_pack("{s:O?,s:O?}", "url",
				    json_object_get(o, "pbx2_url"), "token",
				    json_object_get(o, "pbx2_token")));
}

/* Best first. */
static json_t *registrars(const json_t *o)
{
	json_t *second = json_object_get(o, "pbx2_sip");
	json_t *list = json_pack("[O]", json_object_get(o, "pbx_sip"));

	if (json_is_string(second))
		(void)json_array_append(list, second);

	return list;
}

static json_t *uc_platform(const json_t *o)
{
	return body_clean(json_pack("{s:o,s:O?,s:O?}", "registrars",
				    registrars(o), "border",
				    json_object_get(o, "border_sip"), "realm",
				    json_object_get(o, "realm")));
}

static json_t *border_upstream(const json_t *o)
{
	return json_pack("{s:o}", "registrars", registrars(o));
}

static bool has_border(const json_t *o)
{
	return json_get_text(o, "border_url") != NULL;
}

static void plan_all(struct plan *plan, const char *id, const json_t *before,
		     const json_t *after)
{
	bool had = before && has_border(before);
	bool has = after && has_border(after);
	json_t *second[2] = { uc_source2(before), uc_source2(after) };
	char other[64];

	plan_step(plan, "uc", id, "platforms", id,
		  before ? uc_platform(before) : NULL,
		  after ? uc_platform(after) : NULL);
	plan_step(plan, "uc", id, "sources", id,
		  before ? uc_source(before) : NULL,
		  after ? uc_source(after) : NULL);
	(void)snprintf(other, sizeof(other), "%s-2", id);
	if (second[0] || second[1])
		plan_step(plan, "uc", id, "sources", other, second[0],
			  second[1]);
	if (had || has)
		plan_step(plan, "border", id, "upstreams", id,
			  had ? border_upstream(before) : NULL,
			  has ? border_upstream(after) : NULL);
}

static void platform_create(struct plan *plan, json_t *object)
{
	const char *id = json_get_text(object, "id");

	plan_reserve(plan, "name", "name", "", json_get_text(object, "name"),
		     NULL, "platforms", id);
	plan_row(plan, "platforms", ROW_CREATE, object);
	plan_all(plan, id, NULL, object);
}

static void platform_change(struct plan *plan, const json_t *before,
			    json_t *after)
{
	const char *id = json_get_text(after, "id");
	const char *old = json_get_text(before, "name");
	const char *new = json_get_text(after, "name");
	int64_t n = 0;

	if (has_border(before) && !has_border(after)) {
		plan->err |= store_query_int(
			&n, plan->portal->store,
			"SELECT COUNT(*) FROM customers WHERE platform = $1",
			STORE_ARGS(store_text(id)));
		if (n)
			plan_error(plan, "border_url", "in-use",
				   "cannot go while customers use it");
	}
	if (strcmp(old, new) != 0) {
		plan_reserve(plan, "name", "name", "", new, NULL, "platforms",
			     id);
		plan_release(plan, "name", "", old);
	}
	plan_row(plan, "platforms", ROW_CHANGE, after);
	plan_all(plan, id, before, after);
}

static void platform_remove(struct plan *plan, const json_t *before)
{
	const char *id = json_get_text(before, "id");
	int64_t n = 0;

	plan->err |= store_query_int(
		&n, plan->portal->store,
		"SELECT COUNT(*) FROM customers WHERE platform = $1",
		STORE_ARGS(store_text(id)));
	if (n)
		plan_conflict(plan, "", "in-use",
			      "%lld customers are on this platform group; "
			      "delete them first",
			      (long long)n);
	pbx_objects_forget(plan, "platforms", id);
	plan_all(plan, id, before, NULL);
	plan_row(plan, "platforms", ROW_DELETE, before);
}

const struct object_kind platform_object = {
	.plural = "platforms",
	.create = platform_create,
	.change = platform_change,
	.remove = platform_remove,
};

/* ---- asking the servers ---- */

static void probe_done(struct probe *pr)
{
	struct portal *p = pr->portal;

	(void)json_object_set(pr->object, "reports", pr->reports);
	if (pr->is_ping)
		(void)http_reply_json(pr->req, 200, json_incref(pr->reports));
	else if (pr->before)
		api_change(p, &platform_object, pr->req, &pr->caller,
			   json_incref(pr->before), json_incref(pr->object));
	else
		api_create(p, &platform_object, pr->req, &pr->caller,
			   json_incref(pr->object));
	mem_deref(pr);
}

static void probe_failed(struct probe *pr, const char *code, const char *why)
{
	const char *server = servers[pr->n];
	json_t *errors = json_array();
	char field[24], detail[400];

	(void)snprintf(field, sizeof(field), "%s_%s", server,
		       strcmp(code, "wrong-credentials") ? "url" : "token");
	(void)snprintf(detail, sizeof(detail), "The %s server at %s %s.",
		       server, member(pr->object, server, "url"), why);
	kind_error(errors, field, code, "%s", detail);
	(void)http_reply_problem(pr->req, 422, code, detail, errors);
	mem_deref(pr);
}

static void probe_answered(int err, int status, const char *body, size_t len,
			   void *arg)
{
	struct probe *pr = arg;
	const char *server = servers[pr->n];
	json_t *report;

	if (err) {
		probe_failed(pr, "server-unreachable",
			     "does not answer; check address and network");
		return;
	}
	if (pr->is_second) {
		if (status == 401 || status == 403) {
			probe_failed(pr, "wrong-credentials",
				     "does not take this token");
			return;
		}
		if (status != 200) {
			probe_failed(pr, "server-unreachable",
				     "cannot be worked with");
			return;
		}
		pr->is_second = false;
		pr->n++;
		probe_next(pr);
		return;
	}

	report = json_loadb(body, len, 0, NULL);
	if (status != 200 || !json_get_text(report, "server") ||
	    strcmp(json_get_text(report, "server"), server) != 0) {
		json_decref(report);
		probe_failed(pr, "wrong-server", "is another kind of server");
		return;
	}
	(void)json_object_set_new(pr->reports, server, report);
	pr->is_second = true;
	probe_next(pr);
}

static void probe_next(struct probe *pr)
{
	struct http_params params = { .timeout_ms = PROBE_MS,
				      .connect_ms = PROBE_MS };
	struct service_files files;
	const char *base = NULL;
	char url[400];

	while (pr->n < 3 && !(base = member(pr->object, servers[pr->n], "url")))
		pr->n++;
	if (pr->n == 3) {
		probe_done(pr);
		return;
	}
	params.url = url;
	(void)snprintf(url, sizeof(url), "%s%s", base,
		       pr->is_second ? locked[pr->n] : "/api/v1/about");
	if (pr->is_second)
		params.bearer = member(pr->object, servers[pr->n], "token");
	if (service_http_params(&params, &files, pr->portal->conf) ||
	    http_client_request(NULL, pr->portal->client, &params,
				probe_answered, pr))
		probe_failed(pr, "server-unreachable",
			     "has an address that cannot be used");
}

static void probe_start(struct portal *p, struct http_request *req,
			const struct caller *caller, json_t *before,
			json_t *object, bool is_ping)
{
	struct probe *pr = mem_zalloc(sizeof(*pr), probe_destructor);

	if (!pr) {
		json_decref(before);
		json_decref(object);
		reply_error(req, ENOMEM);
		return;
	}
	pr->portal = p;
	pr->req = mem_ref(req);
	pr->caller = *caller;
	pr->before = before;
	pr->object = object;
	pr->reports = json_object();
	pr->is_ping = is_ping;
	list_append(&p->probes, &pr->le, pr);
	probe_next(pr);
}

/* ---- routes ---- */

static bool has_second(struct http_request *req, const json_t *object)
{
	static const char *const names[] = { "pbx2_url", "pbx2_token",
					     "pbx2_sip" };
	json_t *errors = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < 3; i++)
		n += json_get_text(object, names[i]) != NULL;
	if (!n || n == 3)
		return true;

	errors = json_array();
	for (size_t i = 0; i < 3; i++) {
		if (!json_get_text(object, names[i]))
			kind_error(errors, names[i], "missing",
				   "is required with the others of a secondary "
				   "pbx");
	}
	reply_invalid(req, errors);

	return false;
}

static bool has_tokens(struct http_request *req, const json_t *object)
{
	json_t *errors;

	if (!has_second(req, object))
		return false;
	if (!has_border(object) || (json_get_text(object, "border_token") &&
				    json_get_text(object, "border_sip")))
		return true;

	errors = json_array();
	if (!json_get_text(object, "border_token"))
		kind_error(errors, "border_token", "missing",
			   "is required with border_url");
	if (!json_get_text(object, "border_sip"))
		kind_error(errors, "border_sip", "missing",
			   "is required with border_url");
	reply_invalid(req, errors);

	return false;
}

static void platforms_list(struct http_request *req,
			   const struct caller *caller, void *arg)
{
	struct portal *p = arg;

	api_list(&p->platforms, req, caller);
}

static void platform_get(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct portal *p = arg;
	json_t *row = api_row(p, &p->platforms, req, caller);

	if (row)
		(void)http_reply_json(
			req, 200, kind_view(&platform_kind, row, caller->role));
	json_decref(row);
}

static void platform_post(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	struct portal *p = arg;
	json_t *object;

	if (task_repeated(p->tasks, req, caller))
		return;
	object = api_new_object(&p->platforms, req, caller);
	if (object && has_tokens(req, object))
		probe_start(p, req, caller, NULL, object, false);
	else
		json_decref(object);
}

static void platform_put(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct portal *p = arg;
	json_t *before, *after;

	if (task_repeated(p->tasks, req, caller))
		return;
	before = api_row(p, &p->platforms, req, caller);
	if (!before)
		return;
	after = api_changed_object(&p->platforms, req, caller, before);
	if (after && has_tokens(req, after)) {
		probe_start(p, req, caller, before, after, false);
		return;
	}
	json_decref(before);
	json_decref(after);
}

static void platform_delete(struct http_request *req,
			    const struct caller *caller, void *arg)
{
	api_delete(arg, &platform_object, req, caller);
}

static void platform_ping(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	struct portal *p = arg;
	json_t *row = api_row(p, &p->platforms, req, caller);

	if (row)
		probe_start(p, req, caller, NULL, row, true);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/platforms", "platforms", ACTION_LIST, platforms_list,
	  0, "List platform groups" },
	{ "GET", "/api/v1/platforms/{id}", "platforms", ACTION_READ,
	  platform_get, 0, "Show a platform group" },
	{ "POST", "/api/v1/platforms", "platforms", ACTION_CREATE,
	  platform_post, 0, "Register a platform group" },
	{ "PUT", "/api/v1/platforms/{id}", "platforms", ACTION_UPDATE,
	  platform_put, 0, "Change a platform group" },
	{ "DELETE", "/api/v1/platforms/{id}", "platforms", ACTION_DELETE,
	  platform_delete, 0, "Delete a platform group" },
	{ "POST", "/api/v1/platforms/{id}/ping", "platforms", ACTION_RUN,
	  platform_ping, 0, "Ask each server whether it is well" },
};

int platform_routes(struct portal *p)
{
	return router_routes(p->router, routes,
			     sizeof(routes) / sizeof(routes[0]), p);
}
