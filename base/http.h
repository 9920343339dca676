/* http.h - HTTP/1.1 server: strict, capped, absolute timers
 *
 * A server has listeners (plain or TLS) and a table of routes.  A handler
 * gets a whole request, body included, and answers once: at once, or later if
 * it keeps a reference (mem_ref) and drops it after the answer.  A peer that
 * goes away is no case for the handler: the answer then goes nowhere.
 * Requests of one connection are answered in order, one at a time.
 *
 * Source: design.md section 3; measurements/web-data-ui.md section 1.
 */
#ifndef HTTP_H
#define HTTP_H

#include <jansson.h>
#include <stdarg.h>

#include "base/libre.h"
#include "base/span.h"

struct http_server;
struct http_request;

enum {
	HTTP_BODY_DEFAULT_BYTES = 65536,
	HTTP_OUTPUT_MAX_BYTES = 1048576, /* waiting on one connection */
	HTTP_REPLY_MAX_BYTES = 16777216, /* one answer */
};

/** Zero in a field takes the default. */
struct http_config {
	uint32_t handshake_ms;   /* TLS, from accept; 10,000 */
	uint32_t head_ms;        /* from its first octet; 10,000 */
	uint32_t body_ms;        /* from the end of the head; 30,000 */
	uint32_t idle_ms;        /* between requests; 60,000 */
	uint32_t write_ms;       /* peer that does not read; 30,000 */
	uint32_t connections;    /* in all; 16,384 */
	uint32_t per_address;    /* from one address; 256, loopback free.  When
				   * given it counts for loopback too */
	const char *server_name; /* `Server:` field; NULL leaves it out */
};

typedef void(http_h)(struct http_request *req, void *arg);

/**
 * One row of a route table.  The path is literal segments and parameters:
 * "/api/v1/users/{id}"; a last segment "*" takes the rest (parameter "*").
 * More literal rows win over parameters whatever the order.  GET answers HEAD
 * too.  A known path with another method is 405 with Allow.
 */
struct http_route {
	const char *method;
	const char *path;
	http_h *handler;
	uint32_t max_body; /* octets; 0 = HTTP_BODY_DEFAULT_BYTES */
	const void *data;  /* the handler finds it with http_route_of() */
};

/** Make a server without listeners; cfg NULL takes all defaults. */
int http_server_alloc(struct http_server **srvp, const struct http_config *cfg);

/**
 * Add a table of routes.
 *
 * @param routes Must outlive the server
 * @param arg    Handed to each handler
 * @return 0; EINVAL for a bad pattern; ENOMEM
 */
int http_server_routes(struct http_server *srv, const struct http_route *routes,
		       size_t count, void *arg);

/** Handler for requests that no route takes, instead of a 404 problem. */
void http_server_fallback(struct http_server *srv, http_h *h, void *arg);

/** Called before each handler; if it answers, the handler is not called. */
void http_server_filter(struct http_server *srv, http_h *h, void *arg);

/**
 * Listen; may be called several times.
 *
 * @param sa  Address and port; port 0 takes a free one
 * @param tls NULL for plain; a reference is kept
 * @return 0; EADDRINUSE ...
 */
int http_server_listen(struct http_server *srv, const struct sa *sa,
		       struct tls *tls);

/** Port of the first listener, 0 when there is none. */
uint16_t http_server_port(const struct http_server *srv);

/** Connections open now (WebSockets not counted). */
uint32_t http_server_connections(const struct http_server *srv);

/** Stop listening and cut idle connections; requests in work are finished
 * and their connections closed. */
void http_server_drain(struct http_server *srv);

/* what was asked; spans and strings live as long as the request */
struct span http_method(const struct http_request *req);
const char *http_path(const struct http_request *req); /* decoded */
struct span http_target(const struct http_request *req);
/** Decoded path parameter, NULL when the route has none of that name. */
const char *http_param(const struct http_request *req, const char *name);
/** Decoded query parameter, first of that name; NULL when absent. */
const char *http_query(const struct http_request *req, const char *name);
/** The i-th query parameter; false past the last (64 at most). */
bool http_query_at(const struct http_request *req, uint32_t i,
		   const char **namep, const char **valuep);
/** Field value; .p is NULL when absent. */
struct span http_header(const struct http_request *req, const char *name);
struct span http_host(const struct http_request *req);
struct span http_body(const struct http_request *req);
const struct sa *http_peer(const struct http_request *req);
bool http_is_tls(const struct http_request *req);
/** Common name of the verified client certificate, NULL without one. */
const char *http_peer_name(const struct http_request *req);
/** Token of `Authorization: Bearer`; .p is NULL when absent. */
struct span http_bearer(const struct http_request *req);
/** Value of a cookie; .p is NULL when absent. */
struct span http_cookie(const struct http_request *req, const char *name);
/** The request's correlation id: taken from `X-Correlation-Id` when that is
 * 8..64 of [A-Za-z0-9_-], else made.  Goes out with every answer. */
const char *http_correlation(const struct http_request *req);
/** The row that took this request; NULL in the fallback. */
const struct http_route *http_route_of(const struct http_request *req);

/**
 * Body as JSON object or array.  On failure the request has been answered
 * (400 malformed-json, 415 not-json) and the handler only returns.
 *
 * @param jp One reference, the caller's
 * @return 0; EBADMSG
 */
int http_request_json(struct http_request *req, json_t **jp);

/** A place for the handler's own data; released with mem_deref. */
void http_request_set_data(struct http_request *req, void *data);
void *http_request_data(const struct http_request *req);

/** Whether the peer has gone away. */
bool http_is_gone(const struct http_request *req);

/** Be told when the peer goes before the answer; NULL stops it. */
void http_on_gone(struct http_request *req, http_h *h, void *arg);

/** Add a field to the coming answer.  CR, LF in the value are refused. */
int http_reply_header(struct http_request *req, const char *name,
		      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * Answer.  A second answer, or one to a peer that has gone, does nothing.
 *
 * @param status 200..599; 204 and 304 have no body
 * @param ctype  Content-Type; NULL when there is no body
 * @param body   Copied
 * @return 0; EALREADY; ENOTCONN; ENOMEM
 */
int http_reply(struct http_request *req, int status, const char *ctype,
	       const void *body, size_t len);

/** Answer with JSON; takes over the reference (NULL answers 500). */
int http_reply_json(struct http_request *req, int status, json_t *json);

/**
 * Answer with RFC 9457 problem details.
 *
 * @param code   Stable code, "stale-generation"
 * @param detail A sentence that says what to do next
 * @param errors Array made with problem_field() or NULL; reference taken over
 */
int http_reply_problem(struct http_request *req, int status, const char *code,
		       const char *detail, json_t *errors);

/** Whether an answer has been given. */
bool http_is_answered(const struct http_request *req);

#endif
