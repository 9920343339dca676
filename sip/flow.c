/* flow.c - see flow.h */
#include <sodium.h>
#include <stdio.h>

#include "base/net.h"
#include "sip/param.h"
#include "sip/private.h"

static const char *const transport_names[SIP_TRANSPORTS] = { "UDP", "TCP",
							     "TLS" };

struct sip_flow_watch {
	struct le le;
	struct sip_flow *flow;
	struct wheel_timer timer;
	int err;
	sip_flow_lost_h *lost;
	void *arg;
};

const char *sip_transport_name(enum sip_transport tp)
{
	return tp < SIP_TRANSPORTS ? transport_names[tp] : "";
}

bool sip_transport_decode(enum sip_transport *tpp, struct span name)
{
	for (int i = 0; i < SIP_TRANSPORTS; i++) {
		if (span_equal_nocase(name, span_of(transport_names[i]))) {
			*tpp = (enum sip_transport)i;
			return true;
		}
	}

	return false;
}

static void flow_destructor(void *data)
{
	struct sip_flow *f = data;

	list_clear(&f->watches);
	list_clear(&f->clients);
	if (f->sip) {
		table_remove(&f->sip->flows, &f->entry);
		table_remove(&f->sip->streams, &f->by_id);
		f->sip->counters.flows--;
	}
	mem_deref(f->host);
}

struct sip_flow *sip_flow_alloc(struct sip *sip, enum sip_transport tp,
				const struct sa *remote)
{
	struct sip_flow *f = mem_zalloc(sizeof(*f), flow_destructor);

	if (!f)
		return NULL;

	f->sip = sip;
	f->transport = tp;
	if (remote)
		f->remote = *remote;
	sip->counters.flows++;

	return f;
}

uint64_t sip_flow_key(enum sip_transport tp, const struct sa *remote)
{
	const struct sa *sa = remote;
	struct span host;

	if (sa_af(sa) == AF_INET6)
		host = (struct span){ (const char *)&sa->u.in6.sin6_addr, 16 };
	else
		host = (struct span){ (const char *)&sa->u.in.sin_addr, 4 };

	return hash_span(((uint64_t)tp << 16) | sa_port(sa), host);
}

void sip_flow_add(struct sip_flow *f)
{
	table_add(&f->sip->flows, &f->entry,
		  sip_flow_key(f->transport, &f->remote));
}

/* A kept datagram flow, or the flow of an open connection. */
static struct sip_flow *known_flow(struct sip *sip, enum sip_transport tp,
				   const struct sip_listener *l,
				   const struct sa *remote, const char *host)
{
	struct table_entry *e;

	e = table_first(&sip->flows, sip_flow_key(tp, remote));
	for (; e; e = table_next(e)) {
		struct sip_flow *f = CONTAINER_OF(e, struct sip_flow, entry);

		if (f->transport == tp && (!l || f->listener == l) &&
		    sa_cmp(&f->remote, remote, SA_ALL) &&
		    (!host || (f->host && !strcasecmp(f->host, host))) &&
		    sip_flow_is_alive(f))
			return f;
	}

	return NULL;
}

void sip_flow_unreachable(struct sip_listener *l, const struct sa *remote,
			  int err)
{
	struct sip_flow *f = l->sip ? known_flow(l->sip, SIP_UDP, l, remote,
						 NULL)
				    : NULL;

	if (f)
		sip_client_flow_lost(f, err);
}

struct sip_flow *sip_flow_of_datagram(struct sip_listener *l,
				      const struct sa *remote)
{
	struct sip_flow *f = known_flow(l->sip, SIP_UDP, l, remote, NULL);

	if (f)
		return f;

	if (!l->spare) {
		l->spare = sip_flow_alloc(l->sip, SIP_UDP, remote);
		if (!l->spare)
			return NULL;
		l->spare->listener = l;
	}

	l->spare->remote = *remote;
	l->spare->has_local = false;
	return l->spare;
}

void sip_flow_settle(struct sip_listener *l)
{
	if (!l->spare || mem_nrefs(l->spare) < 2)
		return;

	sip_flow_add(l->spare);
	l->spare = mem_deref(l->spare);
}

enum sip_transport sip_flow_transport(const struct sip_flow *f)
{
	return f ? f->transport : SIP_UDP;
}

const struct sa *sip_flow_local(const struct sip_flow *cf)
{
	/* what is remembered does not change what the flow is */
	struct sip_flow *f = (struct sip_flow *)cf;

	if (!f)
		return NULL;
	if (f->has_local)
		return &f->local;

	if (f->listener) {
		f->local = f->listener->local;
		net_reachable(&f->local, &f->remote);
		f->has_local = true;
	}
	else if (f->conn) {
		f->has_local = !sip_connection_local(f->conn, &f->local);
	}

	return &f->local;
}

