/* rtp.c - see rtp.h */
#include <sys/socket.h>

#include "base/libre.h"
#include "base/net.h"
#include "base/wheel.h"
#include "media/rtp.h"
#include "media/secure.h"

enum {
	HEADER_BYTES = 12,
	DRAIN_MAX = 32,  /* datagrams taken at one wake-up */
	PAIR_TRIES = 64, /* of a kernel-chosen port and the one above */
	SEQ_HALF = 0x8000,
	REPORT_MS = 5000, /* RFC 3550 section 6.2 */
	RTCP_SR_PT = 200,
	RTCP_SDES_PT = 202,
	RATE_HZ = 8000, /* of the timestamps, unless set */
};

struct rtp_stream {
	int fd;      /* RTP */
	int fd_rtcp; /* the port above */
	struct sa local;
	rtp_in_h *handler;
	void *arg;

	struct sa signalled; /* from SDP; unset: do not send */
	struct sa source;    /* locked address */
	bool is_locked;
	uint32_t source_ssrc;
	uint16_t source_seq; /* the greatest seen */
	uint64_t last_rx_ms;
	int64_t last_transit; /* RFC 3550 A.8 */
	uint32_t clock_hz;    /* of the timestamps */

	struct secure *in;  /* SRTP, or NULL */
	struct secure *out; /* the same */
	uint32_t mask;      /* of forwarded sources, once it goes on */

	uint32_t ssrc;
	uint16_t seq;
	uint32_t timestamp;
	struct wheel_timer report;
	bool has_sent;              /* something of its own since the last */
	rtp_report_h *report_taker; /* set: one side of a relay */

	struct rtp_counts counts;
};

static void rtp_stream_destructor(void *data)
{
	struct rtp_stream *s = data;

	wheel_stop(&s->report);
	mem_deref(s->in);
	mem_deref(s->out);
	if (s->fd >= 0) {
		fd_close(s->fd);
		close(s->fd);
	}
	if (s->fd_rtcp >= 0) {
		fd_close(s->fd_rtcp);
		close(s->fd_rtcp);
	}
}

/* ---- taking a packet apart ---- */

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

int rtp_in_decode(struct rtp_in *in, const uint8_t *data, size_t length)
{
	size_t head = HEADER_BYTES, padding = 0;

	if (length < HEADER_BYTES || length > RTP_PACKET_MAX ||
	    data[0] >> 6 != 2)
		return EBADMSG;

	head += (size_t)(data[0] & 0x0f) * 4;
	if (data[0] & 0x10) { /* extension */
		if (length < head + 4)
			return EBADMSG;
		head += 4 + (size_t)get16(data + head + 2) * 4;
	}
	if (head > length)
		return EBADMSG;
	if (data[0] & 0x20) {
		padding = data[length - 1];
		if (padding == 0 || padding > length - head)
			return EBADMSG;
	}
	/* RTCP that came to the wrong port, RFC 5761 section 4 */
	if (data[1] >= 192 && data[1] <= 223)
		return EBADMSG;

	memset(in, 0, sizeof(*in));
	in->marker = data[1] & 0x80;
	in->pt = data[1] & 0x7f;
	in->seq = (uint16_t)get16(data + 2);
	in->timestamp = get32(data + 4);
	in->ssrc = get32(data + 8);
	in->payload = data + head;
	in->length = length - head - padding;
	in->packet = data;
	in->packet_length = length;
	return 0;
}

/* ---- whose packets we take ---- */

static void lock_source(struct rtp_stream *s, const struct sa *from,
			const struct rtp_in *in)
{
	s->is_locked = true;
	s->source = *from;
	s->source_ssrc = in->ssrc;
	s->source_seq = (uint16_t)(in->seq - 1);
	s->last_transit = 0;
}

/* A relay believes another address only as the same source gone on. */
static bool goes_on(const struct rtp_stream *s, const struct rtp_in *in)
{
	uint16_t step = (uint16_t)(in->seq - s->source_seq);

	return in->ssrc == s->source_ssrc && step > 0 && step <= RTP_GAP_MAX;
}

