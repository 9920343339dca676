/* resolve.c - tests of sip/resolve.h and of fail-over, with a name server of
 * our own on loopback
 */
#include "sip/resolve.h"
#include "tests/unit/sip/peer.h"

struct record {
	const char *name;
	uint16_t type;
	uint16_t priority;
	uint16_t port;
	const char *target; /* or address */
};

static struct udp_sock *dns;
static struct sa dns_address;
static const struct record *records;
static size_t record_count;
static int queries;
static bool is_deaf_to_naptr;
static struct sip *sip;
static int told;
static int told_err;
static struct sip_target found[SIP_TARGETS_MAX];
static size_t found_count;

static int put_record(struct mbuf *mb, const struct record *r)
{
	struct dnsrr *rr = dns_rr_alloc();
	struct sa sa;
	int err = 0;

	CHECK(rr != NULL);
	err |= str_dup(&rr->name, r->name);
	rr->type = r->type;
	rr->dnsclass = DNS_CLASS_IN;
	rr->ttl = 60;
	if (r->type == DNS_TYPE_SRV) {
		rr->rdata.srv.pri = r->priority;
		rr->rdata.srv.weight = 1;
		rr->rdata.srv.port = r->port;
		err |= str_dup(&rr->rdata.srv.target, r->target);
	}
	else if (r->type == DNS_TYPE_NAPTR) { /* target: service, where */
		const char *space = strchr(r->target, ' ');

		rr->rdata.naptr.order = r->priority;
		rr->rdata.naptr.pref = r->port;
		err |= str_dup(&rr->rdata.naptr.flags, "s");
		err |= str_dup(&rr->rdata.naptr.regexp, "");
		err |= re_sdprintf(&rr->rdata.naptr.services, "%b", r->target,
				   (size_t)(space - r->target));
		err |= str_dup(&rr->rdata.naptr.replace, space + 1);
	}
	else if (r->type == DNS_TYPE_A) {
		CHECK(!sa_set_str(&sa, r->target, 0));
		rr->rdata.a.addr = sa_in(&sa);
	}
	err |= dns_rr_encode(mb, rr, 0, NULL, 0);
	mem_deref(rr);
	return err;
}

static void dns_received(const struct sa *src, struct mbuf *mb, void *arg)
{
	struct mbuf *out = mbuf_alloc(512);
	struct dnshdr hdr;
	char *name = NULL;
	uint16_t type;

	(void)arg;
	queries++;
	CHECK(!dns_hdr_decode(mb, &hdr));
	CHECK(!dns_dname_decode(mb, &name, 0));
	type = ntohs(mbuf_read_u16(mb));
	if (is_deaf_to_naptr && type == DNS_TYPE_NAPTR) {
		mem_deref(name);
		mem_deref(out);
		return;
	}
	hdr.qr = true;
	hdr.nans = 0;
	for (size_t i = 0; i < record_count; i++)
		hdr.nans += records[i].type == type &&
			    !strcasecmp(records[i].name, name);
	hdr.rcode = hdr.nans ? DNS_RCODE_OK : DNS_RCODE_NAME_ERR;
	hdr.nauth = hdr.nadd = 0;
	CHECK(!dns_hdr_encode(out, &hdr));
	CHECK(!dns_dname_encode(out, name, NULL, 0, false));
	(void)mbuf_write_u16(out, htons(type));
	(void)mbuf_write_u16(out, htons(DNS_CLASS_IN));
	for (size_t i = 0; i < record_count; i++) {
		if (records[i].type == type &&
		    !strcasecmp(records[i].name, name))
			CHECK(!put_record(out, &records[i]));
	}
	out->pos = 0;
	(void)udp_send(dns, src, out);
	mem_deref(name);
	mem_deref(out);
}

static void open_with(const struct record *list, size_t count)
{
	struct sip_config c = { .t1_ms = 20, .t2_ms = 80, .t4_ms = 100 };
	struct sa any;

	queries = told = 0;
	told_err = -1;
	records = list;
	record_count = count;
	CHECK(!sa_set_str(&any, "127.0.0.1", 0));
	CHECK(!udp_listen(&dns, &any, dns_received, NULL));
	CHECK(!udp_local_get(dns, &dns_address));
	c.dns = &dns_address;
	c.dns_count = 1;
	sip = stack_open(&c, NULL, NULL);
}

static void close_all(void)
{
	sip = mem_deref(sip);
	dns = mem_deref(dns);
}

