/* client_tx.c - tests of sip/client_tx.h and sip/dialog.h, asked of a raw
 * peer on loopback
 */
#include "tests/unit/sip/peer.h"

static struct sip *sip;
static struct peer peer;
static struct sip_client *ctx;
static struct sip_dialog *dialog;
static int answers;
static int finals;
static int forks;
static int last_err;
static uint16_t last_status;
static struct sip_dialog *other;
static bool does_ack;
static int to_lose;

static long cseq_of(const char *value)
{
	return strtol(value, NULL, 10);
}

static bool lose(const struct sip_trace *t, void *arg)
{
	(void)t;
	(void)arg;
	return to_lose > 0 && to_lose--;
}

static void on_answer(int err, const struct sip_message *m,
		      struct sip_flow *flow, void *arg)
{
	struct sip_dialog *fork = NULL;

	(void)arg;
	answers++;
	last_err = err;
	last_status = m ? m->status : 0;
	finals += err || m->status >= 200;
	if (m && m->status > 100 && m->status < 300) {
		CHECK(!sip_dialog_answered(&fork, dialog, m, flow));
		if (fork) {
			forks++;
			other = fork;
		}
	}
	if (m && m->status >= 200 && m->status < 300 && does_ack &&
	    m->cseq_method == SIP_METHOD_INVITE)
		CHECK(!sip_dialog_ack(fork ? fork : dialog, (struct span){ 0 },
				      (struct span){ 0 }));
}

static void on_request(const struct sip_message *m, struct sip_flow *flow,
		       void *arg)
{
	(void)arg;
	(void)sip_refuse(sip, m, flow, 405, (struct span){ 0 });
}

static void open_with(const struct sip_credentials *who)
{
	struct sip_dialog_begin b = {
		.local = SPAN("\"Al\" <sip:alice@127.0.0.1>"),
		.remote = SPAN("<sip:bob@127.0.0.1>"),
		.contact_user = SPAN("alice"),
		.credentials = who,
	};
	char target[64];

	answers = finals = forks = to_lose = 0;
	last_err = -1;
	ctx = NULL;
	other = NULL;
	does_ack = true;
	sip = stack_open(NULL, on_request, NULL);
	peer_open(&peer, NULL);
	sip_drop_set(sip, lose, NULL);
	(void)re_snprintf(target, sizeof(target), "sip:bob@127.0.0.1:%u",
			  sa_port(&peer.local));
	b.target = span_of(target);
	CHECK(!sip_dialog_alloc(&dialog, sip, &b, NULL));
}

static void ask(const char *method)
{
	struct sip_dialog_request r = { .method = method };

	CHECK(!sip_dialog_request(&ctx, dialog, &r, on_answer, NULL));
}

static void close_all(void)
{
	sip_client_forget(&ctx);
	other = mem_deref(other);
	dialog = mem_deref(dialog);
	sip = mem_deref(sip);
	peer_close(&peer);
}

static int last(void)
{
	return peer.count - 1;
}

static void a_lost_request_is_sent_again(void)
{
	open_with(NULL);
	to_lose = 2;
	ask("OPTIONS");
	CHECK(wait_count(&peer.count, 1));
	CHECK(starts(peer.got[0], "OPTIONS sip:bob@127.0.0.1:"));
	CHECK(!strstr(peer.got[0], "Contact:"));
	peer_answer(&peer, 0, "200 OK", "b1", "");
	CHECK(wait_count(&finals, 1));
	CHECK_INT(last_status, 200);
	CHECK_INT(sip_counters(sip)->retransmissions_sent, 2);
	close_all();
}

static void silence_times_out(void)
{
	open_with(NULL);
	ask("OPTIONS");
	CHECK(wait_count(&finals, 1));
	CHECK_INT(last_err, ETIMEDOUT);
	CHECK(peer.count > 10);
	CHECK_INT(sip_counters(sip)->client_transactions, 0);
	close_all();
}

static void a_provisional_answer_ends_the_repeats_of_invite(void)
{
	int n;

	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 2));
	peer_answer(&peer, 0, "100 Trying", "", "");
	CHECK(wait_count(&answers, 1));
	n = peer.count;
	pass(1500);
	CHECK_INT(peer.count, n);
	CHECK_INT(finals, 0);
	close_all();
}

static void a_refusal_is_acknowledged_each_time(void)
{
	char branch[64];

	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	CHECK(strstr(peer.got[0], "\r\nContact: <sip:alice@127.0.0.1:"));
	peer_answer(&peer, 0, "486 Busy Here", "b1", "");
	CHECK(wait_count(&peer.count, 2));
	CHECK(starts(peer.got[1], "ACK sip:bob@127.0.0.1:"));
	CHECK(strstr(value_of(peer.got[1], "To"), ";tag=b1"));
	str_ncpy(branch, value_of(peer.got[0], "Via"), sizeof(branch));
	CHECK(starts(value_of(peer.got[1], "Via"), branch));
	peer_answer(&peer, 0, "486 Busy Here", "b1", "");
	CHECK(wait_count(&peer.count, 3));
	CHECK_INT(finals, 1);
	CHECK_STR(peer.got[1], peer.got[2]);
	close_all();
}

