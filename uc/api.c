/* api.c - see api.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "model/pbx_kinds.h"
#include "model/provision.h"
#include "model/record.h"
#include "model/route.h"
#include "uc/api.h"
#include "uc/at_pbx.h"
#include "uc/deployment.h"
#include "uc/history.h"
#include "uc/kinds.h"
#include "uc/people.h"
#include "uc/presence.h"
#include "uc/session.h"
#include "uc/source.h"
#include "uc/store.h"
#include "uc/stream.h"
#include "uc/voicemail.h"

/* ---- what a client asks ---- */

static void me(struct http_request *req, const struct caller *caller, void *arg)
{
	struct uc *uc = arg;
	const struct person *p = people_find(uc->people, caller->id);

	http_reply_json(req, 200,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", p->id,
				  "login", caller->name, "name", p->name,
				  "extension", p->extension, "email", p->email,
				  "customer", p->customer, "language",
				  p->language));
}

static void my_settings(struct http_request *req, const struct caller *caller,
			void *arg)
{
	struct uc *uc = arg;
	char path[120];

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s/settings",
		       caller->id);
	at_pbx_relay(uc->at_pbx, req, caller->customer, path);
}

struct listing {
	struct uc *uc;
	json_t *items;
	const char *search;
	bool only_presence;
};

static bool add_person(const struct person *p, void *arg)
{
	struct listing *l = arg;
	const char *state = presence_state(l->uc->presence, p->id);

	if (l->search && !strcasestr(p->name, l->search) &&
	    !strstr(p->extension, l->search))
		return false;

	if (l->only_presence) {
		json_array_append_new(
			l->items,
			json_pack("{s:s,s:s}", "user", p->id, "state", state));
	}
	else {
		json_array_append_new(l->items,
				      json_pack("{s:s,s:s,s:s,s:s,s:s}", "id",
						p->id, "name", p->name,
						"number", p->extension, "email",
						p->email, "presence", state));
	}

	return false;
}

static void list_people(struct http_request *req, const char *customer,
			struct listing *l)
{
	size_t total;

	l->items = json_array();
	people_each(l->uc->people, customer, add_person, l);
	total = json_array_size(l->items);
	http_reply_json(req, 200,
			json_pack("{s:o,s:n,s:I}", "items", l->items, "next",
				  "total", (json_int_t)total));
}

static void directory(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct listing l = { .uc = arg, .search = http_query(req, "q") };

	list_people(req, caller->customer, &l);
}

static void presence(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	struct listing l = { .uc = arg, .only_presence = true };
	const char *customer = caller->role == ROLE_USER
				       ? caller->customer
				       : http_query(req, "filter[customer]");

	list_people(req, customer ? customer : "", &l);
}

static const struct route routes[] = {
	{ "POST", "/api/v1/sessions", "sessions", ACTION_CREATE, session_create,
	  4096, "Sign in with password or device token" },
	{ "DELETE", "/api/v1/sessions", "sessions", ACTION_DELETE,
	  session_delete, 0, "Sign out" },
	{ "GET", "/api/v1/me", "me", ACTION_READ, me, 0, "Who I am" },
	{ "PUT", "/api/v1/me/password", "me", ACTION_UPDATE, session_password,
	  4096, "Change my password" },
	{ "GET", "/api/v1/me/settings", "user_settings", ACTION_READ,
	  my_settings, 0, "How I want to be called" },
	{ "PUT", "/api/v1/me/settings", "user_settings", ACTION_UPDATE,
	  my_settings, 0, "Set how I want to be called" },
	{ "PATCH", "/api/v1/me/settings", "user_settings", ACTION_UPDATE,
	  my_settings, 0, "Change some of how I want to be called" },
	{ "GET", "/api/v1/directory", "directory", ACTION_LIST, directory, 0,
	  "The people of my customer" },
	{ "GET", "/api/v1/presence", "presence", ACTION_LIST, presence, 0,
	  "What their phones do" },
	{ "GET", "/api/v1/history", "history", ACTION_LIST, history_list, 0,
	  "My calls" },
	{ "GET", "/api/v1/events", "events", ACTION_READ, streams_accept, 0,
	  "WebSocket of events, resumable by number" },
	{ "GET", "/d/{token}", "pages", ACTION_READ, deployment_page, 0,
	  "What a deployment link is for" },
	{ "POST", "/d/{token}", "deployments", ACTION_RUN, deployment_redeem,
	  4096, "Use a deployment link" },
};