static void on_found(int err, const struct sip_target *targets, size_t count,
		     void *arg)
{
	(void)arg;
	told++;
	told_err = err;
	found_count = count;
	memcpy(found, targets, count * sizeof(found[0]));
}

static void resolve(const char *uri)
{
	struct sip_query *q = NULL;

	told = 0;
	CHECK(!sip_resolve(&q, sip, span_of(uri), on_found, NULL));
	CHECK(wait_count(&told, 1));
	mem_deref(q);
}

static void numeric_hosts_are_known_at_once(void)
{
	struct sip_target t[SIP_TARGETS_MAX];
	size_t n = 0;

	open_with(NULL, 0);
	CHECK(!sip_resolve_now(sip, SPAN("sip:a@192.0.2.1"), t, &n));
	CHECK_INT(n, 1);
	CHECK_INT(sa_port(&t[0].address), 5060);
	CHECK_INT(t[0].transport, SIP_UDP);
	CHECK(!sip_resolve_now(sip, SPAN("sips:[::1]"), t, &n));
	CHECK_INT(sa_port(&t[0].address), 5061);
	CHECK_INT(t[0].transport, SIP_TLS);
	CHECK(!sip_resolve_now(sip, SPAN("sip:192.0.2.1:7;transport=TCP"), t,
			       &n));
	CHECK_INT(sa_port(&t[0].address), 7);
	CHECK_INT(t[0].transport, SIP_TCP);
	CHECK_INT(sip_resolve_now(sip, SPAN("sip:a@name"), t, &n), EAGAIN);
	CHECK_INT(sip_resolve_now(sip, SPAN("tel:+1"), t, &n), EINVAL);
	CHECK_INT(queries, 0);
	close_all();
}

static const struct record services[] = {
	{ "_sip._udp.example.test", DNS_TYPE_SRV, 20, 7002,
	  "second.example.test" },
	{ "_sip._udp.example.test", DNS_TYPE_SRV, 10, 7001,
	  "first.example.test" },
	{ "first.example.test", DNS_TYPE_A, 0, 0, "127.0.0.2" },
	{ "second.example.test", DNS_TYPE_A, 0, 0, "127.0.0.3" },
	{ "plain.test", DNS_TYPE_A, 0, 0, "127.0.0.4" },
};

static void services_come_in_order_of_priority(void)
{
	int n;

	open_with(services, 5);
	resolve("sip:a@example.test");
	CHECK_INT(told_err, 0);
	CHECK_INT(found_count, 2);
	CHECK_INT(sa_port(&found[0].address), 7001);
	CHECK_INT(sa_in(&found[0].address), 0x7f000002);
	CHECK_INT(sa_port(&found[1].address), 7002);
	n = queries;
	resolve("sip:b@EXAMPLE.test");
	CHECK_INT(found_count, 2);
	CHECK_INT(queries, n);
	close_all();
}

static void a_name_without_services_is_its_own_host(void)
{
	open_with(services, 5);
	resolve("sip:plain.test");
	CHECK_INT(told_err, 0);
	CHECK_INT(found_count, 1);
	CHECK_INT(sa_port(&found[0].address), 5060);
	resolve("sip:plain.test:99");
	CHECK_INT(sa_port(&found[0].address), 99);
	resolve("sip:nobody.test");
	CHECK_INT(told_err, ENOENT);
	close_all();
}

static const struct record pointers[] = {
	{ "named.test", DNS_TYPE_NAPTR, 20, 1, "SIP+D2U _sip._udp.late.test" },
	{ "named.test", DNS_TYPE_NAPTR, 10, 5,
	  "SIP+D2U _sip._udp.second.test" },
	{ "named.test", DNS_TYPE_NAPTR, 10, 2, "SIP+D2U _odd.first.test" },
	{ "named.test", DNS_TYPE_NAPTR, 1, 1, "SIPS+D2T _sips._tcp.edge.test" },
	{ "_odd.first.test", DNS_TYPE_SRV, 1, 7003, "127.0.0.5" },
	{ "_sips._tcp.edge.test", DNS_TYPE_SRV, 1, 7004, "127.0.0.6" },
	{ "_sip._tcp.named.test", DNS_TYPE_SRV, 1, 7005, "127.0.0.7" },
};

