/* call.c - see call.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "media/dtmf.h"
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/diary.h"
#include "phone/registration.h"
#include "phone/speech.h"
#include "sip/address.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/dialog.h"
#include "sip/message.h"
#include "sip/param.h"
#include "sip/server_tx.h"

static const char *const state_names[] = {
	[CALL_NULL] = "null",         [CALL_INITIATED] = "initiated",
	[CALL_ALERTING] = "alerting", [CALL_CONNECTED] = "connected",
	[CALL_HELD] = "held",         [CALL_FAILED] = "failed",
};

static void call_destructor(void *data)
{
	struct call *c = data;

	list_unlink(&c->le);
	wheel_stop(&c->timer);
	wheel_stop(&c->retry);
	wheel_stop(&c->session_timer);
	sip_client_forget(&c->invite);
	sip_client_forget(&c->bye);
	sip_client_forget(&c->fork_bye);
	sip_client_forget(&c->change);
	sip_client_forget(&c->refer);
	sip_client_forget(&c->record);
	sip_server_forget(&c->server);
	for (size_t i = 0; i < c->fork_count; i++)
		mem_deref(c->forks[i]);
	mem_deref(c->dialog);
	mem_deref(c->speech);
	mem_deref(c->offer);
}

int phone_call_alloc(struct call **cp, struct engine *e, bool is_outgoing)
{
	struct call *c;

	c = mem_zalloc(sizeof(*c), call_destructor);
	if (!c)
		return ENOMEM;

	c->e = e;
	c->is_outgoing = is_outgoing;
	c->began_ms = clock_wall_ms();
	snprintf(c->id, sizeof(c->id), "c%u", ++e->call_serial);
	sip_random(c->session_local);
	sip_random(c->session_local + 16);
	snprintf(c->session_remote, sizeof(c->session_remote), "%032d", 0);
	list_append(&e->calls, &c->le, c);
	if (e->registration)
		c->home = registration_index(e->registration);
	*cp = c;
	return 0;
}

/* ---- state ---- */

const char *phone_call_state_name(enum call_state state)
{
	return state_names[state];
}

const char *phone_call_reason(uint16_t status)
{
	switch (status) {
	case 404: return "unknown-number";
	case 403: return "forbidden";
	case 408:
	case 480: return "no-answer";
	case 486:
	case 600: return "busy";
	case 487: return "cancelled";
	case 488:
	case 606: return "no-common-codec";
	case 603: return "declined";
	case 484: return "incomplete-number";
	case 503: return "unavailable";
	default: return status >= 300 && status < 400 ? "redirected" : "failed";
	}
}

void phone_call_set_state(struct call *c, enum call_state state,
			  const char *reason, uint16_t status)
{
	c->state = state;
	c->status = status;
	if (reason != c->reason)
		snprintf(c->reason, sizeof(c->reason), "%s", reason);
	if (state == CALL_CONNECTED && !c->answered_ms)
		c->answered_ms = clock_wall_ms();
	face_call(c->e, c);
}

/* ---- the end ---- */

static void sweep(void *arg)
{
	struct call *c = arg;
	struct engine *e = c->e;

	mem_deref(c);
	engine_check_closed(e);
}

void phone_call_sweep(struct call *c)
{
	if (!c->is_over)
		return;
	if (c->invite && !sip_client_is_final(c->invite))
		return;
	if (c->bye && !sip_client_is_final(c->bye))
		return;
	if (c->refer && !sip_client_is_final(c->refer))
		return;

	wheel_start(&c->timer, 0, sweep, c);
}

/* A REFER's reply waits for its answer: a call that was handed over ends
 * before a lost 202 is sent again. */
static void reply_pending(struct call *c)
{
	if (c->wish_command)
		face_reply(c->e, c->wish_command, "call-ended",
			   "The call has ended.");
	if (c->refer_command && c->is_focus) {
		face_reply(c->e, c->refer_command, "call-ended",
			   "The call has ended.");
		c->refer_command = NULL;
	}
	if (c->record_command)
		face_reply(c->e, c->record_command, "call-ended",
			   "The call has ended.");
	c->wish_command = NULL;
	c->record_command = NULL;
}

void phone_call_over(struct call *c, const char *reason, uint16_t status)
{
	if (c->is_over)
		return;

	wheel_stop(&c->timer);
	wheel_stop(&c->retry);
	wheel_stop(&c->session_timer);
	c->is_over = true;
	c->wish = WISH_NONE;
	sip_client_forget(&c->change);
	if (c->speech) {
		struct tone_heard silence = { .kind = TONE_SILENCE };

		if (!speech_is_silent(c->speech))
			face_heard(c->e, c->id, &silence, "line");
		c->speech = mem_deref(c->speech);
	}
	diary_add(c->e->diary, c, reason);
	phone_call_set_state(c, CALL_NULL, reason, status);
	reply_pending(c);
	if (!c->refer_command)
		sip_client_forget(&c->refer);
	sip_client_forget(&c->record);
	phone_call_sweep(c);
}

