/* change.c - what changes while a call is connected; see call.h
 *
 * One offer at a time may be under way (RFC 3261 section 14, RFC 6337): ours
 * waits for theirs, and when both meet on the wire (491) the one whose end
 * began the call waits longer before it tries again.
 */
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/speech.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/server_tx.h"

enum {
	WAIT_MS = 50, /* for an exchange of theirs to end */
	PATIENCE_MS = 32000,
	GLARE_OWNER_MS = 2100,
	GLARE_SPREAD_MS = 1900,
	RETRY_MAX_S = 10,
};

static void pursue(void *arg);

enum sdp_direction phone_call_direction(const struct call *c)
{
	return c->state == CALL_HELD ? SDP_DIRECTION_SENDONLY
				     : SDP_DIRECTION_SENDRECV;
}

void phone_call_note_hold(struct call *c)
{
	bool is_held = speech_is_held_by_peer(c->speech);

	if (is_held == c->was_held_by_peer)
		return;
	c->was_held_by_peer = is_held;
	face_call(c->e, c);
}

/* ---- ours ---- */

/* The wish has come to its end; code NULL is success. */
static void wish_ended(struct call *c, const char *code, const char *detail)
{
	const char *command = c->wish_command;
	enum phone_call_wish wish = c->wish;

	c->wish = WISH_NONE;
	c->wish_command = NULL;
	if (!code && wish == WISH_HOLD)
		phone_call_set_state(c, CALL_HELD, "", 0);
	else if (!code && wish == WISH_RETRIEVE)
		phone_call_set_state(c, CALL_CONNECTED, "", 0);
	speech_set_open(c->speech, c->state == CALL_CONNECTED);
	speech_set_deaf(c->speech, c->state == CALL_HELD);
	phone_call_note_hold(c);
	if (command)
		face_reply(c->e, command, code, detail);
}

static void took_200(struct call *c, const struct sip_message *m)
{
	bool is_invite = m->cseq_method == SIP_METHOD_INVITE;
	int err = 0;

	if (is_invite)
		(void)sip_dialog_ack(c->dialog, SPAN(""), SPAN(""));
	phone_call_read_peer(c, m);
	phone_session_agreed(c, m);
	if (m->body.len)
		err = speech_take_answer(c->speech, m->body);
	if (err)
		wish_ended(c, "refused",
			   "The far end answered with no usable sound.");
	else
		wish_ended(c, NULL, NULL);
}

static void try_later(struct call *c, uint32_t wait_ms)
{
	wheel_start(&c->retry, wait_ms, pursue, c);
}

/* What a 500 says, at most RETRY_MAX_S; 0: nothing. */
static uint32_t retry_after_s(const struct sip_message *m)
{
	struct span v = sip_header_value(m, SIP_HEADER_RETRY_AFTER);
	uint32_t n = 0;

	for (uint32_t i = 0; i < v.len && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
		n = n * 10 + (uint32_t)(v.p[i] - '0');
		if (n > RETRY_MAX_S)
			return RETRY_MAX_S;
	}

	return n;
}

static void change_answered(int err, const struct sip_message *m,
			    struct sip_flow *flow, void *arg)
{
	struct call *c = arg;
	uint16_t status = err ? 0 : m->status;

	(void)flow;
	if (!err && status < 200)
		return;
	sip_client_forget(&c->change);
	if (c->is_over)
		return;

	if (!err && status < 300) {
		took_200(c, m);
	}
	else if (status == 491) {
		try_later(c, (c->is_outgoing ? GLARE_OWNER_MS : 0) +
				     rand_u32() % GLARE_SPREAD_MS);
	}
	else if (status == 500 && retry_after_s(m)) {
		try_later(c, retry_after_s(m) * 1000);
	}
	else if ((status == 405 || status == 501) && c->wish == WISH_REFRESH &&
		 c->peer_updates) {
		c->peer_updates = false;
		try_later(c, 0);
	}
	else if (err == ETIMEDOUT || status == 481 || status == 408) {
		phone_call_bye(c, "lost", status ? status : 408);
	}
	else {
		wish_ended(c, "refused", "The far end refused the change.");
	}
}

static int send_change(struct call *c)
{
	char headers[CALL_HEADERS_MAX], body[CALL_SDP_MAX];
	struct sip_dialog_request request = { .method = "INVITE" };
	struct sip_out h, b;
	int err;

	sip_out_init(&b, body, sizeof(body));
	switch (c->wish) {
	case WISH_HOLD:
		err = speech_offer(c->speech, SDP_DIRECTION_SENDONLY, &b);
		break;
	case WISH_RETRIEVE:
		err = speech_offer(c->speech, SDP_DIRECTION_SENDRECV, &b);
		break;
	default: err = speech_offer_again(c->speech, &b); break;
	}
	if (err)
		return err;

	sip_out_init(&h, headers, sizeof(headers));
	phone_call_headers(c, &h);
	phone_session_ask(&h);
	request.headers = sip_out_span(&h);
	if (c->wish == WISH_REFRESH && c->peer_updates) {
		request.method = "UPDATE";
	}
	else {
		request.content_type = SPAN("application/sdp");
		request.body = sip_out_span(&b);
	}
	return sip_dialog_request(&c->change, c->dialog, &request,
				  change_answered, c);
}

