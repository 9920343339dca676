/* party.c - see party.h */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/conference/conference.h"
#include "pbx/conference/heir.h"
#include "pbx/conference/conference_room.h"
#include "pbx/call/fork.h"
#include "pbx/route/forward.h"
#include "pbx/call/hold.h"
#include "pbx/conference/party.h"
#include "pbx/speech/prompt.h"
#include "pbx/speech/relay.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/transfer/transfer.h"
#include "pbx/transfer/transfer_private.h"
#include "pbx/turn.h"
#include "sip/sdp.h"

enum {
	HEADERS_BYTES = 1536,
	INVITE_BYTES = 2048,
	SDP_BYTES = 4096,
	BEGIN_MS = 1,
	RETRY_MS = 300, /* and up to as much again, after a 491 */
	TRIES_MAX = 10,
};

/* ---- life ---- */

static void party_destructor(void *data)
{
	struct party *p = data;

	wheel_stop(&p->timer);
	list_unlink(&p->le);
	sip_server_forget(&p->asked);
	sip_client_forget(&p->client);
	mem_deref(p->referrer);
}

int party_make(struct party **pp, struct call *call,
	       struct conference *conference)
{
	struct party *p = mem_zalloc(sizeof(*p), party_destructor);

	if (!p)
		return ENOMEM;

	p->call = call;
	p->conference = conference;
	p->sdp_id = clock_wall_ms();
	p->sdp_version = 1;
	call->party = p;
	*pp = p;

	return 0;
}

/* Who was rung is the callee; its caller is nobody's dialog. */
static bool is_rung(const struct call *call)
{
	return !call->caller->dialog;
}

struct leg *party_leg(const struct party *p)
{
	return is_rung(p->call) ? p->call->callee : p->call->caller;
}

struct media_port *party_port(const struct party *p)
{
	return p->call->ports[is_rung(p->call) ? 1 : 0];
}

void party_sign(struct party *p, const char *sound)
{
	struct media_port *port = party_port(p);

	if (port)
		media_port_say(port, sound);
}

void party_say(struct party *p, const char *prompt)
{
	const struct phone *phone = p->call->caller->phone;
	char file[PROMPT_FILE_BYTES];

	prompt_file(file, p->call->customer, phone_is_french(phone), prompt);
	party_sign(p, file);
}

/* ---- descriptions ---- */

static int own_side(const struct party *p, const struct leg *leg,
		    struct sdp_audio *a, char host[RELAY_HOST_BYTES])
{
	struct media_port *port = party_port(p);

	if (!port)
		return ENOTCONN;
	relay_address(host, leg);
	sdp_audio_init(a, host, media_port_number(port), p->sdp_id);
	terms_offer(a);
	srtp_offer(a, &media_port_srtp(port)->own, leg, media_port_terms(port));
	a->version = p->sdp_version;

	return 0;
}

static void hear_from(struct party *p, const struct sdp_agreed *agreed,
		      const struct sdp_audio *ours)
{
	struct media_port *port = party_port(p);
	struct terms terms = { .codec = 0 };

	if (port && !terms_agree(&terms, agreed, ours))
		media_port_agree(port, &terms);
}

/* Our description: an answer to theirs, or an offer when there is none. */
static int describe(struct party *p, struct leg *leg, struct span offer,
		    struct sip_out *o)
{
	struct sdp_agreed agreed = { 0 };
	struct sdp_audio a;
	struct sdp *theirs;
	char host[RELAY_HOST_BYTES];
	int err = own_side(p, leg, &a, host);

	if (err || !offer.len)
		return err ? err : sdp_audio_write(o, &a);

	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	err = sdp_parse(theirs, offer);
	if (!err)
		err = sdp_audio_answer(o, &agreed, theirs, &a);
	if (!err)
		hear_from(p, &agreed, &a);
	mem_deref(theirs);

	return err;
}

static void set_held(struct party *p, bool is_held)
{
	if (p->is_held == is_held)
		return;

	p->is_held = is_held;
	conference_changed(p);
}

/* Their answer to our offer. */
static int learn(struct party *p, struct leg *leg, struct span answer)
{
	struct sdp_agreed agreed = { 0 };
	struct sdp_audio a;
	struct sdp *theirs;
	char host[RELAY_HOST_BYTES];
	int err = own_side(p, leg, &a, host);

	if (err)
		return err;
	theirs = mem_alloc(sizeof(*theirs), NULL);
	if (!theirs)
		return ENOMEM;
	err = sdp_parse(theirs, answer);
	if (!err)
		err = sdp_audio_read(&agreed, theirs, &a);
	if (!err) {
		hear_from(p, &agreed, &a);
		set_held(p, !(agreed.direction & SDP_DIRECTION_SENDONLY));
	}
	mem_deref(theirs);

	return err;
}

