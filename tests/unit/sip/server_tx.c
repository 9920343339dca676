/* server_tx.c - tests of sip/server_tx.h against a raw peer on loopback */
#include "tests/unit/sip/peer.h"

static struct sip *sip;
static struct peer peer;
static int requests;
static int acks;
static int cancels;
static int ack_err;
static struct sip_server *stx;
static uint16_t first_status;
static struct span first_headers;

static const char invite[] =
	"INVITE sip:bob@127.0.0.1 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 127.0.0.1:$P;branch=z9hG4bKone;rport\r\n"
	"Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=a1\r\n"
	"To: <sip:bob@127.0.0.1>\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\n"
	"Contact: <sip:alice@127.0.0.1:$P>\r\n"
	"Record-Route: <sip:proxy;lr>\r\nContent-Length: 0\r\n\r\n";

static const char message[] =
	"MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP client.invalid;branch=z9hG4bKmsg;rport\r\n"
	"Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=a1\r\n"
	"To: <sip:bob@127.0.0.1>\r\nCall-ID: c2\r\nCSeq: 1 MESSAGE\r\n"
	"Content-Length: 0\r\n\r\n";

static void on_ack(int err, const struct sip_message *m, void *arg)
{
	(void)arg;
	CHECK(err || m->method == SIP_METHOD_ACK);
	ack_err = err;
	acks++;
}

static void on_cancel(const struct sip_message *m, void *arg)
{
	(void)arg;
	CHECK(m->method == SIP_METHOD_CANCEL);
	cancels++;
	(void)sip_server_answer(stx, 487);
}

static void on_request(const struct sip_message *m, struct sip_flow *flow,
		       void *arg)
{
	struct sip_reply r = { .status = first_status,
			       .headers = first_headers,
			       .with_contact = true };

	(void)arg;
	requests++;
	if (m->method == SIP_METHOD_ACK)
		return;
	if (!first_status) {
		CHECK(!sip_refuse(sip, m, flow, 403, (struct span){ 0 }));
		return;
	}
	if (m->method == SIP_METHOD_PRACK) {
		struct sip_server *p = NULL;

		CHECK(!sip_server_accept(&p, sip, m, flow, NULL, NULL, NULL));
		CHECK(!sip_server_answer(p, 200));
		sip_server_forget(&p);
		return;
	}
	CHECK(!sip_server_accept(&stx, sip, m, flow, on_cancel, on_ack, NULL));
	r.is_reliable = first_status == 183;
	CHECK(!sip_server_reply(stx, &r));
}

static void open_with(uint16_t status)
{
	struct sa sa;

	requests = acks = cancels = 0;
	ack_err = -1;
	stx = NULL;
	first_status = status;
	first_headers = (struct span){ 0 };
	sip = stack_open(NULL, on_request, NULL);
	sa = stack_address(sip, SIP_UDP);
	peer_open(&peer, &sa);
}

static void close_all(void)
{
	sip_server_forget(&stx);
	sip = mem_deref(sip);
	peer_close(&peer);
}

static int count_of(const char *start)
{
	int n = 0;

	for (int i = 0; i < peer.count; i++)
		n += starts(peer.got[i], start);

	return n;
}

static void a_stateless_answer_repeats_its_tag(void)
{
	open_with(0);
	peer_send(&peer, message);
	peer_send(&peer, message);
	CHECK(wait_count(&peer.count, 2));
	CHECK(starts(peer.got[0], "SIP/2.0 403 Forbidden\r\n"));
	CHECK_STR(peer.got[0], peer.got[1]);
	CHECK(strstr(value_of(peer.got[0], "To"), ";tag="));
	CHECK_INT(requests, 2);
	CHECK_INT(sip_counters(sip)->server_transactions, 0);
	close_all();
}

static void the_answer_goes_to_where_it_came_from(void)
{
	char want[64];

	open_with(200);
	peer_send(&peer, message);
	CHECK(wait_count(&peer.count, 1));
	(void)re_snprintf(want, sizeof(want), ";rport=%u",
			  sa_port(&peer.local));
	CHECK(strstr(value_of(peer.got[0], "Via"), want));
	CHECK(strstr(value_of(peer.got[0], "Via"), ";received=127.0.0.1"));
	close_all();
}

