/* call_in.c - calls we get; see call.h */
#include <stdio.h>

#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/phone.h"
#include "phone/registration.h"
#include "phone/speech.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/param.h"
#include "sip/server_tx.h"

static const char *const option_tags[] = { "100rel", "timer", NULL };
static const char *const body_types[] = { "application/sdp", NULL };
static const struct sip_rules rules = {
	.option_tags = option_tags,
	.body_types = body_types,
};

/* ---- before we take it ---- */

static bool is_from_stranger(const struct engine *e, struct sip_flow *flow)
{
	return e->registration &&
	       !registration_knows(e->registration, sip_flow_remote(flow));
}

/* 0, or the status of the refusal. */
static uint16_t verdict(const struct engine *e, const struct sip_message *m)
{
	if (e->is_closing)
		return 480;
	if (e->settings.dnd || e->settings.busy ||
	    phone_calls_count(e) >= PHONE_CALLS_MAX)
		return 486;
	if (m->body.len) {
		int err = speech_check(e, m->body);

		if (err)
			return err == ENOENT || err == EACCES ? 488 : 400;
	}

	return 0;
}

static void refuse_early(struct engine *e, const struct sip_message *m,
			 struct sip_flow *flow, uint16_t status,
			 const char *headers)
{
	struct sip_reply reply = { .status = status,
				   .headers = span_of(headers) };
	struct sip_server *server = NULL;

	if (sip_server_accept(&server, e->sip, m, flow, NULL, NULL, NULL))
		return;
	(void)sip_server_reply(server, &reply);
	sip_server_forget(&server);
}

/* ---- while it rings ---- */

static void cancelled(const struct sip_message *m, void *arg)
{
	struct call *c = arg;
	struct span why = m ? sip_header_value(m, SIP_HEADER_REASON) : SPAN("");
	const char *reason = m ? "cancelled" : "connection-lost";

	if (memmem(why.p ? why.p : "", why.len, "cause=200", 9) ||
	    memmem(why.p ? why.p : "", why.len, "elsewhere", 9))
		reason = "answered-elsewhere";
	(void)sip_server_answer(c->server, 487);
	sip_server_forget(&c->server);
	phone_call_over(c, reason, 487);
}

static void rang_too_long(void *arg)
{
	(void)phone_call_refuse(arg, 480, NULL, "no-answer");
}

static void answer_itself(void *arg)
{
	struct call *c = arg;

	wheel_start(&c->timer, CALL_RING_MS, rang_too_long, c);
	(void)phone_call_answer(c);
}

void phone_call_acked(int err, const struct sip_message *m, void *arg)
{
	struct call *c = arg;

	sip_server_forget(&c->server);
	if (c->is_over)
		return;
	if (err) {
		phone_call_bye(c, "no-ack", 408);
		return;
	}
	if (!c->awaits_answer)
		return;

	c->awaits_answer = false;
	if (!m->body.len || speech_take_answer(c->speech, m->body))
		phone_call_bye(c, "no-common-codec", 488);
	else
		phone_call_note_hold(c);
}

static int keep_offer(struct call *c, const struct sip_message *m)
{
	if (!m->body.len)
		return 0;

	c->offer = mbuf_alloc(m->body.len);
	if (!c->offer)
		return ENOMEM;
	return mbuf_write_mem(c->offer, (const uint8_t *)m->body.p,
			      m->body.len);
}

static int ring(struct call *c, const struct sip_message *m)
{
	char headers[CALL_HEADERS_MAX];
	struct sip_out h;
	struct sip_reply reply = {
		.status = 180,
		.contact_user = span_of(c->e->account->sip_user),
		.with_contact = true,
		.is_reliable = sip_header_has(m, SIP_HEADER_REQUIRE, "100rel"),
	};

	sip_out_init(&h, headers, sizeof(headers));
	phone_call_headers(c, &h);
	reply.headers = sip_out_span(&h);
	return sip_server_reply(c->server, &reply);
}

static int take(struct call *c, const struct sip_message *m,
		struct sip_flow *flow)
{
	struct engine *e = c->e;
	const struct sip_credentials who = { e->account->sip_user,
					     e->account->sip_secret };
	int err;

	err = sip_server_accept(&c->server, e->sip, m, flow, cancelled,
				phone_call_acked, c);
	if (err)
		return err;
	err = sip_dialog_accept(&c->dialog, e->sip, m, c->server,
				span_of(e->account->sip_user), c);
	if (!err && *who.secret)
		err = sip_dialog_set_credentials(c->dialog, &who);
	if (!err)
		err = keep_offer(c, m);
	if (err)
		return err;

	phone_call_read_peer(c, m);
	(void)phone_call_read_identity(c, m);
	phone_session_offered(c, m);
	return ring(c, m);
}

/* RFC 5373, and what phones understood before it.  The controller decides who
 * may ask so; in another call the user decides. */
