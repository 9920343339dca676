/* transfer.c - see transfer.h: its life and its end */
#include "pbx/call/alone.h"
#include "pbx/speech/answer.h"
#include "pbx/feature/campon.h"
#include "pbx/control/csta.h"
#include "pbx/route/forward.h"
#include "pbx/conference/join.h"
#include "pbx/transfer/recall.h"
#include "pbx/speech/relay.h"
#include "pbx/server.h"
#include "pbx/transfer/transfer_private.h"
#include "pbx/turn.h"

enum {
	HEADERS_BYTES = 1024,
	SUBSCRIPTION_S = 60, /* said in NOTIFY; each one says it anew */
};

static void transfer_destructor(void *data)
{
	struct transfer *t = data;

	wheel_stop(&t->timer);
	mem_deref(t->phone);
}

const char *transfer_number_of(const struct leg *leg)
{
	return leg->phone ? leg->phone->number : "?";
}

const char *transfer_name_of(const struct leg *leg)
{
	return leg->phone ? phone_name(leg->phone) : "?";
}

void transfer_forget(struct call *call)
{
	struct transfer *t = call->transfer;

	if (!t)
		return;

	call->transfer = NULL;
	if (t->call == call)
		t->call = NULL;
	if (t->from == call) {
		t->from = NULL;
		t->by = NULL;
		t->held = NULL;
	}
	mem_deref(t);
}

struct transfer *transfer_alloc(struct phone *phone)
{
	struct transfer *t = mem_zalloc(sizeof(*t), transfer_destructor);

	if (t)
		t->phone = mem_ref(phone);

	return t;
}

int transfer_make(struct transfer **tp, struct call *call, struct call *from,
		  struct leg *by, struct leg *held)
{
	struct transfer *t = transfer_alloc(by ? by->phone : held->phone);

	if (!t)
		return ENOMEM;

	t->call = call;
	t->from = from;
	t->by = by;
	t->held = held;
	call->transfer = t;
	from->transfer = mem_ref(t);
	*tp = t;

	return 0;
}

/* ---- telling the transferor ---- */

void transfer_notify(struct leg *leg, uint32_t event, uint16_t status)
{
	char headers[HEADERS_BYTES], fragment[128];
	struct sip_out o, body;
	struct sip_dialog_request request = { .method = "NOTIFY" };
	bool is_apart = event == TRANSFER_REFERRAL;
	struct sip_dialog *d = is_apart ? leg->referral : leg->dialog;

	if (!d)
		return;

	sip_out_init(&o, headers, sizeof(headers));
	leg_headers(leg, &o);
	sip_out_text(&o, "Event: refer");
	if (event && !is_apart)
		sip_out_printf(&o, ";id=%u", event);
	if (status < 200)
		sip_out_printf(&o,
			       "\r\nSubscription-State: active;expires=%u\r\n",
			       SUBSCRIPTION_S);
	else
		sip_out_text(&o, "\r\nSubscription-State: "
				 "terminated;reason=noresource\r\n");

	sip_out_init(&body, fragment, sizeof(fragment));
	sip_out_status_line(&body, status, NULL);
	request.headers = sip_out_span(&o);
	request.content_type = SPAN("message/sipfrag;version=2.0");
	request.body = sip_out_span(&body);
	if (is_apart)
		dialog_reach(d, leg->phone);
	else
		leg_reach(leg);
	(void)sip_dialog_request(NULL, d, &request, NULL, NULL);
}

void transfer_tell(struct transfer *t, uint16_t status)
{
	if (!t->from || t->is_silent || t->kind != TRANSFER_RING || t->is_told)
		return;

	t->is_told = status >= 200;
	transfer_notify(t->by, t->event, status);
}

/* ---- the outcome, once it is on record ---- */

static void outcome_destructor(void *data)
{
	struct transfer_outcome *o = data;

	mem_deref(o->call);
	mem_deref(o->from);
	mem_deref(o->consulted);
	mem_deref(o->text);
	mem_deref(o->answer);
}

void transfer_outcome_run(void *arg)
{
	struct transfer_outcome *o = arg;

	if (o->by) {
		if (!o->is_silent)
			transfer_notify(o->by, o->event, 200);
		leg_bye(o->by, NULL);
	}
	if (o->by_consulted)
		leg_bye(o->by_consulted, NULL);
	if (o->call->state != CALL_ANSWERED)
		goto out;
	if (alone_is(o->call))
		alone_start(o->call);
	else if (o->is_joined) {
		csta_tell(o->call, CSTA_TRANSFERRED);
		join_start(o->call, o->answer);
	}

out:
	mem_deref(o);
}

