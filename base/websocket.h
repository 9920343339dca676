/* websocket.h - one WebSocket, server or client side
 *
 * Life: (connecting) -> open -> closed.  closed comes exactly once after the
 * WebSocket was made, never from within a ws_ function, also when opening
 * failed; after it nothing is called any more.  mem_deref() by the owner ends
 * it silently.  A handler may drop the WebSocket.
 *
 * Source: RFC 6455; caps from design.md section 3.
 */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <jansson.h>

#include "base/libre.h"
#include "base/span.h"

struct ws;
struct http_request;

enum {
	WS_FRAME_MAX_BYTES = 65536,
	WS_MESSAGE_MAX_BYTES = 262144,
	WS_OUTPUT_MAX_BYTES = 1048576,
};

enum ws_reason {
	WS_REASON_PEER,     /* close frame from the peer; code is the peer's */
	WS_REASON_OWN,      /* ws_close() was answered or timed out */
	WS_REASON_RESET,    /* connection lost */
	WS_REASON_REFUSED,  /* could not connect, or handshake refused;
			      * code is the HTTP status or 0 */
	WS_REASON_TIMEOUT,  /* connect, or no pong in time */
	WS_REASON_PROTOCOL, /* the peer broke the protocol; code says how */
	WS_REASON_OVERFLOW, /* the peer did not read */
};

struct ws_handlers {
	void (*opened)(struct ws *ws, void *arg);
	void (*text)(struct ws *ws, struct span text, void *arg);
	void (*binary)(struct ws *ws, struct span data, void *arg);
	void (*activity)(struct ws *ws, void *arg); /* any frame came in */
	void (*closed)(struct ws *ws, enum ws_reason why, uint16_t code,
		       void *arg);
};

/** Zero takes the default. */
struct ws_config {
	uint32_t ping_ms;      /* between pings; 25,000; UINT32_MAX = none */
	uint32_t pong_ms;      /* silence that ends it, counted from a ping;
			      * 10,000 */
	uint32_t connect_ms;   /* client: until open; 5,000 */
	uint32_t max_message;  /* WS_MESSAGE_MAX_BYTES */
	const char *protocols; /* comma list, best first; server: takes the
				* first that the peer offers; NULL for none */
	const char *origins;   /* server: origins of pages besides those of
				* our own host ("https://a.example", blanks
				* between); a browser's request from another
				* page is refused; "*" takes all */
};

/**
 * Accept the upgrade that a request asks for.  On EBADMSG the request has
 * been answered (400, 403 foreign-origin, 426).  opened comes in the next turn.
 *
 * @param wsp The caller's reference
 * @param cfg NULL for defaults
 */
int ws_accept(struct ws **wsp, struct http_request *req,
	      const struct ws_config *cfg, const struct ws_handlers *h,
	      void *arg);

/**
 * Connect to a server.
 *
 * @param url    ws:// or wss:// with a numeric host or "localhost"; also
 *               http:// and https:// which mean the same.  Names other than
 *               these are looked up in a thread
 * @param bearer Token for Authorization, or NULL
 * @param tls    Client context for wss (tls_client_alloc), else NULL
 * @return 0; EINVAL for a bad URL; ENOMEM ...
 */
int ws_connect(struct ws **wsp, const char *url, const char *bearer,
	       struct tls *tls, const struct ws_config *cfg,
	       const struct ws_handlers *h, void *arg);

/** Send one message.  0; ENOTCONN; EOVERFLOW when the peer does not read (the
 * WebSocket is then ended with WS_REASON_OVERFLOW). */
int ws_send_text(struct ws *ws, const char *text, size_t len);
int ws_send_binary(struct ws *ws, const void *data, size_t len);
/** Takes over the reference. */
int ws_send_json(struct ws *ws, json_t *json);

/** Ping now, whatever the interval. */
int ws_ping(struct ws *ws);

/** Start closing: 1000, 1001, 1008, 4000..4999.  closed comes later. */
void ws_close(struct ws *ws, uint16_t code, const char *reason);

bool ws_is_open(const struct ws *ws);
/** Octets that wait to be sent. */
size_t ws_waiting(const struct ws *ws);
/** Chosen subprotocol or "". */
const char *ws_protocol(const struct ws *ws);
const struct sa *ws_peer(const struct ws *ws);
bool ws_is_tls(const struct ws *ws);
const char *ws_reason_name(enum ws_reason why);

#endif
