/* stream.c - tests of TCP and TLS connections and of flows, on loopback */
#include <unistd.h>

#include "base/tls.h"
#include "tests/unit/sip/peer.h"

static struct sip *one, *two;
static int requests;
static int answers;
static int lost;
static int last_err;
static uint16_t last_status;
static bool is_closing;
static struct sip_flow *kept;

static void on_request(const struct sip_message *m, struct sip_flow *flow,
		       void *arg)
{
	(void)arg;
	requests++;
	if (!kept)
		kept = mem_ref(flow);
	if (is_closing)
		sip_flow_close(flow);
	else
		CHECK(!sip_refuse(two, m, flow, 200, (struct span){ 0 }));
}

static void on_answer(int err, const struct sip_message *m,
		      struct sip_flow *flow, void *arg)
{
	(void)arg;
	(void)flow;
	answers++;
	last_err = err;
	last_status = m ? m->status : 0;
}

static void on_lost(struct sip_flow *f, int err, void *arg)
{
	(void)err;
	(void)arg;
	CHECK(!sip_flow_is_alive(f));
	lost++;
}

static void open_both(const struct sip_config *config)
{
	requests = answers = lost = 0;
	last_err = -1;
	last_status = 0;
	is_closing = false;
	kept = NULL;
	one = stack_open(NULL, NULL, NULL);
	two = stack_open(config, on_request, NULL);
}

static void close_both(void)
{
	kept = mem_deref(kept);
	one = mem_deref(one);
	two = mem_deref(two);
}

static int ask_uri(const char *uri)
{
	struct sip_request r = {
		.method = SPAN("OPTIONS"),
		.cseq = 1,
		.from = SPAN("<sip:a@127.0.0.1>;tag=1"),
		.to = SPAN("<sip:b@127.0.0.1>"),
		.call_id = SPAN("stream"),
	};

	r.uri = span_of(uri);
	return sip_client_request(NULL, one, &r, on_answer, NULL);
}

static void ask(enum sip_transport tp, const char *host)
{
	struct sa sa = stack_address(two, tp);
	char uri[96];

	(void)re_snprintf(uri, sizeof(uri), "sip:b@%s:%u;transport=%s", host,
			  sa_port(&sa), tp == SIP_TLS ? "tls" : "tcp");
	CHECK(!ask_uri(uri));
}

static void a_connection_is_opened_once_and_used_again(void)
{
	open_both(NULL);
	ask(SIP_TCP, "127.0.0.1");
	ask(SIP_TCP, "127.0.0.1");
	CHECK(wait_count(&answers, 2));
	CHECK_INT(last_status, 200);
	ask(SIP_TCP, "127.0.0.1");
	CHECK(wait_count(&answers, 3));
	CHECK_INT(sip_counters(one)->connections_opened, 1);
	CHECK_INT(sip_counters(two)->connections_accepted, 1);
	CHECK_INT(sip_counters(one)->client_transactions, 0);
	close_both();
}

static void nobody_there_is_told_at_once(void)
{
	uint64_t begun;

	open_both(NULL);
	begun = wheel_now_ms();
	CHECK(!ask_uri("sip:b@127.0.0.1:1;transport=tcp"));
	CHECK(wait_count(&answers, 1));
	CHECK(last_err != 0);
	CHECK(wheel_now_ms() - begun < 1000);
	close_both();
}

static void a_lost_connection_is_told(void)
{
	struct sip_flow_watch *w = NULL;
	struct sip_flow *f = NULL;
	struct sa sa;

	open_both(NULL);
	sa = stack_address(two, SIP_TCP);
	CHECK(!sip_flow_get(&f, one, SIP_TCP, &sa, NULL));
	CHECK(!sip_flow_watch(&w, f, on_lost, NULL));
	is_closing = true;
	ask(SIP_TCP, "127.0.0.1");
	CHECK(wait_count(&lost, 1));
	CHECK(wait_count(&answers, 1));
	CHECK(last_err != 0);
	CHECK(!sip_flow_is_alive(f));
	CHECK_INT(sip_flow_send(f, "x", 1), ENOTCONN);
	CHECK_INT(sa_port(sip_flow_remote(f)), sa_port(&sa));
	mem_deref(w);
	mem_deref(f);
	close_both();
}

/* --- a raw client --- */

static struct {
	struct tcp_conn *tc;
	char got[16384];
	size_t len;
	int closed;
	int answers;
	const char *text;
	size_t sent;
	struct tmr tmr;
} raw;

static void raw_received(struct mbuf *mb, void *arg)
{
	size_t n = mbuf_get_left(mb);
	const char *p;

	(void)arg;
	if (raw.len + n >= sizeof(raw.got))
		return;
	memcpy(raw.got + raw.len, mbuf_buf(mb), n);
	raw.len += n;
	raw.got[raw.len] = '\0';
	raw.answers = 0;
	for (p = raw.got; (p = strstr(p, "SIP/2.0 ")); p++)
		raw.answers += starts(p, "SIP/2.0 2") || starts(p, "SIP/2.0 4");
}

