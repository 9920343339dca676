/* bridge.c - see bridge.h */
#include "base/log.h"
#include "pbx/call/alone.h"
#include "pbx/speech/srtp.h"
#include "pbx/speech/answer.h"
#include "pbx/call/bridge.h"
#include "pbx/call/call.h"
#include "pbx/call/call_private.h"
#include "pbx/route/cos.h"
#include "pbx/call/hold.h"
#include "pbx/speech/odd_media.h"
#include "pbx/conference/party.h"
#include "pbx/conference/record.h"
#include "pbx/transfer/refer.h"
#include "pbx/speech/relay.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/turn.h"

enum { HEADERS_BYTES = 1536 };

struct exchange {
	struct le le; /* of the leg that asks */
	struct leg *from;
	struct leg *to;            /* NULL once it is gone */
	struct sip_server *asked;  /* by from */
	struct sip_client *client; /* to to */
	uint8_t method;
	uint8_t offer;    /* enum hold_offer */
	bool has_offer;   /* the INVITE had one */
	bool is_offering; /* keeps both legs from other offers */
	bool owes_ack;    /* to's ACK waits for from's */
	bool is_accepted; /* only the ACK of from is missing */
};

static void exchange_destructor(void *data)
{
	struct exchange *x = data;

	list_unlink(&x->le);
	if (x->is_offering) {
		x->from->asks_offering = false;
		x->to->asks_offering = false;
	}
	sip_client_forget(&x->client);
	sip_server_forget(&x->asked);
}

void bridge_flush(struct leg *leg)
{
	struct leg *peer = leg_peer(leg);
	struct le *le;

	list_flush(&leg->exchanges);

	/* What the other leg asked of this one. */
	for (le = peer ? list_head(&peer->exchanges) : NULL; le;) {
		struct exchange *x = le->data;

		le = le->next;
		if (x->to == leg)
			mem_deref(x);
	}
}

static void answer(struct exchange *x, uint16_t status,
		   const struct sip_message *m)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = status };

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(x->from, &o);
	if (status == 500)
		sip_out_text(&o, "Retry-After: 2\r\n");

	if (status >= 200 && status < 300) {
		sip_out_text(&o, "Allow: " PBX_ALLOW
				 "\r\nSupported: " PBX_SUPPORTED "\r\n");
		if (x->method == SIP_METHOD_INVITE ||
		    x->method == SIP_METHOD_UPDATE)
			session_repeat(x->from, true, &o);
		reply.with_contact = true;
		reply.contact_user = SPAN("pbx");
	}
	if (m && m->body.len) {
		if (!x->has_offer && x->method == SIP_METHOD_INVITE)
			relay_offers(x->to);
		reply.content_type = sip_header_value(m,
						      SIP_HEADER_CONTENT_TYPE);
		reply.body = relay_body(x->to, x->from, m->body,
					HOLD_OFFER_NONE);
		if (status < 300)
			leg_keep_sdp(x->from, reply.body);
	}
	reply.headers = sip_out_span(&o);
	(void)sip_server_reply(x->asked, &reply);
}

/* A phone's refusal, as the other phone may see it. */
static uint16_t passed_status(uint16_t status)
{
	switch (status) {
	case 401:
	case 407:
	case 503: return 500;
	default: return status >= 300 && status < 400 ? 488 : status;
	}
}

static void accepted(struct exchange *x, const struct sip_message *m)
{
	if (x->method == SIP_METHOD_INVITE) {
		if (x->has_offer)
			(void)sip_dialog_ack(x->to->dialog,
					     (struct span){ NULL, 0 },
					     (struct span){ NULL, 0 });
		else
			x->owes_ack = true;
	}
	if (x->method == SIP_METHOD_INVITE || x->method == SIP_METHOD_UPDATE)
		session_agreed(x->to, m);
	if (x->has_offer)
		hold_apply(x->from, x->offer);
	call_touch(x->from->call);
	x->is_accepted = true;
	answer(x, m->status, m);
	if (x->has_offer)
		relay_agreed(x->from, x->to, x->offer);
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	struct exchange *x = arg;
	struct call *call = x->from->call;
	uint16_t status = m ? m->status : err == ETIMEDOUT ? 408 : 503;
	bool is_invite = x->method == SIP_METHOD_INVITE;

	(void)flow;

	if (status < 200)
		return;

	if (status < 300) {
		accepted(x, m);
		sip_client_forget(&x->client);
		if (!is_invite)
			mem_deref(x);
		return;
	}

	sip_client_forget(&x->client);
	relay_refused(x->to);
	answer(x, passed_status(status), NULL);
	if ((status == 408 || status == 481) &&
	    (is_invite || x->method == SIP_METHOD_UPDATE) &&
	    call->state == CALL_ANSWERED) {
		trail_add(&call->trail, "the other phone does not answer");
		mem_deref(x);
		call_hangup(call, NULL, "SIP;cause=408");
		return;
	}

	mem_deref(x);
}

