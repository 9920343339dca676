/* application.c - see application.h */
#include <stdio.h>

#include "base/http.h"
#include "base/json.h"
#include "base/secrets.h"
#include "base/service.h"
#include "model/pbx_kinds.h"
#include "portal/api.h"
#include "portal/application.h"
#include "portal/pbx_object.h"
#include "portal/task.h"

void application_token(struct plan *plan, json_t *object)
{
	char token[TOKEN_SIZE], hash[TOKEN_HASH_SIZE];

	token_make(token);
	token_hash(hash, token);
	(void)json_object_set_new(object, "token_hash", json_string(hash));
	json_decref(plan->answer);
	plan->answer = json_pack("{s:s}", "token", token);
	secret_wipe(token, sizeof(token));
}

/* ---- another token ---- */

static void renew(struct plan *plan, const json_t *before, json_t *after)
{
	application_token(plan, after);
	pbx_object_put(plan, before, after);
}

static const struct object_kind renewal = {
	.plural = "applications",
	.change = renew,
};

static void renew_token(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct portal *p = arg;
	const struct record_table *table = portal_table(p, "applications");
	json_t *before, *after;

	if (task_repeated(p->tasks, req, caller))
		return;
	before = api_row(p, table, req, caller);
	if (!before)
		return;
	after = json_deep_copy(before);
	(void)json_object_set_new(
		after, "generation",
		json_integer(json_get_int(before, "generation", 0) + 1));
	api_change(p, &renewal, req, caller, before, after);
}

/* ---- its use, which the nodes of its pbx know ---- */

enum { NODES = 2, ASK_MS = 3000 };

struct asking {
	struct le le; /* in the portal's probes */
	struct portal *portal;
	struct http_request *req;
	json_t *platform;
	char id[48];
	int n; /* node in work */
	int answers;
	int64_t last_used_ms;
	int64_t streams;
};

static void ask_next(struct asking *k);

static void asking_destructor(void *data)
{
	struct asking *k = data;

	list_unlink(&k->le);
	mem_deref(k->req);
	json_decref(k->platform);
}

static void tell_use(struct asking *k)
{
	if (!k->answers)
		(void)http_reply_problem(k->req, 503, "server-unreachable",
					 "The pbx does not answer; try again "
					 "later.",
					 NULL);
	else
		(void)http_reply_json(
			k->req, 200,
			json_pack("{s:o, s:I}", "last_used_ms",
				  k->last_used_ms
					  ? json_integer(k->last_used_ms)
					  : json_null(),
				  "streams", (json_int_t)k->streams));
	mem_deref(k);
}

static void node_answered(int err, int status, const char *body, size_t len,
			  void *arg)
{
	struct asking *k = arg;
	json_t *json = err || status != 200 ? NULL
					    : json_loadb(body, len, 0, NULL);
	int64_t used = json_get_int(json, "last_used_ms", 0);

	if (json) {
		k->answers++;
		k->streams += json_get_int(json, "streams", 0);
		if (used > k->last_used_ms)
			k->last_used_ms = used;
	}
	json_decref(json);
	ask_next(k);
}

static void ask_next(struct asking *k)
{
	static const char *const urls[NODES] = { "pbx_url", "pbx2_url" };
	static const char *const tokens[NODES] = { "pbx_token", "pbx2_token" };
	struct http_params params = { .timeout_ms = ASK_MS,
				      .connect_ms = ASK_MS };
	struct service_files files;
	char url[400];

	for (; k->n < NODES; k->n++) {
		const char *base = json_get_text(k->platform, urls[k->n]);

		if (!base)
			continue;
		(void)snprintf(url, sizeof(url), "%s/api/v1/applications/%s",
			       base, k->id);
		params.url = url;
		params.bearer = json_get_text(k->platform, tokens[k->n]);
		if (!service_http_params(&params, &files, k->portal->conf) &&
		    !http_client_request(NULL, k->portal->client, &params,
					 node_answered, k)) {
			k->n++;
			return;
		}
	}
	tell_use(k);
}

static json_t *platform_of(const struct portal *p, const json_t *row)
{
	json_t *customer = NULL, *platform = NULL;

	(void)record_get(&customer, &p->customers,
			 json_get_text(row, "customer"));
	if (json_get_text(customer, "platform"))
		(void)record_get(&platform, &p->platforms,
				 json_get_text(customer, "platform"));
	json_decref(customer);

	return platform;
}

static void get_use(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	struct portal *p = arg;
	json_t *row = api_row(p, portal_table(p, "applications"), req, caller);
	struct asking *k;

	if (!row)
		return;
	k = mem_zalloc(sizeof(*k), asking_destructor);
	if (!k) {
		reply_error(req, ENOMEM);
		json_decref(row);
		return;
	}
	k->portal = p;
	k->req = mem_ref(req);
	k->platform = platform_of(p, row);
	(void)snprintf(k->id, sizeof(k->id), "%s", json_get_text(row, "id"));
	list_append(&p->probes, &k->le, k);
	json_decref(row);
	ask_next(k);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/applications/{id}/use", "applications", ACTION_READ,
	  get_use, 0, "When it was last used, and how many streams it has" },
	{ "POST", "/api/v1/applications/{id}/token", "applications", ACTION_RUN,
	  renew_token, 0,
	  "Make a new token; the one before is not valid any more" },
};

int portal_application_routes(struct portal *p)
{
	return router_routes(p->router, routes, ARRAY_SIZE(routes), p);
}
