/* http.c - listeners and connections of the HTTP server; see http.h
 *
 * A connection is a state machine turned by conn_turn() whenever octets, an
 * answer or an empty output queue arrive:
 *
 *   handshake -> idle -> head -> body -> busy -> writing -> idle ...
 *                                                        -> linger -> gone
 *
 * It has one timer, set anew when the state changes and never by traffic, so
 * that no trickle of octets keeps it.  The next request is looked at when the
 * present answer has left: that bounds what a peer that does not read can
 * make us hold.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/http_private.h"
#include "base/log.h"
#include "base/loop.h"

enum {
	INPUT_AHEAD_MAX = 65536, /* received while a request is in work */
	LINGER_MS = 2000,
	LINGER_MAX_BYTES = 4194304,
	LISTEN_BACKLOG = 1024,
};

struct http_listener {
	struct le le;
	struct http_server *srv;
	struct tcp_sock *ts;
	struct tls *tls;
	struct sa sa;
};

/* How many connections one address has. */
struct http_address {
	struct table_entry entry;
	struct sa sa;
	uint32_t count;
};

static void conn_turn(struct http_conn *c);

static void address_leave(struct http_server *srv, struct http_address *a)
{
	if (!a || --a->count)
		return;

	table_remove(&srv->addresses, &a->entry);
	mem_deref(a);
}

static uint64_t address_key(const struct sa *sa)
{
	uint8_t octets[16] = { 0 };

	if (sa_af(sa) == AF_INET6)
		sa_in6(sa, octets);
	else
		memcpy(octets, &sa->u.in.sin_addr, 4);

	return hash_span(0, (struct span){ (const char *)octets, 16 });
}

/* NULL when that address has its share already. */
static struct http_address *address_join(struct http_server *srv,
					 const struct sa *sa)
{
	const uint64_t key = address_key(sa);
	struct table_entry *e;
	struct http_address *a;

	for (e = table_first(&srv->addresses, key); e; e = table_next(e)) {
		a = CONTAINER_OF(e, struct http_address, entry);
		if (!sa_cmp(&a->sa, sa, SA_ADDR))
			continue;
		if (a->count >= srv->cfg.per_address)
			return NULL;
		++a->count;
		return a;
	}

	a = mem_zalloc(sizeof(*a), NULL);
	if (!a)
		return NULL;

	a->sa = *sa;
	a->count = 1;
	table_add(&srv->addresses, &a->entry, key);

	return a;
}

static void conn_destructor(void *data)
{
	struct http_conn *c = data;

	wheel_stop(&c->timer);
	mem_deref(c->sc);
	mem_deref(c->tc);
	mem_deref(c->in);
}

/* Leave the server and end the connection; harmless twice. */
static void conn_close(struct http_conn *c)
{
	struct http_request *req = c->req;
	const bool is_owned = c->state < CONN_BUSY;

	if (c->state == CONN_GONE)
		return;

	c->state = CONN_GONE;
	c->req = NULL;
	wheel_stop(&c->timer);
	list_unlink(&c->le);
	list_unlink(&c->le_waiting);
	--c->srv->conn_count;
	address_leave(c->srv, c->address);
	c->sc = mem_deref(c->sc);
	c->tc = mem_deref(c->tc);

	if (req) {
		http_h *gone = req->gone;

		req->conn = NULL;
		req->is_gone = true;
		req->gone = NULL;
		if (is_owned)
			mem_deref(req);
		else if (gone)
			gone(req, req->gone_arg);
	}

	mem_deref(c);
}

static void conn_late(void *arg)
{
	struct http_conn *c = arg;

	mem_ref(c);
	if (c->state == CONN_BODY) {
		struct http_request *req = c->req;

		req->conn = NULL;
		http_error_answer(c, 408, "The body came too slowly.");
		mem_deref(req);
	}
	else if (c->state == CONN_HEAD) {
		http_error_answer(c, 408, "The head came too slowly.");
	}
	else {
		conn_close(c);
	}
	mem_deref(c);
}