struct span party_body(const struct leg *to, struct span body)
{
	static char buf[SDP_BYTES];
	struct party *p = to->call->party;
	char host[RELAY_HOST_BYTES];
	struct sdp_audio a;
	struct sip_out o;

	if (!to->dialog || own_side(p, to, &a, host))
		return body;

	sip_out_init(&o, buf, sizeof(buf));

	return sdp_audio_write(&o, &a) ? body : sip_out_span(&o);
}

/* ---- who has dialled ---- */

static void reply_sdp(struct leg *leg, struct sip_server *asked,
		      struct span sdp)
{
	const struct conference *c = leg->call->party->conference;
	struct sip_reply reply = { .status = 200 };
	char buf[HEADERS_BYTES], user[CONFERENCE_USER_SIZE];
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(leg, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: " PBX_SUPPORTED
			 "\r\nAllow-Events: conference\r\n");
	session_repeat(leg, true, &o);
	conference_user(c, user);
	reply.headers = sip_out_span(&o);
	reply.with_contact = true;
	reply.contact_user = span_of(user);
	reply.content_type = SPAN("application/sdp");
	reply.body = sdp;
	(void)sip_server_reply(asked, &reply);
	leg_keep_sdp(leg, sdp);
}

/* The call is on record as answered: its caller gets the answer. */
struct welcome {
	struct call *call;
	uint32_t len;
	char sdp[SDP_BYTES];
};

static void welcome_destructor(void *data)
{
	struct welcome *w = data;

	mem_deref(w->call);
}

static void welcome_send(void *arg)
{
	struct welcome *w = arg;
	struct call *call = w->call;

	if (call->state == CALL_ANSWERED && call->party && call->caller->asked)
		reply_sdp(call->caller, call->caller->asked,
			  (struct span){ w->sdp, w->len });
	mem_deref(w);
}

static void now_answered(struct call *call)
{
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	forward_end(call);
}

/* The dialog's Contact is the focus's from now on. */
static void set_focus(const struct party *p, struct leg *leg)
{
	char user[CONFERENCE_USER_SIZE];

	conference_user(p->conference, user);
	(void)sip_dialog_set_contact_user(leg->dialog, span_of(user));
}

int party_answer(struct party *p)
{
	struct call *call = p->call;
	struct welcome *w;
	struct span offer = { NULL, 0 };
	struct sip_out o;
	int err;

	if (!relay_port(call, 0))
		return ENOTCONN;
	w = mem_zalloc(sizeof(*w), welcome_destructor);
	if (!w)
		return ENOMEM;
	if (call->offer)
		offer = (struct span){ (const char *)call->offer->buf,
				       (uint32_t)call->offer->end };
	sip_out_init(&o, w->sdp, sizeof(w->sdp));
	err = describe(p, call->caller, offer, &o);
	if (err) {
		mem_deref(w);
		return err == ENOMEM ? err : ENOTSUP;
	}
	w->call = mem_ref(call);
	w->len = o.len;

	p->is_held = hold_read(offer) == HOLD_OFFER_HOLD;
	call->offer = mem_deref(call->offer);
	p->is_new = true;
	set_focus(p, call->caller);
	now_answered(call);
	(void)leg_turn(call->caller, LEG_ANSWERED);
	call_touch(call);
	turn_defer(welcome_send, w);

	return 0;
}

void party_acknowledged(struct party *p, const struct sip_message *m)
{
	if (m && m->body.len && learn(p, p->call->caller, m->body)) {
		call_hangup(p->call, NULL, "SIP;cause=488");
		return;
	}
	if (p->is_new) {
		p->is_new = false;
		conference_entered(p);
	}
}

static void tell_referrer(struct party *p, uint16_t status)
{
	if (p->referrer && p->referrer->state == CALL_ANSWERED)
		transfer_notify(p->referrer_leg, p->event, status);
	p->referrer = mem_deref(p->referrer);
}

/* ---- asking its phone ---- */

static void ask(void *arg);