static void raw_closed(int err, void *arg)
{
	(void)err;
	(void)arg;
	raw.closed++;
}

/* One octet a millisecond at most, so that each is a segment. */
static void drip(void *arg)
{
	struct mbuf mb = { 0 };

	(void)arg;
	mb.buf = (uint8_t *)(uintptr_t)(raw.text + raw.sent);
	mb.size = mb.end = 1;
	if (!raw.text[raw.sent] || tcp_send(raw.tc, &mb))
		return;
	raw.sent++;
	tmr_start(&raw.tmr, 0, drip, NULL);
}

static void raw_established(void *arg)
{
	(void)arg;
	drip(NULL);
}

static void raw_open(const char *text)
{
	struct sa sa = stack_address(two, SIP_TCP);

	memset(&raw, 0, sizeof(raw));
	raw.text = text;
	CHECK(!tcp_connect(&raw.tc, &sa, raw_established, raw_received,
			   raw_closed, NULL));
}

static void raw_close(void)
{
	tmr_cancel(&raw.tmr);
	raw.tc = mem_deref(raw.tc);
}

#define OPTIONS(branch)                                                        \
	"OPTIONS sip:b@127.0.0.1 SIP/2.0\r\n"                                  \
	"Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK" branch "\r\n"              \
	"Max-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\n"                \
	"To: <sip:b@127.0.0.1>\r\nCall-ID: " branch "\r\n"                     \
	"CSeq: 1 OPTIONS\r\nContent-Length: 5\r\n\r\nhello"

static void octets_that_drip_in_make_messages(void)
{
	open_both(NULL);
	raw_open(OPTIONS("one") "\r\n\r\n" OPTIONS("two"));
	CHECK(wait_count(&raw.answers, 2));
	CHECK_INT(requests, 2);
	CHECK(strstr(raw.got, "\r\n\r\n\r\nSIP/2.0 200 OK"));
	raw_close();
	close_both();
}

static void lost_framing_closes_the_connection(void)
{
	open_both(NULL);
	raw_open("OPTIONS sip:b@127.0.0.1 SIP/2.0\r\n"
		 "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
	CHECK(wait_count(&raw.closed, 1));
	CHECK_INT(requests, 0);
	raw_close();
	close_both();
}

static void silence_before_the_first_request_is_limited(void)
{
	struct sip_config c = { .first_request_ms = 100 };

	open_both(&c);
	raw_open("OPTIONS");
	CHECK(wait_count(&raw.closed, 1));
	raw_close();
	raw_open(OPTIONS("one"));
	CHECK(wait_count(&raw.answers, 1));
	pass(200);
	CHECK_INT(raw.closed, 0);
	raw_close();
	close_both();
}

static void connections_over_the_cap_are_refused(void)
{
	struct sip_config c = { .connections_max = 1 };

	open_both(&c);
	ask(SIP_TCP, "127.0.0.1");
	CHECK(wait_count(&answers, 1));
	raw_open(OPTIONS("one"));
	CHECK(wait_count(&raw.closed, 1));
	CHECK_INT(requests, 1);
	CHECK_INT(sip_counters(two)->refused, 1);
	raw_close();
	close_both();
}

static void a_token_leads_back_to_its_flow(void)
{
	char token[SIP_FLOW_TOKEN_SIZE], again[SIP_FLOW_TOKEN_SIZE];
	struct sip_flow *f = NULL;
	struct sa sa;

	open_both(NULL);
	ask(SIP_TCP, "127.0.0.1");
	CHECK(wait_count(&answers, 1));
	sip_flow_token(kept, token);
	CHECK(!sip_flow_find(&f, two, span_of(token)));
	CHECK(f == kept);
	f = mem_deref(f);
	CHECK_INT(sip_flow_find(&f, one, span_of(token)), EBADMSG);
	token[5] ^= 1;
	CHECK_INT(sip_flow_find(&f, two, span_of(token)), EBADMSG);
	token[5] ^= 1;
	one = mem_deref(one);
	pass(50);
	CHECK_INT(sip_flow_find(&f, two, span_of(token)), ENOENT);

	CHECK(!sa_set_str(&sa, "127.0.0.1", 4000));
	CHECK(!sip_flow_get(&f, two, SIP_UDP, &sa, NULL));
	sip_flow_token(f, token);
	f = mem_deref(f);
	CHECK(!sip_flow_find(&f, two, span_of(token)));
	CHECK_INT(sa_port(sip_flow_remote(f)), 4000);
	sip_flow_token(f, again);
	CHECK_STR(again, token);
	mem_deref(f);
	close_both();
}

/* --- TLS --- */

static char dir[32];

static void remove_dir(void)
{
	static const char *const files[] = { "/tls/ca.pem",  "/tls/ca.key",
					     "/tls/one.pem", "/tls/one.key",
					     "/tls/two.pem", "/tls/two.key",
					     "/tls/.lock",   "/tls/lock" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)re_snprintf(path, sizeof(path), "%s%s", dir, files[i]);
		(void)unlink(path);
	}
	(void)re_snprintf(path, sizeof(path), "%s/tls", dir);
	(void)rmdir(path);
	(void)rmdir(dir);
}

