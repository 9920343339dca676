/* resolve.c - see resolve.h
 *
 * One query walks: NAPTR and SRV of the name (unless it has a port), then A
 * and, where there is none, AAAA of each host found.  What it finds is remembered by
 * host, port and transport for the shortest time to live met on the way.
 */
#include "sip/private.h"
#include "sip/resolve.h"
#include "sip/uri.h"

enum {
	NAME_MAX_BYTES = 256,
	KEEP_MAX_S = 3600,
	KEEP_MIN_S = 5,
	NAMES_MAX = 1000,
	NAME_SERVERS_MAX = 4,
	NAPTR_MS = 1000, /* then SRV is asked without it */
};

/* What a URI asks for. */
struct wanted {
	char host[NAME_MAX_BYTES];
	uint16_t port; /* 0: not said */
	enum sip_transport transport;
};

struct found_host {
	char name[NAME_MAX_BYTES];
	uint16_t port;
};

struct sip_query {
	struct sip *sip;
	struct wanted wanted;
	struct dns_query *dns;
	char service[NAME_MAX_BYTES + 16]; /* asked for SRV */
	uint32_t rank;                     /* of the NAPTR it comes from */
	struct found_host hosts[SIP_TARGETS_MAX];
	size_t host_count;
	size_t host_next;
	struct sip_target targets[SIP_TARGETS_MAX];
	size_t count;
	uint32_t keep_s;
	int err;
	struct wheel_timer timer;
	sip_resolve_h *handler;
	void *arg;
};

/* A name we know. */
struct known {
	struct table_entry entry;
	struct le le;
	uint64_t until_ms;
	struct sip_target targets[SIP_TARGETS_MAX];
	size_t count;
};

static void known_destructor(void *data)
{
	struct known *k = data;

	list_unlink(&k->le);
}

void sip_resolve_close(struct sip *sip)
{
	table_close(&sip->names);
	list_flush(&sip->name_list);
	sip->dns = mem_deref(sip->dns);
}

static int read_wanted(struct wanted *w, struct span text)
{
	struct sip_uri uri;
	struct span tp;
	struct span host;

	if (sip_uri_parse(&uri, text) ||
	    (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS))
		return EINVAL;

	host = uri.host;
	if (host.len > 2 && host.p[0] == '[') {
		host.p++;
		host.len -= 2;
	}
	if (!host.len || host.len >= sizeof(w->host))
		return EINVAL;

	memcpy(w->host, host.p, host.len);
	w->host[host.len] = '\0';
	w->port = uri.port;
	w->transport = uri.scheme == SIP_SCHEME_SIPS ? SIP_TLS : SIP_UDP;
	if (sip_uri_param(&uri, "transport", &tp) &&
	    !sip_transport_decode(&w->transport, tp))
		return EINVAL;
	if (uri.scheme == SIP_SCHEME_SIPS)
		w->transport = SIP_TLS;

	return 0;
}

static uint16_t port_of(const struct wanted *w)
{
	if (w->port)
		return w->port;
	return w->transport == SIP_TLS ? 5061 : 5060;
}

