/* answer.c - see answer.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/speech/answer_private.h"
#include "pbx/route/forward.h"
#include "pbx/call/hold.h"
#include "pbx/speech/prompt.h"
#include "pbx/speech/relay.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"

enum {
	OPEN_MS = 3000,
	SOON_MS = 1,
	TAKERS_MAX = 4,
};

static struct {
	struct list all;
	struct {
		voice_take_h *taken;
		voice_going_h *going;
	} takers[TAKERS_MAX];
	uint8_t count;
} answers;

static void answer_destructor(void *data)
{
	struct answer *a = data;

	wheel_stop(&a->timer);
	list_unlink(&a->le);
	sip_server_forget(&a->asked);
	sip_client_forget(&a->client);
	mem_deref(a->voice);
	mem_deref(a->arg);
}

/* ---- recordings ---- */

int answer_on_take(voice_take_h *taken, voice_going_h *going)
{
	if (answers.count >= TAKERS_MAX)
		return ENOSPC;

	answers.takers[answers.count].taken = taken;
	answers.takers[answers.count].going = going;
	answers.count++;

	return 0;
}

static void taken(const struct voice_take *take)
{
	for (unsigned i = 0; i < answers.count; i++) {
		if (answers.takers[i].taken)
			answers.takers[i].taken(take);
	}
}

static void going(const char *name)
{
	for (unsigned i = 0; i < answers.count; i++) {
		if (answers.takers[i].going)
			answers.takers[i].going(name);
	}
}

int answer_start(const char *dir)
{
	return voice_init(dir, taken, going);
}

void answer_close(void)
{
	voice_close();
	answers.count = 0;
}

static void reply_sdp(struct answer *a, struct sip_server *asked,
		      uint16_t status, struct span sdp)
{
	struct leg *caller = a->call->caller;
	struct sip_reply reply = { .status = status };
	char buf[ANSWER_HEADERS_BYTES];
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\n");
	if (status >= 200) {
		sip_out_text(&o, "Supported: " PBX_SUPPORTED "\r\n");
		session_repeat(caller, true, &o);
	}
	else {
		reply.is_reliable = a->call->wants_reliable;
	}
	reply.headers = sip_out_span(&o);
	reply.with_contact = true;
	reply.contact_user = SPAN("pbx");
	reply.content_type = SPAN("application/sdp");
	reply.body = sdp;
	(void)sip_server_reply(asked, &reply);
	leg_keep_sdp(caller, sdp);
}

/* ---- the caller gets its answer ---- */

/* Waits until the call is on record. */
struct promise {
	struct call *call;
	uint32_t len;
	char sdp[ANSWER_SDP_BYTES];
};

static void promise_destructor(void *data)
{
	struct promise *p = data;

	mem_deref(p->call);
}

static void promise_keep(void *arg)
{
	struct promise *p = arg;
	struct call *call = p->call;
	struct answer *a = call->answer;
	const struct span sdp = { p->sdp, p->len };

	if (!a || !call->caller->asked)
		goto out;

	if (a->manner == ANSWER_CONNECT && call->state == CALL_ANSWERED) {
		reply_sdp(a, call->caller->asked, 200, sdp);
		a->is_connected = true;
	}
	else if (a->manner == ANSWER_EARLY && call->state < CALL_ANSWERED) {
		reply_sdp(a, call->caller->asked, 183, sdp);
		a->state = ANSWER_OPEN;
		a->owner->opened(a->arg);
	}

out:
	mem_deref(p);
}

/* The call is answered from now on. */
static void now_connected(struct answer *a)
{
	struct call *call = a->call;

	call->offer = mem_deref(call->offer);
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	(void)leg_turn(call->caller, LEG_ANSWERED);
}

static void accept_caller(struct answer *a)
{
	struct call *call = a->call;
	struct promise *p = mem_zalloc(sizeof(*p), promise_destructor);
	struct span offer = { NULL, 0 };
	struct sip_out o;
	int err;

	if (!p) {
		call_refused(call, 500, NULL);
		return;
	}
	if (call->offer)
		offer = (struct span){ (const char *)call->offer->buf,
				       (uint32_t)call->offer->end };
	sip_out_init(&o, p->sdp, sizeof(p->sdp));
	err = answer_describe(a, offer, &o);
	if (err) {
		mem_deref(p);
		trail_add(&call->trail, "nothing in common to speak with");
		if (a->owner->lost)
			a->owner->lost(a->arg);
		else
			call_refused(call, 488, NULL);
		return;
	}
	p->call = mem_ref(call);
	p->len = o.len;
	a->state = ANSWER_ACCEPTING;
	if (a->manner == ANSWER_CONNECT)
		now_connected(a);
	call_touch(call);
	turn_defer(promise_keep, p);
}

/* ---- the end ---- */

