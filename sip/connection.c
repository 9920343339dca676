/* connection.c - TCP and TLS connections
 *
 * Life: connecting or accepted -> open -> closed.  What is sent before it is
 * open waits in `pending`.  A connection that brings no valid request in time,
 * or is silent for longer than the keep-alives it should carry, is closed; so
 * is one whose peer does not read.  The flow outlives it, dead.
 *
 * libre frees nothing under our feet as long as a connection is not dropped
 * inside its own receive handler: closing there is put off until it is left.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/tls.h"
#include "sip/frame.h"
#include "sip/private.h"

enum {
	LAYER_TLS = 0,
	USER_TIMEOUT_MS = 30000,
	KEEPALIVE_IDLE_S = 120,
	PONG_WAIT_MS = 10000,
	BACKLOG = 256,
};

struct sip_connection {
	struct le le;
	struct table_entry source; /* by address, while accepted */
	struct sip *sip;
	struct sip_flow *flow; /* one reference; its conn is weak */
	struct tcp_conn *tcp;
	struct tls_conn *tls;
	struct mbuf *in;
	struct mbuf *pending;
	struct sip_framer framer;
	struct wheel_timer idle;
	struct wheel_timer ping;
	uint32_t ping_s;
	uint64_t heard_ms;
	bool is_open;
	bool is_proven;
	bool is_reading; /* inside our receive handler */
	bool is_closed;
	bool is_waiting_pong;
};

static void connection_destructor(void *data)
{
	struct sip_connection *c = data;

	wheel_stop(&c->idle);
	wheel_stop(&c->ping);
	list_unlink(&c->le);
	if (c->sip)
		table_remove(&c->sip->by_source, &c->source);
	mem_deref(c->tls);
	mem_deref(c->tcp);
	mem_deref(c->in);
	mem_deref(c->pending);
	mem_deref(c->flow);
}

void sip_connection_close(struct sip_connection *c, int err)
{
	if (c->is_closed)
		return;

	c->is_closed = true;
	wheel_stop(&c->idle);
	wheel_stop(&c->ping);
	list_unlink(&c->le);
	table_remove(&c->sip->by_source, &c->source);
	c->sip->counters.connections--;
	c->sip = NULL;
	sip_flow_lose(c->flow, err);

	if (!c->is_reading)
		mem_deref(c);
}

/* --- silence --- */

static void idle_over(void *arg)
{
	struct sip_connection *c = arg;
	const struct sip_config *cfg = &c->sip->config;
	uint32_t limit = c->is_proven ? cfg->idle_ms : cfg->first_request_ms;
	uint64_t silent = wheel_now_ms() - c->heard_ms;

	if (silent >= limit)
		sip_connection_close(c, ETIMEDOUT);
	else
		wheel_start(&c->idle, limit - silent, idle_over, c);
}

void sip_connection_prove(struct sip_connection *c)
{
	if (c->is_proven)
		return;

	c->is_proven = true;
	wheel_start(&c->idle, c->sip->config.idle_ms, idle_over, c);
}

static void ping_due(void *arg)
{
	struct sip_connection *c = arg;

	if (c->is_waiting_pong) {
		sip_connection_close(c, ETIMEDOUT);
		return;
	}
	c->is_waiting_pong = true;
	wheel_start(&c->ping, PONG_WAIT_MS, ping_due, c);
	(void)sip_connection_send(c, "\r\n\r\n", 4);
}

static void heard(struct sip_connection *c)
{
	c->heard_ms = wheel_now_ms();
	if (c->is_waiting_pong) {
		c->is_waiting_pong = false;
		wheel_start(&c->ping, c->ping_s * 1000ull, ping_due, c);
	}
}

int sip_connection_keepalive(struct sip_connection *c, uint32_t interval_s)
{
	c->ping_s = interval_s;
	c->is_waiting_pong = false;
	if (interval_s)
		wheel_start(&c->ping, interval_s * 1000ull, ping_due, c);
	else
		wheel_stop(&c->ping);

	return 0;
}

/* --- sending --- */

static int send_now(struct sip_connection *c, const void *p, size_t len)
{
	/* libre's TLS layer and queue only read it */
	struct mbuf mb = { .buf = (uint8_t *)(uintptr_t)p,
			   .size = len,
			   .pos = 0,
			   .end = len };

	return tcp_send(c->tcp, &mb);
}

