/* transport.c - listeners; datagrams
 *
 * Each UDP listener has its own socket with a large receive buffer, drained
 * at each wake-up: bursts cost one turn of the loop instead of one each.  A
 * socket that wakes us up all the time is looked at every 4 ms instead, until
 * it is quiet: sleeping and waking up cost more than most messages.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/net.h"
#include "sip/private.h"
#include "sip/stun.h"

enum {
	UDP_BUFFER_BYTES = 4 << 20,
	READ_MAX = 32, /* datagrams read at once */
	READS_MAX = 8, /* a wake-up: others have a turn, too */
	LOOK_MS = 4,   /* between looks at a busy socket */
	BUSY_WAKES = 8,
	QUIET_LOOKS = 50,
};

static void listener_destructor(void *data)
{
	struct sip_listener *l = data;

	list_unlink(&l->le);
	tmr_cancel(&l->tmr);
	sip_outbox_flush();
	if (l->fd >= 0) {
		fd_close(l->fd);
		(void)close(l->fd);
	}
	mem_deref(l->spare);
	mem_deref(l->tcp);
	mem_deref(l->tls);
}

static void answer_stun(struct sip_listener *l, const struct sa *from,
			const uint8_t *p, size_t len)
{
	uint8_t out[SIP_STUN_MAX_BYTES];
	struct sip_stun stun;
	size_t n;

	if (sip_stun_parse(&stun, p, len) || stun.kind != SIP_STUN_REQUEST)
		return;

	n = sip_stun_answer(out, sizeof(out), &stun, from);
	if (n)
		(void)sip_udp_send(l, from, out, n);
}

/* Double CRLF from behind a NAT: RFC 5626 asks for STUN, phones do this. */
static bool is_keepalive(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] != '\r' && p[i] != '\n' && p[i] != '\0')
			return false;
	}

	return true;
}

static void take_datagram(struct sip_listener *l, const struct sa *from,
			  const char *p, size_t len)
{
	struct sip_flow *flow;

	if (sip_stun_is((const uint8_t *)p, len)) {
		answer_stun(l, from, (const uint8_t *)p, len);
		return;
	}
	if (len <= 4 && is_keepalive(p, len)) {
		if (len == 4)
			(void)sip_udp_send(l, from, "\r\n", 2);
		return;
	}

	flow = sip_flow_of_datagram(l, from);
	if (!flow)
		return;

	mem_ref(flow);
	sip_handle(l->sip, flow, p, len);
	mem_deref(flow);
	sip_flow_settle(l);
}

/* Read and handle some datagrams; how many, up to READ_MAX. */
static int read_some(struct sip_listener *l)
{
	static char bufs[READ_MAX][SIP_MESSAGE_MAX_BYTES];
	static struct sa from[READ_MAX];
	static struct iovec parts[READ_MAX];
	static struct mmsghdr headers[READ_MAX];
	static int used = READ_MAX;
	int n;

	/* what the last read did not use is still as it was */
	for (int i = 0; i < used; i++) {
		sa_init(&from[i], sa_af(&l->local));
		parts[i] = (struct iovec){ bufs[i], sizeof(bufs[i]) };
		headers[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i].u.sa,
			.msg_namelen = sizeof(from[i].u),
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
		};
	}

	n = net_receive_many(l->fd, headers, READ_MAX);
	used = n < 0 ? 0 : n > 0 ? n : READ_MAX; /* 0: lost on purpose */
	for (int i = 0; i < n && l->sip; i++) {
		from[i].len = headers[i].msg_hdr.msg_namelen;
		if (headers[i].msg_len && sa_port(&from[i]))
			take_datagram(l, &from[i], bufs[i], headers[i].msg_len);
	}

	return n < 0 ? 0 : n;
}

static int drain(struct sip_listener *l)
{
	int all = 0, n;

	sip_batch_begin();
	for (int i = 0; i < READS_MAX && l->sip; i++) {
		n = read_some(l);
		all += n;
		if (n < READ_MAX)
			break;
	}
	sip_batch_end();

	return all;
}

static void readable(int flags, void *arg);

/* Look by the clock; wait for the socket again once it is quiet. */
static void look(void *arg)
{
	struct sip_listener *l = mem_ref(arg);

	if (drain(l))
		l->quiet = 0;
	else
		l->quiet++;

	if (!l->sip)
		;
	else if (l->quiet < QUIET_LOOKS ||
		 fd_listen(l->fd, FD_READ, readable, l))
		tmr_start(&l->tmr, LOOK_MS, look, l);
	mem_deref(l);
}

static void readable(int flags, void *arg)
{
	struct sip_listener *l = mem_ref(arg);
	uint64_t now = tmr_jiffies();

	(void)flags;
	(void)drain(l);

	l->wakes = now - l->woken_ms <= LOOK_MS ? l->wakes + 1 : 0;
	l->woken_ms = now;
	if (l->wakes >= BUSY_WAKES && l->sip) {
		l->wakes = 0;
		l->quiet = 0;
		fd_close(l->fd);
		tmr_start(&l->tmr, LOOK_MS, look, l);
	}
	mem_deref(l);
}

int sip_listen_udp(struct sip_listener *l)
{
	int size = UDP_BUFFER_BYTES;
	int on = 1;
	int err;

	l->fd = socket(sa_af(&l->local),
		       SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return errno;

	/* beyond the system's limit where we may, else what it allows */
	if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
	if (sa_af(&l->local) == AF_INET6)
		(void)setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				 sizeof(on));

	if (bind(l->fd, &l->local.u.sa, l->local.len))
		return errno;

	l->local.len = sizeof(l->local.u);
	if (getsockname(l->fd, &l->local.u.sa, &l->local.len))
		return errno;

	err = fd_listen(l->fd, FD_READ, readable, l);
	return err;
}

int sip_udp_send(struct sip_listener *l, const struct sa *to, const void *p,
		 size_t len)
{
	if (sip_outbox_put(l, to, p, len))
		return 0;

	return net_send(l->fd, p, len, to);
}

struct sip_listener *sip_listener_find(const struct sip *sip,
				       enum sip_transport tp, int af)
{
	for (struct le *le = list_head(&sip->listeners); le; le = le->next) {
		struct sip_listener *l = le->data;

		if (l->transport == tp && sa_af(&l->local) == af)
			return l;
	}

	return NULL;
}

int sip_listen(struct sip *sip, enum sip_transport tp, const struct sa *local,
	       struct tls *tls)
{
	struct sip_listener *l;
	int err;

	if (!sip || !local || tp >= SIP_TRANSPORTS || (tp == SIP_TLS && !tls))
		return EINVAL;

	l = mem_zalloc(sizeof(*l), listener_destructor);
	if (!l)
		return ENOMEM;

	l->sip = sip;
	l->transport = tp;
	l->local = *local;
	l->tls = tp == SIP_TLS ? mem_ref(tls) : NULL;
	l->fd = -1;
	tmr_init(&l->tmr);

	err = tp == SIP_UDP ? sip_listen_udp(l) : sip_listen_stream(l);
	if (err) {
		mem_deref(l);
		return err;
	}

	list_append(&sip->listeners, &l->le, l);
	return 0;
}

int sip_local(const struct sip *sip, enum sip_transport tp, struct sa *local)
{
	if (!sip || !local)
		return EINVAL;

	for (struct le *le = list_head(&sip->listeners); le; le = le->next) {
		const struct sip_listener *l = le->data;

		if (l->transport == tp) {
			*local = l->local;
			return 0;
		}
	}

	return ENOENT;
}
