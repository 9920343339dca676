/* join.c - see join.h */
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/conference/join.h"
#include "pbx/conference/record.h"
#include "pbx/speech/relay.h"
#include "pbx/settings.h"
#include "sip/sdp.h"

enum {
	HEADERS_BYTES = 1536,
	BODY_BYTES = 33000,
	TRIES_MAX = 10,
	RETRY_MS = 300, /* and up to as much again, after a 491 */
	BEGIN_MS = 1,
};

struct join {
	struct call *call;
	struct leg *x, *y; /* y is asked for a description, x gets it */
	struct sip_client *client;
	struct wheel_timer timer;
	struct mbuf *offer; /* y's */
	char type[64];      /* of it */
	uint8_t hold;       /* enum hold_offer: y holds, talks again */
	join_h *done;       /* NULL: who refuses ends the call */
	void *arg;          /* counted */
	uint32_t tries;
};

static void join_destructor(void *data)
{
	struct join *j = data;

	wheel_stop(&j->timer);
	sip_client_forget(&j->client);
	mem_deref(j->offer);
	mem_deref(j->arg);
}

static void set_busy(const struct call *call, bool is_busy)
{
	call->caller->asks_offering = is_busy;
	call->callee->asks_offering = is_busy;
}

/* It is over; whoever wants to know is told. */
static void finish(struct join *j, int err)
{
	struct call *call = j->call;
	join_h *done = j->done;
	void *arg = mem_ref(j->arg);

	call->join = mem_deref(call->join);
	if (done)
		done(err, arg);
	mem_deref(arg);
}

/* The first to be asked says no: nothing has changed. */
static bool is_let_be(struct join *j, const struct leg *leg,
		      const struct sip_message *m)
{
	struct call *call = j->call;

	if (!j->done || leg != j->y || leg->owes_ack || !m ||
	    m->status == 408 || m->status == 481)
		return false;

	trail_add(&call->trail, "%s does not want to be asked: %u",
		  leg->phone ? leg->phone->number : "?", m->status);
	set_busy(call, false);
	call->is_joining = false;
	call_touch(call);
	finish(j, EPROTO);

	return true;
}

/* One of them cannot: nobody would hear anybody. */
static void fail(struct join *j, const struct leg *leg, int err,
		 const struct sip_message *m)
{
	struct call *call = j->call;

	if (is_let_be(j, leg, m))
		return;
	trail_add(&call->trail, "%s cannot be joined: %u",
		  leg->phone ? leg->phone->number : "?",
		  m     ? m->status
		  : err ? 408
			: 500);
	call_hangup(call, NULL, "SIP;cause=488");
}

static void ask_y(void *arg);
static void ask_x(void *arg);

/* True when it is to be tried again. */
static bool is_retried(struct join *j, const struct sip_message *m,
		       wheel_h *step)
{
	if (!m || m->status != 491 || ++j->tries > TRIES_MAX)
		return false;

	wheel_start(&j->timer, RETRY_MS + rand_u32() % RETRY_MS, step, j);

	return true;
}

static int ask(struct join *j, struct leg *leg, const struct leg *other,
	       struct span body, sip_client_h *h)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "INVITE" };
	int err;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(leg, &o);
	leg_identity(other, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n");
	session_offer(leg, &o);
	request.headers = sip_out_span(&o);
	if (body.len) {
		request.content_type = span_of(j->type);
		request.body = body;
	}

	leg_reach(leg);
	err = sip_dialog_request(&j->client, leg->dialog, &request, h, j);
	call_touch(j->call);

	return err;
}

/* The same description with another direction. */
static struct span directed(struct span body, enum sdp_direction direction)
{
	static char buf[BODY_BYTES];
	struct sdp *sdp = mem_alloc(sizeof(*sdp), NULL);
	struct sip_out o;
	struct sdp_edit edit;
	struct span out = body;

	if (!sdp)
		return body;

	sip_out_init(&o, buf, sizeof(buf));
	if (!sdp_parse(sdp, body)) {
		sdp_edit_init(&edit);
		for (unsigned i = 0; i < sdp->media_count; i++)
			edit.media[i].direction = (int8_t)direction;
		if (!sdp_write(&o, sdp, &edit))
			out = sip_out_span(&o);
	}
	mem_deref(sdp);

	return out;
}

struct span join_silence(struct span body)
{
	return directed(body, SDP_DIRECTION_INACTIVE);
}

static void take_offer(struct join *j, const struct sip_message *m)
{
	struct span type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);

	j->offer = mem_deref(j->offer);
	if (!m->body.len || type.len >= sizeof(j->type))
		return;

	memcpy(j->type, type.p, type.len);
	j->type[type.len] = '\0';
	j->offer = mbuf_alloc(m->body.len);
	if (j->offer)
		(void)mbuf_write_mem(j->offer, (const uint8_t *)m->body.p,
				     m->body.len);
}

