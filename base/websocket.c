/* websocket.c - see websocket.h
 *
 *   connecting -> upgrading -> open -> closing -> ended
 *
 * A server's begins open.  Whatever ends it goes through ws_end(), which
 * drops the connection at once and tells the owner from a timer, so that no
 * handler runs below a call of the owner's.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/http_private.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/tls.h"
#include "base/websocket.h"
#include "base/ws_frame.h"

enum {
	CLOSE_WAIT_MS = 2000,
	HOST_MAX_BYTES = 256,
};

enum ws_state {
	WS_STATE_CONNECTING,
	WS_STATE_UPGRADING,
	WS_STATE_OPEN,
	WS_STATE_CLOSING, /* our close frame is out */
	WS_STATE_ENDED,
};

struct ws {
	enum ws_state state;
	bool is_client;
	bool is_announced; /* opened() has been called */
	struct tcp_conn *tc;
	struct tls_conn *sc;
	struct tls *tls; /* client */
	struct sa peer;
	struct mbuf *in;
	struct mbuf *message; /* fragments so far */
	enum ws_opcode message_opcode;
	struct ws_config cfg;
	struct ws_handlers h;
	void *arg;
	struct wheel_timer ping_timer;
	struct wheel_timer limit_timer; /* connect, pong, close */
	struct wheel_timer tell_timer;  /* opened(), closed() */
	enum ws_reason why;
	uint16_t code;
	char protocol[64];

	/* client, until open */
	char host[HOST_MAX_BYTES];
	char port[8];
	char *request;
	char accept[32];
};

static int frame_send(struct ws *ws, enum ws_opcode opcode, bool is_final,
		      const void *data, size_t len);

static void ws_drop(struct ws *ws)
{
	wheel_stop(&ws->ping_timer);
	wheel_stop(&ws->limit_timer);
	wheel_stop(&ws->tell_timer);
	ws->sc = mem_deref(ws->sc);
	ws->tc = mem_deref(ws->tc);
	ws->in = mem_deref(ws->in);
	ws->message = mem_deref(ws->message);
	ws->request = mem_deref(ws->request);
}

static void ws_destructor(void *data)
{
	static const uint8_t going_away[] = { 1001 >> 8, 1001 & 255 };
	struct ws *ws = data;

	if (ws->state == WS_STATE_OPEN && ws->tc)
		(void)frame_send(ws, WS_CLOSE, true, going_away, 2);
	ws_drop(ws);
	mem_deref(ws->tls);
}

static void tell_closed(void *arg)
{
	struct ws *ws = arg;

	if (ws->h.closed)
		ws->h.closed(ws, ws->why, ws->code, ws->arg);
}

static void ws_end(struct ws *ws, enum ws_reason why, uint16_t code)
{
	if (ws->state == WS_STATE_ENDED)
		return;

	ws->state = WS_STATE_ENDED;
	ws->why = why;
	ws->code = code;
	ws_drop(ws);
	wheel_start(&ws->tell_timer, 0, tell_closed, ws);
}

/* The peer broke the protocol: tell it, end. */
static void ws_fail(struct ws *ws, uint16_t code)
{
	const uint8_t payload[] = { (uint8_t)(code >> 8), (uint8_t)code };

	(void)frame_send(ws, WS_CLOSE, true, payload, 2);
	ws_end(ws, WS_REASON_PROTOCOL, code);
}

static void limit_reached(void *arg)
{
	struct ws *ws = arg;

	ws_end(ws,
	       ws->state == WS_STATE_CLOSING ? WS_REASON_OWN
					     : WS_REASON_TIMEOUT,
	       ws->state == WS_STATE_CLOSING ? ws->code : 0);
}

static void ping_due(void *arg)
{
	struct ws *ws = arg;

	if (ws->state != WS_STATE_OPEN)
		return;

	wheel_start(&ws->ping_timer, ws->cfg.ping_ms, ping_due, ws);
	(void)ws_ping(ws);
}