static void cancelled(const struct sip_message *m, void *arg)
{
	struct exchange *x = arg;

	(void)m;

	if (x->client)
		(void)sip_client_cancel(x->client, (struct span){ NULL, 0 });
}

static void acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct exchange *x = arg;
	struct call *call = x->from->call;

	if (x->owes_ack)
		(void)sip_dialog_ack(
			x->to->dialog,
			m ? sip_header_value(m, SIP_HEADER_CONTENT_TYPE)
			  : (struct span){ NULL, 0 },
			relay_body(x->from, x->to,
				   m ? m->body : (struct span){ NULL, 0 },
				   HOLD_OFFER_NONE));
	mem_deref(x);

	if (err && call->state == CALL_ANSWERED) {
		trail_add(&call->trail, "an offer was not acknowledged");
		call_hangup(call, NULL, "SIP;cause=408");
	}
}

/* Refused before anything was asked of the other leg. */
static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status)
{
	(void)sip_server_refuse(server_sip(), m, flow, status,
				status == 500 ? SPAN("Retry-After: 2\r\n")
					      : (struct span){ NULL, 0 });
}

static void write_headers(struct exchange *x, const struct sip_message *m,
			  uint32_t rseq, uint32_t rseq_cseq, struct sip_out *o)
{
	leg_headers(x->to, o);
	if (x->method == SIP_METHOD_INVITE || x->method == SIP_METHOD_UPDATE) {
		sip_out_text(o, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n");
		session_offer(x->to, o);
	}
	if (x->method == SIP_METHOD_PRACK)
		sip_out_printf(o, "RAck: %u %u INVITE\r\n", rseq, rseq_cseq);
	if (x->method == SIP_METHOD_INFO) {
		struct span package = sip_header_named(m, "Info-Package");

		sip_out_copy(o, m, SIP_HEADER_CONTENT_DISPOSITION);
		if (package.len) {
			sip_out_raw(o, SPAN("Info-Package: "));
			sip_out_value(o, package);
			sip_out_raw(o, SPAN("\r\n"));
		}
	}
	sip_out_copy(o, m, SIP_HEADER_ACCEPT);
}

static int pass(struct exchange *x, const struct sip_message *m)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = {
		.method = sip_method_name(x->method),
	};
	int err;

	sip_out_init(&o, buf, sizeof(buf));
	write_headers(x, m, x->to->rseq, x->to->rseq_cseq, &o);
	request.headers = sip_out_span(&o);
	request.content_type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	request.body = relay_body(x->from, x->to, m->body, x->offer);

	leg_reach(x->to);
	err = sip_dialog_request(&x->client, x->to->dialog, &request, told, x);
	if (!err)
		leg_keep_sdp(x->to, request.body);

	return err;
}

/* Answered here: refreshes without offer, questions that only want a sign. */
static void answer_here(struct leg *leg, const struct sip_message *m,
			struct sip_flow *flow)
{
	struct exchange x = { .from = leg, .method = m->method };
	char buf[256];
	struct sip_out o;

	if (sip_server_accept(&x.asked, server_sip(), m, flow, NULL, NULL,
			      NULL))
		return;

	sip_out_init(&o, buf, sizeof(buf));
	if (m->method == SIP_METHOD_UPDATE &&
	    session_asked(leg, m, &o) == ERANGE) {
		struct sip_reply reply = { .status = 422,
					   .headers = sip_out_span(&o) };

		(void)sip_server_reply(x.asked, &reply);
	}
	else {
		answer(&x, 200, NULL);
	}
	sip_server_forget(&x.asked);
}