/* Two listens with a certificate for localhost and 127.0.0.1. */
static void open_tls(bool knows_ca)
{
	struct tls *server = NULL, *client = NULL;
	char ca[128];
	struct sa any;

	open_both(NULL);
	str_ncpy(dir, "/tmp/sip-stream-XXXXXX", sizeof(dir));
	CHECK(mkdtemp(dir));
	CHECK(!tls_make_files(dir, "two", NULL));
	CHECK(!sa_set_str(&any, "127.0.0.1", 0));
	CHECK(!tls_server_ctx(&server, dir, "two", false));
	CHECK(!sip_listen(two, SIP_TLS, &any, server));
	(void)re_snprintf(ca, sizeof(ca), "%s/tls/ca.pem", dir);
	CHECK(!tls_client_ctx(&client, knows_ca ? ca : NULL, NULL, NULL, NULL));
	sip_set_tls_client(one, client);
	mem_deref(server);
	mem_deref(client);
	remove_dir();
}

/* Connect under a name that is not that of the address. */
static void ask_as(const char *name)
{
	struct sip_request r = {
		.method = SPAN("OPTIONS"),
		.uri = SPAN("sip:b@example.com"),
		.cseq = 1,
		.from = SPAN("<sip:a@127.0.0.1>;tag=1"),
		.to = SPAN("<sip:b@127.0.0.1>"),
		.call_id = SPAN("stream"),
	};
	struct sa sa = stack_address(two, SIP_TLS);
	struct sip_flow *f = NULL;

	CHECK(!sip_flow_get(&f, one, SIP_TLS, &sa, name));
	r.flow = f;
	CHECK(!sip_client_request(NULL, one, &r, on_answer, NULL));
	mem_deref(f);
}

static void a_certificate_for_the_host_is_accepted(void)
{
	open_tls(true);
	ask(SIP_TLS, "localhost");
	CHECK(wait_count(&answers, 1));
	CHECK_INT(last_err, 0);
	CHECK_INT(last_status, 200);
	ask(SIP_TLS, "localhost");
	CHECK(wait_count(&answers, 2));
	CHECK_INT(sip_counters(one)->connections_opened, 1);
	ask(SIP_TLS, "127.0.0.1");
	CHECK(wait_count(&answers, 3));
	CHECK_INT(last_status, 200);
	CHECK_INT(sip_counters(one)->connections_opened, 2);
	close_both();
}

static void a_certificate_for_another_host_is_refused(void)
{
	open_tls(true);
	ask_as("elsewhere.example");
	CHECK(wait_count(&answers, 1));
	CHECK(last_err != 0);
	CHECK_INT(requests, 0);
	close_both();
}

static void a_certificate_for_another_address_is_refused(void)
{
	open_tls(true);
	ask_as("127.0.0.2");
	CHECK(wait_count(&answers, 1));
	CHECK(last_err != 0);
	CHECK_INT(requests, 0);
	close_both();
}

static void an_unknown_authority_is_refused(void)
{
	open_tls(false);
	ask(SIP_TLS, "localhost");
	CHECK(wait_count(&answers, 1));
	CHECK(last_err != 0);
	CHECK_INT(requests, 0);
	close_both();
}

static const struct test tests[] = {
	{ "a connection is opened once and used again",
	  a_connection_is_opened_once_and_used_again },
	{ "nobody there is told at once", nobody_there_is_told_at_once },
	{ "a lost connection is told", a_lost_connection_is_told },
	{ "octets that drip in make messages",
	  octets_that_drip_in_make_messages },
	{ "lost framing closes the connection",
	  lost_framing_closes_the_connection },
	{ "silence before the first request is limited",
	  silence_before_the_first_request_is_limited },
	{ "connections over the cap are refused",
	  connections_over_the_cap_are_refused },
	{ "a token leads back to its flow", a_token_leads_back_to_its_flow },
	{ "a certificate for the host is accepted",
	  a_certificate_for_the_host_is_accepted },
	{ "a certificate for another host is refused",
	  a_certificate_for_another_host_is_refused },
	{ "an unknown authority is refused", an_unknown_authority_is_refused },
	{ "a certificate for another address is refused",
	  a_certificate_for_another_address_is_refused },
};

TEST_MAIN("sip/stream", tests)