int sip_connection_send(struct sip_connection *c, const void *p, size_t len)
{
	int err;

	if (c->is_closed)
		return ENOTCONN;

	if (c->is_open) {
		err = send_now(c, p, len);
		/* half a message may be out: the stream is of no more use */
		if (err)
			sip_connection_close(c, err);
		return err;
	}

	if (!c->pending) {
		c->pending = mbuf_alloc(len);
		if (!c->pending)
			return ENOMEM;
	}
	if (c->pending->end + len > c->sip->config.output_max)
		return ENOBUFS;

	return mbuf_write_mem(c->pending, p, len);
}

int sip_connection_local(const struct sip_connection *c, struct sa *local)
{
	return tcp_conn_local_get(c->tcp, local);
}

/* --- receiving --- */

/* false: the stream has ended. */
static bool take_frame(struct sip_connection *c)
{
	struct span message = { 0 };
	size_t used = 0;
	enum sip_frame kind;
	char *p = (char *)mbuf_buf(c->in);

	kind = sip_frame_next(&c->framer, p, mbuf_get_left(c->in), &used,
			      &message);
	switch (kind) {
	case SIP_FRAME_MESSAGE:
		sip_handle(c->sip, c->flow, message.p, message.len);
		break;
	case SIP_FRAME_PING: (void)sip_connection_send(c, "\r\n", 2); break;
	case SIP_FRAME_CRLF: break;
	case SIP_FRAME_BAD:
		if (message.len)
			sip_handle(c->sip, c->flow, message.p, message.len);
		if (!c->is_closed)
			sip_connection_close(c, EBADMSG);
		break;
	case SIP_FRAME_MORE: break;
	}

	if (c->is_closed)
		return false;

	mbuf_advance(c->in, (ssize_t)used);
	return kind != SIP_FRAME_MORE && mbuf_get_left(c->in) > 0;
}

/* What is left moves to the front; a large buffer is given back. */
static void pack(struct sip_connection *c)
{
	size_t left = mbuf_get_left(c->in);

	if (!left) {
		if (c->in->size > 16384)
			c->in = mem_deref(c->in);
		else
			mbuf_rewind(c->in);
		return;
	}
	if (c->in->pos) {
		memmove(c->in->buf, mbuf_buf(c->in), left);
		c->in->pos = 0;
		c->in->end = left;
	}
}

static int append(struct sip_connection *c, struct mbuf *mb)
{
	size_t pos;
	int err;

	if (!c->in) {
		c->in = mbuf_alloc(2048);
		if (!c->in)
			return ENOMEM;
	}

	pos = c->in->pos;
	c->in->pos = c->in->end;
	err = mbuf_write_mem(c->in, mbuf_buf(mb), mbuf_get_left(mb));
	c->in->pos = pos;

	return err;
}

static void received(struct mbuf *mb, void *arg)
{
	struct sip_connection *c = arg;
	struct sip *sip = c->sip;
	int err;

	if (c->is_closed)
		return;

	heard(c);
	c->is_reading = true;
	mem_ref(sip);
	err = append(c, mb);
	if (err) {
		sip_connection_close(c, err);
	}
	else {
		while (take_frame(c))
			;
		if (!c->is_closed)
			pack(c);
	}
	c->is_reading = false;

	if (c->is_closed)
		mem_deref(c);
	mem_deref(sip);
}

/* --- opening and closing --- */

static void established(void *arg)
{
	struct sip_connection *c = arg;
	struct mbuf *pending = c->pending;

	if (c->is_closed)
		return;

	c->is_open = true;
	c->heard_ms = wheel_now_ms();
	(void)sip_flow_local(c->flow); /* stays readable afterwards */
	c->pending = NULL;
	if (pending)
		(void)sip_connection_send(c, pending->buf, pending->end);
	mem_deref(pending);
}

static void closed(int err, void *arg)
{
	struct sip_connection *c = arg;

	if (c->is_closed)
		return;
	sip_connection_close(c, err ? err : ECONNRESET);
}

static void tune(struct tcp_conn *tcp)
{
	int fd = tcp_conn_fd(tcp);
	unsigned int timeout = USER_TIMEOUT_MS;
	int on = 1;
	int idle = KEEPALIVE_IDLE_S;

	if (fd < 0)
		return;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
			 sizeof(timeout));
}