/* The signalled address may always take the lock back; others may take it
 * only while nobody is heard. */
static bool source_is_ours(struct rtp_stream *s, const struct sa *from,
			   const struct rtp_in *in, uint64_t now)
{
	bool is_signalled = sa_isset(&s->signalled, SA_ALL) &&
			    sa_cmp(from, &s->signalled, SA_ALL);
	bool is_idle = !s->is_locked || now - s->last_rx_ms >= RTP_LOCK_IDLE_MS;

	if (!sa_isset(&s->signalled, SA_ALL))
		return false;
	if (s->is_locked && sa_cmp(from, &s->source, SA_ALL)) {
		if (in->ssrc != s->source_ssrc)
			lock_source(s, from, in); /* it started anew */
		return true;
	}
	if (s->is_locked && !is_signalled && s->report_taker && !goes_on(s, in))
		return false;
	if (is_signalled || is_idle) {
		lock_source(s, from, in);
		return true;
	}

	return false;
}

/* Count order and loss.  False when the packet is late. */
static bool is_in_order(struct rtp_stream *s, struct rtp_in *in)
{
	uint16_t step = (uint16_t)(in->seq - s->source_seq);

	if (step == 0 || (step >= SEQ_HALF && (uint16_t)-step <= RTP_GAP_MAX)) {
		s->counts.rx_late++;
		return false;
	}

	/* A leap in either direction is a sender that started anew. */
	if (step < SEQ_HALF && step - 1 <= RTP_GAP_MAX)
		in->lost = (uint32_t)step - 1;
	s->counts.rx_lost += in->lost;
	s->source_seq = in->seq;
	return true;
}

static void count_jitter(struct rtp_stream *s, const struct rtp_in *in,
			 uint64_t now)
{
	int64_t transit = (int64_t)(uint32_t)(now * (s->clock_hz / 1000)) -
			  (int64_t)in->timestamp;
	int64_t d = transit - s->last_transit;

	if (s->last_transit && d > -(int64_t)s->clock_hz && d < s->clock_hz) {
		d = d < 0 ? -d : d;
		s->counts.jitter = (uint32_t)((int64_t)s->counts.jitter +
					      (d - s->counts.jitter) / 16);
	}
	s->last_transit = transit;
}

static void take_packet(struct rtp_stream *s, uint8_t *data, size_t length,
			const struct sa *from)
{
	uint64_t now = wheel_now_ms();
	struct rtp_in in;

	if (s->in && (length > RTP_PACKET_MAX ||
		      secure_open_packet(s->in, data, &length))) {
		s->counts.rx_bad++;
		return;
	}
	if (rtp_in_decode(&in, data, length)) {
		s->counts.rx_bad++;
		return;
	}
	if (!source_is_ours(s, from, &in, now)) {
		s->counts.rx_foreign++;
		return;
	}
	s->last_rx_ms = now;
	in.is_late = !is_in_order(s, &in);
	if (in.is_late && !s->report_taker)
		return;

	count_jitter(s, &in, now);
	s->counts.rx_packets++;
	s->counts.rx_bytes += in.length;
	s->handler(&in, s->arg);
}

static void read_rtp(int flags, void *arg)
{
	struct rtp_stream *s = arg;
	uint8_t data[RTP_PACKET_MAX + 1];

	/* A relay's many ports have a packet each: looking for a second one
	 * costs more than being woken again when there is. */
	int most = s->report_taker ? 1 : DRAIN_MAX;

	(void)flags;
	mem_ref(s);
	for (int i = 0; i < most && s->fd >= 0; i++) {
		struct sa from;
		ssize_t n = net_receive(s->fd, data, sizeof(data), &from);

		if (n < 0)
			break;
		take_packet(s, data, (size_t)n, &from);
		if (mem_nrefs(s) == 1)
			break;
	}
	mem_deref(s);
}