static uint64_t name_key(const struct wanted *w)
{
	char lower[NAME_MAX_BYTES];
	size_t n = strlen(w->host);

	for (size_t i = 0; i < n; i++) {
		char c = w->host[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}

	return hash_span(51 + w->port * 8ull + w->transport,
			 (struct span){ lower, (uint32_t)n });
}

static struct known *known_name(struct sip *sip, const struct wanted *w)
{
	struct table_entry *e = table_first(&sip->names, name_key(w));
	struct known *k;

	if (!e)
		return NULL;

	k = CONTAINER_OF(e, struct known, entry);
	if (wheel_now_ms() < k->until_ms)
		return k;

	table_remove(&sip->names, e);
	mem_deref(k);
	return NULL;
}

static void remember(struct sip_query *q)
{
	struct sip *sip = q->sip;
	struct known *k;

	if (!q->count || !q->wanted.host[0] || known_name(sip, &q->wanted))
		return;
	if (!sip->names.buckets && table_init(&sip->names, 16))
		return;
	if (sip->names.count >= NAMES_MAX) {
		k = list_head(&sip->name_list)->data;
		table_remove(&sip->names, &k->entry);
		mem_deref(k);
	}

	k = mem_zalloc(sizeof(*k), known_destructor);
	if (!k)
		return;
	if (q->keep_s < KEEP_MIN_S)
		q->keep_s = KEEP_MIN_S;
	k->until_ms = wheel_now_ms() + q->keep_s * 1000ull;
	memcpy(k->targets, q->targets, sizeof(k->targets));
	k->count = q->count;
	table_add(&sip->names, &k->entry, name_key(&q->wanted));
	list_append(&sip->name_list, &k->le, k);
}

int sip_resolve_now(struct sip *sip, struct span uri,
		    struct sip_target *targets, size_t *countp)
{
	struct wanted w;
	struct known *k;
	int err;

	if (!sip || !targets || !countp)
		return EINVAL;

	err = read_wanted(&w, uri);
	if (err)
		return err;

	targets[0].transport = w.transport;
	if (!sa_set_str(&targets[0].address, w.host, port_of(&w)) ||
	    (!strcasecmp(w.host, "localhost") &&
	     !sa_set_str(&targets[0].address, "127.0.0.1", port_of(&w)))) {
		*countp = 1;
		return 0;
	}

	k = known_name(sip, &w);
	if (!k)
		return EAGAIN;

	memcpy(targets, k->targets, k->count * sizeof(*targets));
	*countp = k->count;
	return 0;
}

/* --- asking --- */

static void ask_host(struct sip_query *q);

static void query_destructor(void *data)
{
	struct sip_query *q = data;

	wheel_stop(&q->timer);
	mem_deref(q->dns);
}

static void tell(void *arg)
{
	struct sip_query *q = mem_ref(arg);

	remember(q);
	if (!q->count && !q->err)
		q->err = ENOENT;
	q->handler(q->count ? 0 : q->err, q->targets, q->count, q->arg);
	mem_deref(q);
}

static void finish(struct sip_query *q)
{
	wheel_start(&q->timer, 0, tell, q);
}

static void note_ttl(struct sip_query *q, int64_t ttl)
{
	if (ttl >= 0 && ttl < (int64_t)q->keep_s)
		q->keep_s = (uint32_t)ttl;
}

static int ask(struct sip_query *q, const char *name, uint16_t type,
	       dns_query_h *handler)
{
	q->dns = mem_deref(q->dns);
	return dnsc_query(&q->dns, q->sip->dns, name, type, DNS_CLASS_IN, true,
			  handler, q);
}

static bool take_address(struct dnsrr *rr, void *arg)
{
	struct sip_query *q = arg;
	struct found_host *h = &q->hosts[q->host_next - 1];
	struct sip_target *t = &q->targets[q->count];

	if (q->count >= SIP_TARGETS_MAX)
		return true;

	if (rr->type == DNS_TYPE_A)
		sa_set_in(&t->address, rr->rdata.a.addr, h->port);
	else if (rr->type == DNS_TYPE_AAAA)
		sa_set_in6(&t->address, rr->rdata.aaaa.addr, h->port);
	else
		return false;

	t->transport = q->wanted.transport;
	note_ttl(q, rr->ttl);
	q->count++;
	return false;
}

static void aaaa_answered(int err, const struct dnshdr *hdr, struct list *ansl,
			  struct list *authl, struct list *addl, void *arg)
{
	struct sip_query *q = arg;

	(void)hdr;
	(void)authl;
	(void)addl;
	if (!err)
		(void)dns_rrlist_apply(ansl, q->hosts[q->host_next - 1].name,
				       DNS_TYPE_AAAA, DNS_CLASS_IN, true,
				       take_address, q);
	ask_host(q);
}

static void a_answered(int err, const struct dnshdr *hdr, struct list *ansl,
		       struct list *authl, struct list *addl, void *arg)
{
	struct sip_query *q = arg;
	struct found_host *h = &q->hosts[q->host_next - 1];
	size_t before = q->count;

	(void)hdr;
	(void)authl;
	(void)addl;
	if (err)
		q->err = err == ETIMEDOUT ? ETIMEDOUT : q->err;
	else
		(void)dns_rrlist_apply(ansl, h->name, DNS_TYPE_A, DNS_CLASS_IN,
				       true, take_address, q);

	if (q->count == before && err != ETIMEDOUT &&
	    !ask(q, h->name, DNS_TYPE_AAAA, aaaa_answered))
		return;
	ask_host(q);
}

/* The next host whose addresses we need. */
static void ask_host(struct sip_query *q)
{
	while (q->host_next < q->host_count && q->count < SIP_TARGETS_MAX) {
		struct found_host *h = &q->hosts[q->host_next++];
		struct sip_target *t = &q->targets[q->count];

		if (!sa_set_str(&t->address, h->name, h->port)) {
			t->transport = q->wanted.transport;
			q->count++;
			continue;
		}
		if (!ask(q, h->name, DNS_TYPE_A, a_answered))
			return;
	}

	finish(q);
}

static bool take_service(struct dnsrr *rr, void *arg)
{
	struct sip_query *q = arg;
	struct found_host *h = &q->hosts[q->host_count];

	if (q->host_count >= SIP_TARGETS_MAX)
		return true;
	if (!rr->rdata.srv.target || !rr->rdata.srv.target[0] ||
	    strlen(rr->rdata.srv.target) >= sizeof(h->name))
		return false;

	str_ncpy(h->name, rr->rdata.srv.target, sizeof(h->name));
	h->port = rr->rdata.srv.port;
	note_ttl(q, rr->ttl);
	q->host_count++;
	return false;
}

static void use_name_itself(struct sip_query *q)
{
	str_ncpy(q->hosts[0].name, q->wanted.host, sizeof(q->hosts[0].name));
	q->hosts[0].port = port_of(&q->wanted);
	q->host_count = 1;
}

static void srv_answered(int err, const struct dnshdr *hdr, struct list *ansl,
			 struct list *authl, struct list *addl, void *arg)
{
	struct sip_query *q = arg;

	(void)hdr;
	(void)authl;
	(void)addl;
	if (!err) {
		dns_rrlist_sort(ansl, DNS_TYPE_SRV, (size_t)q);
		(void)dns_rrlist_apply(ansl, NULL, DNS_TYPE_SRV, DNS_CLASS_IN,
				       false, take_service, q);
	}
	if (!q->host_count)
		use_name_itself(q);
	ask_host(q);
}

static void ask_service(struct sip_query *q)
{
	wheel_stop(&q->timer);
	if (!ask(q, q->service, DNS_TYPE_SRV, srv_answered))
		return;
	use_name_itself(q);
	ask_host(q);
}

/* No word of NAPTR: there are name servers that know nothing of it. */
static void naptr_late(void *arg)
{
	ask_service(arg);
}

/* The best entry for the transport that was chosen names the service. */
static bool take_naptr(struct dnsrr *rr, void *arg)
{
	static const char *const services[SIP_TRANSPORTS] = { "SIP+D2U",
							      "SIP+D2T",
							      "SIPS+D2T" };
	struct sip_query *q = arg;
	uint32_t rank = (uint32_t)rr->rdata.naptr.order << 16 |
			rr->rdata.naptr.pref;

	if (!rr->rdata.naptr.services || !rr->rdata.naptr.flags ||
	    !rr->rdata.naptr.replace || !rr->rdata.naptr.replace[0] ||
	    strcasecmp(rr->rdata.naptr.flags, "s") != 0 ||
	    strcasecmp(rr->rdata.naptr.services,
		       services[q->wanted.transport]) != 0 ||
	    strlen(rr->rdata.naptr.replace) >= sizeof(q->service) ||
	    rank >= q->rank)
		return false;

	q->rank = rank;
	str_ncpy(q->service, rr->rdata.naptr.replace, sizeof(q->service));
	note_ttl(q, rr->ttl);

	return false;
}

static void naptr_answered(int err, const struct dnshdr *hdr, struct list *ansl,
			   struct list *authl, struct list *addl, void *arg)
{
	struct sip_query *q = arg;

	(void)hdr;
	(void)authl;
	(void)addl;
	if (!err)
		(void)dns_rrlist_apply(ansl, NULL, DNS_TYPE_NAPTR, DNS_CLASS_IN,
				       false, take_naptr, q);
	ask_service(q);
}

static int begin(struct sip_query *q)
{
	static const char *const services[SIP_TRANSPORTS] = { "_sip._udp",
							      "_sip._tcp",
							      "_sips._tcp" };
	int err;

	if (q->wanted.port) {
		use_name_itself(q);
		ask_host(q);
		return 0;
	}

	(void)re_snprintf(q->service, sizeof(q->service), "%s.%s",
			  services[q->wanted.transport], q->wanted.host);
	q->rank = UINT32_MAX;
	err = ask(q, q->wanted.host, DNS_TYPE_NAPTR, naptr_answered);
	if (!err)
		wheel_start(&q->timer, NAPTR_MS, naptr_late, q);

	return err;
}

static int start_dns(struct sip *sip)
{
	struct sa servers[NAME_SERVERS_MAX];
	uint32_t n = NAME_SERVERS_MAX;
	int err;

	if (sip->dns)
		return 0;

	if (sip->config.dns && sip->config.dns_count) {
		n = sip->config.dns_count;
		if (n > NAME_SERVERS_MAX)
			n = NAME_SERVERS_MAX;
		memcpy(servers, sip->config.dns, n * sizeof(servers[0]));
	}
	else {
		err = dns_srv_get(NULL, 0, servers, &n);
		if (err)
			return err;
	}

	return dnsc_alloc(&sip->dns, NULL, servers, n);
}

int sip_resolve(struct sip_query **qp, struct sip *sip, struct span uri,
		sip_resolve_h *handler, void *arg)
{
	struct sip_query *q;
	int err;

	if (!qp || !sip || !handler)
		return EINVAL;

	q = mem_zalloc(sizeof(*q), query_destructor);
	if (!q)
		return ENOMEM;

	q->sip = sip;
	q->handler = handler;
	q->arg = arg;
	q->keep_s = KEEP_MAX_S;
	err = sip_resolve_now(sip, uri, q->targets, &q->count);
	if (!err)
		finish(q);
	else if (err == EAGAIN)
		err = read_wanted(&q->wanted, uri);
	if (!err && !q->count)
		err = start_dns(sip);
	if (!err && !q->count)
		err = begin(q);
	if (err) {
		mem_deref(q);
		return err;
	}

	*qp = q;
	return 0;
}