static void a_repeat_is_absorbed_and_answered_again(void)
{
	open_with(200);
	peer_send(&peer, message);
	CHECK(wait_count(&peer.count, 1));
	peer_send(&peer, message);
	CHECK(wait_count(&peer.count, 2));
	CHECK_STR(peer.got[0], peer.got[1]);
	CHECK_INT(requests, 1);
	CHECK_INT(sip_counters(sip)->retransmissions_received, 1);
	sip_server_forget(&stx);
	CHECK_INT(sip_counters(sip)->server_transactions, 1);
	pass(64 * 20 + 100);
	CHECK_INT(sip_counters(sip)->server_transactions, 0);
	close_all();
}

static void send_ack(const char *branch)
{
	char buf[2048], with[256];

	(void)re_snprintf(with, sizeof(with),
			  "ACK sip:bob@127.0.0.1 SIP/2.0\r\n"
			  "Via: SIP/2.0/UDP 127.0.0.1:$P;branch=%s;rport\r\n",
			  branch);
	(void)re_snprintf(buf, sizeof(buf),
			  "%sMax-Forwards: 70\r\n"
			  "From: <sip:alice@127.0.0.1>;tag=a1\r\n"
			  "To: %s\r\nCall-ID: c1\r\nCSeq: 7 ACK\r\n"
			  "Content-Length: 0\r\n\r\n",
			  with, value_of(peer.got[peer.count - 1], "To"));
	peer_send(&peer, buf);
}

static void a_2xx_is_repeated_until_its_ack(void)
{
	int n;

	open_with(200);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 3));
	CHECK_STR(peer.got[0], peer.got[2]);
	CHECK(strstr(peer.got[0], "Record-Route: <sip:proxy;lr>\r\n"));
	CHECK(strstr(peer.got[0], "Contact: <sip:127.0.0.1:"));
	send_ack("z9hG4bKack");
	CHECK(wait_count(&acks, 1));
	CHECK_INT(ack_err, 0);
	n = peer.count;
	pass(200);
	CHECK_INT(peer.count, n);
	peer_send(&peer, invite);
	pass(50);
	CHECK_INT(peer.count, n);
	CHECK_INT(requests, 1);
	close_all();
}

static void a_2xx_without_ack_times_out(void)
{
	open_with(200);
	peer_send(&peer, invite);
	CHECK(wait_count(&acks, 1));
	CHECK_INT(ack_err, ETIMEDOUT);
	CHECK(peer.count > 8);
	close_all();
}

static void a_refusal_is_repeated_until_its_ack(void)
{
	int n;

	open_with(486);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 3));
	send_ack("z9hG4bKone");
	CHECK(wait_count(&acks, 1));
	n = peer.count;
	pass(200);
	CHECK_INT(peer.count, n);
	CHECK_INT(sip_counters(sip)->server_transactions, 0);
	close_all();
}

static void cancel_is_answered_and_told(void)
{
	char cancel[1024];

	open_with(180);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 1));
	replace(cancel, sizeof(cancel), invite, "INVITE", "CANCEL");
	peer_send(&peer, cancel);
	CHECK(wait_count(&cancels, 1));
	CHECK(wait_count(&peer.count, 3));
	CHECK_INT(count_of("SIP/2.0 200 OK"), 1);
	CHECK(count_of("SIP/2.0 487") >= 1);
	send_ack("z9hG4bKone");
	CHECK(wait_count(&acks, 1));
	close_all();
}

static void cancel_after_the_answer_changes_nothing(void)
{
	char cancel[1024];

	open_with(200);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 1));
	replace(cancel, sizeof(cancel), invite, "INVITE", "CANCEL");
	peer_send(&peer, cancel);
	pass(60);
	CHECK_INT(cancels, 0);
	CHECK_INT(count_of("SIP/2.0 487"), 0);
	close_all();
}

static void cancel_of_nothing_is_481(void)
{
	char cancel[1024];

	open_with(180);
	replace(cancel, sizeof(cancel), invite, "INVITE", "CANCEL");
	peer_send(&peer, cancel);
	CHECK(wait_count(&peer.count, 1));
	CHECK(starts(peer.got[0], "SIP/2.0 481"));
	CHECK_INT(requests, 0);
	close_all();
}