/* ---- what the portal provisions ---- */

static void customer_after(const struct provision_change *change, void *arg)
{
	struct uc *uc = arg;

	if (change->object)
		people_put_customer(uc->people, change->object);
	else
		people_drop_customer(uc->people, change->id);
}

static int user_write(struct store_write *w,
		      const struct provision_change *change, void *arg)
{
	const char *password;

	(void)arg;

	if (!change->object)
		return uc_store_forget_user(w, change->id);

	password = json_get_text(change->object, "initial_password");
	if (change->before || !password)
		return 0;

	return session_first_password(w, change->id, password);
}

static void user_after(const struct provision_change *change, void *arg)
{
	struct uc *uc = arg;
	const json_t *shown = change->object ? change->object : change->before;
	const char *customer = json_get_text(shown, "customer");
	json_t *data;

	if (change->object) {
		people_put_user(uc->people, change->object);
	}
	else {
		people_drop_user(uc->people, change->id);
		presence_forget(uc->presence, change->id);
		streams_end(uc->streams, change->id);
	}

	data = json_pack("{s:s,s:b}", "user", change->id, "deleted",
			 !change->object);
	if (customer && data)
		streams_tell(uc->streams, customer, "directory", data);
	json_decref(data);
}

static int phone_write(struct store_write *w,
		       const struct provision_change *change, void *arg)
{
	(void)arg;

	/* A line that is gone takes the device's sign-in with it. */
	if (change->object)
		return 0;

	return store_write_add(w,
			       "DELETE FROM device_token WHERE phone_id = $1",
			       STORE_ARGS(store_text(change->id)));
}

static void source_after(const struct provision_change *change, void *arg)
{
	struct uc *uc = arg;

	if (change->object)
		sources_put(uc->sources, change->object);
	else
		sources_drop(uc->sources, change->id);
}

static const struct {
	const struct kind *kind;
	struct provision_hooks hooks;
} kinds[] = {
	{ &uc_platform_kind, { 0 } },
	{ &uc_customer_kind, { .after = customer_after } },
	{ &uc_user_kind, { .write = user_write, .after = user_after } },
	{ &uc_phone_kind, { .write = phone_write } },
	{ &uc_deployment_kind,
	  { .write = deployment_write,
	    .after = deployment_after,
	    .view = deployment_view } },
	{ &uc_source_kind, { .after = source_after } },
};

static int load_customer(json_t *object, void *arg)
{
	return people_put_customer(((struct uc *)arg)->people, object);
}

static int load_user(json_t *object, void *arg)
{
	return people_put_user(((struct uc *)arg)->people, object);
}

static int load_source(json_t *object, void *arg)
{
	return sources_put(((struct uc *)arg)->sources, object);
}

int uc_api_start(struct router **routerp, struct provision **provisionp,
		 struct uc *uc)
{
	struct router *router = NULL;
	struct provision *p = NULL;
	int err;

	err = router_alloc(&router, "uc", uc->http);
	if (err)
		return err;

	router_token(router, uc->token);
	router_callers(router, session_caller, uc);
	err = router_routes(router, routes, sizeof(routes) / sizeof(routes[0]),
			    uc);
	if (!err)
		err = router_kind(router, &user_settings_kind);
	if (!err)
		err = router_kind(router, &mailbox_settings_kind);
	if (!err)
		err = voicemail_routes(router, uc);
	if (!err)
		err = provision_alloc(&p, router, uc->store, uc->keys);
	for (size_t i = 0; !err && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		err = provision_kind_add(p, kinds[i].kind, &kinds[i].hooks, uc);
	if (!err)
		err = record_each(provision_table(p, "customers"),
				  load_customer, uc);
	if (!err)
		err = record_each(provision_table(p, "users"), load_user, uc);
	if (!err)
		err = record_each(provision_table(p, "sources"), load_source,
				  uc);
	if (err) {
		mem_deref(p);
		mem_deref(router);
		return err;
	}

	deployment_init(uc, p);
	*routerp = router;
	*provisionp = p;
	return 0;
}