static bool is_report(const uint8_t *data, size_t length)
{
	return length >= 8 && length <= RTP_PACKET_MAX && data[0] >> 6 == 2 &&
	       data[1] >= 192 && data[1] <= 223;
}

/* Reports of the other side are read so that none pile up. */
static void read_rtcp(int flags, void *arg)
{
	struct rtp_stream *s = arg;
	uint8_t data[RTP_PACKET_MAX + 1];

	(void)flags;
	mem_ref(s);
	for (int i = 0; i < DRAIN_MAX && mem_nrefs(s) > 1; i++) {
		const struct sa *remote = rtp_stream_remote(s);
		struct sa from;
		size_t length;
		ssize_t n;

		sa_init(&from, AF_UNSPEC);
		from.len = sizeof(from.u);
		n = recvfrom(s->fd_rtcp, data, sizeof(data), 0, &from.u.sa,
			     &from.len);
		if (n < 0)
			break;
		length = (size_t)n;
		if (s->report_taker && sa_isset(remote, SA_ADDR) &&
		    sa_cmp(&from, remote, SA_ADDR) && is_report(data, length) &&
		    !(s->in && secure_open_report(s->in, data, &length)))
			s->report_taker(data, length, s->arg);
	}
	mem_deref(s);
}

/* ---- opening ---- */