int ws_ping(struct ws *ws)
{
	int err;

	if (!ws || ws->state != WS_STATE_OPEN)
		return ENOTCONN;

	err = frame_send(ws, WS_PING, true, "", 0);
	if (!err && !wheel_is_running(&ws->limit_timer))
		wheel_start(&ws->limit_timer, ws->cfg.pong_ms, limit_reached,
			    ws);

	return err;
}

/* Sending */

static int frame_append(struct ws *ws, struct mbuf *mb, enum ws_opcode opcode,
			bool is_final, const uint8_t *data, size_t len)
{
	uint8_t head[WS_HEAD_MAX_BYTES], mask[4] = { 0 };
	size_t start;
	ssize_t n;
	int err;

	if (ws->is_client) {
		n = getrandom(mask, sizeof(mask), 0);
		(void)n;
	}
	err = mbuf_write_mem(mb, head,
			     ws_frame_write(head, opcode, is_final, len,
					    ws->is_client ? mask : NULL));
	start = mb->pos;
	if (!err && len)
		err = mbuf_write_mem(mb, data, len);
	if (!err && ws->is_client)
		ws_mask(mb->buf + start, len, mask, 0);

	return err;
}

static int octets_send(struct ws *ws, struct mbuf *mb)
{
	int err;

	mb->pos = 0;
	if (tcp_conn_txqsz(ws->tc) + mb->end > WS_OUTPUT_MAX_BYTES) {
		ws_end(ws, WS_REASON_OVERFLOW, 1008);
		return EOVERFLOW;
	}

	err = tcp_send(ws->tc, mb);
	if (err)
		ws_end(ws, WS_REASON_RESET, 0);

	return err;
}

static int frame_send(struct ws *ws, enum ws_opcode opcode, bool is_final,
		      const void *data, size_t len)
{
	struct mbuf *mb;
	int err;

	if (!ws->tc)
		return ENOTCONN;

	mb = mbuf_alloc(len + WS_HEAD_MAX_BYTES);
	if (!mb)
		return ENOMEM;

	err = frame_append(ws, mb, opcode, is_final, data, len);
	if (!err)
		err = octets_send(ws, mb);
	mem_deref(mb);

	return err;
}

/* One message, in frames that any peer of ours takes. */
static int message_send(struct ws *ws, enum ws_opcode opcode, const void *data,
			size_t len)
{
	const uint8_t *p = data;
	struct mbuf *mb;
	int err = 0;

	if (!ws || (len && !data))
		return EINVAL;
	if (ws->state != WS_STATE_OPEN)
		return ENOTCONN;
	if (len > WS_MESSAGE_MAX_BYTES)
		return EMSGSIZE;

	mb = mbuf_alloc(len + 5 * WS_HEAD_MAX_BYTES);
	if (!mb)
		return ENOMEM;

	do {
		const bool is_final = len <= WS_FRAME_MAX_BYTES;
		const size_t n = is_final ? len : WS_FRAME_MAX_BYTES;

		err = frame_append(ws, mb, opcode, is_final, p, n);
		opcode = WS_CONTINUATION;
		p += n;
		len -= n;
	} while (len && !err);

	if (!err)
		err = octets_send(ws, mb);
	mem_deref(mb);

	return err;
}

int ws_send_text(struct ws *ws, const char *text, size_t len)
{
	return message_send(ws, WS_TEXT, text, len);
}

int ws_send_binary(struct ws *ws, const void *data, size_t len)
{
	return message_send(ws, WS_BINARY, data, len);
}

int ws_send_json(struct ws *ws, json_t *json)
{
	size_t len = 0;
	char *text = json_text(json, &len);
	int err;

	json_decref(json);
	if (!text)
		return ENOMEM;

	err = ws_send_text(ws, text, len);
	mem_deref(text);

	return err;
}