const struct sa *sip_flow_remote(const struct sip_flow *f)
{
	return f ? &f->remote : NULL;
}

bool sip_flow_is_reliable(const struct sip_flow *f)
{
	return f && f->transport != SIP_UDP;
}

bool sip_flow_is_alive(const struct sip_flow *f)
{
	return f && f->sip && (f->listener || f->conn);
}

bool sip_flow_equal(const struct sip_flow *a, const struct sip_flow *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->transport != SIP_UDP || b->transport != SIP_UDP)
		return false;

	return a->listener == b->listener &&
	       sa_cmp(&a->remote, &b->remote, SA_ALL);
}

int sip_flow_get(struct sip_flow **fp, struct sip *sip, enum sip_transport tp,
		 const struct sa *remote, const char *host)
{
	struct sip_listener *l = NULL;
	struct sip_flow *f;

	if (!fp || !sip || !remote || tp >= SIP_TRANSPORTS ||
	    !sa_isset(remote, SA_ALL))
		return EINVAL;

	if (tp == SIP_UDP) {
		l = sip_listener_find(sip, SIP_UDP, sa_af(remote));
		if (!l)
			return EAFNOSUPPORT;
	}

	/* another name on the same TLS address is another peer */
	f = known_flow(sip, tp, l, remote, tp == SIP_TLS ? host : NULL);
	if (f) {
		*fp = mem_ref(f);
		return 0;
	}

	if (tp != SIP_UDP)
		return sip_connect(fp, sip, tp, remote, host);

	f = sip_flow_alloc(sip, SIP_UDP, remote);
	if (!f)
		return ENOMEM;

	f->listener = l;
	sip_flow_add(f);
	*fp = f;
	return 0;
}

int sip_flow_send(struct sip_flow *f, const void *p, size_t len)
{
	if (!f || !p || !len)
		return EINVAL;
	if (!sip_flow_is_alive(f))
		return ENOTCONN;

	return f->listener ? sip_udp_send(f->listener, &f->remote, p, len)
			   : sip_connection_send(f->conn, p, len);
}

void sip_flow_close(struct sip_flow *f)
{
	if (f && f->conn)
		sip_connection_close(f->conn, ECONNABORTED);
}

int sip_flow_keepalive(struct sip_flow *f, uint32_t interval_s)
{
	if (!f || (interval_s && (interval_s < 5 || interval_s > 3600)))
		return EINVAL;
	if (!f->conn)
		return f->listener ? 0 : ENOTCONN;

	return sip_connection_keepalive(f->conn, interval_s);
}

/* --- watching --- */

static void watch_destructor(void *data)
{
	struct sip_flow_watch *w = data;

	wheel_stop(&w->timer);
	list_unlink(&w->le);
	mem_deref(w->flow);
}

static void tell(void *arg)
{
	struct sip_flow_watch *w = arg;

	w->lost(w->flow, w->err, w->arg);
}

int sip_flow_watch(struct sip_flow_watch **wp, struct sip_flow *f,
		   sip_flow_lost_h *lost, void *arg)
{
	struct sip_flow_watch *w;

	if (!wp || !f || !lost)
		return EINVAL;
	if (!sip_flow_is_alive(f))
		return ENOTCONN;

	w = mem_zalloc(sizeof(*w), watch_destructor);
	if (!w)
		return ENOMEM;

	w->flow = mem_ref(f);
	w->lost = lost;
	w->arg = arg;
	list_append(&f->watches, &w->le, w);
	*wp = w;
	return 0;
}

void sip_flow_lose(struct sip_flow *f, int err)
{
	struct le *le;

	f->conn = NULL;
	if (f->sip) {
		table_remove(&f->sip->flows, &f->entry);
		table_remove(&f->sip->streams, &f->by_id);
		f->sip->counters.flows--;
		f->sip = NULL;
	}

	while ((le = list_head(&f->watches))) {
		struct sip_flow_watch *w = le->data;

		list_unlink(le);
		w->err = err;
		wheel_start(&w->timer, 0, tell, w);
	}

	sip_client_flow_lost(f, err);
}

/* --- tokens --- */

enum { TOKEN_MAC = 10, TOKEN_RAW_MAX = 24 };

/* What a token says of a flow, before its signature. */
static size_t token_content(const struct sip_flow *f, uint8_t *raw)
{
	size_t n = 0;
	uint16_t port;

	raw[n++] = (uint8_t)f->transport;
	if (f->transport != SIP_UDP) {
		memcpy(&raw[n], &f->id, sizeof(f->id));
		return n + sizeof(f->id);
	}

	port = htons(f->listener ? sa_port(&f->listener->local) : 0);
	memcpy(&raw[n], &port, 2);
	port = htons(sa_port(&f->remote));
	memcpy(&raw[n + 2], &port, 2);
	n += 4;
	if (sa_af(&f->remote) == AF_INET6) {
		memcpy(&raw[n], &f->remote.u.in6.sin6_addr, 16);
		return n + 16;
	}
	memcpy(&raw[n], &f->remote.u.in.sin_addr, 4);
	return n + 4;
}