static void hang_up(struct answer *a)
{
	struct call *call = a->call;

	if (call->state >= CALL_ANSWERED || !a->status)
		call_hangup(call, NULL, NULL);
	else
		call_refused(call, a->status, a->cause);
}

static void hang_up_late(void *arg)
{
	hang_up(arg);
}

void answer_hang_up(struct answer *a)
{
	a->status = 0;
	hang_up(a);
}

void answer_leave(struct answer *a)
{
	answer_refuse(a, 0, NULL);
}

void answer_refuse(struct answer *a, uint16_t status, const char *cause)
{
	a->state = ANSWER_LEAVING;
	a->status = status;
	a->cause = cause;
	if (!voice_is_saying(a->voice))
		wheel_start(&a->timer, SOON_MS, hang_up_late, a);
}

void answer_drop(struct answer *a)
{
	answer_end(a->call);
}

void answer_end(struct call *call)
{
	call->answer = mem_deref(call->answer);
}

/* ---- what the voice tells ---- */

static void lost(struct answer *a)
{
	struct call *call = a->call;

	trail_add(&call->trail, "the media server is gone");
	if (call->state >= CALL_ANSWERED)
		call_hangup(call, NULL, NULL);
	else if (a->owner->lost)
		a->owner->lost(a->arg);
	else
		call_refused(call, 480, a->owner->away);
}

static void heard(enum voice_event event, char k, void *arg)
{
	struct answer *a = arg;

	switch (event) {
	case VOICE_OPEN:
		wheel_stop(&a->timer);
		if (a->manner == ANSWER_TAKE)
			answer_take_caller(a);
		else
			accept_caller(a);
		break;

	case VOICE_SAID:
		if (a->state == ANSWER_SENDING)
			(void)voice_say(a->voice, "ringback");
		else if (a->state == ANSWER_LEAVING)
			hang_up(a);
		else if (a->state == ANSWER_OPEN && a->owner->said)
			a->owner->said(a->arg);
		break;

	case VOICE_KEY:
		if (a->state == ANSWER_OPEN && a->owner->key)
			a->owner->key(a->arg, k);
		else if (a->state == ANSWER_SENDING && a->owner->key_meanwhile)
			a->owner->key_meanwhile(a->arg, k);
		break;

	case VOICE_LOST: lost(a); break;
	}
}

/* The media server does not answer. */
static void late(void *arg)
{
	lost(arg);
}

/* ---- life ---- */

int answer_begin(struct answer **ap, struct call *call,
		 const struct answer_owner *owner, void *arg,
		 enum answer_manner manner)
{
	const struct phone *p = call->caller->phone;
	struct answer *a;
	int err;

	if (call->answer || call->state >= CALL_ANSWERED)
		return EALREADY;
	if (!call->caller->asked) {
		if (manner != ANSWER_CONNECT || !transfer_may_take(call))
			return EALREADY;
		manner = ANSWER_TAKE;
	}
	if (manner == ANSWER_EARLY && !call->offer)
		return ENOTSUP;
	a = mem_zalloc(sizeof(*a), answer_destructor);
	if (!a)
		return ENOMEM;

	a->call = call;
	a->owner = owner;
	a->arg = mem_ref(arg);
	a->manner = (uint8_t)manner;
	a->is_anonymous = forward_is_anonymous(call) ||
			  call->caller->is_withheld;
	a->is_french = phone_is_french(p);
	a->sdp_id = clock_wall_ms();
	err = voice_open(&a->voice, call->id, heard, a);
	if (err) {
		mem_deref(a);
		return err;
	}
	wheel_start(&a->timer, OPEN_MS, late, a);
	wheel_stop(&call->timer);
	list_append(&answers.all, &a->le, a);
	relay_end(call);
	call->answer = a;
	if (ap)
		*ap = a;

	return 0;
}

struct call *answer_call(const struct answer *a)
{
	return a->call;
}

struct voice *answer_voice(const struct answer *a)
{
	return a->voice;
}

bool answer_is_anonymous(const struct answer *a)
{
	return a->is_anonymous;
}

void answer_give(struct answer *a, const struct answer_owner *owner, void *arg)
{
	void *old = a->arg;

	a->owner = owner;
	a->arg = mem_ref(arg);
	mem_deref(old);
	if (a->state == ANSWER_SENDING && !a->call->transfer) {
		voice_hush(a->voice);
		a->state = ANSWER_OPEN;
	}
	if (a->state == ANSWER_OPEN)
		owner->opened(arg);
}

/* ---- speaking ---- */

void answer_set_french(struct answer *a, bool is_french)
{
	a->is_french = is_french;
}

bool answer_is_french(const struct answer *a)
{
	return a->is_french;
}

void answer_say(struct answer *a, const char *prompt)
{
	prompt_speak(a->voice, a->call->customer, a->is_french, prompt);
}

void answer_say_digits(struct answer *a, const char *digits)
{
	char name[] = "digit-0";

	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			continue;
		name[6] = *digits;
		answer_say(a, name);
	}
}