void ws_close(struct ws *ws, uint16_t code, const char *reason)
{
	uint8_t payload[125] = { (uint8_t)(code >> 8), (uint8_t)code };
	size_t len = reason ? strlen(reason) : 0;

	if (!ws || ws->state == WS_STATE_CLOSING || ws->state == WS_STATE_ENDED)
		return;
	if (ws->state != WS_STATE_OPEN) {
		ws_end(ws, WS_REASON_OWN, code);
		return;
	}

	if (len > sizeof(payload) - 2)
		len = 0;
	/* octets of a frame, no string */
	if (len) /* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
		memcpy(payload + 2, reason, len);
	if (frame_send(ws, WS_CLOSE, true, payload, 2 + len))
		return;

	ws->state = WS_STATE_CLOSING;
	ws->code = code;
	wheel_stop(&ws->ping_timer);
	wheel_start(&ws->limit_timer, CLOSE_WAIT_MS, limit_reached, ws);
}

/* Receiving; the caller holds a reference of its own, so one alone means that
 * the owner has dropped it. */
static bool is_dropped(const struct ws *ws)
{
	return ws->state == WS_STATE_ENDED || mem_nrefs(ws) == 1;
}

static void message_deliver(struct ws *ws, enum ws_opcode opcode,
			    const uint8_t *p, size_t len)
{
	const struct span s = { (const char *)p, (uint32_t)len };

	if (opcode == WS_TEXT && !utf8_is_valid(p, len)) {
		ws_fail(ws, 1007);
		return;
	}

	if (opcode == WS_TEXT && ws->h.text)
		ws->h.text(ws, s, ws->arg);
	else if (opcode == WS_BINARY && ws->h.binary)
		ws->h.binary(ws, s, ws->arg);
}

static void data_received(struct ws *ws, const struct ws_frame *f,
			  const uint8_t *p)
{
	struct mbuf *whole;

	if ((f->opcode == WS_CONTINUATION) != (ws->message != NULL)) {
		ws_fail(ws, 1002);
		return;
	}
	if (f->opcode != WS_CONTINUATION && f->is_final) {
		if (f->len > ws->cfg.max_message)
			ws_fail(ws, 1009);
		else
			message_deliver(ws, f->opcode, p, f->len);
		return;
	}

	if (!ws->message) {
		ws->message = mbuf_alloc(f->len + 1);
		ws->message_opcode = f->opcode;
	}
	if (!ws->message) {
		ws_fail(ws, 1011);
		return;
	}
	if (ws->message->end + f->len > ws->cfg.max_message) {
		ws_fail(ws, 1009);
		return;
	}
	if (f->len && mbuf_write_mem(ws->message, p, f->len)) {
		ws_fail(ws, 1011);
		return;
	}
	if (!f->is_final)
		return;

	whole = ws->message;
	ws->message = NULL;
	message_deliver(ws, ws->message_opcode, whole->buf, whole->end);
	mem_deref(whole);
}

static void close_received(struct ws *ws, const struct ws_frame *f,
			   const uint8_t *p)
{
	uint16_t code = 1005; /* none given */

	if (f->len == 1) {
		ws_fail(ws, 1002);
		return;
	}
	if (f->len >= 2) {
		code = (uint16_t)(p[0] << 8 | p[1]);
		if (!ws_close_code_is_valid(code)) {
			ws_fail(ws, 1002);
			return;
		}
		if (!utf8_is_valid(p + 2, f->len - 2)) {
			ws_fail(ws, 1007);
			return;
		}
	}

	if (ws->state == WS_STATE_CLOSING) {
		ws_end(ws, WS_REASON_OWN, code);
		return;
	}
	(void)frame_send(ws, WS_CLOSE, true, p, f->len >= 2 ? 2 : 0);
	ws_end(ws, WS_REASON_PEER, code);
}

static void frame_received(struct ws *ws, const struct ws_frame *f,
			   const uint8_t *p)
{
	if (ws->state == WS_STATE_OPEN)
		wheel_stop(&ws->limit_timer);
	if (ws->h.activity)
		ws->h.activity(ws, ws->arg);
	if (is_dropped(ws))
		return;

	switch (f->opcode) {
	case WS_CLOSE: close_received(ws, f, p); break;
	case WS_PONG: break;
	case WS_PING:
		if (ws->state == WS_STATE_OPEN)
			(void)frame_send(ws, WS_PONG, true, p, f->len);
		break;
	case WS_CONTINUATION:
	case WS_TEXT:
	case WS_BINARY:
		if (ws->state == WS_STATE_OPEN)
			data_received(ws, f, p);
		break;
	}
}

/* All whole frames that are there. */
static void frames_take(struct ws *ws)
{
	mem_ref(ws);
	while (ws->in && !is_dropped(ws)) {
		/* a handler's end of the WebSocket must not free the octets */
		struct mbuf *in = ws->in;
		struct ws_frame f;
		uint16_t code = 1002;
		int err;

		mem_ref(in);
		err = ws_frame_parse(&f, mbuf_buf(in), mbuf_get_left(in),
				     !ws->is_client, WS_FRAME_MAX_BYTES, &code);
		if (err == EBADMSG)
			ws_fail(ws, code);
		else if (!err && mbuf_get_left(in) < (size_t)f.head_len + f.len)
			err = EAGAIN;

		if (!err) {
			uint8_t *p = mbuf_buf(in) + f.head_len;

			if (f.is_masked)
				ws_mask(p, f.len, f.mask, 0);
			in->pos += f.head_len + f.len;
			frame_received(ws, &f, p);
			if (ws->in && ws->in->pos == ws->in->end)
				ws->in = mem_deref(ws->in);
		}
		mem_deref(in);
		if (err)
			break;
	}
	mem_deref(ws);
}

static int input_add(struct ws *ws, struct mbuf *mb)
{
	const size_t left = mbuf_get_left(ws->in);

	if (!ws->in) {
		ws->in = mbuf_alloc(mbuf_get_left(mb));
		if (!ws->in)
			return ENOMEM;
	}
	else if (ws->in->pos) {
		memmove(ws->in->buf, mbuf_buf(ws->in), left);
		ws->in->end = left;
	}

	ws->in->pos = ws->in->end;
	if (mbuf_write_mem(ws->in, mbuf_buf(mb), mbuf_get_left(mb)))
		return ENOMEM;
	ws->in->pos = 0;

	return 0;
}

static void defaults_set(struct ws_config *cfg)
{
	if (!cfg->ping_ms)
		cfg->ping_ms = 25000;
	if (!cfg->pong_ms)
		cfg->pong_ms = 10000;
	if (!cfg->connect_ms)
		cfg->connect_ms = 5000;
	if (!cfg->max_message || cfg->max_message > WS_MESSAGE_MAX_BYTES)
		cfg->max_message = WS_MESSAGE_MAX_BYTES;
}

static void tell_opened(void *arg)
{
	struct ws *ws = arg;

	ws->is_announced = true;
	mem_ref(ws);
	if (ws->cfg.ping_ms != UINT32_MAX)
		wheel_start(&ws->ping_timer, ws->cfg.ping_ms, ping_due, ws);
	if (ws->h.opened)
		ws->h.opened(ws, ws->arg);
	if (!is_dropped(ws))
		frames_take(ws);
	mem_deref(ws);
}

static void ws_open(struct ws *ws)
{
	ws->state = WS_STATE_OPEN;
	wheel_stop(&ws->limit_timer);
	wheel_start(&ws->tell_timer, 0, tell_opened, ws);
}

/* Base64 of SHA-1 of key and the RFC's GUID. */
static int accept_make(char out[32], struct span key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char text[128];
	int n;

	n = snprintf(text, sizeof(text), SPAN_FMT "%s", SPAN_ARG(key), guid);
	if (n < 0 || (size_t)n >= sizeof(text))
		return EBADMSG;
	if (!EVP_Digest(text, (size_t)n, digest, &len, EVP_sha1(), NULL))
		return EPROTO;

	EVP_EncodeBlock((unsigned char *)out, digest, (int)len);

	return 0;
}

static void upgrade_response(struct ws *ws, struct mbuf *mb);

static void ws_received(struct mbuf *mb, void *arg)
{
	struct ws *ws = arg;

	if (ws->state == WS_STATE_ENDED)
		return;
	if (input_add(ws, mb)) {
		ws_end(ws, WS_REASON_RESET, 0);
		return;
	}

	if (ws->state == WS_STATE_UPGRADING)
		upgrade_response(ws, ws->in);
	else if (ws->is_announced)
		frames_take(ws);
	else if (mbuf_get_left(ws->in) > 2 * WS_FRAME_MAX_BYTES)
		ws_end(ws, WS_REASON_PROTOCOL, 1009);
}

static void ws_disconnected(int err, void *arg)
{
	struct ws *ws = arg;

	(void)err;
	if (ws->state == WS_STATE_CLOSING)
		ws_end(ws, WS_REASON_OWN, ws->code);
	else if (ws->state == WS_STATE_OPEN)
		ws_end(ws, WS_REASON_RESET, 0);
	else
		ws_end(ws, WS_REASON_REFUSED, 0);
}

/* Server side */

static bool is_key(struct span key)
{
	if (key.len != 24 || memcmp(key.p + 22, "==", 2))
		return false;

	for (uint32_t i = 0; i < 22; i++) {
		const char c = key.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '+' && c != '/')
			return false;
	}

	return true;
}