/* Keep the callee's answer: its octets are gone after this turn. */
static void outcome_keep(struct transfer_outcome *o,
			 const struct sip_message *m)
{
	o->text = mbuf_alloc(m->len + 1);
	o->answer = mem_zalloc(sizeof(*o->answer), NULL);
	if (!o->text || !o->answer ||
	    mbuf_write_mem(o->text, (const uint8_t *)m->buf, m->len) ||
	    sip_message_parse(o->answer, (const char *)o->text->buf,
			      o->text->end, NULL))
		o->answer = mem_deref(o->answer);
}

struct transfer_outcome *transfer_outcome_make(struct call *call)
{
	struct transfer_outcome *o = mem_zalloc(sizeof(*o), outcome_destructor);

	if (o)
		o->call = mem_ref(call);

	return o;
}

bool transfer_owns(const struct phone *p, const struct leg *leg)
{
	return p && leg->phone &&
	       (p == leg->phone || (p->user && p->user == leg->phone->user));
}

/* Its legs may not reach each other. */
void transfer_relay(struct call *call, struct phone *callee)
{
	struct routing r = { .count = 1, .phones = { callee } };

	if (callee && !call->is_relayed)
		relay_begin(call, &r);
}

void transfer_callee(struct call *call, const struct phone *p)
{
	const struct user *u = p ? phone_person(p) : NULL;

	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  u   ? u->extension
			  : p ? phone_shown_number(p)
			      : "");
	(void)re_snprintf(call->callee_user, sizeof(call->callee_user), "%s",
			  u ? u->id : "");
}

/* An INVITE with nothing in it, for who rings a call of ours. */
struct sip_message *transfer_blank(void)
{
	struct sip_message *blank = mem_zalloc(sizeof(*blank), NULL);

	if (!blank)
		return NULL;

	memset(blank->first, SIP_NO_HEADER, sizeof(blank->first));
	blank->max_forwards = -1;

	return blank;
}

uint32_t transfer_ring(struct call *call, const struct routing *r,
		       struct fork_answer *refusal)
{
	struct sip_message *blank = transfer_blank();
	uint32_t rung;

	refusal->status = 500;
	refusal->cause = NULL;
	if (!blank)
		return 0;

	rung = fork_start(call, r, blank, refusal);
	mem_deref(blank);
	if (rung)
		call_await_answer(call);

	return rung;
}

/* ---- what becomes of it ---- */

bool transfer_progress(struct call *call, struct leg *branch,
		       const struct sip_message *m)
{
	struct transfer *t = call->transfer;

	if (call->caller->asked)
		return false;

	if (sip_message_is_reliable(m))
		(void)sip_dialog_prack(NULL, branch->dialog, m,
				       (struct span){ NULL, 0 },
				       (struct span){ NULL, 0 }, NULL, NULL);
	if (t && t->call == call && !t->is_ringing) {
		t->is_ringing = true;
		transfer_tell(t, 180);
	}

	return true;
}

void transfer_answered(struct call *call, const struct sip_message *m)
{
	struct transfer *t = call->transfer;
	struct transfer_outcome *o;

	if (!t || t->call != call)
		return;

	o = transfer_outcome_make(call);
	if (!o) {
		call_hangup(call, NULL, "SIP;cause=500");
		return;
	}

	o->is_silent = t->is_silent || t->kind != TRANSFER_RING;
	o->event = t->event;
	if (t->kind == TRANSFER_RING) {
		o->is_joined = true;
		call->is_joining = true;
		call->hid_caller = transfer_mask(call) != NULL;
		call->caller->asks_offering = true;
		call->callee->asks_offering = true;
		if (call->callee->owes_ack)
			outcome_keep(o, m);
	}
	if (t->from) {
		o->from = mem_ref(t->from);
		o->by = t->by;
		if (t->kind == TRANSFER_RING)
			leg_take(call->caller, t->held);
		t->is_told = true;
		call_end(o->from);
	}
	if (o->is_joined) {
		relay_end_music(call);
		transfer_relay(call, call->callee->phone);
	}
	transfer_forget(call);
	turn_defer(transfer_outcome_run, o);
}

/* Nobody has answered, and who handed over has hung up: rung again. */
static bool recall(struct transfer *t)
{
	struct call *call = t->call;
	struct routing r;
	struct fork_answer refusal;

	wheel_stop(&t->timer);
	t->is_recall = true;
	campon_end(call);
	forward_end(call);
	trail_add(&call->trail, "recalls %s (%s)", phone_name(t->phone),
		  t->phone->number);
	call->cause = CSTA_CAUSE_RECALL;
	transfer_callee(call, t->phone);
	call->state = CALL_ROUTING;
	recall_phones(&r, t->phone);

	return transfer_ring(call, &r, &refusal) > 0;
}

static void recall_later(struct transfer *t);

