/* route.c - see route.h
 *
 * Each http_route made here points to its struct bound by `data`; one
 * handler, dispatch(), serves them all.
 */
#include <ctype.h>
#include <stdio.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/secrets.h"
#include "model/openapi.h"
#include "model/route.h"

/** A table added by router_routes(), with what http keeps pointers to. */
struct bundle {
	struct le le;
	struct router *router;
	const struct route *routes;
	struct http_route *http;
	size_t count;
	void *arg;
};

struct router {
	const char *server;
	struct http_server *http; /* not owned: it holds pointers to us */
	struct list bundles;
	const struct kind *kinds[32];
	size_t kind_count;
	json_t *about;
	char token_hash[TOKEN_HASH_SIZE];
	char peer_hash[TOKEN_HASH_SIZE];
	caller_h *callers;
	void *callers_arg;
	gate_h *gate;
	right_h *right;
};

static void bundle_destructor(void *data)
{
	struct bundle *b = data;

	list_unlink(&b->le);
	mem_deref(b->http);
}

static void router_destructor(void *data)
{
	struct router *r = data;

	list_flush(&r->bundles);
	json_decref(r->about);
}

void reply_not_found(struct http_request *req, const char *what)
{
	char detail[160];

	(void)snprintf(detail, sizeof(detail),
		       "There is no such %s, or it is not yours to see.", what);
	(void)http_reply_problem(req, 404, "not-found", detail, NULL);
}

void reply_invalid(struct http_request *req, json_t *errors)
{
	const json_t *first = json_array_get(errors, 0);
	const char *field = json_string_value(json_object_get(first, "field"));
	const char *why = json_string_value(json_object_get(first, "detail"));
	size_t n = json_array_size(errors);
	char text[400];

	(void)snprintf(text, sizeof(text), "%s%s%s%s",
		       field && *field ? field : "This",
		       why && *why ? ": " : " is not right", why ? why : "",
		       n > 1 ? "; and more, see the fields." : ".");
	(void)http_reply_problem(req, 422, "invalid", text, errors);
}

void reply_error(struct http_request *req, int err)
{
	bool is_passing = err == EBUSY || err == EAGAIN || err == ENOSPC ||
			  err == EIO || err == ETIMEDOUT;

	log_error("rest", "%s correlation=%s failed: %s", http_path(req),
		  http_correlation(req), strerror(err));
	if (is_passing)
		(void)http_reply_problem(req, 503, "store-unavailable",
					 "The store cannot take this now; try "
					 "again in a while.",
					 NULL);
	else
		(void)http_reply_problem(req, 500, "internal",
					 "This is our fault; the log has the "
					 "reason under the correlation id.",
					 NULL);
}

int request_object(struct http_request *req, json_t **jp)
{
	json_t *json;
	int err = http_request_json(req, &json);

	if (err)
		return err;
	if (!json_is_object(json)) {
		json_t *errors = json_array();

		kind_error(errors, "", "wrong-type",
			   "the body must be a JSON object");
		reply_invalid(req, errors);
		json_decref(json);
		return EBADMSG;
	}
	*jp = json;

	return 0;
}

/* Beyond this machine the token alone is not enough: it must come with a
 * certificate of the installation (design.md 4.13). */
static bool lacks_certificate(const struct http_request *req)
{
	return http_is_tls(req) && !sa_is_loopback(http_peer(req)) &&
	       !http_peer_name(req);
}

static bool find_caller(struct caller *caller, const struct router *r,
			struct http_request *req)
{
	struct span token = http_bearer(req);
	char text[TOKEN_SIZE], hash[TOKEN_HASH_SIZE];

	memset(caller, 0, sizeof(*caller));
	caller->role = ROLE_ANYONE;
	(void)snprintf(caller->name, sizeof(caller->name), "anyone");

	if (token.p && token.len == TOKEN_SIZE - 1 && *r->token_hash) {
		memcpy(text, token.p, token.len);
		text[token.len] = '\0';
		token_hash(hash, text);
		secret_wipe(text, sizeof(text));
		if (secret_equal(hash, r->token_hash)) {
			caller->role = ROLE_SERVICE;
			(void)snprintf(caller->name, sizeof(caller->name),
				       "service");
			return true;
		}
		if (*r->peer_hash && secret_equal(hash, r->peer_hash)) {
			caller->role = ROLE_PEER;
			(void)snprintf(caller->name, sizeof(caller->name),
				       "peer");
			return true;
		}
	}
	if (r->callers)
		return r->callers(caller, req, r->callers_arg);

	return token.p == NULL;
}

static void reply_unauthorized(struct http_request *req, bool has_token)
{
	(void)http_reply_header(req, "WWW-Authenticate",
				"Bearer realm=\"holdfast\"");
	(void)http_reply_problem(req, 401, "not-signed-in",
				 has_token ? "This token or session is not "
					     "valid any more; sign in again."
					   : "Sign in first.",
				 NULL);
}

