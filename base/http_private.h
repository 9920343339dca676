/* http_private.h - what http.c, http_request.c, http_route.c and websocket.c
 * share; nobody else includes it */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include "base/http.h"
#include "base/http_head.h"
#include "base/list.h"
#include "base/wakeup.h"
#include "base/wheel.h"

enum {
	HTTP_PARAMS_MAX = 8,
	HTTP_QUERY_MAX = 64,
};

struct http_pair {
	const char *name;
	const char *value;
};

struct http_routes {
	struct le le;
	const struct http_route *rows;
	size_t count;
	void *arg;
};

/* What a path came to. */
struct http_match {
	const struct http_route *route; /* NULL: none */
	void *arg;
	bool is_known_path; /* but not with this method */
	char allow[96];
	uint32_t param_count;
	struct {
		struct span name;
		struct span value; /* still encoded */
	} params[HTTP_PARAMS_MAX];
};

struct http_server {
	struct http_config cfg;
	bool counts_loopback;
	bool is_draining;
	struct list listeners;
	struct list conns;
	struct list waiting;  /* first come, first served */
	struct wakeup wakeup; /* for the turn that looks at them */
	uint32_t conn_count;
	struct list routes;
	struct table addresses;
	http_h *fallback;
	void *fallback_arg;
	http_h *filter;
	void *filter_arg;
};

enum conn_state {
	CONN_HANDSHAKE, /* TLS */
	CONN_IDLE,      /* no octet of the next head yet */
	CONN_HEAD,
	CONN_BODY,
	CONN_WAITING, /* the request is whole: for a turn that has time */
	CONN_BUSY,    /* a handler has the request */
	CONN_WRITING, /* the answer waits for the peer */
	CONN_LINGER,  /* all sent, ours closed; what comes is dropped */
	CONN_GONE,
};

struct http_conn {
	struct le le;
	struct le le_waiting;
	struct http_server *srv;
	enum conn_state state;
	struct tcp_conn *tc;
	struct tls_conn *sc;
	struct sa peer;
	struct http_address *address;
	struct wheel_timer timer;
	struct mbuf *in;
	struct http_chunks chunks;
	struct http_request *req; /* owned until CONN_BUSY */
	bool is_turning;          /* conn_turn() is on the stack */
	bool must_close;          /* after this answer */
	size_t dropped;           /* octets while lingering */
};

struct http_request {
	struct http_conn *conn; /* NULL once answered or gone */
	struct http_head head;
	char *bytes; /* what head's spans point into */
	struct mbuf *body;
	uint64_t max_body;
	struct http_match match;
	char *path;
	struct http_pair params[HTTP_PARAMS_MAX];
	struct http_pair *query; /* made at the first question */
	uint32_t query_count;
	struct mbuf *fields; /* of the answer */
	struct sa peer;
	bool is_tls;
	uint64_t begun_us; /* its head was whole */
	bool is_answered;
	bool is_gone;
	bool has_cache_control;
	char peer_name[128];
	char correlation[65];
	http_h *gone;
	void *gone_arg;
	void *data;
};

/* http.c: the answer in whole octets; drives the connection on. */
int http_conn_answer(struct http_conn *c, struct mbuf *mb, bool must_close);

/* Take tcp and tls from the request's connection, with what has been received
 * after the head; the connection is gone then. */
void http_conn_take(struct http_request *req, struct tcp_conn **tcp,
		    struct tls_conn **scp, struct mbuf **inp);

/* http_request.c */
int http_request_alloc(struct http_request **reqp, struct http_conn *c,
		       const char *p, size_t len, int *statusp);
void http_error_answer(struct http_conn *c, int status, const char *detail);

/* http_count.c: an answer was given so long after its request's head */
void http_count(int status, uint64_t us);
void http_count_add(void);

/* http_route.c */
void http_route_find(struct http_match *m, const struct http_server *srv,
		     struct span method, struct span path);
bool http_route_is_right(const struct http_route *r);

#endif
