/* sip_state.c - fuzz the transactions and dialogs with sequences of messages
 *
 * The input is a list of acts, two octets each: the program asks, answers,
 * cancels, forgets; the peer sends requests and answers with right and wrong
 * tags and branches; time passes.  Nothing reaches the network.  At the end
 * the program lets go of everything, time runs out, and nothing may be left.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/libre.h"
#include "base/wheel.h"
#include "sip/dialog.h"
#include "sip/private.h"
#include "tests/fuzz/fuzz.h"

enum { SLOTS = 4, TEXT = 2048 };

struct asked {
	struct sip_client *ctx;
	int refusals; /* final answers but 2xx, and errors: one at most */
	bool is_used;
};

static struct {
	struct sip *sip;
	struct sip_flow *flow;
	struct sip_dialog *dialogs[SLOTS];
	struct sip_server *servers[SLOTS];
	struct asked asked[64];
	size_t asked_count;
	char request[TEXT]; /* the last one sent by us */
	char answer[TEXT];  /* the last answer sent by us */
	int depth;
} world;

static const char *const methods[] = { "INVITE", "BYE",      "OPTIONS",
				       "UPDATE", "REGISTER", "MESSAGE",
				       "PRACK",  "CANCEL",   "ACK" };
static const uint16_t statuses[] = { 100, 180, 183, 200, 202, 302, 401, 407,
				     408, 481, 486, 487, 491, 500, 503, 603 };

#define PICK(list, i) (list)[(i) % (sizeof(list) / sizeof((list)[0]))]

static const char *line_of(const char *text, const char *name)
{
	static char values[8][512];
	static int turn;
	char *out = values[turn++ % 8];
	char key[32];
	const char *p, *e;

	(void)snprintf(key, sizeof(key), "\r\n%s: ", name);
	p = strstr(text, key);
	e = p ? strstr(p + 2, "\r\n") : NULL;
	out[0] = '\0';
	if (e)
		(void)snprintf(out, sizeof(values[0]), "%.*s",
			       (int)(e - p - strlen(key)), p + strlen(key));
	return out;
}

static bool keep_and_lose(const struct sip_trace *t, void *arg)
{
	char *text = t->len > 7 && !memcmp(t->p, "SIP/2.0", 7) ? world.answer
							       : world.request;

	(void)arg;
	if (!t->is_sent)
		return false;
	if (t->len < TEXT) {
		memcpy(text, t->p, t->len);
		text[t->len] = '\0';
	}
	return true;
}

/* --- the program --- */

static void on_ack(int err, const struct sip_message *m, void *arg)
{
	(void)arg;
	FUZZ_CHECK(!err == (m != NULL));
}

static void on_cancel(const struct sip_message *m, void *arg)
{
	struct sip_server **slot = arg;

	FUZZ_CHECK(m->method == SIP_METHOD_CANCEL);
	if (*slot)
		(void)sip_server_answer(*slot, 487);
}

static void on_request(const struct sip_message *m, struct sip_flow *flow,
		       void *arg)
{
	size_t i = m->cseq % SLOTS;
	struct sip_dialog *d = sip_dialog_find(world.sip, m);

	(void)arg;
	if (m->method == SIP_METHOD_ACK)
		return;
	FUZZ_CHECK(m->method != SIP_METHOD_CANCEL);
	if (d && sip_dialog_receive(d, m, flow)) {
		(void)sip_refuse(world.sip, m, flow, 500, SPAN(""));
		return;
	}
	if (world.servers[i]) {
		(void)sip_refuse(world.sip, m, flow, 486, SPAN(""));
		return;
	}
	FUZZ_CHECK(!sip_server_accept(&world.servers[i], world.sip, m, flow,
				      on_cancel, on_ack, &world.servers[i]));
	if (!d && !m->to_tag.len && !world.dialogs[i])
		(void)sip_dialog_accept(&world.dialogs[i], world.sip, m,
					world.servers[i], SPAN("me"), NULL);
	if (m->cseq & 16)
		(void)sip_server_answer(world.servers[i], 180);
}