static void pursue(void *arg)
{
	struct call *c = arg;

	if (c->is_over || c->wish == WISH_NONE)
		return;
	if (wheel_now_ms() - c->wish_since_ms > PATIENCE_MS) {
		wish_ended(c, "timeout", "The far end did not let us.");
		return;
	}
	if (c->change || c->server || c->awaits_answer) {
		try_later(c, WAIT_MS);
		return;
	}
	if (send_change(c))
		wish_ended(c, "failed", "The request could not be sent.");
}

int phone_call_wish(struct call *c, enum phone_call_wish wish,
		    const char *command)
{
	if (c->is_over || !c->is_confirmed)
		return EINVAL;
	if ((wish == WISH_HOLD && c->state != CALL_CONNECTED) ||
	    (wish == WISH_RETRIEVE && c->state != CALL_HELD))
		return EINVAL;
	if (c->wish != WISH_NONE && c->wish != WISH_REFRESH)
		return EBUSY;
	if (wish == WISH_REFRESH && c->wish != WISH_NONE)
		return 0;

	/* a held leg sends no speech from the moment the user says so */
	if (wish == WISH_HOLD) {
		speech_set_open(c->speech, false);
		speech_set_deaf(c->speech, true);
	}
	c->wish = wish;
	c->wish_command = command;
	c->wish_since_ms = wheel_now_ms();
	try_later(c, 0);
	return 0;
}

/* ---- theirs ---- */

static int answer_body(struct call *c, const struct sip_message *m,
		       struct sip_out *b)
{
	if (m->body.len)
		return speech_answer(c->speech, m->body,
				     phone_call_direction(c), b);
	if (m->method == SIP_METHOD_UPDATE)
		return 0;

	c->awaits_answer = true;
	return speech_offer(c->speech, phone_call_direction(c), b);
}

static void answer_change(struct call *c, const struct sip_message *m,
			  struct sip_server *server)
{
	char headers[CALL_HEADERS_MAX], body[CALL_SDP_MAX];
	struct sip_reply reply = {
		.status = 200,
		.contact_user = span_of(c->e->account->sip_user),
		.with_contact = true,
	};
	struct sip_out h, b;
	int err;

	sip_out_init(&b, body, sizeof(body));
	err = answer_body(c, m, &b);
	if (err) {
		(void)sip_server_answer(
			server, err == ENOENT || err == EACCES ? 488 : 400);
		return;
	}
	sip_out_init(&h, headers, sizeof(headers));
	phone_call_read_peer(c, m);
	phone_call_headers(c, &h);
	phone_session_offered(c, m);
	phone_session_answer(c, &h);
	reply.headers = sip_out_span(&h);
	if (b.len) {
		reply.content_type = SPAN("application/sdp");
		reply.body = sip_out_span(&b);
	}
	(void)sip_server_reply(server, &reply);
	if (phone_call_read_identity(c, m))
		face_call(c->e, c);
	phone_call_note_hold(c);
}

void phone_call_reoffered(struct call *c, const struct sip_message *m,
			  struct sip_flow *flow)
{
	bool is_invite = m->method == SIP_METHOD_INVITE;
	bool has_offer = is_invite || m->body.len;
	struct sip_server *server = NULL;
	struct sip *sip = c->e->sip;

	if (c->is_over || !c->speech) {
		/* an UPDATE while we ring without sound yet only refreshes */
		(void)sip_refuse(sip, m, flow, c->is_over ? 481 : 200,
				 SPAN(""));
		return;
	}
	if (has_offer && c->change) {
		(void)sip_server_refuse(sip, m, flow, 491, SPAN(""));
		return;
	}
	if (is_invite && c->server && !c->is_confirmed) {
		(void)sip_server_refuse(sip, m, flow, 500,
					SPAN("Retry-After: 2\r\n"));
		return;
	}
	if (is_invite && c->server && c->awaits_answer) {
		(void)sip_server_refuse(sip, m, flow, 491, SPAN(""));
		return;
	}
	if (is_invite) /* it has overtaken the ACK (RFC 5407 3.1.4) */
		sip_server_forget(&c->server);
	if (phone_session_is_short(m)) {
		(void)sip_server_refuse(sip, m, flow, 422,
					SPAN("Min-SE: 90\r\n"));
		return;
	}

	if (is_invite) {
		if (sip_server_accept(&c->server, sip, m, flow, NULL,
				      phone_call_acked, c))
			return;
		answer_change(c, m, c->server);
		return;
	}
	if (sip_server_accept(&server, sip, m, flow, NULL, NULL, NULL))
		return;
	answer_change(c, m, server);
	sip_server_forget(&server);
}