/* Whether its phone holds another call, too. */
static bool holds_another(const struct leg *leg)
{
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;
		const struct leg *legs[] = { call->caller, call->callee };

		if (call == leg->call || call->state != CALL_ANSWERED)
			continue;
		for (unsigned i = 0; i < 2; i++) {
			if (legs[i] && legs[i]->phone == leg->phone &&
			    legs[i]->state == LEG_HELD)
				return true;
		}
	}

	return false;
}

/* Whether the class of service permits the change that an offer means. */
static bool may_change(const struct leg *leg, enum hold_offer offer)
{
	const struct user *u = leg->phone ? leg->phone->user : NULL;

	if (!u)
		return true;
	if (offer == HOLD_OFFER_HOLD && leg->state == LEG_CONNECTED &&
	    !cos_may(u, COS_HOLD)) {
		trail_add(&leg->call->trail, "%s may not hold calls", u->name);
		return false;
	}
	if (offer == HOLD_OFFER_TALK && leg->state == LEG_HELD &&
	    leg->phone->calls > 1 && !cos_may(u, COS_BROKERS) &&
	    holds_another(leg)) {
		trail_add(&leg->call->trail, "%s may not swap calls", u->name);
		return false;
	}

	return true;
}

/* A new INVITE says that the answer to the one before has arrived, also when
 * its ACK has not (RFC 5407 3.1.4).  Only who was to answer in the ACK itself
 * must send it. */
static void take_as_ack(struct leg *leg, const struct sip_message *m)
{
	const struct call *call = leg->call;
	struct le *le = list_head(&leg->exchanges);

	if (leg->asked && call->has_offer && !call->answer && !call->party &&
	    call->callee && !call->callee->owes_ack)
		call_acknowledged(0, m, leg);
	while (le) {
		struct exchange *x = le->data;

		le = le->next;
		if (x->method == SIP_METHOD_INVITE && x->has_offer &&
		    x->is_accepted)
			mem_deref(x);
	}
}

static void exchange_begin(struct leg *leg, struct leg *to,
			   const struct sip_message *m, struct sip_flow *flow)
{
	bool is_invite = m->method == SIP_METHOD_INVITE;
	bool is_offering = is_invite ||
			   (m->method == SIP_METHOD_UPDATE && leg_is_up(leg));
	struct exchange *x;
	int err;

	if (is_offering && (leg->asks_offering || to->asks_offering)) {
		refuse(m, flow, 491);
		return;
	}

	if (is_offering && !may_change(leg, hold_read(m->body))) {
		refuse(m, flow, 403);
		return;
	}

	x = mem_zalloc(sizeof(*x), exchange_destructor);
	if (!x) {
		refuse(m, flow, 500);
		return;
	}

	x->from = leg;
	x->to = to;
	x->method = m->method;
	x->has_offer = m->body.len > 0;
	if (is_offering)
		x->offer = (uint8_t)hold_read(m->body);
	list_append(&leg->exchanges, &x->le, x);

	err = sip_server_accept(&x->asked, server_sip(), m, flow,
				is_invite ? cancelled : NULL,
				is_invite ? acknowledged : NULL, x);
	if (err) {
		mem_deref(x);
		if (err != EALREADY)
			refuse(m, flow, 500);
		return;
	}
	if (is_offering) {
		x->is_offering = true;
		leg->asks_offering = true;
		to->asks_offering = true;
	}
	if (is_invite || m->method == SIP_METHOD_UPDATE) {
		char buf[256];
		struct sip_out o;

		sip_out_init(&o, buf, sizeof(buf));
		if (session_asked(leg, m, &o) == ERANGE) {
			struct sip_reply reply = {
				.status = 422, .headers = sip_out_span(&o)
			};

			(void)sip_server_reply(x->asked, &reply);
			mem_deref(x);
			return;
		}
	}

	err = pass(x, m);
	if (err) {
		log_warn("bridge", "call=%s cannot pass %s: %s", leg->call->id,
			 sip_method_name(m->method), strerror(err));
		answer(x, 500, NULL);
		mem_deref(x);
	}
}

/* A BYE: answered once the call's end is on record. */
struct goodbye {
	struct sip_server *asked;
	char session_id[64];
};

static void goodbye_destructor(void *data)
{
	struct goodbye *g = data;

	sip_server_forget(&g->asked);
}