static void cannot(struct party *p, uint16_t status)
{
	trail_add(&p->call->trail,
		  "the phone does not speak with the "
		  "conference: %u",
		  status);
	call_hangup(p->call, NULL, "SIP;cause=488");
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	struct party *p = arg;
	struct leg *leg = party_leg(p);

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&p->client);
	leg->asks_offering = false;
	if (m && m->status == 491 && ++p->tries <= TRIES_MAX) {
		wheel_start(&p->timer, RETRY_MS + rand_u32() % RETRY_MS, ask,
			    p);
		return;
	}
	if (err || m->status >= 300) {
		cannot(p, m ? m->status : 408);
		return;
	}

	(void)sip_dialog_ack(leg->dialog, (struct span){ NULL, 0 },
			     (struct span){ NULL, 0 });
	session_agreed(leg, m);
	p->tries = 0;
	p->call->is_joining = false;
	if (learn(p, leg, m->body)) {
		cannot(p, 488);
		return;
	}
	tell_referrer(p, 200);
	call_touch(p->call);
}

static void ask(void *arg)
{
	struct party *p = arg;
	struct leg *leg = party_leg(p);
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "INVITE" };
	int err;

	if (leg->asks_offering) {
		wheel_start(&p->timer, RETRY_MS, ask, p);
		return;
	}
	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(leg, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n"
			 "Allow-Events: conference\r\n");
	session_offer(leg, &o);
	p->sdp_version++;
	request.headers = sip_out_span(&o);
	request.content_type = SPAN("application/sdp");
	request.body = party_body(leg, SPAN(""));
	leg_reach(leg);
	err = sip_dialog_request(&p->client, leg->dialog, &request, told, p);
	if (err) {
		cannot(p, 500);
		return;
	}
	leg->asks_offering = true;
	leg_keep_sdp(leg, request.body);
}

void party_ask(struct party *p)
{
	p->call->is_joining = true;
	call_touch(p->call);
	wheel_start(&p->timer, BEGIN_MS, ask, p);
}

static void come_from(struct party *p, struct leg *x)
{
	struct call *call = p->call;

	trail_add(&x->call->trail, "%s goes into a conference: call %s",
		  transfer_name_of(x), call->id);
	trail_add(&call->trail, "%s (%s) comes from call %s",
		  transfer_name_of(x), transfer_number_of(x), x->call->id);
	now_answered(call);
	leg_take(call->caller, x);
	set_focus(p, call->caller);
}

int party_take_both(struct party *p, struct party *q, struct call *from)
{
	if (!leg_is_quiet(from->caller) || !leg_is_quiet(from->callee))
		return EBUSY;
	if (!relay_port(p->call, 0) || !relay_port(q->call, 0))
		return ENOTCONN;

	come_from(p, from->caller);
	come_from(q, from->callee);
	if (p->call->heir) {
		heir_take_times(p->call, from);
		from->is_unrecorded = true;
	}
	call_end(from);
	party_ask(p);
	party_ask(q);

	return 0;
}

int party_take(struct party *p, struct leg *x)
{
	struct call *call = p->call, *from = x->call;
	struct leg *by = leg_peer(x);
	struct transfer_outcome *o;

	if (!leg_is_quiet(x) || (by && by->dialog && !leg_is_quiet(by)))
		return EBUSY;
	if (!relay_port(call, 0))
		return ENOTCONN;
	o = transfer_outcome_make(call);
	if (!o)
		return ENOMEM;

	o->from = mem_ref(from);
	o->by = by;
	o->is_silent = true;
	come_from(p, x);
	call_end(from);
	party_ask(p);
	turn_defer(transfer_outcome_run, o);

	return 0;
}

/* ---- ringing somebody ---- */

/* The INVITE as if somebody had sent it: what the phones rung get of it. */
static int invite_make(struct mbuf **mbp, struct sip_message *m)
{
	static const char body[] = "v=0\r\n"; /* party_body() says more */
	struct mbuf *mb = mbuf_alloc(INVITE_BYTES);
	int err;

	if (!mb)
		return ENOMEM;

	err = mbuf_printf(
		mb,
		"INVITE sip:pbx SIP/2.0\r\n"
		"Via: SIP/2.0/UDP pbx;branch=z9hG4bKpbx\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:pbx@pbx>;tag=pbx\r\n"
		"To: <sip:pbx@pbx>\r\nCall-ID: pbx\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:pbx@pbx>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n"
		"%s",
		strlen(body), body);
	if (!err)
		err = sip_message_parse(m, (const char *)mb->buf, mb->end,
					NULL);
	if (err)
		mem_deref(mb);
	else
		*mbp = mb;

	return err;
}

static int ready_to_ring(struct party *p, struct mbuf **mbp,
			 struct sip_message *m)
{
	int err;