/* First of ours that the peer offers too. */
static void protocol_choose(struct ws *ws, struct span offered)
{
	const char *p = ws->cfg.protocols;

	while (p && *p) {
		const size_t len = strcspn(p, ", ");

		if (len && len < sizeof(ws->protocol)) {
			memcpy(ws->protocol, p, len);
			ws->protocol[len] = '\0';
			if (http_list_has(offered, ws->protocol))
				return;
		}
		p += len;
		p += strspn(p, ", ");
	}
	ws->protocol[0] = '\0';
}

/* "https://a.example:8081/x" -> "a.example:8081" */
static struct span origin_host(struct span origin)
{
	const char *p = origin.len ? memmem(origin.p, origin.len, "://", 3)
				   : NULL;
	const char *end = origin.p + origin.len, *slash;

	if (!p)
		return (struct span){ NULL, 0 };

	p += 3;
	slash = memchr(p, '/', (size_t)(end - p));
	return (struct span){ p, (uint32_t)((slash ? slash : end) - p) };
}

/* A browser sends cookies along whatever page asks, so the page must be one
 * of ours (RFC 6455 section 10.2).  Programs send no Origin. */
static bool is_origin_known(struct http_request *req, const char *origins)
{
	const struct span origin = http_header(req, "Origin");
	const struct span host = origin_host(origin);

	if (!origin.p)
		return true;
	if (host.len && span_equal_nocase(host, http_host(req)))
		return true;

	for (const char *p = origins; p && *p; p += strspn(p, " ")) {
		const struct span one = { p, (uint32_t)strcspn(p, " ") };

		if (span_equal(one, SPAN("*")) ||
		    (host.len && span_equal_nocase(host, origin_host(one))))
			return true;
		p += one.len;
	}

	return false;
}