static bool asks_auto_answer(const struct engine *e,
			     const struct sip_message *m)
{
	struct span info = sip_header_named(m, "Call-Info");
	struct span mode = sip_header_named(m, "Answer-Mode");
	const char *semicolon = info.len ? memchr(info.p, ';', info.len) : NULL;
	struct span after = { NULL, 0 }, params = { NULL, 0 };

	if (phone_calls_count(e) > 1 || !e->registration)
		return false;
	if (span_equal_nocase(sip_trim(mode), SPAN("Auto")))
		return true;
	if (semicolon) {
		params.p = semicolon + 1;
		params.len = (uint32_t)(info.p + info.len - params.p);
	}

	return params.len && sip_param(params, "answer-after", &after) &&
	       span_equal(after, SPAN("0"));
}

void phone_call_invited(struct engine *e, const struct sip_message *m,
			struct sip_flow *flow)
{
	struct sip_fault fault;
	struct call *c = NULL;
	uint16_t status;
	int err;

	if (is_from_stranger(e, flow)) {
		(void)sip_refuse(e->sip, m, flow, 403, SPAN(""));
		return;
	}
	if (sip_request_check(m, &rules, &fault)) {
		refuse_early(e, m, flow, fault.status, fault.headers);
		return;
	}
	if (phone_session_is_short(m)) {
		refuse_early(e, m, flow, 422, "Min-SE: 90\r\n");
		return;
	}
	status = verdict(e, m);
	if (status) {
		refuse_early(e, m, flow, status, "");
		return;
	}

	err = phone_call_alloc(&c, e, false);
	if (err)
		return;
	err = take(c, m, flow);
	if (err) {
		if (err != EALREADY && !c->server)
			(void)sip_refuse(e->sip, m, flow, 500, SPAN(""));
		mem_deref(c);
		return;
	}

	phone_call_set_state(c, CALL_ALERTING, "", 0);
	if (e->settings.auto_answer || asks_auto_answer(e, m))
		wheel_start(&c->timer, 0, answer_itself, c);
	else
		wheel_start(&c->timer, CALL_RING_MS, rang_too_long, c);
}

/* ---- our answer ---- */

static int write_body(struct call *c, struct sip_out *b)
{
	struct span offer;

	if (!c->offer) {
		c->awaits_answer = true;
		return speech_offer(c->speech, SDP_DIRECTION_SENDRECV, b);
	}
	offer.p = (const char *)c->offer->buf;
	offer.len = (uint32_t)c->offer->end;
	return speech_answer(c->speech, offer, SDP_DIRECTION_SENDRECV, b);
}

static int send_ok(struct call *c)
{
	char headers[CALL_HEADERS_MAX], body[CALL_SDP_MAX];
	struct sip_out h, b;
	struct sip_reply reply = {
		.status = 200,
		.contact_user = span_of(c->e->account->sip_user),
		.with_contact = true,
		.content_type = SPAN("application/sdp"),
	};
	int err;

	sip_out_init(&b, body, sizeof(body));
	err = write_body(c, &b);
	if (err)
		return err;

	sip_out_init(&h, headers, sizeof(headers));
	phone_call_headers(c, &h);
	phone_session_answer(c, &h);
	reply.headers = sip_out_span(&h);
	reply.body = sip_out_span(&b);
	return sip_server_reply(c->server, &reply);
}

int phone_call_answer(struct call *c)
{
	int err;

	if (c->is_over || c->is_outgoing || c->state != CALL_ALERTING)
		return EINVAL;
	if (sip_server_is_prack_due(c->server)) {
		c->is_answering = true;
		return 0;
	}

	c->is_answering = false;
	if (!c->speech) {
		err = speech_open(&c->speech, c->e, c->id);
		if (err)
			return err;
	}
	err = send_ok(c);
	if (err) {
		(void)phone_call_refuse(
			c, err == ENOENT || err == EACCES ? 488 : 500, NULL,
			phone_call_reason(
				err == ENOENT || err == EACCES ? 488 : 500));
		return err;
	}

	wheel_stop(&c->timer);
	c->is_confirmed = true;
	phone_call_hold_others(c);
	speech_set_open(c->speech, true);
	phone_call_set_state(c, CALL_CONNECTED, "", 0);
	phone_call_note_hold(c);
	return 0;
}

void phone_call_pracked(struct call *c)
{
	if (c->is_answering && !c->is_over)
		(void)phone_call_answer(c);
}

int phone_call_refuse(struct call *c, uint16_t status, const char *contact,
		      const char *reason)
{
	char headers[512] = "";
	struct sip_reply reply = { .status = status };

	if (c->is_over || c->is_outgoing || c->is_confirmed || !c->server)
		return EINVAL;

	if (contact)
		snprintf(headers, sizeof(headers), "Contact: <%s>\r\n",
			 contact);
	reply.headers = span_of(headers);
	(void)sip_server_reply(c->server, &reply);
	sip_server_forget(&c->server);
	phone_call_over(c, reason, status);
	return 0;
}