static void a_repeated_2xx_is_acknowledged_again(void)
{
	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "200 OK", "b1",
		    "Contact: <sip:bob@127.0.0.1:9>\r\n"
		    "Record-Route: <sip:two;lr>, <sip:one;lr>\r\n");
	CHECK(wait_count(&peer.count, 2));
	CHECK(starts(peer.got[1], "ACK sip:bob@127.0.0.1:9 SIP/2.0\r\n"));
	CHECK_STR(value_of(peer.got[1], "Route"), "<sip:one;lr>, <sip:two;lr>");
	CHECK_INT(cseq_of(value_of(peer.got[1], "CSeq")),
		  cseq_of(value_of(peer.got[0], "CSeq")));
	peer_answer(&peer, 0, "200 OK", "b1", "");
	CHECK(wait_count(&peer.count, 3));
	CHECK_STR(peer.got[1], peer.got[2]);
	CHECK_INT(finals, 1);
	CHECK_STR(sip_dialog_target(dialog), "sip:bob@127.0.0.1:9");
	close_all();
}

static void two_2xx_of_forks_make_two_dialogs(void)
{
	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "180 Ringing", "b1", "");
	peer_answer(&peer, 0, "180 Ringing", "b2", "");
	CHECK(wait_count(&answers, 2));
	CHECK_INT(forks, 1);
	other = mem_deref(other);
	peer_answer(&peer, 0, "200 OK", "b1", "");
	CHECK(wait_count(&finals, 1));
	peer_answer(&peer, 0, "200 OK", "b2", "");
	CHECK(wait_count(&finals, 2));
	CHECK(other != NULL);
	CHECK(wait_count(&peer.count, 3));
	CHECK_STR(sip_dialog_remote_tag(other), "b2");
	CHECK_STR(sip_dialog_remote_tag(dialog), "b1");
	CHECK(strstr(peer.got[2], ";tag=b2"));
	close_all();
}

static void cancel_waits_for_a_provisional_answer(void)
{
	open_with(NULL);
	ask("INVITE");
	CHECK(!sip_client_cancel(ctx, SPAN("Reason: SIP;cause=200\r\n")));
	CHECK(wait_count(&peer.count, 2));
	CHECK(starts(peer.got[1], "INVITE"));
	peer_answer(&peer, 0, "180 Ringing", "b1", "");
	while (!starts(peer.got[last()], "CANCEL"))
		CHECK(wait_count(&peer.count, peer.count + 1));
	CHECK_STR(value_of(peer.got[last()], "Via"),
		  value_of(peer.got[0], "Via"));
	CHECK_STR(value_of(peer.got[last()], "Reason"), "SIP;cause=200");
	peer_answer(&peer, last(), "200 OK", "b1", "");
	peer_answer(&peer, 0, "487 Request Terminated", "b1", "");
	CHECK(wait_count(&finals, 1));
	CHECK_INT(last_status, 487);
	close_all();
}

static void the_answer_may_cross_the_cancel(void)
{
	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "180 Ringing", "b1", "");
	CHECK(wait_count(&answers, 1));
	CHECK(!sip_client_cancel(ctx, (struct span){ 0 }));
	peer_answer(&peer, 0, "200 OK", "b1", "");
	CHECK(wait_count(&finals, 1));
	CHECK_INT(last_status, 200);
	CHECK_INT(sip_client_cancel(ctx, (struct span){ 0 }), EALREADY);
	close_all();
}

static void a_challenge_is_answered_once(void)
{
	struct sip_credentials who = { "alice", "secret" };
	const char *dare = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\","
			   " algorithm=MD5, qop=\"auth\"\r\n";

	open_with(&who);
	ask("REGISTER");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "401 Unauthorized", "b1", dare);
	CHECK(wait_count(&peer.count, 2));
	CHECK(strstr(value_of(peer.got[1], "Authorization"),
		     "username=\"alice\""));
	CHECK_INT(cseq_of(value_of(peer.got[1], "CSeq")),
		  cseq_of(value_of(peer.got[0], "CSeq")) + 1);
	CHECK(strcmp(value_of(peer.got[0], "Via"),
		     value_of(peer.got[1], "Via")));
	CHECK_STR(value_of(peer.got[0], "Contact"),
		  value_of(peer.got[1], "Contact"));
	CHECK_INT(answers, 0);
	peer_answer(&peer, 1, "401 Unauthorized", "b1", dare);
	CHECK(wait_count(&finals, 1));
	CHECK_INT(last_status, 401);
	close_all();
}

static void a_challenged_invite_acknowledges_the_challenge(void)
{
	struct sip_credentials who = { "alice", "secret" };

	open_with(&who);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "407 Proxy Authentication Required", "b0",
		    "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
	CHECK(wait_count(&peer.count, 3));
	CHECK(starts(peer.got[1], "ACK "));
	CHECK(starts(peer.got[2], "INVITE "));
	peer_answer(&peer, 2, "200 OK", "b1", "");
	CHECK(wait_count(&peer.count, 4));
	CHECK_INT(cseq_of(value_of(peer.got[3], "CSeq")),
		  cseq_of(value_of(peer.got[2], "CSeq")));
	close_all();
}