static int accept_send(struct ws *ws)
{
	struct mbuf *mb = mbuf_alloc(256);
	int err;

	if (!mb)
		return ENOMEM;

	err = mbuf_printf(mb,
			  "HTTP/1.1 101 Switching Protocols\r\n"
			  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			  "Sec-WebSocket-Accept: %s\r\n",
			  ws->accept);
	if (ws->protocol[0])
		err |= mbuf_printf(mb, "Sec-WebSocket-Protocol: %s\r\n",
				   ws->protocol);
	err |= mbuf_write_str(mb, "\r\n");
	mb->pos = 0;
	if (!err)
		err = tcp_send(ws->tc, mb);
	mem_deref(mb);

	return err;
}

static int ws_alloc(struct ws **wsp, const struct ws_config *cfg,
		    const struct ws_handlers *h, void *arg)
{
	struct ws *ws = mem_zalloc(sizeof(*ws), ws_destructor);

	if (!ws)
		return ENOMEM;

	if (cfg)
		ws->cfg = *cfg;
	defaults_set(&ws->cfg);
	ws->h = *h;
	ws->arg = arg;
	*wsp = ws;

	return 0;
}

int ws_accept(struct ws **wsp, struct http_request *req,
	      const struct ws_config *cfg, const struct ws_handlers *h,
	      void *arg)
{
	struct span key;
	struct ws *ws;
	int err;

	if (!wsp || !req || !h)
		return EINVAL;
	if (!req->conn)
		return ENOTCONN;

	key = http_header(req, "Sec-WebSocket-Key");
	if (!req->head.wants_websocket || req->head.minor == 0 ||
	    !span_equal(http_header(req, "Sec-WebSocket-Version"),
			SPAN("13"))) {
		(void)http_reply_header(req, "Sec-WebSocket-Version", "13");
		(void)http_reply_header(req, "Upgrade", "websocket");
		http_reply_problem(req, 426, "websocket-only",
				   "Ask for a WebSocket, version 13.", NULL);
		return EBADMSG;
	}
	if (!is_key(key) || !span_equal(req->head.method, SPAN("GET"))) {
		http_reply_problem(req, 400, "malformed-upgrade",
				   "The WebSocket key is not right.", NULL);
		return EBADMSG;
	}

	if (!is_origin_known(req, cfg ? cfg->origins : NULL)) {
		http_reply_problem(req, 403, "foreign-origin",
				   "This page may not speak to this server.",
				   NULL);
		return EBADMSG;
	}

	err = ws_alloc(&ws, cfg, h, arg);
	if (err)
		return err;

	err = accept_make(ws->accept, key);
	if (err) {
		mem_deref(ws);
		return err;
	}
	protocol_choose(ws, http_header(req, "Sec-WebSocket-Protocol"));
	ws->peer = req->peer;
	http_count(101, clock_mono_us() - req->begun_us);
	http_conn_take(req, &ws->tc, &ws->sc, &ws->in);
	tcp_set_send(ws->tc, NULL);
	tcp_set_handlers(ws->tc, NULL, ws_received, ws_disconnected, ws);

	ws_open(ws);
	if (accept_send(ws))
		ws_end(ws, WS_REASON_RESET, 0);
	*wsp = ws;

	return 0;
}