static void a_reliable_answer_waits_for_its_prack(void)
{
	char prack[1024];
	int n;

	open_with(183);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 3));
	CHECK(strstr(peer.got[0], "Require: 100rel\r\n"));
	CHECK(sip_server_is_prack_due(stx));
	(void)re_snprintf(
		prack, sizeof(prack),
		"PRACK sip:bob@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKprack;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=a1\r\n"
		"To: %s\r\nCall-ID: c1\r\nCSeq: 8 PRACK\r\n"
		"RAck: %s 7 INVITE\r\nContent-Length: 0\r\n\r\n",
		value_of(peer.got[0], "To"), value_of(peer.got[0], "RSeq"));
	peer_send(&peer, prack);
	CHECK(wait_count(&requests, 2));
	CHECK(!sip_server_is_prack_due(stx));
	pass(20);
	n = peer.count;
	pass(200);
	CHECK_INT(peer.count, n);
	CHECK_INT(count_of("SIP/2.0 200 OK"), 1);
	CHECK(!sip_server_answer(stx, 200));
	close_all();
}

static void a_forgotten_invite_is_answered_500(void)
{
	open_with(180);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 1));
	sip_server_forget(&stx);
	CHECK(wait_count(&peer.count, 2));
	CHECK(starts(peer.got[1], "SIP/2.0 500"));
	close_all();
}

static void an_answer_given_later_copies_the_request(void)
{
	open_with(180);
	peer_send(&peer, invite);
	CHECK(wait_count(&peer.count, 1));
	CHECK(!sip_server_answer(stx, 200));
	CHECK(wait_count(&peer.count, 2));
	CHECK_STR(value_of(peer.got[0], "Via"), value_of(peer.got[1], "Via"));
	CHECK_STR(value_of(peer.got[0], "To"), value_of(peer.got[1], "To"));
	CHECK_STR(value_of(peer.got[1], "CSeq"), "7 INVITE");
	CHECK_STR(value_of(peer.got[1], "Call-ID"), "c1");
	CHECK_STR(value_of(peer.got[1], "Record-Route"), "<sip:proxy;lr>");
	CHECK_INT(sip_server_answer(stx, 200), EALREADY);
	close_all();
}

static void a_faulty_message_is_answered_by_the_stack(void)
{
	char bad[1024];

	open_with(200);
	replace(bad, sizeof(bad), message, "CSeq: 1 MESSAGE", "CSeq: 1 BYE");
	peer_send(&peer, bad);
	CHECK(wait_count(&peer.count, 1));
	CHECK(starts(peer.got[0], "SIP/2.0 400"));
	CHECK_INT(requests, 0);
	CHECK_INT(sip_counters(sip)->faulty, 1);
	close_all();
}

static void a_keepalive_is_answered(void)
{
	open_with(200);
	peer_send(&peer, "\r\n\r\n");
	CHECK(wait_count(&peer.count, 1));
	CHECK_STR(peer.got[0], "\r\n");
	close_all();
}

static const struct test tests[] = {
	{ "a stateless answer repeats its tag",
	  a_stateless_answer_repeats_its_tag },
	{ "the answer goes to where the request came from",
	  the_answer_goes_to_where_it_came_from },
	{ "a repeat is absorbed and answered again",
	  a_repeat_is_absorbed_and_answered_again },
	{ "a 2xx is repeated until its ACK", a_2xx_is_repeated_until_its_ack },
	{ "a 2xx without ACK times out", a_2xx_without_ack_times_out },
	{ "a refusal is repeated until its ACK",
	  a_refusal_is_repeated_until_its_ack },
	{ "CANCEL is answered and told", cancel_is_answered_and_told },
	{ "CANCEL after the answer changes nothing",
	  cancel_after_the_answer_changes_nothing },
	{ "CANCEL of nothing is 481", cancel_of_nothing_is_481 },
	{ "a reliable answer waits for its PRACK",
	  a_reliable_answer_waits_for_its_prack },
	{ "a forgotten INVITE is answered 500",
	  a_forgotten_invite_is_answered_500 },
	{ "an answer given later copies the request",
	  an_answer_given_later_copies_the_request },
	{ "a faulty message is answered by the stack",
	  a_faulty_message_is_answered_by_the_stack },
	{ "a keep-alive is answered", a_keepalive_is_answered },
};

TEST_MAIN("sip/server_tx", tests)