static int bind_udp(int *fdp, struct sa *addr)
{
	int fd, err;

	fd = socket(sa_af(addr), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (bind(fd, &addr->u.sa, addr->len)) {
		err = errno;
		close(fd);
		return err;
	}
	addr->len = sizeof(addr->u);
	if (getsockname(fd, &addr->u.sa, &addr->len)) {
		err = errno;
		close(fd);
		return err;
	}
	*fdp = fd;
	return 0;
}

/* Bind port and port+1; port 0 lets the kernel choose the first. */
static int bind_pair(struct rtp_stream *s, const struct sa *local,
		     uint16_t port)
{
	struct sa addr = *local, above = *local;
	int fd, fd_above, err;

	sa_set_port(&addr, port);
	err = bind_udp(&fd, &addr);
	if (err)
		return err;
	if (sa_port(&addr) % 2) {
		close(fd);
		return EADDRINUSE;
	}
	sa_set_port(&above, (uint16_t)(sa_port(&addr) + 1));
	err = bind_udp(&fd_above, &above);
	if (err) {
		close(fd);
		return err;
	}

	s->fd = fd;
	s->fd_rtcp = fd_above;
	s->local = addr;
	return 0;
}

static int bind_any_pair(struct rtp_stream *s, const struct sa *local,
			 uint16_t min, uint16_t max)
{
	uint32_t pairs, first;
	int err = EADDRINUSE;

	if (min == 0) {
		for (int i = 0; i < PAIR_TRIES && err == EADDRINUSE; i++)
			err = bind_pair(s, local, 0);
		return err;
	}

	min = (uint16_t)(min + min % 2);
	if (max < min + 1)
		return EINVAL;
	pairs = (uint32_t)(max - min + 1) / 2;
	first = rand_u32() % pairs;
	for (uint32_t i = 0; i < pairs && err == EADDRINUSE; i++) {
		uint32_t port = min + 2 * ((first + i) % pairs);

		err = bind_pair(s, local, (uint16_t)port);
	}

	return err;
}

int rtp_stream_open(struct rtp_stream **sp, const struct sa *local,
		    uint16_t port_min, uint16_t port_max, rtp_in_h *handler,
		    void *arg)
{
	struct rtp_stream *s;
	int err;

	if (!sp || !local || !handler || port_max < port_min)
		return EINVAL;

	s = mem_zalloc(sizeof(*s), rtp_stream_destructor);
	if (!s)
		return ENOMEM;
	s->fd = -1;
	s->fd_rtcp = -1;
	s->handler = handler;
	s->arg = arg;
	s->clock_hz = RATE_HZ;
	s->ssrc = rand_u32();
	s->seq = (uint16_t)(rand_u32() & 0x7fff);
	s->timestamp = rand_u32();

	err = bind_any_pair(s, local, port_min, port_max);
	if (err)
		goto out;
	err = fd_listen(s->fd, FD_READ, read_rtp, s);
	if (err)
		goto out;
	err = fd_listen(s->fd_rtcp, FD_READ, read_rtcp, s);

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

const struct sa *rtp_stream_local(const struct rtp_stream *s)
{
	return &s->local;
}

const struct sa *rtp_stream_remote(const struct rtp_stream *s)
{
	return s->is_locked ? &s->source : &s->signalled;
}

/* ---- sending ---- */

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* A sender report and our name, RFC 3550 sections 6.4.1 and 6.5. */
static void send_report(void *arg)
{
	enum { SR_WORDS = 6, SDES_WORDS = 5, SR_BYTES = 28, SDES_BYTES = 24 };
	struct rtp_stream *s = arg;
	uint8_t p[SR_BYTES + SDES_BYTES + SECURE_MORE_MAX] = { 0 };
	size_t length = SR_BYTES + SDES_BYTES;
	uint8_t *sdes = p + SR_BYTES;
	char name[9];
	struct sa to = *rtp_stream_remote(s);
	struct timespec ts;

	wheel_start(&s->report, REPORT_MS, send_report, s);
	if (!sa_isset(&to, SA_ALL) || sa_port(&to) == UINT16_MAX)
		return;
	if (s->report_taker && !s->has_sent)
		return;
	s->has_sent = false;

	clock_gettime(CLOCK_REALTIME, &ts);
	put32(p, 2u << 30 | (uint32_t)RTCP_SR_PT << 16 | SR_WORDS);
	put32(p + 4, s->ssrc);
	put32(p + 8, (uint32_t)ts.tv_sec + 2208988800u);
	put32(p + 12, (uint32_t)(((uint64_t)ts.tv_nsec << 32) / 1000000000));
	put32(p + 16, s->timestamp);
	put32(p + 20, (uint32_t)s->counts.tx_packets);
	put32(p + 24, (uint32_t)s->counts.tx_bytes);

	put32(sdes,
	      2u << 30 | 1u << 24 | (uint32_t)RTCP_SDES_PT << 16 | SDES_WORDS);
	put32(sdes + 4, s->ssrc);
	sdes[8] = 1; /* CNAME, 8 octets; zeros end the chunk */
	sdes[9] = 8;
	snprintf(name, sizeof(name), "%08x", s->ssrc);
	memcpy(sdes + 10, name, 8);

	if (s->out && secure_protect_report(s->out, p, &length))
		return;
	sa_set_port(&to, (uint16_t)(sa_port(&to) + 1));
	(void)net_send(s->fd_rtcp, p, length, &to);
}

void rtp_stream_set_remote(struct rtp_stream *s, const struct sa *remote)
{
	if (!remote) {
		sa_init(&s->signalled, AF_UNSPEC);
		s->is_locked = false;
		wheel_stop(&s->report);
		return;
	}
	if (!sa_cmp(remote, &s->signalled, SA_ALL))
		s->is_locked = false;
	s->signalled = *remote;
	if (!wheel_is_running(&s->report))
		wheel_start(&s->report, REPORT_MS, send_report, s);
}

int rtp_stream_send_at(struct rtp_stream *s, uint8_t pt, bool marker,
		       const uint8_t *payload, size_t length,
		       uint32_t timestamp)
{
	const struct sa *to = rtp_stream_remote(s);
	uint8_t p[HEADER_BYTES + RTP_PAYLOAD_MAX + SECURE_MORE_MAX];
	size_t whole = HEADER_BYTES + length;

	if (length > RTP_PAYLOAD_MAX)
		return EMSGSIZE;
	if (!sa_isset(&s->signalled, SA_ALL))
		return ENOTCONN;

	put32(p,
	      2u << 30 | (uint32_t)(marker ? 0x80 | pt : pt) << 16 | s->seq++);
	put32(p + 4, timestamp);
	put32(p + 8, s->ssrc);
	if (length)
		memcpy(p + HEADER_BYTES, payload, length);

	if (s->out && secure_protect(s->out, p, &whole))
		return EBADMSG;
	if (net_send(s->fd, p, whole, to))
		return errno;

	s->has_sent = true;
	s->counts.tx_packets++;
	s->counts.tx_bytes += length;
	return 0;
}

void rtp_stream_set_relay(struct rtp_stream *s, rtp_report_h *report)
{
	s->report_taker = report;
}

void rtp_stream_secure(struct rtp_stream *s, struct secure *in,
		       struct secure *out, bool goes_on)
{
	mem_ref(in);
	mem_ref(out);
	mem_deref(s->in);
	mem_deref(s->out);
	s->in = in;
	s->out = out;
	s->mask = out && goes_on ? rand_u32() | 1 : 0;
	if (in && goes_on)
		secure_goes_on(in);
}

/* A copy, protected; its length, or 0. */
static size_t protect_packet(struct rtp_stream *s, uint8_t *out,
			     const uint8_t *packet, size_t length)
{
	memcpy(out, packet, length);
	put32(out + 8, get32(out + 8) ^ s->mask);

	return secure_protect(s->out, out, &length) ? 0 : length;
}

int rtp_stream_forward(struct rtp_stream *s, const uint8_t *packet,
		       size_t length)
{
	const struct sa *to = rtp_stream_remote(s);
	uint8_t copy[RTP_PACKET_MAX + SECURE_MORE_MAX];

	if (!sa_isset(&s->signalled, SA_ALL))
		return ENOTCONN;
	if (s->out) {
		if (length < HEADER_BYTES || length > RTP_PACKET_MAX)
			return EMSGSIZE;
		length = protect_packet(s, copy, packet, length);
		packet = copy;
		if (!length)
			return EBADMSG;
	}
	if (sendto(s->fd, packet, length, 0, &to->u.sa, to->len) < 0)
		return errno;

	s->counts.tx_packets++;
	s->counts.tx_bytes += length - HEADER_BYTES;
	return 0;
}

int rtp_stream_forward_report(struct rtp_stream *s, const uint8_t *data,
			      size_t length)
{
	struct sa to = *rtp_stream_remote(s);
	uint8_t copy[RTP_PACKET_MAX + SECURE_MORE_MAX];

	if (!sa_isset(&s->signalled, SA_ALL) || sa_port(&to) == UINT16_MAX)
		return ENOTCONN;
	if (s->out) {
		if (s->mask || length > RTP_PACKET_MAX)
			return ENOTCONN; /* it tells of sources by name */
		memcpy(copy, data, length);
		if (secure_protect_report(s->out, copy, &length))
			return EBADMSG;
		data = copy;
	}

	sa_set_port(&to, (uint16_t)(sa_port(&to) + 1));
	return sendto(s->fd_rtcp, data, length, 0, &to.u.sa, to.len) < 0 ? errno
									 : 0;
}

int rtp_stream_send(struct rtp_stream *s, uint8_t pt, bool marker,
		    const uint8_t *payload, size_t length,
		    uint32_t timestamp_step)
{
	int err = rtp_stream_send_at(s, pt, marker, payload, length,
				     s->timestamp);

	s->timestamp += timestamp_step;
	return err;
}

uint32_t rtp_stream_timestamp(const struct rtp_stream *s)
{
	return s->timestamp;
}

void rtp_stream_skip(struct rtp_stream *s, uint32_t timestamp_step)
{
	s->timestamp += timestamp_step;
}

void rtp_stream_set_clock(struct rtp_stream *s, uint32_t hz)
{
	if (hz != s->clock_hz)
		s->last_transit = 0;
	s->clock_hz = hz;
}

const struct rtp_counts *rtp_stream_counts(const struct rtp_stream *s)
{
	return &s->counts;
}

uint64_t rtp_stream_idle_ms(const struct rtp_stream *s)
{
	return s->last_rx_ms ? wheel_now_ms() - s->last_rx_ms : UINT64_MAX;
}