static void conn_state_set(struct http_conn *c, enum conn_state state)
{
	const struct http_config *cfg = &c->srv->cfg;
	uint32_t ms = 0;

	c->state = state;
	switch (state) {
	case CONN_HANDSHAKE: ms = cfg->handshake_ms; break;
	case CONN_IDLE: ms = cfg->idle_ms; break;
	case CONN_HEAD: ms = cfg->head_ms; break;
	case CONN_BODY: ms = cfg->body_ms; break;
	case CONN_WRITING: ms = cfg->write_ms; break;
	case CONN_LINGER: ms = LINGER_MS; break;
	case CONN_WAITING:
	case CONN_BUSY:
	case CONN_GONE: break;
	}

	if (ms)
		wheel_start(&c->timer, ms, conn_late, c);
	else
		wheel_stop(&c->timer);
}

/* Our side is done; wait a little for the peer to read and close, so that no
 * reset takes our last answer away. */
static void conn_linger(struct http_conn *c)
{
	conn_state_set(c, CONN_LINGER);
	tcp_set_send(c->tc, NULL);
	c->sc = mem_deref(c->sc);
	c->in = mem_deref(c->in);
	(void)shutdown(tcp_conn_fd(c->tc), SHUT_WR);
}

static void conn_written(void *arg)
{
	struct http_conn *c = arg;

	if (c->state != CONN_WRITING || tcp_conn_txqsz(c->tc))
		return;

	mem_ref(c);
	tcp_set_send(c->tc, NULL);
	if (c->must_close) {
		conn_linger(c);
	}
	else {
		conn_state_set(c, CONN_IDLE);
		conn_turn(c);
	}
	mem_deref(c);
}

int http_conn_answer(struct http_conn *c, struct mbuf *mb, bool must_close)
{
	int err = ENOMEM;

	if (c->state == CONN_GONE)
		return ENOTCONN;

	/* whoever had the request has let go of it */
	c->req = NULL;
	c->must_close = must_close;
	if (mb)
		err = tcp_send(c->tc, mb);
	if (err) {
		conn_close(c);
		return err;
	}

	if (tcp_conn_txqsz(c->tc)) {
		conn_state_set(c, CONN_WRITING);
		tcp_set_send(c->tc, conn_written);
	}
	else if (must_close) {
		conn_linger(c);
	}
	else {
		conn_state_set(c, CONN_IDLE);
		conn_turn(c);
	}

	return 0;
}

void http_conn_take(struct http_request *req, struct tcp_conn **tcp,
		    struct tls_conn **scp, struct mbuf **inp)
{
	struct http_conn *c = req->conn;

	*tcp = c->tc;
	*scp = c->sc;
	*inp = c->in;
	c->tc = NULL;
	c->sc = NULL;
	c->in = NULL;
	c->req = NULL;
	req->conn = NULL;
	req->is_answered = true;
	req->gone = NULL;
	conn_close(c);
}

static void refuse(struct http_request *req)
{
	const struct http_match *m = &req->match;

	if (m->is_known_path) {
		(void)http_reply_header(req, "Allow", "%s", m->allow);
		http_reply_problem(req, 405, "method-not-allowed",
				   "Use one of the methods in Allow.", NULL);
		return;
	}

	http_reply_problem(req, 404, "not-found",
			   "There is nothing at this path.", NULL);
}

static void conn_dispatch(struct http_conn *c)
{
	struct http_server *srv = c->srv;
	struct http_request *req = c->req;
	const struct http_match *m = &req->match;

	conn_state_set(c, CONN_BUSY);

	if (srv->filter)
		srv->filter(req, srv->filter_arg);

	if (req->is_answered || req->is_gone)
		;
	else if (m->route)
		m->route->handler(req, m->arg);
	else if (srv->fallback && !m->is_known_path)
		srv->fallback(req, srv->fallback_arg);
	else
		refuse(req);

	/* without a reference or an answer this answers 500 */
	mem_deref(req);
}

/* In a later turn: one of those who wait, more as long as there is time. */
static void serve_waiting(void *arg)
{
	struct http_server *srv = mem_ref(arg);
	struct le *le = list_head(&srv->waiting);

	(void)loop_has_time(); /* it begins here */
	while (le) {
		struct http_conn *c = le->data;

		list_unlink(le);
		conn_dispatch(c);
		le = loop_has_time() ? list_head(&srv->waiting) : NULL;
	}
	if (list_head(&srv->waiting))
		wakeup_ring(&srv->wakeup);
	mem_deref(srv);
}