void answer_play(struct answer *a, const char *sound)
{
	(void)voice_say(a->voice, sound);
}

void answer_hush(struct answer *a)
{
	voice_hush(a->voice);
}

/* ---- sending on ---- */

int answer_send_on(struct answer *a, const struct answer_way *way)
{
	int err;

	if (a->state != ANSWER_OPEN || !a->is_connected || a->asked)
		return EPROTO;

	a->state = ANSWER_SENDING;
	voice_hush(a->voice);
	err = transfer_send_on(a->call, way);
	if (err)
		a->state = ANSWER_OPEN;
	else if (a->state == ANSWER_SENDING)
		(void)voice_say(a->voice, "ringback");

	return err;
}

void answer_call_off(struct answer *a)
{
	if (a->state != ANSWER_SENDING)
		return;

	transfer_call_off(a->call);
	wheel_stop(&a->timer);
	voice_hush(a->voice);
	a->state = ANSWER_OPEN;
}

static void tell_refused(void *arg)
{
	struct answer *a = arg;

	a->state = ANSWER_OPEN;
	voice_hush(a->voice);
	a->owner->refused(a->arg, a->status, a->user);
}

void answer_sent_back(struct answer *a, uint16_t status, const char *user)
{
	a->status = status;
	(void)snprintf(a->user, sizeof(a->user), "%s", user);
	wheel_start(&a->timer, SOON_MS,
		    a->owner->refused ? tell_refused : hang_up_late, a);
}

/* ---- what the caller tells ---- */

void answer_acknowledged(struct answer *a, const struct sip_message *m)
{
	if (m && m->body.len && answer_learn(a, m->body)) {
		hang_up(a);
		return;
	}
	if (a->state != ANSWER_ACCEPTING)
		return;

	a->state = ANSWER_OPEN;
	a->owner->opened(a->arg);
}

static void later_acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct answer *a = arg;

	sip_server_forget(&a->asked);
	a->call->caller->asks_offering = false;
	if (err)
		hang_up(a);
	else if (m && m->body.len)
		(void)answer_learn(a, m->body);
}

/* The key of an INFO from a phone that sends none in RTP, or '\0'. */
static char info_key(const struct answer *a, const struct sip_message *m)
{
	struct span type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	struct span body = m->body;
	const char *p = body.p;

	if (m->method != SIP_METHOD_INFO || a->has_rtp_keys || !body.len)
		return '\0';
	if (span_equal_nocase(type, SPAN("application/dtmf-relay"))) {
		p = memmem(body.p, body.len, "Signal=", 7);
		if (!p)
			return '\0';
		p += 7;
	}
	else if (!span_equal_nocase(type, SPAN("application/dtmf"))) {
		return '\0';
	}
	while (p < body.p + body.len && *p == ' ')
		p++;

	return p < body.p + body.len && *p && strchr("0123456789*#", *p) ? *p
									 : '\0';
}

void answer_request(struct answer *a, const struct sip_message *m,
		    struct sip_flow *flow)
{
	struct leg *caller = a->call->caller;
	bool is_invite = m->method == SIP_METHOD_INVITE;
	struct sip_server *asked = NULL;
	char k = info_key(a, m);
	char sdp[ANSWER_SDP_BYTES], buf[256];
	struct sip_out o, lines;
	struct sip_reply reply = { .status = 200 };

	if (a->asked || a->client || a->call->transfer ||
	    (caller->asked && is_invite)) {
		(void)sip_server_refuse(server_sip(), m, flow, 491,
					(struct span){ NULL, 0 });
		return;
	}
	if (sip_server_accept(&asked, server_sip(), m, flow, NULL,
			      is_invite ? later_acknowledged : NULL, a))
		return;

	sip_out_init(&lines, buf, sizeof(buf));
	sip_out_init(&o, sdp, sizeof(sdp));
	if (!is_invite && m->method != SIP_METHOD_UPDATE)
		reply.status = m->method == SIP_METHOD_INFO ? 200 : 501;
	else if (session_asked(caller, m, &lines) == ERANGE)
		reply.status = 422;
	else if (answer_describe(a, m->body, &o))
		reply.status = 488;

	if (o.len && reply.status == 200) {
		hold_apply(caller, hold_read(m->body));
		reply_sdp(a, asked, 200, sip_out_span(&o));
	}
	else {
		reply.headers = sip_out_span(&lines);
		(void)sip_server_reply(asked, &reply);
	}
	if (is_invite && reply.status == 200)
		a->asked = asked;
	else
		sip_server_forget(&asked);
	if (k)
		answer_press(a, k);
}

void answer_press(struct answer *a, char key)
{
	if (a->state == ANSWER_OPEN && a->owner->key &&
	    strchr("0123456789*#", key))
		a->owner->key(a->arg, key);
}