static void dispatch(struct http_request *req, void *arg)
{
	const struct bundle *b = arg;
	const struct route *route = http_route_of(req)->data;
	struct caller caller;
	bool is_valid = find_caller(&caller, b->router, req);

	/* signing in must work with an old cookie still in the browser */
	if (!is_valid &&
	    permission_allows(ROLE_ANYONE, route->object, route->action)) {
		is_valid = true;
		memset(&caller, 0, sizeof(caller));
		caller.role = ROLE_ANYONE;
	}
	if (!is_valid) {
		reply_unauthorized(req, true);
		return;
	}
	if ((caller.role == ROLE_SERVICE || caller.role == ROLE_PEER) &&
	    lacks_certificate(req)) {
		log_warn("rest",
			 "service token without certificate correlation=%s",
			 http_correlation(req));
		(void)http_reply_problem(
			req, 403, "client-certificate-needed",
			"Beyond loopback the service token is taken only with "
			"a certificate signed by DIR/tls/ca.pem.",
			NULL);
		return;
	}
	if (caller.role == ROLE_APPLICATION && b->router->gate) {
		b->router->gate(req, route, &caller, b->arg);
		return;
	}
	if (!permission_allows(caller.role, route->object, route->action)) {
		if (caller.role == ROLE_ANYONE)
			reply_unauthorized(req, false);
		else
			(void)http_reply_problem(
				req, 403, "not-permitted",
				"Your role does not permit this; ask your "
				"provider.",
				NULL);
		return;
	}
	route->handler(req, &caller, b->arg);
}

static bool is_permitted_to_anyone(const struct route *route)
{
	const struct permission *p = permission_find(route->object);

	return p && (unsigned)route->action < ACTION_COUNT &&
	       p->roles[route->action] != 0;
}

int router_routes(struct router *r, const struct route *routes, size_t count,
		  void *arg)
{
	struct bundle *b;
	int err;

	if (!r || !routes || !count)
		return EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (!is_permitted_to_anyone(&routes[i])) {
			log_error("rest", "no permission row for %s %s (%s)",
				  routes[i].method, routes[i].path,
				  routes[i].object);
			return EPERM;
		}
	}

	b = mem_zalloc(sizeof(*b), bundle_destructor);
	if (!b)
		return ENOMEM;
	b->router = r;
	b->routes = routes;
	b->count = count;
	b->arg = arg;
	b->http = mem_zalloc(count * sizeof(*b->http), NULL);
	if (!b->http) {
		err = ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		b->http[i] = (struct http_route){
			.method = routes[i].method,
			.path = routes[i].path,
			.handler = dispatch,
			.max_body = routes[i].max_body,
			.data = &routes[i],
		};
	}
	err = http_server_routes(r->http, b->http, count, b);

out:
	if (err)
		mem_deref(b);
	else
		list_append(&r->bundles, &b->le, b);

	return err;
}

static void about_get(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	struct router *r = arg;

	(void)caller;
	(void)http_reply_json(req, 200, json_incref(r->about));
}

static void openapi_get(struct http_request *req, const struct caller *caller,
			void *arg)
{
	(void)caller;
	(void)http_reply_json(req, 200, router_openapi(arg));
}

static const struct route standard[] = {
	{ "GET", "/api/v1/about", "about", ACTION_READ, about_get, 0,
	  "Which server this is" },
	{ "GET", "/api/v1/openapi.json", "openapi", ACTION_READ, openapi_get, 0,
	  "This document" },
};

int router_alloc(struct router **rp, const char *server,
		 struct http_server *http)
{
	struct router *r;
	int err;

	if (!rp || !server || !http)
		return EINVAL;

	r = mem_zalloc(sizeof(*r), router_destructor);
	if (!r)
		return ENOMEM;
	r->server = server;
	r->http = http;
	r->about = json_pack("{s:s,s:s,s:s,s:s}", "product", "holdfast",
			     "server", server, "release", "10.0", "version",
			     HOLDFAST_VERSION);
	err = r->about
		      ? router_routes(r, standard,
				      sizeof(standard) / sizeof(standard[0]), r)
		      : ENOMEM;
	if (err)
		mem_deref(r);
	else
		*rp = r;

	return err;
}

void router_token(struct router *r, const char *token)
{
	if (r && token)
		token_hash(r->token_hash, token);
}

void router_peer(struct router *r, const char *token)
{
	if (r && token)
		token_hash(r->peer_hash, token);
}

void router_callers(struct router *r, caller_h *h, void *arg)
{
	if (r) {
		r->callers = h;
		r->callers_arg = arg;
	}
}

void router_gate(struct router *r, gate_h *h, right_h *right)
{
	if (r) {
		r->gate = h;
		r->right = right;
	}
}

int router_kind(struct router *r, const struct kind *kind)
{
	if (!r || !kind)
		return EINVAL;
	if (r->kind_count >= sizeof(r->kinds) / sizeof(r->kinds[0]))
		return ENOSPC;
	r->kinds[r->kind_count++] = kind;

	return 0;
}

json_t *router_about(struct router *r)
{
	return r ? r->about : NULL;
}

const char *router_server(const struct router *r)
{
	return r ? r->server : NULL;
}

static void tell_right(json_t *doc, const struct router *r,
		       const struct route *route)
{
	const char *right = r->right ? r->right(route) : NULL;
	json_t *methods = json_object_get(json_object_get(doc, "paths"),
					  route->path);
	char method[16] = "";

	for (size_t i = 0; route->method[i] && i + 1 < sizeof(method); i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);
	if (right)
		(void)json_object_set_new(json_object_get(methods, method),
					  "x-right", json_string(right));
}

json_t *router_openapi(const struct router *r)
{
	json_t *doc = openapi_make(r->server);

	for (size_t i = 0; i < r->kind_count; i++)
		openapi_kind(doc, r->kinds[i]);
	for (struct le *le = r->bundles.head; le; le = le->next) {
		const struct bundle *b = le->data;

		for (size_t i = 0; i < b->count; i++) {
			openapi_route(doc, &b->routes[i], r->kinds,
				      r->kind_count);
			tell_right(doc, r, &b->routes[i]);
		}
	}

	return doc;
}