/* Client side */

static void upgrade_response(struct ws *ws, struct mbuf *mb)
{
	static struct http_head h;
	size_t used = 0;
	int err;

	if (!mb)
		return;

	err = http_head_parse_response(&h, (const char *)mbuf_buf(mb),
				       mbuf_get_left(mb), &used);
	if (err == EAGAIN)
		return;
	if (err) {
		ws_end(ws, WS_REASON_PROTOCOL, 1002);
		return;
	}
	if (h.status != 101) {
		ws_end(ws, WS_REASON_REFUSED, (uint16_t)h.status);
		return;
	}
	if (!h.wants_websocket ||
	    !span_equal(http_head_field(&h, "Sec-WebSocket-Accept"),
			span_of(ws->accept))) {
		ws_end(ws, WS_REASON_PROTOCOL, 1002);
		return;
	}

	(void)snprintf(ws->protocol, sizeof(ws->protocol), SPAN_FMT,
		       SPAN_ARG(http_head_field(&h, "Sec-WebSocket-Protocol")));
	mb->pos += used;
	if (mb->pos == mb->end)
		ws->in = mem_deref(ws->in);
	ws_open(ws);
}

static void ws_connected(void *arg)
{
	struct ws *ws = arg;
	struct mbuf *mb;
	int err;

	if (ws->state != WS_STATE_CONNECTING)
		return;

	ws->state = WS_STATE_UPGRADING;
	mb = mbuf_alloc(512);
	err = mb ? mbuf_write_str(mb, ws->request) : ENOMEM;
	if (!err) {
		mb->pos = 0;
		err = tcp_send(ws->tc, mb);
	}
	mem_deref(mb);
	if (err)
		ws_end(ws, WS_REASON_REFUSED, 0);
}