/* Who answered a call that was handed over sees with whom it talks now. */
static void show_caller(struct call *call)
{
	struct sip_dialog_request request = { .method = "UPDATE" };
	struct leg *leg = call->callee;
	char headers[1024];
	struct sip_out o;

	if (!call->hid_caller || !leg || !leg->allows_update || !call->caller)
		return;

	call->hid_caller = false;
	sip_out_init(&o, headers, sizeof(headers));
	leg_headers(leg, &o);
	leg_identity(call->caller, &o);
	request.headers = sip_out_span(&o);
	if (!o.is_full)
		(void)sip_dialog_request(NULL, leg->dialog, &request, NULL,
					 NULL);
}

/* Both have agreed. */
static void joined(struct join *j, const struct sip_message *m)
{
	struct call *call = j->call;
	struct leg *x = j->x, *y = j->y;
	struct span body = relay_body(x, y, m->body, HOLD_OFFER_NONE);
	bool is_new;

	(void)sip_dialog_ack(x->dialog, (struct span){ NULL, 0 },
			     (struct span){ NULL, 0 });
	session_agreed(x, m);
	y->owes_ack = false;
	if (j->hold == HOLD_OFFER_HOLD)
		body = directed(body, SDP_DIRECTION_INACTIVE);
	(void)sip_dialog_ack(
		y->dialog, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), body);
	leg_keep_sdp(y, body);

	set_busy(call, false);
	if (j->hold == HOLD_OFFER_NONE) {
		call->is_joining = false;
		trail_add(&call->trail, "%s and %s hear each other",
			  x->phone ? x->phone->number : "?",
			  y->phone ? y->phone->number : "?");
		show_caller(call);
	}
	else {
		hold_apply(y, j->hold);
		relay_agreed(y, x, j->hold);
	}
	call_touch(call);
	is_new = j->hold == HOLD_OFFER_NONE && !j->done;
	finish(j, 0);
	if (is_new)
		record_answered(call);
}

static void x_told(int err, const struct sip_message *m, struct sip_flow *flow,
		   void *arg)
{
	struct join *j = arg;

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&j->client);
	if (m && m->status < 300)
		joined(j, m);
	else if (!is_retried(j, m, ask_x))
		fail(j, j->x, err, m);
}

static void ask_x(void *arg)
{
	struct join *j = arg;
	struct span offer = { (const char *)j->offer->buf,
			      (uint32_t)j->offer->end };
	int err;

	if (!j->call->is_relayed && srtp_needs_relay(offer, j->x->phone))
		(void)relay_force(j->call);
	relay_offers(j->y);
	if (j->hold == HOLD_OFFER_HOLD)
		offer = directed(offer, SDP_DIRECTION_SENDONLY);
	offer = relay_body(j->y, j->x, offer, j->hold);
	err = ask(j, j->x, j->y, offer, x_told);
	if (!err)
		leg_keep_sdp(j->x, offer);
	else
		fail(j, j->x, err, NULL);
}

static void y_told(int err, const struct sip_message *m, struct sip_flow *flow,
		   void *arg)
{
	struct join *j = arg;
	struct leg *y = j->y;

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&j->client);
	if (err || m->status >= 300) {
		if (!is_retried(j, m, ask_y))
			fail(j, y, err, m);
		return;
	}

	y->owes_ack = true;
	session_agreed(y, m);
	take_offer(j, m);
	if (j->offer)
		ask_x(j);
	else
		fail(j, y, 0, NULL);
}

static void ask_y(void *arg)
{
	struct join *j = arg;
	int err = ask(j, j->y, j->x, (struct span){ NULL, 0 }, y_told);

	if (err)
		fail(j, j->y, err, NULL);
}

static struct join *join_make(struct call *call, struct leg *x, struct leg *y)
{
	struct join *j = mem_zalloc(sizeof(*j), join_destructor);

	if (!j)
		return NULL;

	j->call = call;
	j->x = x;
	j->y = y;
	mem_deref(call->join);
	call->join = j;
	set_busy(call, true);
	call_touch(call);

	return j;
}

void join_start(struct call *call, const struct sip_message *m)
{
	struct join *j = join_make(call, call->caller, call->callee);

	if (!j) {
		call_hangup(call, NULL, "SIP;cause=500");
		return;
	}

	call->is_joining = true;
	if (m && call->callee->owes_ack)
		take_offer(j, m);
	wheel_start(&j->timer, BEGIN_MS, j->offer ? ask_x : ask_y, j);
}

int join_ask(struct call *call, join_h *handler, void *arg)
{
	struct join *j = join_make(call, call->caller, call->callee);

	if (!j)
		return ENOMEM;

	j->done = handler;
	j->arg = mem_ref(arg);
	call->is_joining = true;
	wheel_start(&j->timer, BEGIN_MS, ask_y, j);

	return 0;
}

int join_hold(struct leg *leg, bool is_hold)
{
	struct leg *x = leg_peer(leg);
	struct join *j;

	if (!x || leg->call->join || !leg_is_quiet(leg) || !leg_is_quiet(x))
		return EBUSY;

	j = join_make(leg->call, x, leg);
	if (!j)
		return ENOMEM;

	j->hold = is_hold ? HOLD_OFFER_HOLD : HOLD_OFFER_TALK;
	wheel_start(&j->timer, BEGIN_MS, ask_y, j);

	return 0;
}
