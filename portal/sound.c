/* sound.c - see sound.h */
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/service.h"
#include "model/kinds.h"
#include "portal/api.h"
#include "portal/audit.h"
#include "portal/sound.h"

enum {
	RELAY_MS = 20000,
	CONNECT_MS = 2000,
	PATH_BYTES = 300,
	VALUE_MAX = 64, /* of a parameter of a path */
	VERB_MAX = 15,
};

struct sound {
	struct le le; /* of the portal's probes */
	struct portal *portal;
	struct http_request *req;
	struct http_call *call;
	struct caller caller;
	char kind[24], object[48], customer[48], path[PATH_BYTES];
	char verb[VERB_MAX + 1];
	int status;  /* of the pbx */
	char *reply; /* JSON of a change, or NULL */
};

static uint32_t count;

static void sound_destructor(void *data)
{
	struct sound *s = data;

	list_unlink(&s->le);
	mem_deref(s->call);
	mem_deref(s->reply);
	mem_deref(s->req);
	count--;
}

/* ---- what is asked of the pbx ---- */

/* Names of files and ids; nothing that means more in a path. */
static bool is_plain(const char *value)
{
	size_t len = strlen(value);

	return len && len <= VALUE_MAX &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* What users have here is their mailbox's there, but for music. */
static bool is_mailbox(const char *kind, const char *pattern)
{
	const char *end = strrchr(pattern, '/');

	return (!strcmp(kind, "users") || !strcmp(kind, "group_mailboxes")) &&
	       (!end || strcmp(end, "/music") != 0);
}

/* The route's path with its values. */
static bool write_path(struct sound *s, const char *pattern)
{
	const char *rest = pattern + strlen("/api/v1/");
	size_t n = strcspn(rest, "/");
	size_t at;

	(void)snprintf(s->kind, sizeof(s->kind), "%.*s", (int)n, rest);
	at = (size_t)snprintf(s->path, sizeof(s->path), "/api/v1/%s",
			      is_mailbox(s->kind, pattern) ? "mailboxes"
							   : s->kind);
	for (rest += n; *rest;) {
		char name[16];
		const char *value;
		int len;

		n = strcspn(rest, "{");
		len = snprintf(s->path + at, sizeof(s->path) - at, "%.*s",
			       (int)n, rest);
		at += (size_t)len;
		rest += n;
		if (!*rest)
			break;
		n = strcspn(rest, "}");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n - 1,
			       rest + 1);
		value = http_param(s->req, name);
		if (!value || !is_plain(value))
			return false;
		len = snprintf(s->path + at, sizeof(s->path) - at, "%s", value);
		at += (size_t)len;
		rest += n + 1;
		if (at + VALUE_MAX >= sizeof(s->path))
			return false;
	}

	return true;
}

/* ---- the answer ---- */

static void refuse_away(struct http_request *req)
{
	(void)http_reply_problem(
		req, 503, "pbx-away",
		"The call controller does not answer now. Try again in a "
		"while.",
		NULL);
}

static bool is_change(const struct sound *s)
{
	return strcmp(s->verb, "GET") != 0;
}

static void tell(struct sound *s, int err)
{
	if (err)
		log_warn("sound", "audit of %s: %s", s->path, strerror(err));
	(void)http_reply(s->req, s->status,
			 s->reply ? "application/json" : NULL, s->reply,
			 s->reply ? strlen(s->reply) : 0);
	mem_deref(s);
}

static void audited(const struct store_result *result, void *arg)
{
	tell(arg, result->err);
}