static void token_sign(const struct sip *sip, const uint8_t *raw, size_t len,
		       uint8_t *mac)
{
	uint8_t md[crypto_shorthash_siphashx24_BYTES];

	(void)crypto_shorthash_siphashx24(md, raw, len, sip->token_key);
	memcpy(mac, md, TOKEN_MAC);
}

void sip_flow_token(const struct sip_flow *f, char *buf)
{
	uint8_t raw[TOKEN_RAW_MAX + TOKEN_MAC];
	size_t n;

	buf[0] = '\0';
	if (!f || !f->sip)
		return;

	n = token_content(f, raw);
	token_sign(f->sip, raw, n, &raw[n]);
	n += TOKEN_MAC;
	buf[0] = 'f';
	for (size_t i = 0; i < n; i++) {
		static const char hex[] = "0123456789abcdef";

		buf[1 + 2 * i] = hex[raw[i] >> 4];
		buf[2 + 2 * i] = hex[raw[i] & 15];
	}
	buf[1 + 2 * n] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static int token_read(const struct sip *sip, struct span token, uint8_t *raw,
		      size_t *lenp)
{
	uint8_t mac[TOKEN_MAC];
	size_t n = (token.len - 1) / 2;

	if (token.len < 2 * (TOKEN_MAC + 2) || token.p[0] != 'f' ||
	    token.len % 2 != 1 || n > TOKEN_RAW_MAX + TOKEN_MAC)
		return EBADMSG;

	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(token.p[1 + 2 * i]);
		int lo = hex_value(token.p[2 + 2 * i]);

		if (hi < 0 || lo < 0)
			return EBADMSG;
		raw[i] = (uint8_t)(hi << 4 | lo);
	}

	n -= TOKEN_MAC;
	token_sign(sip, raw, n, mac);
	if (sodium_memcmp(mac, &raw[n], TOKEN_MAC))
		return EBADMSG;

	*lenp = n;
	return 0;
}

static int find_stream(struct sip_flow **fp, struct sip *sip, uint64_t id)
{
	struct table_entry *e = table_first(&sip->streams, id);
	struct sip_flow *f;

	if (!e)
		return ENOENT;

	f = CONTAINER_OF(e, struct sip_flow, by_id);
	*fp = mem_ref(f);
	return 0;
}

static int find_datagram(struct sip_flow **fp, struct sip *sip,
			 const uint8_t *raw, size_t len)
{
	struct sip_flow *f;
	struct sa remote;
	uint16_t own_port, port;
	struct le *le;

	if (len != 9 && len != 21)
		return EBADMSG;

	memcpy(&own_port, &raw[1], 2);
	memcpy(&port, &raw[3], 2);
	if (len == 9) {
		uint32_t addr;

		memcpy(&addr, &raw[5], 4);
		sa_set_in(&remote, ntohl(addr), ntohs(port));
	}
	else {
		sa_set_in6(&remote, &raw[5], ntohs(port));
	}

	for (le = list_head(&sip->listeners); le; le = le->next) {
		struct sip_listener *l = le->data;

		if (l->transport != SIP_UDP ||
		    sa_port(&l->local) != ntohs(own_port) ||
		    sa_af(&l->local) != sa_af(&remote))
			continue;

		f = known_flow(sip, SIP_UDP, l, &remote, NULL);
		if (f) {
			*fp = mem_ref(f);
			return 0;
		}
		f = sip_flow_alloc(sip, SIP_UDP, &remote);
		if (!f)
			return ENOMEM;
		f->listener = l;
		sip_flow_add(f);
		*fp = f;
		return 0;
	}

	return ENOENT;
}

int sip_flow_find(struct sip_flow **fp, struct sip *sip, struct span token)
{
	uint8_t raw[TOKEN_RAW_MAX + TOKEN_MAC];
	uint64_t id;
	size_t len;
	int err;

	if (!fp || !sip)
		return EINVAL;

	err = token_read(sip, token, raw, &len);
	if (err)
		return err;

	if (raw[0] == SIP_UDP)
		return find_datagram(fp, sip, raw, len);
	if (len != 1 + sizeof(id))
		return EBADMSG;

	memcpy(&id, &raw[1], sizeof(id));
	return find_stream(fp, sip, id);
}

int sip_flow_print(struct re_printf *pf, const struct sip_flow *f)
{
	if (!f)
		return re_hprintf(pf, "none");

	return re_hprintf(pf, "%s:%J", transport_names[f->transport],
			  &f->remote);
}