static void rung_too_long(void *arg)
{
	struct transfer *t = arg;
	struct call *call = t->call;

	if (!call || call->state >= CALL_ANSWERED)
		return;
	if (campon_is(call)) { /* that has a time of its own */
		recall_later(t);
		return;
	}

	trail_add(&call->trail, "nobody answered the transfer in time");
	fork_pass(call);
	if (!recall(t))
		call_refused(call, 480, NULL);
}

/* Who handed over has hung up: it comes back after a while. */
static void recall_later(struct transfer *t)
{
	uint64_t ms = recall_after_ms(t->phone, RECALL_TRANSFERRED);

	if (ms && t->kind == TRANSFER_RING && !t->is_recall && t->phone)
		wheel_start(&t->timer, ms, rung_too_long, t);
}

/* Nobody comes back to who waits. */
static void back_failed(struct transfer *t, uint16_t status)
{
	struct call *from = mem_ref(t->from);
	struct recall_failure f = { .by = t->by,
				    .handler = mem_ref(t->phone),
				    .why = (enum recall_why)(t->why - 1),
				    .stage = t->stage };

	transfer_tell(t, status);
	call_give_up(t->call, status);
	if (from->state == CALL_ANSWERED)
		recall_failed(&f);
	mem_deref(f.handler);
	mem_deref(from);
}

bool transfer_refused(struct call *call, uint16_t status)
{
	struct transfer *t = call->transfer;

	if (!t || t->call != call || t->kind != TRANSFER_RING)
		return false;
	if (t->from && t->why) {
		back_failed(t, status);
		return true;
	}
	if (t->from) {
		struct call *from = t->by ? NULL : t->from;
		char user[DIRECTORY_ID_SIZE];

		memcpy(user, call->callee_user, sizeof(user));
		trail_add(&t->from->trail, "the transfer failed: %u", status);
		transfer_tell(t, status);
		call_give_up(call, status);
		if (from && from->answer)
			answer_sent_back(from->answer, status, user);
		return true;
	}

	return !t->is_recall && recall(t);
}

/* Who is taken over hangs up meanwhile: where it was is over, too. */
static void lost_in_place(struct transfer *t)
{
	struct call *from = t->from;

	if (!from)
		return;

	transfer_forget(from);
	trail_add(&from->trail, "hung up while it was taken over");
	call_hangup(from, NULL, NULL);
}

bool transfer_may_take(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_RING &&
	       (t->from ? t->by != NULL : call->caller->dialog != NULL);
}

bool transfer_take(struct call *call)
{
	struct transfer *t = call->transfer;
	struct transfer_outcome *o;

	if (!transfer_may_take(call))
		return false;
	o = transfer_outcome_make(call);
	if (!o)
		return false;

	o->is_silent = t->is_silent;
	o->event = t->event;
	if (t->from) {
		o->from = mem_ref(t->from);
		o->by = t->by;
		leg_take(call->caller, t->held);
		t->is_told = true;
		call_end(o->from);
	}
	transfer_forget(call);
	turn_defer(transfer_outcome_run, o);

	return true;
}

void transfer_call_off(struct call *from)
{
	struct transfer *t = from->transfer;
	struct call *to;

	if (!t || t->from != from || t->by)
		return;

	to = t->call;
	transfer_forget(from);
	trail_add(&to->trail, "called off");
	fork_cancel(to, NULL, NULL);
	call_give_up(to, 487);
}

struct call *transfer_sender(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_RING && !t->by
		       ? t->from
		       : NULL;
}

void transfer_left(struct call *call, const struct leg *by)
{
	struct transfer *t = call->transfer;
	struct call *to;

	if (t && t->call == call && t->kind == TRANSFER_REPLACE && by &&
	    by != call->caller)
		lost_in_place(t);
	if (!t || t->from != call)
		return;

	to = t->call;
	if (t->kind == TRANSFER_REPLACE) {
		transfer_forget(call);
	}
	else if (by == t->by && !t->why) {
		relay_pass_music(t->held, to);
		leg_take(to->caller, t->held);
		call_touch(to);
		recall_later(t);
		transfer_forget(call);
	}
	else {
		transfer_forget(call);
		trail_add(&to->trail, "who was transferred is gone");
		fork_cancel(to, NULL, NULL);
		call_give_up(to, 487);
	}
}

struct phone *transfer_payer(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_RING
		       ? t->phone
		       : call->caller->phone;
}

bool transfer_lends(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_REPLACE;
}

void transfer_over(struct call *call)
{
	struct transfer *t = call->transfer;

	if (!t)
		return;

	if (t->call == call) {
		if (t->kind == TRANSFER_REPLACE)
			transfer_give_back(t);
		else
			transfer_tell(t, 487);
		if (t->from)
			transfer_forget(t->from);
	}
	transfer_forget(call);
}