static void bye_answered(int err, const struct sip_message *m,
			 struct sip_flow *flow, void *arg)
{
	struct call *c = arg;

	(void)flow;
	if (!err && m->status < 200)
		return;
	phone_call_sweep(c);
}

void phone_call_bye(struct call *c, const char *reason, uint16_t status)
{
	struct sip_dialog_request request = { .method = "BYE" };

	if (!c->bye &&
	    sip_dialog_request(&c->bye, c->dialog, &request, bye_answered, c))
		log_warn("call", "%s: BYE could not be sent", c->id);
	phone_call_over(c, reason, status);
	phone_call_sweep(c);
}

void phone_call_hangup(struct call *c)
{
	if (c->is_over)
		return;

	if (c->is_confirmed) {
		phone_call_bye(c, "hangup", 0);
	}
	else if (!c->is_outgoing) {
		(void)phone_call_refuse(c, 603, NULL, "declined");
	}
	else {
		if (c->invite && !sip_client_is_final(c->invite))
			(void)sip_client_cancel(c->invite, SPAN(""));
		phone_call_over(c,
				c->state == CALL_FAILED ? c->reason : "hangup",
				c->state == CALL_FAILED ? c->status : 0);
	}
}

/* ---- who it is ---- */

static bool set_text(char *slot, const char *text)
{
	if (!strcmp(slot, text))
		return false;
	snprintf(slot, CALL_PEER_SIZE, "%s", text);
	return true;
}

bool phone_call_read_identity(struct call *c, const struct sip_message *m)
{
	struct span value = sip_header_value(m, SIP_HEADER_P_ASSERTED_IDENTITY);
	char user[CALL_PEER_SIZE] = "", name[CALL_PEER_SIZE] = "";
	struct sip_address a;
	struct span first;
	bool has_changed = false;

	if (!value.len && m->is_request && !c->peer[0])
		value = sip_header_value(m, SIP_HEADER_FROM);
	else if (!sip_list_next(&value, &first))
		return false;
	else
		value = first;
	if (!value.len || sip_address_parse(&a, value))
		return false;

	sip_address_name(&a, name, sizeof(name));
	if (sip_uri_user(&a.uri, user, sizeof(user)))
		snprintf(user, sizeof(user), SPAN_FMT, SPAN_ARG(a.uri_text));
	if (user[0])
		has_changed |= set_text(c->peer, user);
	if (name[0])
		has_changed |= set_text(c->name, name);
	return has_changed;
}

void phone_call_headers(const struct call *c, struct sip_out *o)
{
	sip_out_text(o, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, "
			"PRACK, NOTIFY, INFO\r\n"
			"Supported: 100rel, timer\r\n");
	sip_out_printf(o, "Session-ID: %s;remote=%s\r\n", c->session_local,
		       c->session_remote);
}

void phone_call_read_peer(struct call *c, const struct sip_message *m)
{
	struct span id = sip_header_value(m, SIP_HEADER_SESSION_ID);
	uint32_t i;

	for (i = 0; i < 32 && i < id.len; i++) {
		char d = id.p[i];

		if (!((d >= '0' && d <= '9') || (d >= 'a' && d <= 'f')))
			break;
	}
	if (i == 32)
		snprintf(c->session_remote, sizeof(c->session_remote), "%.32s",
			 id.p);
	if (sip_has_header(m, SIP_HEADER_ALLOW))
		c->peer_updates = sip_header_has(m, SIP_HEADER_ALLOW, "UPDATE");
}

/* ---- inside the dialog ---- */

static void answer_simply(struct call *c, const struct sip_message *m,
			  struct sip_flow *flow, uint16_t status)
{
	struct sip_server *server = NULL;

	if (sip_server_accept(&server, c->e->sip, m, flow, NULL, NULL, NULL))
		return;
	(void)sip_server_answer(server, status);
	sip_server_forget(&server);
}

static void hung_up(struct call *c, const struct sip_message *m,
		    struct sip_flow *flow)
{
	answer_simply(c, m, flow, 200);
	if (c->server) {
		if (!sip_server_is_final(c->server))
			(void)sip_server_answer(c->server, 487);
		sip_server_forget(&c->server);
	}
	phone_call_over(c, c->is_transferring ? "transferred" : "remote-hangup",
			0);
}