/* Done at the pbx; known here before it is said. */
static void audit(struct sound *s)
{
	struct store_write *w = NULL;
	char address[80], action[32];
	json_t *changes = json_pack("{s:s}", "sound", s->path);
	const struct audit a = {
		.who = s->caller.name,
		.role = role_name(s->caller.role),
		.address = address,
		.action = action,
		.kind = s->kind,
		.object = s->object,
		.customer = s->customer,
		.result = "done",
		.correlation = http_correlation(s->req),
		.changes = changes,
	};
	int err = store_write_alloc(&w, s->portal->store);

	(void)re_snprintf(address, sizeof(address), "%j", http_peer(s->req));
	(void)snprintf(action, sizeof(action), "%s-sound",
		       !strcmp(s->verb, "DELETE") ? "delete" : "change");
	if (!err)
		err = audit_add(w, s->portal, &a);
	list_unlink(&s->le); /* the write holds it now */
	if (!err)
		err = store_write_send(w, audited, s);
	json_decref(changes);
	if (err)
		tell(s, err);
}

static void answered(int err, int status, const char *body, size_t len,
		     void *arg)
{
	static const char *const names[] = { "Content-Range", "Accept-Ranges" };
	struct sound *s = arg;

	/* our token was not taken: no matter of the caller's */
	if (err || status == 401 || status == 403) {
		refuse_away(s->req);
		mem_deref(s);
		return;
	}
	s->status = status;
	if (is_change(s) && status < 300) {
		if (len)
			(void)str_dup(&s->reply, body);
		audit(s);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = http_call_header(s->call, names[i]);

		if (value)
			(void)http_reply_header(s->req, names[i], "%s", value);
	}
	(void)http_reply(s->req, status,
			 len ? http_call_header(s->call, "Content-Type") : NULL,
			 body, len);
	mem_deref(s);
}

/* ---- the question ---- */

static int ask(struct sound *s, const json_t *platform)
{
	struct span body = http_body(s->req);
	struct span range = http_header(s->req, "Range");
	struct span type = http_header(s->req, "Content-Type");
	const char *base = json_get_text(platform, "pbx_url");
	char url[400 + PATH_BYTES], range_line[96], type_text[96];
	const char *headers[2] = { NULL, NULL };
	struct service_files files;
	struct http_params params = {
		.method = s->verb,
		.url = url,
		.bearer = json_get_text(platform, "pbx_token"),
		.timeout_ms = RELAY_MS,
		.connect_ms = CONNECT_MS,
	};
	int err;

	if (!base)
		return ENOENT;
	(void)snprintf(url, sizeof(url), "%.399s%s", base, s->path);
	(void)snprintf(type_text, sizeof(type_text), "%.*s", (int)type.len,
		       type.p ? type.p : "");
	if (range.len && range.len < 64) {
		(void)snprintf(range_line, sizeof(range_line), "Range: %.*s",
			       (int)range.len, range.p);
		headers[0] = range_line;
		params.headers = headers;
	}
	if (body.len) {
		params.body = body.p;
		params.body_len = body.len;
		params.content_type = type_text;
	}
	err = service_http_params(&params, &files, s->portal->conf);

	return err ? err
		   : http_client_request(&s->call, s->portal->client, &params,
					 answered, s);
}

/* Its customer's platform group. */
static json_t *platform_of(struct sound *s, const json_t *row)
{
	const struct portal *p = s->portal;
	const char *tenant = json_get_text(row, "customer");
	json_t *customer = NULL, *platform = NULL;
	const char *id;

	if (!strcmp(s->kind, "customers")) {
		tenant = json_get_text(row, "id");
		customer = json_incref((json_t *)row);
	}
	else {
		(void)record_get(&customer, &p->customers, tenant);
	}
	(void)snprintf(s->customer, sizeof(s->customer), "%s",
		       tenant ? tenant : "");
	id = json_get_text(customer, "platform");
	if (id)
		(void)record_get(&platform, &p->platforms, id);
	json_decref(customer);

	return platform;
}

static struct sound *sound_make(struct portal *p, struct http_request *req,
				const struct caller *caller)
{
	struct span method = http_method(req);
	struct sound *s = mem_zalloc(sizeof(*s), sound_destructor);

	if (!s)
		return NULL;

	count++;
	s->portal = p;
	s->req = mem_ref(req);
	s->caller = *caller;
	(void)snprintf(s->verb, sizeof(s->verb), "%.*s", (int)method.len,
		       method.p);
	list_append(&p->probes, &s->le, s);

	return s;
}

