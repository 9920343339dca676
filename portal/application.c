/* application.c - see application.h */
#include "base/http.h"
#include "base/json.h"
#include "base/secrets.h"
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

static const struct route routes[] = {
	{ "POST", "/api/v1/applications/{id}/token", "applications", ACTION_RUN,
	  renew_token, 0,
	  "Make a new token; the one before is not valid any more" },
};

int portal_application_routes(struct portal *p)
{
	return router_routes(p->router, routes, 1, p);
}