/* The request is whole: hand it over, behind those who wait already. */
static void conn_ready(struct http_conn *c)
{
	struct http_server *srv = c->srv;

	if (!list_head(&srv->waiting) && loop_has_time()) {
		conn_dispatch(c);
		return;
	}

	if (!list_head(&srv->waiting))
		wakeup_ring(&srv->wakeup);
	conn_state_set(c, CONN_WAITING);
	list_append(&srv->waiting, &c->le_waiting, c);
}

/* Drop n octets from the front of the input. */
static void input_take(struct http_conn *c, size_t n)
{
	c->in->pos += n;
	if (c->in->pos == c->in->end)
		c->in = mem_deref(c->in);
}

static bool has_body(const struct http_head *h)
{
	return h->is_chunked || h->length;
}

static void continue_send(struct http_conn *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct mbuf *mb = mbuf_alloc(sizeof(text));

	if (!mb)
		return;

	(void)mbuf_write_mem(mb, (const uint8_t *)text, sizeof(text) - 1);
	mb->pos = 0;
	(void)tcp_send(c->tc, mb);
	mem_deref(mb);
}

/* End the connection's present request with an error of ours. */
static void conn_fail(struct http_conn *c, int status, const char *detail)
{
	struct http_request *req = c->req;

	if (req)
		req->conn = NULL;
	http_error_answer(c, status, detail);
	mem_deref(req);
}

/* true when there is more to do. */
static bool turn_head(struct http_conn *c)
{
	static struct http_head head; /* 3 kB that only one loop needs */
	int err, status = 400;
	size_t used = 0;

	err = http_head_parse(&head, (const char *)mbuf_buf(c->in),
			      mbuf_get_left(c->in), &used, &status);
	if (err == EAGAIN)
		return false;
	if (!err)
		err = http_request_alloc(&c->req, c,
					 (const char *)mbuf_buf(c->in), used,
					 &status);
	if (err) {
		conn_fail(c, status, "The request's head is not right HTTP.");
		return false;
	}

	input_take(c, used);
	if (c->req->head.length > c->req->max_body) {
		conn_fail(c, 413, "The body is longer than this path takes.");
		return false;
	}

	memset(&c->chunks, 0, sizeof(c->chunks));
	conn_state_set(c, CONN_BODY);
	if (c->req->head.expects_continue && has_body(&c->req->head) && !c->in)
		continue_send(c);

	return true;
}

static int body_add(struct http_request *req, struct span data)
{
	const size_t have = req->body ? req->body->end : 0;

	if (have + data.len > req->max_body)
		return EFBIG;
	if (!data.len)
		return 0;
	if (!req->body)
		req->body = mbuf_alloc(req->head.length ? req->head.length
							: data.len);
	if (!req->body)
		return ENOMEM;

	return mbuf_write_mem(req->body, (const uint8_t *)data.p, data.len);
}

static int body_take_chunks(struct http_conn *c)
{
	while (c->in && !c->chunks.is_done) {
		struct span data;
		size_t used;
		int err;

		err = http_chunks_take(&c->chunks,
				       (const char *)mbuf_buf(c->in),
				       mbuf_get_left(c->in), &used, &data);
		if (err)
			return err;
		err = body_add(c->req, data);
		if (err)
			return err;
		if (!used)
			break;
		input_take(c, used);
	}

	return 0;
}

static int body_take_length(struct http_conn *c)
{
	const uint64_t have = c->req->body ? c->req->body->end : 0;
	const uint64_t want = c->req->head.length - have;
	size_t n = mbuf_get_left(c->in);
	struct span data;
	int err;

	if (n > want)
		n = want;
	if (!n)
		return 0;

	data.p = (const char *)mbuf_buf(c->in);
	data.len = (uint32_t)n;
	err = body_add(c->req, data);
	if (!err)
		input_take(c, n);

	return err;
}

static bool is_body_whole(const struct http_conn *c)
{
	const struct http_request *req = c->req;

	if (req->head.is_chunked)
		return c->chunks.is_done;

	return (req->body ? req->body->end : 0) == req->head.length;
}

static bool turn_body(struct http_conn *c)
{
	int err;

	err = c->req->head.is_chunked ? body_take_chunks(c)
				      : body_take_length(c);
	if (err == EFBIG) {
		conn_fail(c, 413, "The body is longer than this path takes.");
		return false;
	}
	if (err) {
		conn_fail(c, err == ENOMEM ? 500 : 400,
			  "The body is not rightly chunked.");
		return false;
	}
	if (!is_body_whole(c))
		return false;

	conn_ready(c);

	return true;
}