	if (!relay_port(p->call, 1))
		return ENOTCONN;
	err = invite_make(mbp, m);
	if (err)
		return err;
	p->call->has_offer = true;
	err = forward_begin(p->call, m);
	if (err)
		*mbp = mem_deref(*mbp);

	return err;
}

int party_ring(struct party *p, struct routing *routing)
{
	struct call *call = p->call;
	struct fork_answer refusal = { 480, NULL };
	struct sip_message m;
	struct mbuf *mb = NULL;
	int err = ready_to_ring(p, &mb, &m);

	if (err)
		return err;
	if (fork_start(call, routing, &m, &refusal)) {
		call_await_answer(call);
	}
	else {
		call_refused(call, refusal.status, refusal.cause);
		err = ENOENT;
	}
	mem_deref(mb);

	return err;
}

int party_dial(struct party *p, const char *number)
{
	struct call *call = p->call;
	struct sip_message m;
	struct mbuf *mb = NULL;
	struct routing r;
	int err = ready_to_ring(p, &mb, &m);

	if (err)
		return err;
	route_begin(&r, forward_way(call), call->caller->phone, span_of(number),
		    0, &call->trail);
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  forward_dialled(call));
	if (!r.status && r.code)
		r.status = 403; /* codes are for telephones */
	forward_ring(call, &r, &m);
	mem_deref(mb);

	return call->state == CALL_OVER ? ENOENT : 0;
}

void party_answered(struct party *p, const struct sip_message *m)
{
	struct leg *leg = party_leg(p);

	if (!leg || learn(p, leg, m->body)) {
		call_hangup(p->call, NULL, "SIP;cause=488");
		return;
	}
	set_focus(p, leg);
	tell_referrer(p, 200);
	conference_entered(p);
}

/* ---- what its phone asks ---- */

static void later_acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct party *p = arg;
	struct leg *leg = party_leg(p);

	sip_server_forget(&p->asked);
	leg->asks_offering = false;
	if (err)
		call_hangup(p->call, NULL, "SIP;cause=408");
	else if (m && m->body.len)
		(void)learn(p, leg, m->body);
}

static void answer_offer(struct party *p, struct sip_server *asked,
			 const struct sip_message *m, struct span sdp)
{
	struct leg *leg = party_leg(p);
	enum hold_offer offer = hold_read(m->body);

	hold_apply(leg, offer);
	if (offer != HOLD_OFFER_NONE)
		set_held(p, offer == HOLD_OFFER_HOLD);
	call_touch(p->call);
	reply_sdp(leg, asked, sdp);
}

void party_request(struct party *p, const struct sip_message *m,
		   struct sip_flow *flow)
{
	struct leg *leg = party_leg(p);
	bool is_invite = m->method == SIP_METHOD_INVITE;
	bool is_offer = is_invite || m->method == SIP_METHOD_UPDATE;
	struct sip_server *asked = NULL;
	char sdp[SDP_BYTES], buf[256];
	struct sip_out o, lines;
	struct sip_reply reply = { .status = 200 };

	if (is_offer && (leg->asks_offering || p->asked)) {
		(void)sip_server_refuse(server_sip(), m, flow, 491,
					(struct span){ NULL, 0 });
		return;
	}
	if (sip_server_accept(&asked, server_sip(), m, flow, NULL,
			      is_invite ? later_acknowledged : NULL, p))
		return;

	sip_out_init(&lines, buf, sizeof(buf));
	sip_out_init(&o, sdp, sizeof(sdp));
	p->sdp_version++;
	if (!is_offer)
		reply.status = m->method == SIP_METHOD_INFO ? 200 : 501;
	else if (session_asked(leg, m, &lines) == ERANGE)
		reply.status = 422;
	else if (describe(p, leg, m->body, &o))
		reply.status = 488;

	if (is_offer && reply.status == 200) {
		answer_offer(p, asked, m, sip_out_span(&o));
	}
	else {
		reply.headers = sip_out_span(&lines);
		(void)sip_server_reply(asked, &reply);
	}
	if (is_invite && reply.status == 200) {
		p->asked = asked;
		leg->asks_offering = true;
	}
	else {
		sip_server_forget(&asked);
	}
}

void party_event(struct party *p, const char *event, const char *key)
{
	if (!strcmp(event, "key") && key && *key)
		room_key(p, *key);
	else if (!strcmp(event, "played"))
		room_said(p);
}

void party_end(struct call *call)
{
	struct party *p = call->party;

	if (!p)
		return;

	tell_referrer(p, call->caller->status ? call->caller->status : 487);
	call->party = NULL;
	conference_left(p);
	mem_deref(p);
}