static void on_answer(int err, const struct sip_message *m,
		      struct sip_flow *flow, void *arg)
{
	struct asked *a = arg;
	struct sip_dialog *fork = NULL;
	size_t i = (size_t)(a - world.asked) % SLOTS;

	FUZZ_CHECK(!err == (m != NULL));
	if (err || m->status >= 300) {
		a->refusals++;
		FUZZ_CHECK(a->refusals == 1);
		return;
	}
	FUZZ_CHECK(!a->refusals);
	if (!world.dialogs[i])
		return;
	(void)sip_dialog_answered(&fork, world.dialogs[i], m, flow);
	if (m->status >= 200 && m->cseq_method == SIP_METHOD_INVITE)
		(void)sip_dialog_ack(fork ? fork : world.dialogs[i], SPAN(""),
				     SPAN(""));
	mem_deref(fork);
}

static void ask(uint8_t n)
{
	struct sip_credentials who = { "a", "b" };
	struct sip_dialog_begin begin = {
		.local = SPAN("<sip:me@127.0.0.1>"),
		.remote = SPAN("<sip:you@127.0.0.1>"),
		.target = SPAN("sip:you@127.0.0.1:9"),
		.flow = world.flow,
		.credentials = n & 64 ? &who : NULL,
	};
	struct sip_dialog_request r = { .method = PICK(methods, n / 4 % 6) };
	size_t i = n % SLOTS;
	struct asked *a;

	/* the answer's place says whose dialog it is */
	while (world.asked_count % SLOTS != i)
		world.asked_count++;
	if (world.asked_count >= 64)
		return;
	if (!world.dialogs[i] &&
	    sip_dialog_alloc(&world.dialogs[i], world.sip, &begin, NULL))
		return;

	a = &world.asked[world.asked_count++];
	(void)sip_dialog_request(&a->ctx, world.dialogs[i], &r, on_answer, a);
}

static void reply(uint8_t n)
{
	struct sip_reply r = { .status = PICK(statuses, n / 4),
			       .with_contact = true };

	r.is_reliable = r.status == 183;
	(void)sip_server_reply(world.servers[n % SLOTS], &r);
}

static void let_go(uint8_t n)
{
	size_t i = n % SLOTS;

	switch (n / 4 % 4) {
	case 0: sip_server_forget(&world.servers[i]); break;
	case 1: world.dialogs[i] = mem_deref(world.dialogs[i]); break;
	case 2: sip_client_forget(&world.asked[n / 4 % 64].ctx); break;
	default:
		(void)sip_client_cancel(world.asked[n / 4 % 64].ctx,
					SPAN("Reason: SIP;cause=200\r\n"));
		break;
	}
}

static void restore(uint8_t n)
{
	size_t i = n % SLOTS;
	struct mbuf *mb;

	if (!world.dialogs[i])
		return;
	mb = mbuf_alloc(512);
	FUZZ_CHECK(mb && !sip_dialog_save(world.dialogs[i], mb));
	world.dialogs[i] = mem_deref(world.dialogs[i]);
	FUZZ_CHECK(!sip_dialog_restore(
		&world.dialogs[i], world.sip,
		(struct span){ (char *)mb->buf, (uint32_t)mb->end }, NULL));
	mem_deref(mb);
}

/* --- the peer --- */

static void arrive(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	FUZZ_CHECK(copy);
	memcpy(copy, text, len);
	sip_handle(world.sip, world.flow, copy, len);
	free(copy);
}

static void peer_answers(uint8_t n)
{
	const char *tags[] = { "", ";tag=x", ";tag=y", ";tag=z" };
	uint16_t status = PICK(statuses, n / 4);
	const char *to = line_of(world.request, "To");
	char text[2 * TEXT];
	int len;

	len = snprintf(text, sizeof(text),
		       "SIP/2.0 %u Any\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\n"
		       "Call-ID: %s\r\nCSeq: %s\r\n%s%s"
		       "Contact: <sip:you@127.0.0.1:9>\r\n"
		       "Content-Length: 0\r\n\r\n",
		       status, line_of(world.request, "Via"),
		       line_of(world.request, "From"), to,
		       strstr(to, ";tag=") ? "" : tags[n % 4],
		       line_of(world.request, "Call-ID"),
		       line_of(world.request, "CSeq"),
		       status == 183 ? "Require: 100rel\r\nRSeq: 7\r\n" : "",
		       status == 401 ? "WWW-Authenticate: Digest realm=\"r\","
				       "nonce=\"n\"\r\n"
				     : "");
	arrive(text, (size_t)len);
}