/* A key in an INFO, as some phones send it. */
static void take_info(struct call *c, const struct sip_message *m)
{
	struct tone_heard h = { .kind = TONE_DTMF };
	const char *at;

	if (!sip_body_is(m, "application/dtmf-relay"))
		return;
	at = memmem(m->body.p, m->body.len, "Signal=", 7);
	if (!at || at + 7 >= m->body.p + m->body.len ||
	    dtmf_event_of(at[7]) < 0)
		return;
	h.digit = at[7];
	face_heard(c->e, c->id, &h, "line");
}

static bool comes_from_peer(const struct call *c, struct sip_flow *flow)
{
	struct sip_flow *own = sip_dialog_flow(c->dialog);
	const struct sa *source = sip_flow_remote(flow);

	if (own && sa_cmp(sip_flow_remote(own), source, SA_ADDR))
		return true;

	return c->e->registration &&
	       registration_knows(c->e->registration, source);
}

void phone_call_request(struct call *c, const struct sip_message *m,
			struct sip_flow *flow)
{
	struct sip *sip = c->e->sip;
	struct sip_dialog *d = sip_dialog_find(sip, m);

	if (!d || !comes_from_peer(c, flow)) {
		(void)sip_refuse(sip, m, flow, 481, SPAN(""));
		return;
	}
	if (sip_dialog_receive(d, m, flow)) {
		(void)sip_refuse(sip, m, flow, 500, SPAN(""));
		return;
	}

	switch (m->method) {
	case SIP_METHOD_BYE: hung_up(c, m, flow); break;
	case SIP_METHOD_INVITE:
	case SIP_METHOD_UPDATE: phone_call_reoffered(c, m, flow); break;
	case SIP_METHOD_NOTIFY: phone_call_notified(c, m, flow); break;
	case SIP_METHOD_INFO:
		answer_simply(c, m, flow, 200);
		take_info(c, m);
		break;
	case SIP_METHOD_PRACK:
		answer_simply(c, m, flow, 200);
		phone_call_pracked(c);
		break;
	case SIP_METHOD_OPTIONS: answer_simply(c, m, flow, 200); break;
	case SIP_METHOD_REFER: answer_simply(c, m, flow, 603); break;
	case SIP_METHOD_ACK: break;
	default: (void)sip_refuse(sip, m, flow, 405, SPAN("")); break;
	}
}

/* ---- all calls ---- */

/* It cannot be held: nobody is heard, nobody hears. */
static void set_aside(struct call *c)
{
	c->is_muted = true;
	speech_set_muted(c->speech, true);
	speech_set_deaf(c->speech, true);
	face_call(c->e, c);
}

void phone_call_hold_others(struct call *c)
{
	for (struct le *le = list_head(&c->e->calls); le; le = le->next) {
		struct call *other = le->data;

		if (other == c || other->state != CALL_CONNECTED ||
		    other->is_over)
			continue;
		if (other->is_limited)
			set_aside(other);
		else if (other->wish != WISH_HOLD)
			(void)phone_call_wish(other, WISH_HOLD, NULL);
	}
}

struct call *phone_call_find(const struct engine *e, const char *id)
{
	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		struct call *c = le->data;

		if (!c->is_over && !strcmp(c->id, id))
			return c;
	}

	return NULL;
}

struct call *phone_call_in_state(const struct engine *e, enum call_state state)
{
	for (struct le *le = list_tail(&e->calls); le; le = le->prev) {
		struct call *c = le->data;

		if (!c->is_over && c->state == state)
			return c;
	}

	return NULL;
}

uint32_t phone_calls_count(const struct engine *e)
{
	uint32_t count = 0;

	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		const struct call *c = le->data;

		count += !c->is_over;
	}

	return count;
}

void phone_calls_limit(struct engine *e)
{
	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		struct call *c = le->data;
		bool is_up = !c->is_over && (c->state == CALL_CONNECTED ||
					     c->state == CALL_HELD);
		bool is_limited = is_up && !registration_serves(e->registration,
								c->home);

		if (is_limited == c->is_limited)
			continue;
		c->is_limited = is_limited;
		face_call(e, c);
	}
}

void phone_calls_rebind(struct engine *e, struct sip_flow *flow)
{
	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		struct call *c = le->data;
		struct sip_flow *own = c->dialog ? sip_dialog_flow(c->dialog)
						 : NULL;

		if (own && !sip_flow_is_alive(own))
			sip_dialog_set_flow(c->dialog, flow);
	}
}