static void a_reliable_answer_is_told_once_and_acknowledged(void)
{
	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "183 Progress", "b1",
		    "Require: 100rel\r\nRSeq: 5\r\n");
	CHECK(wait_count(&answers, 1));
	peer_answer(&peer, 0, "183 Progress", "b1",
		    "Require: 100rel\r\nRSeq: 5\r\n");
	pass(50);
	CHECK_INT(answers, 1);
	close_all();
}

static void requests_go_on_after_save_and_restore(void)
{
	struct mbuf *mb = mbuf_alloc(512);
	struct sip_dialog *again = NULL;
	struct sip_dialog_request r = { .method = "BYE" };
	char first[64];

	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "200 OK", "b1",
		    "Record-Route: <sip:127.0.0.1:$P;lr>\r\n"
		    "Contact: <sip:bob@192.0.2.1>\r\n");
	CHECK(wait_count(&peer.count, 2));
	CHECK(!sip_dialog_save(dialog, mb));
	str_ncpy(first, sip_dialog_call_id(dialog), sizeof(first));
	sip_client_forget(&ctx);
	dialog = mem_deref(dialog);
	sip = mem_deref(sip);

	sip = stack_open(NULL, on_request, NULL);
	CHECK(!sip_dialog_restore(
		&again, sip,
		(struct span){ (char *)mb->buf, (uint32_t)mb->end }, NULL));
	CHECK_STR(sip_dialog_call_id(again), first);
	CHECK(sip_dialog_flow(again) != NULL);
	CHECK(!sip_dialog_request(NULL, again, &r, NULL, NULL));
	CHECK(wait_count(&peer.count, 3));
	CHECK(starts(peer.got[2], "BYE sip:bob@192.0.2.1 SIP/2.0\r\n"));
	CHECK_INT(cseq_of(value_of(peer.got[2], "CSeq")),
		  cseq_of(value_of(peer.got[0], "CSeq")) + 1);
	CHECK_STR(value_of(peer.got[2], "From"), value_of(peer.got[0], "From"));
	CHECK(!strcmp(value_of(peer.got[2], "To"),
		      "<sip:bob@127.0.0.1>;tag=b1"));
	mem_deref(mb);
	mem_deref(again);
	close_all();
}

static void requests_of_the_peer_find_their_dialog(void)
{
	char buf[1024];
	struct sip_message m;

	open_with(NULL);
	ask("INVITE");
	CHECK(wait_count(&peer.count, 1));
	peer_answer(&peer, 0, "200 OK", "b1", "");
	CHECK(wait_count(&finals, 1));
	(void)re_snprintf(buf, sizeof(buf),
			  "BYE sip:alice@127.0.0.1 SIP/2.0\r\n"
			  "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKbye\r\n"
			  "Max-Forwards: 70\r\n"
			  "From: <sip:bob@127.0.0.1>;tag=b1\r\nTo: %s\r\n"
			  "Call-ID: %s\r\nCSeq: 5 BYE\r\n"
			  "Content-Length: 0\r\n\r\n",
			  value_of(peer.got[0], "From"),
			  value_of(peer.got[0], "Call-ID"));
	CHECK(!sip_message_parse(&m, buf, strlen(buf), NULL));
	CHECK(sip_dialog_find(sip, &m) == dialog);
	CHECK_INT(sip_dialog_receive(dialog, &m, NULL), 0);
	m.cseq = 4;
	CHECK_INT(sip_dialog_receive(dialog, &m, NULL), EILSEQ);
	m.from_tag = SPAN("b2");
	CHECK(!sip_dialog_find(sip, &m));
	close_all();
}

static const struct test tests[] = {
	{ "a lost request is sent again", a_lost_request_is_sent_again },
	{ "silence times out", silence_times_out },
	{ "a provisional answer ends the repeats of INVITE",
	  a_provisional_answer_ends_the_repeats_of_invite },
	{ "a refusal is acknowledged each time",
	  a_refusal_is_acknowledged_each_time },
	{ "a repeated 2xx is acknowledged again",
	  a_repeated_2xx_is_acknowledged_again },
	{ "two 2xx of forks make two dialogs",
	  two_2xx_of_forks_make_two_dialogs },
	{ "CANCEL waits for a provisional answer",
	  cancel_waits_for_a_provisional_answer },
	{ "the answer may cross the CANCEL", the_answer_may_cross_the_cancel },
	{ "a challenge is answered once", a_challenge_is_answered_once },
	{ "a challenged INVITE acknowledges the challenge",
	  a_challenged_invite_acknowledges_the_challenge },
	{ "a reliable answer is told once",
	  a_reliable_answer_is_told_once_and_acknowledged },
	{ "requests go on after save and restore",
	  requests_go_on_after_save_and_restore },
	{ "requests of the peer find their dialog",
	  requests_of_the_peer_find_their_dialog },
};

TEST_MAIN("sip/client_tx", tests)