static void peer_asks(uint8_t n, uint8_t more)
{
	const char *method = PICK(methods, n % 16);
	const char *to = more & 1 ? line_of(world.answer, "To")
				  : "<sip:me@127.0.0.1>";
	char text[2 * TEXT], rack[64];
	int len;

	(void)snprintf(rack, sizeof(rack), "RAck: %s %u INVITE\r\n",
		       line_of(world.answer, "RSeq"), more >> 4);
	if (!*to)
		to = "<sip:me@127.0.0.1>";
	len = snprintf(text, sizeof(text),
		       "%s sip:me@127.0.0.1 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:9;branch=%s%u\r\n"
		       "Max-Forwards: 70\r\nFrom: <sip:you@127.0.0.1>;tag=x\r\n"
		       "To: %s\r\nCall-ID: peer%u\r\nCSeq: %u %s\r\n%s"
		       "Contact: <sip:you@127.0.0.1:9>\r\n"
		       "Content-Length: 0\r\n\r\n",
		       method, n & 128 ? "z9hG4bK" : "old", n / 16 % 4, to,
		       more / 2 % 2, more >> 4, method,
		       strcmp(method, "PRACK") ? "" : rack);
	arrive(text, (size_t)len);
}

static void let_pass(uint32_t ms)
{
	clock_move_ms(ms);
	wheel_turn();
}

static void act(uint8_t what, uint8_t n, uint8_t more)
{
	static const uint32_t waits[] = { 10,   100,   500,   1000,
					  4000, 16000, 33000, 210000 };

	switch (what % 8) {
	case 0: ask(n); break;
	case 1: peer_answers(n); break;
	case 2:
	case 3: peer_asks(n, more); break;
	case 4: reply(n); break;
	case 5: let_go(n); break;
	case 6: restore(n); break;
	default: let_pass(PICK(waits, n)); break;
	}
}

/* --- beginning and end --- */

static void begin(void)
{
	static const struct sip_config config = { .user_agent = "fuzz" };
	struct sa sa;

	memset(&world, 0, sizeof(world));
	FUZZ_CHECK(!sip_alloc(&world.sip, &config, on_request, NULL, NULL));
	FUZZ_CHECK(!sa_set_str(&sa, "127.0.0.1", 0));
	FUZZ_CHECK(!sip_listen(world.sip, SIP_UDP, &sa, NULL));
	sip_drop_set(world.sip, keep_and_lose, NULL);
	FUZZ_CHECK(!sa_set_str(&sa, "127.0.0.1", 9));
	FUZZ_CHECK(!sip_flow_get(&world.flow, world.sip, SIP_UDP, &sa, NULL));
}

static void end(void)
{
	const struct sip_counters *c = sip_counters(world.sip);

	for (size_t i = 0; i < SLOTS; i++) {
		sip_server_forget(&world.servers[i]);
		world.dialogs[i] = mem_deref(world.dialogs[i]);
	}
	for (size_t i = 0; i < 64; i++)
		sip_client_forget(&world.asked[i].ctx);
	for (int i = 0; i < 4; i++)
		let_pass(210000);

	FUZZ_CHECK(!c->server_transactions && !c->client_transactions);
	FUZZ_CHECK(!c->dialogs && c->flows == 1);
	mem_deref(world.flow);
	mem_deref(world.sip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_ready;

	if (!is_ready)
		is_ready = !libre_init();
	if (size > 600)
		size = 600;

	begin();
	for (size_t i = 0; i + 2 < size; i += 3)
		act(data[i], data[i + 1], data[i + 2]);
	end();

	return 0;
}