/* Go on as far as there is input; not recursive when a handler answers at
 * once. */
static void conn_turn(struct http_conn *c)
{
	bool goes_on = true;

	if (c->is_turning)
		return;

	mem_ref(c);
	c->is_turning = true;
	while (goes_on) {
		switch (c->state) {
		case CONN_IDLE:
			goes_on = c->in != NULL;
			if (!goes_on && c->srv->is_draining)
				conn_close(c);
			else if (goes_on)
				conn_state_set(c, CONN_HEAD);
			break;

		case CONN_HEAD: goes_on = turn_head(c); break;
		case CONN_BODY: goes_on = turn_body(c); break;

		case CONN_HANDSHAKE:
		case CONN_WAITING:
		case CONN_BUSY:
		case CONN_WRITING:
		case CONN_LINGER:
		case CONN_GONE: goes_on = false; break;
		}
	}
	c->is_turning = false;
	mem_deref(c);
}

/* Keep what came; drop what has been read from the front of the buffer. */
static int input_add(struct http_conn *c, struct mbuf *mb)
{
	const size_t left = mbuf_get_left(c->in);

	if (!c->in) {
		c->in = mbuf_alloc(mbuf_get_left(mb));
		if (!c->in)
			return ENOMEM;
	}
	else if (c->in->pos) {
		memmove(c->in->buf, mbuf_buf(c->in), left);
		c->in->pos = 0;
		c->in->end = left;
	}

	c->in->pos = c->in->end;
	if (mbuf_write_mem(c->in, mbuf_buf(mb), mbuf_get_left(mb)))
		return ENOMEM;
	c->in->pos = 0;

	return 0;
}

static void conn_received(struct mbuf *mb, void *arg)
{
	struct http_conn *c = arg;

	if (c->state == CONN_LINGER) {
		c->dropped += mbuf_get_left(mb);
		if (c->dropped > LINGER_MAX_BYTES)
			conn_close(c);
		return;
	}

	if (c->state >= CONN_WAITING &&
	    mbuf_get_left(c->in) + mbuf_get_left(mb) > INPUT_AHEAD_MAX) {
		log_warn("http", "peer sends ahead without end, cut");
		conn_close(c);
		return;
	}

	if (input_add(c, mb)) {
		conn_close(c);
		return;
	}

	conn_turn(c);
}

static void conn_ended(int err, void *arg)
{
	(void)err;
	conn_close(arg);
}

/* TLS is up (plain connections are at once). */
static void conn_established(void *arg)
{
	struct http_conn *c = arg;

	if (c->state == CONN_HANDSHAKE)
		conn_state_set(c, CONN_IDLE);
}

static int conn_alloc(struct http_listener *l, struct http_address *address,
		      const struct sa *peer)
{
	struct http_server *srv = l->srv;
	struct http_conn *c;
	const int one = 1;
	int err;

	c = mem_zalloc(sizeof(*c), conn_destructor);
	if (!c)
		return ENOMEM;

	err = tcp_accept(&c->tc, l->ts, conn_established, conn_received,
			 conn_ended, c);
	if (err)
		goto out;

	/* libre leaves it off: 44 ms a TLS connection */
	(void)setsockopt(tcp_conn_fd(c->tc), IPPROTO_TCP, TCP_NODELAY, &one,
			 sizeof(one));
	tcp_conn_txqsz_set(c->tc, HTTP_REPLY_MAX_BYTES * 2);

	if (l->tls) {
		err = tls_start_tcp(&c->sc, l->tls, c->tc, 0);
		if (err)
			goto out;
	}

	c->srv = srv;
	c->peer = *peer;
	c->address = address;
	list_append(&srv->conns, &c->le, c);
	++srv->conn_count;
	conn_state_set(c, l->tls ? CONN_HANDSHAKE : CONN_IDLE);

out:
	if (err)
		mem_deref(c);

	return err;
}

static void accept_ready(const struct sa *peer, void *arg)
{
	struct http_listener *l = arg;
	struct http_server *srv = l->srv;
	struct http_address *address = NULL;

	if (srv->is_draining || srv->conn_count >= srv->cfg.connections) {
		log_warn("http", "too many connections, %u", srv->conn_count);
		tcp_reject(l->ts);
		return;
	}

	if (srv->counts_loopback || !sa_is_loopback(peer)) {
		address = address_join(srv, peer);
		if (!address) {
			log_warn("http", "too many connections of one address");
			tcp_reject(l->ts);
			return;
		}
	}

	if (conn_alloc(l, address, peer))
		address_leave(srv, address);
}