static void naptr_names_the_service_of_the_transport(void)
{
	open_with(pointers, 7);
	resolve("sip:named.test");
	CHECK_INT(told_err, 0);
	CHECK_INT(found_count, 1);
	CHECK_INT(found[0].transport, SIP_UDP);
	CHECK_INT(sa_port(&found[0].address), 7003);
	resolve("sips:named.test");
	CHECK_INT(found[0].transport, SIP_TLS);
	CHECK_INT(sa_port(&found[0].address), 7004);
	resolve("sip:named.test;transport=tcp");
	CHECK_INT(found[0].transport, SIP_TCP);
	CHECK_INT(sa_port(&found[0].address), 7005);
	close_all();

	is_deaf_to_naptr = true;
	open_with(services, 5);
	resolve("sip:a@example.test");
	CHECK_INT(told_err, 0);
	CHECK_INT(sa_port(&found[0].address), 7001);
	is_deaf_to_naptr = false;
	close_all();
}

/* --- fail-over --- */

static int answers;
static uint16_t last_status;
static int last_err;

static void on_answer(int err, const struct sip_message *m,
		      struct sip_flow *flow, void *arg)
{
	(void)flow;
	(void)arg;
	answers++;
	last_err = err;
	last_status = m ? m->status : 0;
}

static struct record pair[3];

static void ask_pair(uint16_t first, uint16_t second)
{
	struct sip_request r = {
		.method = SPAN("OPTIONS"),
		.uri = SPAN("sip:b@pair.test"),
		.cseq = 1,
		.from = SPAN("<sip:a@127.0.0.1>;tag=1"),
		.to = SPAN("<sip:b@pair.test>"),
		.call_id = SPAN("pair"),
		.with_contact = true,
	};

	pair[0] = (struct record){ "_sip._udp.pair.test", DNS_TYPE_SRV, 1,
				   first, "127.0.0.1" };
	pair[1] = (struct record){ "_sip._udp.pair.test", DNS_TYPE_SRV, 2,
				   second, "127.0.0.1" };
	answers = 0;
	CHECK(!sip_client_request(NULL, sip, &r, on_answer, NULL));
}

static void a_dead_server_is_passed_over(void)
{
	struct peer dead, alive;

	open_with(pair, 2);
	peer_open(&dead, NULL);
	peer_open(&alive, NULL);
	ask_pair(sa_port(&dead.local), sa_port(&alive.local));
	CHECK(wait_count(&alive.count, 1));
	CHECK(dead.count > 1);
	CHECK(strcmp(value_of(dead.got[0], "Via"),
		     value_of(alive.got[0], "Via")));
	CHECK(!strstr(value_of(alive.got[0], "Contact"), "invalid"));
	peer_answer(&alive, 0, "200 OK", "x", "");
	CHECK(wait_count(&answers, 1));
	CHECK_INT(last_status, 200);
	peer_close(&dead);
	peer_close(&alive);
	close_all();
}

static void a_busy_server_is_passed_over(void)
{
	struct peer busy, alive;

	open_with(pair, 2);
	peer_open(&busy, NULL);
	peer_open(&alive, NULL);
	ask_pair(sa_port(&busy.local), sa_port(&alive.local));
	CHECK(wait_count(&busy.count, 1));
	peer_answer(&busy, 0, "503 Service Unavailable", "x", "");
	CHECK(wait_count(&alive.count, 1));
	peer_answer(&alive, 0, "503 Service Unavailable", "x", "");
	CHECK(wait_count(&answers, 1));
	CHECK_INT(last_status, 503);
	peer_close(&busy);
	peer_close(&alive);
	close_all();
}

static void an_unknown_host_is_told(void)
{
	open_with(NULL, 0);
	ask_pair(1, 2);
	CHECK(wait_count(&answers, 1));
	CHECK_INT(last_err, ENOENT);
	close_all();
}

static const struct test tests[] = {
	{ "numeric hosts are known at once", numeric_hosts_are_known_at_once },
	{ "services come in order of priority",
	  services_come_in_order_of_priority },
	{ "a name without services is its own host",
	  a_name_without_services_is_its_own_host },
	{ "NAPTR names the service of the transport that was chosen",
	  naptr_names_the_service_of_the_transport },
	{ "a dead server is passed over", a_dead_server_is_passed_over },
	{ "a busy server is passed over", a_busy_server_is_passed_over },
	{ "an unknown host is told", an_unknown_host_is_told },
};

TEST_MAIN("sip/resolve", tests)
