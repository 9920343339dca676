/* route.h - routes with permission: who calls, may they, what is offered
 *
 * A program declares its REST routes as rows of {method, path, object,
 * action, handler}.  The router finds out who calls, answers 401 or 403 from
 * the permission table (model/permission.h) and only then calls the handler.
 * A row without a permission is refused at start.  It also serves
 * /api/v1/about and /api/v1/openapi.json, made of the rows and kinds added.
 *
 *   router_alloc(&router, "pbx", http_server);
 *   router_token(router, service_token);
 *   router_routes(router, routes, ROUTE_COUNT, pbx);
 *   provision_alloc(&prov, router, store, keys);       (model/provision.h)
 *   provision_kind_add(prov, &phone_kind, &hooks, pbx);
 */
#ifndef MODEL_ROUTE_H
#define MODEL_ROUTE_H

#include <jansson.h>

#include "base/http.h"
#include "model/kind.h"
#include "model/permission.h"

struct router;

/** Who sent a request. */
struct caller {
	enum role role;
	char customer[48]; /* their tenant; empty = all (provider, service)  */
	char id[48];       /* of the administrator or user; may be empty     */
	char name[128];    /* for logs and audit                             */
	bool by_cookie;    /* the browser sent it by itself: mind CSRF       */
};

/** Answers one request; as http_h, with who sent it. */
typedef void(route_h)(struct http_request *req, const struct caller *caller,
		      void *arg);

struct route {
	const char *method;
	const char *path; /* as in struct http_route */
	const char *object;
	enum action action;
	route_h *handler;
	uint32_t max_body; /* octets; 0 = HTTP_BODY_DEFAULT_BYTES */
	const char *summary;
};

/**
 * Tell who sent a request that the service token did not explain.
 *
 * @param caller Zeroed, with role ROLE_ANYONE; fill it in when known
 *
 * @return false if it carries a token or cookie that is not valid (401)
 */
typedef bool(caller_h)(struct caller *caller, struct http_request *req,
		       void *arg);

/**
 * Make a router on an HTTP server; serves about and openapi.json at once.
 *
 * @param rp     Set on success; drop with mem_deref() after the server
 * @param server "pbx", "uc", "border" or "portal"; not copied
 */
int router_alloc(struct router **rp, const char *server,
		 struct http_server *http);

/** The bearer token that makes a caller ROLE_SERVICE; copied. */
void router_token(struct router *r, const char *token);

/** The bearer token that makes a caller ROLE_PEER: a pair's; copied. */
void router_peer(struct router *r, const char *token);

/** Who else may call; without it only the service token is known. */
void router_callers(struct router *r, caller_h *h, void *arg);

/**
 * Decide for a caller of ROLE_APPLICATION, whom the permission table does not
 * know: calls the route's handler, at once or later, or answers itself.
 *
 * @param arg The handler's
 */
typedef void(gate_h)(struct http_request *req, const struct route *route,
		     const struct caller *caller, void *arg);

/** What such a caller needs for a route, for openapi.json (x-right); NULL:
 * it may never ask. */
typedef const char *(right_h)(const struct route *route);
void router_gate(struct router *r, gate_h *h, right_h *right);

/**
 * Add routes.
 *
 * @param routes Must outlive the router
 * @param arg    Handed to their handlers
 *
 * @return 0; EPERM if a row has no permission for anyone (logged); ENOMEM
 */
int router_routes(struct router *r, const struct route *routes, size_t count,
		  void *arg);

/** Describe a kind in openapi.json; must outlive the router. */
int router_kind(struct router *r, const struct kind *kind);

/** The OpenAPI 3.1 document of all routes and kinds; new reference. */
json_t *router_openapi(const struct router *r);

/** The fields of /api/v1/about; add to them at start ("name"). */
json_t *router_about(struct router *r);

/** "pbx", as given to router_alloc(). */
const char *router_server(const struct router *r);

/** 404 not-found: also for what belongs to another tenant. */
void reply_not_found(struct http_request *req, const char *what);

/** 422 invalid with the array of field errors (reference taken over). */
void reply_invalid(struct http_request *req, json_t *errors);

/** 500 or 503 for an errno, which is logged. */
void reply_error(struct http_request *req, int err);

/** Body as JSON object; answers 400, 415 or 422 itself.  0 or EBADMSG. */
int request_object(struct http_request *req, json_t **jp);

#endif