static void goodbye_send(void *arg)
{
	struct goodbye *g = arg;
	struct sip_reply reply = { .status = 200,
				   .headers = span_of(g->session_id) };

	(void)sip_server_reply(g->asked, &reply);
	mem_deref(g);
}

static void hangup(struct leg *leg, const struct sip_message *m,
		   struct sip_flow *flow)
{
	struct span reason = sip_header_value(m, SIP_HEADER_REASON);
	struct goodbye *g = mem_zalloc(sizeof(*g), goodbye_destructor);
	char text[200] = "";
	struct sip_out o;
	int err;

	if (!g) {
		refuse(m, flow, 500);
		return;
	}

	err = sip_server_accept(&g->asked, server_sip(), m, flow, NULL, NULL,
				NULL);
	if (err) {
		mem_deref(g);
		if (err != EALREADY)
			refuse(m, flow, 500);
		return;
	}

	if (reason.len < sizeof(text) && reason.len)
		memcpy(text, reason.p, reason.len);
	sip_out_init(&o, g->session_id, sizeof(g->session_id) - 1);
	sip_out_header_text(&o, "Session-ID", leg->call->id);
	g->session_id[o.len] = '\0';
	turn_defer(goodbye_send, g);
	call_hangup(leg->call, leg, text[0] ? text : NULL);
}

/* INFO with `Record: on`: for us, not for the other phone. */
static void record_asked(struct leg *leg, const struct sip_message *m,
			 struct sip_flow *flow)
{
	struct exchange x = { .from = leg, .method = m->method };
	enum record_action action = record_action_of(
		sip_trim(sip_header_named(m, "Record")));
	uint16_t status = action == RECORD_ACTIONS ? 400
						   : record_do(leg, action);

	if (sip_server_accept(&x.asked, server_sip(), m, flow, NULL, NULL,
			      NULL))
		return;
	answer(&x, status ? status : 200, NULL);
	sip_server_forget(&x.asked);
}

void bridge_request(struct leg *leg, const struct sip_message *m,
		    struct sip_flow *flow)
{
	struct leg *to = leg_peer(leg);

	if (odd_media_is(m->body, flow)) {
		refuse(m, flow, 488);
		return;
	}
	if ((m->method == SIP_METHOD_INVITE ||
	     m->method == SIP_METHOD_UPDATE) &&
	    !leg->call->is_emergency && srtp_refuses(leg->phone, m->body)) {
		(void)sip_server_refuse(server_sip(), m, flow, 488,
					srtp_warning(leg->phone));
		return;
	}

	switch (m->method) {
	case SIP_METHOD_BYE: hangup(leg, m, flow); return;

	case SIP_METHOD_OPTIONS: answer_here(leg, m, flow); return;

	case SIP_METHOD_PRACK:
		if (!to || !to->rseq) {
			answer_here(leg, m, flow);
			return;
		}
		break;

	case SIP_METHOD_UPDATE:
		leg_learn(leg, m);
		if (!m->body.len) {
			answer_here(leg, m, flow);
			return;
		}
		break;

	case SIP_METHOD_INVITE:
		if (leg->call->state == CALL_ANSWERED)
			take_as_ack(leg, m);
		if (leg->call->state != CALL_ANSWERED || leg->asked) {
			refuse(m, flow, 491);
			return;
		}
		break;

	case SIP_METHOD_INFO:
		if (sip_header_named(m, "Record").len) {
			record_asked(leg, m, flow);
			return;
		}
		break;

	case SIP_METHOD_REFER: refer_request(leg, m, flow); return;

	default: /* not inside a call */
		(void)sip_refuse(server_sip(), m, flow, 405,
				 SPAN("Allow: " PBX_ALLOW "\r\n"));
		return;
	}

	if (leg->call->party && leg->call->state == CALL_ANSWERED) {
		party_request(leg->call->party, m, flow);
		return;
	}
	if (leg->call->answer && leg->call->state == CALL_ANSWERED) {
		answer_request(leg->call->answer, m, flow);
		return;
	}
	if (alone_is(leg->call)) {
		alone_request(leg->call, m, flow);
		return;
	}
	if (leg->call->state == CALL_OVER || !to || !to->dialog) {
		refuse(m, flow, 481);
		return;
	}

	exchange_begin(leg, to, m, flow);
	if (m->method == SIP_METHOD_PRACK)
		to->rseq = 0;
}