static void relay(struct http_request *req, const struct caller *caller,
		  void *arg)
{
	const struct route *route = http_route_of(req)->data;
	struct portal *p = arg;
	json_t *row = NULL, *platform = NULL;
	struct sound *s;

	if (count >= SOUNDS_MAX) {
		(void)http_reply_header(req, "Retry-After", "5");
		(void)http_reply_problem(req, 503, "busy",
					 "Too many sounds are on their way; "
					 "try again in a moment.",
					 NULL);
		return;
	}
	s = sound_make(p, req, caller);
	if (!s) {
		reply_error(req, ENOMEM);
		return;
	}
	if (!write_path(s, route->path)) {
		reply_not_found(req, "sound");
		goto out;
	}
	row = api_row(p, portal_table(p, s->kind), req, caller);
	if (!row)
		goto out;
	(void)snprintf(s->object, sizeof(s->object), "%s",
		       json_get_text(row, "id"));
	platform = platform_of(s, row);
	if (!platform || ask(s, platform)) {
		refuse_away(req);
		goto out;
	}
	s = NULL;

out:
	json_decref(platform);
	json_decref(row);
	mem_deref(s);
}

/* ---- routes ---- */

#define FILE_ROUTES(path, what)                                                \
	{ "PUT",                                                               \
	  path,                                                                \
	  "sounds",                                                            \
	  ACTION_UPDATE,                                                       \
	  relay,                                                               \
	  SOUND_MAX_BYTES,                                                     \
	  "Set " what ": a WAV file" },                                        \
		{ "GET", path, "sounds", ACTION_READ, relay, 0, "Get " what }, \
	{                                                                      \
		"DELETE", path, "sounds", ACTION_DELETE, relay, 0,             \
			"Take " what " away"                                   \
	}

#define GREETING_ROUTES(plural)                                                \
	{ "GET",                                                               \
	  "/api/v1/" plural "/{id}/greetings",                                 \
	  "sounds",                                                            \
	  ACTION_LIST,                                                         \
	  relay,                                                               \
	  0,                                                                   \
	  "Greetings of a mailbox: recorded, used" },                          \
		{ "PATCH",                                                     \
		  "/api/v1/" plural "/{id}/greetings/{name}",                  \
		  "sounds",                                                    \
		  ACTION_UPDATE,                                               \
		  relay,                                                       \
		  0,                                                           \
		  "Use a greeting, or the standard one instead" },             \
		FILE_ROUTES("/api/v1/" plural "/{id}/greetings/{name}",        \
			    "a greeting")

static const struct route routes[] = {
	FILE_ROUTES("/api/v1/customers/{id}/music", "the music on hold"),
	FILE_ROUTES("/api/v1/zones/{id}/music", "a zone's music on hold"),
	FILE_ROUTES("/api/v1/users/{id}/music", "a user's music on hold"),
	{ "GET", "/api/v1/customers/{id}/prompts", "sounds", ACTION_LIST, relay,
	  0, "Prompts, and which of them are the customer's own" },
	FILE_ROUTES("/api/v1/customers/{id}/prompts/{language}/{name}",
		    "a prompt of the customer's own"),
	FILE_ROUTES("/api/v1/dids/{id}/announcement",
		    "what callers hear first"),
	FILE_ROUTES("/api/v1/groups/{id}/announcement",
		    "what callers hear first"),
	FILE_ROUTES("/api/v1/attendants/{id}/greetings/{name}",
		    "an attendant's greeting"),
	GREETING_ROUTES("users"),
	GREETING_ROUTES("group_mailboxes"),
};

int sound_routes(struct portal *p)
{
	return router_routes(p->router, routes, ARRAY_SIZE(routes), p);
}