static void ws_dial(struct ws *ws)
{
	const int one = 1;
	int err;

	err = tcp_connect(&ws->tc, &ws->peer, ws_connected, ws_received,
			  ws_disconnected, ws);
	if (err)
		goto out;

	(void)setsockopt(tcp_conn_fd(ws->tc), IPPROTO_TCP, TCP_NODELAY, &one,
			 sizeof(one));
	if (ws->tls)
		err = tls_client_start(&ws->sc, ws->tls, ws->tc, ws->host);

out:
	if (err)
		ws_end(ws, WS_REASON_REFUSED, 0);
}

/* A name is looked up in a thread, which never touches the WebSocket. */
struct lookup {
	struct ws *ws;
	char host[HOST_MAX_BYTES];
	char port[8];
	struct sa sa;
	int err;
};

static void lookup_done(void *arg)
{
	struct lookup *l = arg;
	struct ws *ws = l->ws;

	if (mem_nrefs(ws) > 1 && ws->state == WS_STATE_CONNECTING) {
		if (l->err) {
			ws_end(ws, WS_REASON_REFUSED, 0);
		}
		else {
			ws->peer = l->sa;
			ws_dial(ws);
		}
	}
	free(l);
	mem_deref(ws);
}

static void *lookup_thread(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct lookup *l = arg;
	struct addrinfo *found = NULL;

	l->err = getaddrinfo(l->host, l->port, &hints, &found);
	if (!l->err)
		l->err = sa_set_sa(&l->sa, found->ai_addr);
	if (found)
		freeaddrinfo(found);

	/* the loop has gone: so has its memory */
	if (loop_post(lookup_done, l))
		free(l);

	return NULL;
}

static int lookup_start(struct ws *ws)
{
	struct lookup *l = calloc(1, sizeof(*l));
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	if (!l)
		return ENOMEM;

	l->ws = mem_ref(ws);
	memcpy(l->host, ws->host, sizeof(l->host));
	memcpy(l->port, ws->port, sizeof(l->port));
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, lookup_thread, l);
	pthread_attr_destroy(&attr);
	if (err) {
		free(l);
		mem_deref(ws);
	}

	return err;
}

/* ws://HOST[:PORT][/PATH]; the path points into url. */
static int url_take(struct ws *ws, const char *url, const char **pathp,
		    bool *is_tlsp)
{
	const char *p, *end, *colon;
	size_t host_len, port_len;

	if (!strncmp(url, "ws://", 5) || !strncmp(url, "wss://", 6))
		*is_tlsp = url[2] == 's';
	else if (!strncmp(url, "http://", 7) || !strncmp(url, "https://", 8))
		*is_tlsp = url[4] == 's';
	else
		return EINVAL;
	if (strpbrk(url, " \r\n\t#@"))
		return EINVAL;

	p = strstr(url, "://") + 3;
	end = p + strcspn(p, "/?");
	if (*p == '[') {
		const char *bracket = memchr(p, ']', (size_t)(end - p));

		if (!bracket)
			return EINVAL;
		host_len = (size_t)(bracket - p) - 1;
		colon = bracket + 1;
		++p;
	}
	else {
		host_len = strcspn(p, ":/?");
		colon = p + host_len;
	}
	if (!host_len || host_len >= sizeof(ws->host))
		return EINVAL;
	memcpy(ws->host, p, host_len);

	(void)snprintf(ws->port, sizeof(ws->port), "%s",
		       *is_tlsp ? "443" : "80");
	if (colon < end) {
		port_len = (size_t)(end - colon) - 1;
		if (*colon != ':' || !port_len || port_len > 5 ||
		    strspn(colon + 1, "0123456789") != port_len)
			return EINVAL;
		memcpy(ws->port, colon + 1, port_len);
		ws->port[port_len] = '\0';
	}
	*pathp = end;

	return 0;
}