static void listener_destructor(void *data)
{
	struct http_listener *l = data;

	list_unlink(&l->le);
	mem_deref(l->ts);
	mem_deref(l->tls);
}

static void server_destructor(void *data)
{
	struct http_server *srv = data;
	struct le *le;

	wakeup_close(&srv->wakeup);
	list_flush(&srv->listeners);
	while ((le = list_head(&srv->conns)))
		conn_close(le->data);
	list_flush(&srv->routes);
	table_close(&srv->addresses);
}

static void default_set(uint32_t *field, uint32_t value)
{
	if (!*field)
		*field = value;
}

int http_server_alloc(struct http_server **srvp, const struct http_config *cfg)
{
	struct http_server *srv;
	int err;

	if (!srvp)
		return EINVAL;

	srv = mem_zalloc(sizeof(*srv), server_destructor);
	if (!srv)
		return ENOMEM;

	if (cfg)
		srv->cfg = *cfg;
	srv->counts_loopback = srv->cfg.per_address != 0;
	default_set(&srv->cfg.handshake_ms, 10000);
	default_set(&srv->cfg.head_ms, 10000);
	default_set(&srv->cfg.body_ms, 30000);
	default_set(&srv->cfg.idle_ms, 60000);
	default_set(&srv->cfg.write_ms, 30000);
	default_set(&srv->cfg.connections, 16384);
	default_set(&srv->cfg.per_address, 256);

	srv->wakeup.fd = -1;
	err = table_init(&srv->addresses, 64);
	if (!err)
		err = wakeup_open(&srv->wakeup, serve_waiting, srv);
	if (err)
		mem_deref(srv);
	else
		*srvp = srv;

	return err;
}

int http_server_routes(struct http_server *srv, const struct http_route *routes,
		       size_t count, void *arg)
{
	struct http_routes *table;

	if (!srv || !routes)
		return EINVAL;

	for (size_t i = 0; i < count; i++) {
		if (!http_route_is_right(&routes[i]))
			return EINVAL;
	}

	table = mem_zalloc(sizeof(*table), NULL);
	if (!table)
		return ENOMEM;

	table->rows = routes;
	table->count = count;
	table->arg = arg;
	list_append(&srv->routes, &table->le, table);

	return 0;
}

void http_server_fallback(struct http_server *srv, http_h *h, void *arg)
{
	srv->fallback = h;
	srv->fallback_arg = arg;
}

void http_server_filter(struct http_server *srv, http_h *h, void *arg)
{
	srv->filter = h;
	srv->filter_arg = arg;
}

int http_server_listen(struct http_server *srv, const struct sa *sa,
		       struct tls *tls)
{
	struct http_listener *l;
	int err;

	if (!srv || !sa)
		return EINVAL;

	l = mem_zalloc(sizeof(*l), listener_destructor);
	if (!l)
		return ENOMEM;

	l->srv = srv;
	l->tls = mem_ref(tls);

	err = tcp_sock_alloc(&l->ts, sa, accept_ready, l);
	if (err)
		goto out;
	err = tcp_sock_bind(l->ts, sa);
	if (err)
		goto out;
	err = tcp_sock_listen(l->ts, LISTEN_BACKLOG);
	if (err)
		goto out;
	err = tcp_sock_local_get(l->ts, &l->sa);

out:
	if (err)
		mem_deref(l);
	else
		list_append(&srv->listeners, &l->le, l);

	return err;
}

uint16_t http_server_port(const struct http_server *srv)
{
	const struct http_listener *l = list_ledata(list_head(&srv->listeners));

	return l ? sa_port(&l->sa) : 0;
}

uint32_t http_server_connections(const struct http_server *srv)
{
	return srv->conn_count;
}

void http_server_drain(struct http_server *srv)
{
	struct le *le;

	srv->is_draining = true;
	list_flush(&srv->listeners);

	le = list_head(&srv->conns);
	while (le) {
		struct http_conn *c = le->data;

		le = le->next;
		if (c->state == CONN_IDLE || c->state == CONN_HANDSHAKE)
			conn_close(c);
	}
}
