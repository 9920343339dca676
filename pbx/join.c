/* join.c - see join.h */
#include "base/log.h"
#include "pbx/call.h"
#include "pbx/join.h"
#include "pbx/relay.h"
#include "pbx/settings.h"

enum {
	HEADERS_BYTES = 1536,
	TRIES_MAX = 10,
	RETRY_MS = 300, /* and up to as much again, after a 491 */
	BEGIN_MS = 1,
};

struct join {
	struct call *call;
	struct sip_client *client;
	struct wheel_timer timer;
	struct mbuf *offer; /* the callee's */
	char type[64];      /* of it */
	uint32_t tries;
};

static void join_destructor(void *data)
{
	struct join *j = data;

	wheel_stop(&j->timer);
	sip_client_forget(&j->client);
	mem_deref(j->offer);
}

static void set_busy(const struct call *call, bool is_busy)
{
	call->caller->asks_offering = is_busy;
	call->callee->asks_offering = is_busy;
}

/* One of them cannot: nobody would hear anybody. */
static void fail(struct join *j, const struct leg *leg, int err,
		 const struct sip_message *m)
{
	struct call *call = j->call;

	trail_add(&call->trail, "%s cannot be joined: %u",
		  leg->phone ? leg->phone->number : "?",
		  m     ? m->status
		  : err ? 408
			: 500);
	call_hangup(call, NULL, "SIP;cause=488");
}

static void ask_callee(void *arg);
static void ask_caller(void *arg);

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

/* Both have agreed. */
static void joined(struct join *j, const struct sip_message *m)
{
	struct call *call = j->call;
	struct leg *x = call->caller, *y = call->callee;
	struct span body = relay_body(x, y, m->body, HOLD_OFFER_NONE);

	(void)sip_dialog_ack(x->dialog, (struct span){ NULL, 0 },
			     (struct span){ NULL, 0 });
	session_agreed(x, m);
	y->owes_ack = false;
	(void)sip_dialog_ack(
		y->dialog, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), body);
	leg_keep_sdp(y, body);

	set_busy(call, false);
	call->is_joining = false;
	trail_add(&call->trail, "%s and %s hear each other",
		  x->phone ? x->phone->number : "?",
		  y->phone ? y->phone->number : "?");
	call_touch(call);
	call->join = mem_deref(call->join);
}

static void caller_told(int err, const struct sip_message *m,
			struct sip_flow *flow, void *arg)
{
	struct join *j = arg;

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&j->client);
	if (m && m->status < 300)
		joined(j, m);
	else if (!is_retried(j, m, ask_caller))
		fail(j, j->call->caller, err, m);
}

static void ask_caller(void *arg)
{
	struct join *j = arg;
	struct call *call = j->call;
	struct span offer = { (const char *)j->offer->buf,
			      (uint32_t)j->offer->end };
	int err;

	offer = relay_body(call->callee, call->caller, offer, HOLD_OFFER_NONE);
	err = ask(j, call->caller, call->callee, offer, caller_told);
	if (!err)
		leg_keep_sdp(call->caller, offer);
	else
		fail(j, call->caller, err, NULL);
}

static void callee_told(int err, const struct sip_message *m,
			struct sip_flow *flow, void *arg)
{
	struct join *j = arg;
	struct leg *y = j->call->callee;

	(void)flow;

	if (m && m->status < 200)
		return;

	sip_client_forget(&j->client);
	if (err || m->status >= 300) {
		if (!is_retried(j, m, ask_callee))
			fail(j, y, err, m);
		return;
	}

	y->owes_ack = true;
	session_agreed(y, m);
	take_offer(j, m);
	if (j->offer)
		ask_caller(j);
	else
		fail(j, y, 0, NULL);
}

static void ask_callee(void *arg)
{
	struct join *j = arg;
	struct call *call = j->call;
	int err = ask(j, call->callee, call->caller, (struct span){ NULL, 0 },
		      callee_told);

	if (err)
		fail(j, call->callee, err, NULL);
}

void join_start(struct call *call, const struct sip_message *m)
{
	struct join *j = mem_zalloc(sizeof(*j), join_destructor);

	if (!j) {
		call_hangup(call, NULL, "SIP;cause=500");
		return;
	}

	j->call = call;
	mem_deref(call->join);
	call->join = j;
	call->is_joining = true;
	set_busy(call, true);
	call_touch(call);
	if (m && call->callee->owes_ack)
		take_offer(j, m);
	wheel_start(&j->timer, BEGIN_MS, j->offer ? ask_caller : ask_callee, j);
}