static int request_make(struct ws *ws, const char *path, const char *bearer)
{
	const bool is_v6 = strchr(ws->host, ':') != NULL;
	uint8_t octets[16];
	char key[32], *text = NULL;
	ssize_t n;
	int err;

	n = getrandom(octets, sizeof(octets), 0);
	if (n != sizeof(octets))
		return EIO;
	EVP_EncodeBlock((unsigned char *)key, octets, sizeof(octets));
	err = accept_make(ws->accept, span_of(key));
	if (err)
		return err;
	if (bearer && strpbrk(bearer, "\r\n"))
		return EINVAL;

	err = re_sdprintf(
		&text,
		"GET %s%s HTTP/1.1\r\nHost: %s%s%s:%s\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
		"%s%s%s%s%s%s\r\n",
		*path == '/' ? "" : "/", path, is_v6 ? "[" : "", ws->host,
		is_v6 ? "]" : "", ws->port, key,
		ws->cfg.protocols ? "Sec-WebSocket-Protocol: " : "",
		ws->cfg.protocols ? ws->cfg.protocols : "",
		ws->cfg.protocols ? "\r\n" : "",
		bearer ? "Authorization: Bearer " : "", bearer ? bearer : "",
		bearer ? "\r\n" : "");
	if (!err)
		ws->request = text;

	return err;
}

int ws_connect(struct ws **wsp, const char *url, const char *bearer,
	       struct tls *tls, const struct ws_config *cfg,
	       const struct ws_handlers *h, void *arg)
{
	const char *path;
	bool is_tls;
	struct ws *ws;
	uint16_t port;
	int err;

	if (!wsp || !url || !h)
		return EINVAL;

	err = ws_alloc(&ws, cfg, h, arg);
	if (err)
		return err;

	ws->is_client = true;
	err = url_take(ws, url, &path, &is_tls);
	if (err)
		goto out;
	if (is_tls && !tls) {
		err = EINVAL;
		goto out;
	}
	if (is_tls)
		ws->tls = mem_ref(tls);
	err = request_make(ws, path, bearer);
	if (err)
		goto out;

	wheel_start(&ws->limit_timer, ws->cfg.connect_ms, limit_reached, ws);
	port = (uint16_t)strtoul(ws->port, NULL, 10);
	if (!sa_set_str(&ws->peer,
			strcmp(ws->host, "localhost") ? ws->host : "127.0.0.1",
			port))
		ws_dial(ws);
	else
		err = lookup_start(ws);

out:
	if (err)
		mem_deref(ws);
	else
		*wsp = ws;

	return err;
}

/* What it is */

bool ws_is_open(const struct ws *ws)
{
	return ws && ws->state == WS_STATE_OPEN;
}

size_t ws_waiting(const struct ws *ws)
{
	return ws && ws->tc ? tcp_conn_txqsz(ws->tc) : 0;
}

const char *ws_protocol(const struct ws *ws)
{
	return ws->protocol;
}

const struct sa *ws_peer(const struct ws *ws)
{
	return &ws->peer;
}

bool ws_is_tls(const struct ws *ws)
{
	return ws->sc != NULL;
}

const char *ws_reason_name(enum ws_reason why)
{
	switch (why) {
	case WS_REASON_PEER: return "closed by peer";
	case WS_REASON_OWN: return "closed";
	case WS_REASON_RESET: return "reset";
	case WS_REASON_REFUSED: return "refused";
	case WS_REASON_TIMEOUT: return "timeout";
	case WS_REASON_PROTOCOL: return "protocol";
	case WS_REASON_OVERFLOW: return "overflow";
	}

	return "unknown";
}