/* Into the stack's books, with a flow of its own. */
static int enter(struct sip_connection *c, enum sip_transport tp,
		 const struct sa *peer)
{
	struct sip *sip = c->sip;
	char id[17];

	c->flow = sip_flow_alloc(sip, tp, peer);
	if (!c->flow)
		return ENOMEM;

	sip_random(id);
	c->flow->id = hash_span(1, span_of(id));
	c->flow->conn = c;
	c->heard_ms = wheel_now_ms();
	return 0;
}

static void publish(struct sip_connection *c)
{
	struct sip *sip = c->sip;

	sip_flow_add(c->flow);
	table_add(&sip->streams, &c->flow->by_id, c->flow->id);
	list_append(&sip->connections, &c->le, c);
	sip->counters.connections++;
	wheel_start(&c->idle, sip->config.first_request_ms, idle_over, c);
	tcp_conn_txqsz_set(c->tcp, sip->config.output_max);
	tune(c->tcp);
}

static uint64_t source_key(const struct sa *peer)
{
	struct sa addr = *peer;

	sa_set_port(&addr, 0);
	return sip_flow_key(SIP_TRANSPORTS, &addr);
}

static bool is_over_cap(const struct sip *sip, const struct sa *peer)
{
	const struct table_entry *e;
	uint32_t n = 0;

	if (sip->counters.connections >= sip->config.connections_max)
		return true;
	if (sa_is_loopback(peer))
		return false;

	e = table_first(&sip->by_source, source_key(peer));
	for (; e; e = table_next(e)) {
		if (++n >= sip->config.connections_per_source_max)
			return true;
	}

	return false;
}

static void incoming(const struct sa *peer, void *arg)
{
	struct sip_listener *l = arg;
	struct sip *sip = l->sip;
	struct sip_connection *c;
	int err;

	if (is_over_cap(sip, peer)) {
		sip->counters.refused++;
		tcp_reject(l->tcp);
		return;
	}

	c = mem_zalloc(sizeof(*c), connection_destructor);
	if (!c) {
		tcp_reject(l->tcp);
		return;
	}

	c->sip = sip;
	err = enter(c, l->transport, peer);
	if (!err)
		err = tcp_accept(&c->tcp, l->tcp, established, received, closed,
				 c);
	if (!err && l->tls)
		err = tls_start_tcp(&c->tls, l->tls, c->tcp, LAYER_TLS);
	if (err) {
		if (!c->tcp)
			tcp_reject(l->tcp);
		mem_deref(c);
		return;
	}

	c->is_open = !l->tls;
	table_add(&sip->by_source, &c->source, source_key(peer));
	sip->counters.connections_accepted++;
	publish(c);
}

int sip_listen_stream(struct sip_listener *l)
{
	int err;

	err = tcp_sock_alloc(&l->tcp, &l->local, incoming, l);
	if (!err)
		err = tcp_sock_bind(l->tcp, &l->local);
	if (!err)
		err = tcp_sock_listen(l->tcp, BACKLOG);
	if (!err)
		err = tcp_sock_local_get(l->tcp, &l->local);

	return err;
}

/* The name or, without one, the address must be in the certificate. */
static int start_tls(struct sip_connection *c, struct tls *tls,
		     const struct sa *peer, const char *host)
{
	char addr[64];

	(void)re_snprintf(addr, sizeof(addr), "%j", peer);
	return tls_client_start(&c->tls, tls, c->tcp,
				host && *host ? host : addr);
}

int sip_connect(struct sip_flow **fp, struct sip *sip, enum sip_transport tp,
		const struct sa *remote, const char *host)
{
	struct sip_connection *c;
	int err;

	if (tp == SIP_TLS && !sip->tls_client)
		return EAFNOSUPPORT;
	if (sip->counters.connections >= sip->config.connections_max)
		return EMFILE;

	c = mem_zalloc(sizeof(*c), connection_destructor);
	if (!c)
		return ENOMEM;

	c->sip = sip;
	err = enter(c, tp, remote);
	if (!err && host && tp == SIP_TLS)
		err = str_dup(&c->flow->host, host);
	if (!err)
		err = tcp_connect(&c->tcp, remote, established, received,
				  closed, c);
	if (!err && tp == SIP_TLS)
		err = start_tls(c, sip->tls_client, remote, host);
	if (err) {
		c->flow->conn = NULL;
		mem_deref(c);
		return err;
	}

	sip->counters.connections_opened++;
	/* we chose the peer: only its silence counts */
	c->is_proven = true;
	publish(c);
	wheel_start(&c->idle, sip->config.idle_ms, idle_over, c);
	*fp = mem_ref(c->flow);
	return 0;
}
