/* transfer.c - see transfer.h */
#include "base/clock.h"
#include "base/log.h"
#include "pbx/bridge.h"
#include "pbx/call.h"
#include "pbx/fork.h"
#include "pbx/forward.h"
#include "pbx/join.h"
#include "pbx/relay.h"
#include "pbx/replaces.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/transfer.h"
#include "pbx/turn.h"

enum {
	HEADERS_BYTES = 1024,
	SUBSCRIPTION_S = 60, /* said in NOTIFY; each one says it anew */
};

enum transfer_kind {
	TRANSFER_RING,      /* the new call rings somebody */
	TRANSFER_REPLACE,   /* the new call's caller takes a leg's place */
	TRANSFER_ORIGINATE, /* the caller's phone is rung first */
};

/* Held by both calls until one is over. */
struct transfer {
	struct call *call; /* the new one */
	struct call *from; /* NULL once it is over */
	struct leg *by;    /* in from: who hands over, or is replaced */
	struct leg *held;  /* in from: the other party */
	struct phone *phone;
	uint32_t event; /* id of the subscription, 0: without */
	uint8_t kind;
	uint8_t held_state; /* while its dialog is in the new call */
	bool is_silent;     /* Refer-Sub: false */
	bool is_ringing;    /* told so */
	bool is_told;       /* the end */
	bool is_recall;
};

static void transfer_destructor(void *data)
{
	struct transfer *t = data;

	mem_deref(t->phone);
}

static const char *number_of(const struct leg *leg)
{
	return leg->phone ? leg->phone->number : "?";
}

static const char *name_of(const struct leg *leg)
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

static int transfer_make(struct transfer **tp, struct call *call,
			 struct leg *by, struct leg *held)
{
	struct transfer *t = mem_zalloc(sizeof(*t), transfer_destructor);

	if (!t)
		return ENOMEM;

	t->call = call;
	t->from = by->call;
	t->by = by;
	t->held = held;
	t->phone = mem_ref(by->phone);
	call->transfer = t;
	by->call->transfer = mem_ref(t);
	*tp = t;

	return 0;
}

/* ---- telling the transferor ---- */

void transfer_notify(struct leg *leg, uint32_t event, uint16_t status)
{
	char headers[HEADERS_BYTES], fragment[128];
	struct sip_out o, body;
	struct sip_dialog_request request = { .method = "NOTIFY" };

	if (!leg->dialog)
		return;

	sip_out_init(&o, headers, sizeof(headers));
	leg_headers(leg, &o);
	sip_out_text(&o, "Event: refer");
	if (event)
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
	leg_reach(leg);
	(void)sip_dialog_request(NULL, leg->dialog, &request, NULL, NULL);
}

static void tell(struct transfer *t, uint16_t status)
{
	if (!t->from || t->is_silent || t->kind != TRANSFER_RING || t->is_told)
		return;

	t->is_told = status >= 200;
	transfer_notify(t->by, t->event, status);
}

/* ---- the outcome, once it is on record ---- */

struct outcome {
	struct call *call;
	struct call *from, *consulted; /* over; counted */
	struct leg *by, *by_consulted; /* in them; told and let go */
	uint32_t event;
	bool is_silent;
	bool is_joined; /* the call's legs are to be brought together */
	struct mbuf *text;
	struct sip_message *answer; /* of the callee, or NULL */
};

static void outcome_destructor(void *data)
{
	struct outcome *o = data;

	mem_deref(o->call);
	mem_deref(o->from);
	mem_deref(o->consulted);
	mem_deref(o->text);
	mem_deref(o->answer);
}

static void outcome_run(void *arg)
{
	struct outcome *o = arg;

	if (o->by) {
		if (!o->is_silent)
			transfer_notify(o->by, o->event, 200);
		leg_bye(o->by, NULL);
	}
	if (o->by_consulted)
		leg_bye(o->by_consulted, NULL);
	if (o->is_joined && o->call->state == CALL_ANSWERED)
		join_start(o->call, o->answer);
	mem_deref(o);
}

/* Keep the callee's answer: its octets are gone after this turn. */
static void outcome_keep(struct outcome *o, const struct sip_message *m)
{
	o->text = mbuf_alloc(m->len + 1);
	o->answer = mem_zalloc(sizeof(*o->answer), NULL);
	if (!o->text || !o->answer ||
	    mbuf_write_mem(o->text, (const uint8_t *)m->buf, m->len) ||
	    sip_message_parse(o->answer, (const char *)o->text->buf,
			      o->text->end, NULL))
		o->answer = mem_deref(o->answer);
}

static struct outcome *outcome_make(struct call *call)
{
	struct outcome *o = mem_zalloc(sizeof(*o), outcome_destructor);

	if (o)
		o->call = mem_ref(call);

	return o;
}

bool transfer_owns(const struct phone *p, const struct leg *leg)
{
	return p && leg->phone &&
	       (p == leg->phone || (p->user && p->user == leg->phone->user));
}

/* Its line is counted by the call that goes on. */
static void leave_uncounted(struct leg *leg)
{
	leg->phone->calls--;
	leg->is_counted = false;
}

/* Its legs may not reach each other. */
static void relay_if_far(struct call *call, struct phone *callee)
{
	struct routing r = { .count = 1, .phones = { callee } };

	if (callee && !call->is_relayed)
		relay_begin(call, &r);
}

/* ---- to another call of the transferor ---- */

static void copy_callee(struct call *call, const struct phone *p)
{
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  p ? phone_shown_number(p) : "");
	(void)re_snprintf(call->callee_user, sizeof(call->callee_user), "%s",
			  p && p->user ? p->user->id : "");
}

static int make_joined(struct call **callp, struct leg *x, struct leg *y)
{
	struct call *call = call_new(x->call->customer);
	int err;

	if (!call)
		return ENOMEM;

	err = leg_alloc(&call->caller, call, x->phone);
	if (!err)
		err = leg_alloc(&call->callee, call, y->phone);
	if (err) {
		mem_deref(call->callee);
		mem_deref(call);
		return err;
	}

	list_append(&call->branches, &call->callee->le, call->callee);
	copy_callee(call, y->phone);
	call->state = CALL_ANSWERED;
	call->answered_ms = call->started_ms;
	call->answered_mono_ms = clock_mono_ms();
	call->is_joining = true;
	*callp = call;

	return 0;
}

static void explain(struct call *call, const struct leg *by,
		    const struct leg *x, const char *to, const char *other)
{
	trail_add(&call->trail, "%s (%s) transfers %s (%s) to %s: call %s",
		  name_of(by), number_of(by), name_of(x), number_of(x), to,
		  other);
}

/* Both far ends talk with the transferor: they are joined. */
static uint16_t join_far_ends(struct leg *by, struct leg *with, uint32_t event,
			      bool is_silent)
{
	struct leg *x = leg_peer(by), *y = leg_peer(with);
	struct call *call = NULL;
	struct outcome *o;

	if (make_joined(&call, x, y))
		return 500;
	o = outcome_make(call);
	if (!o) {
		mem_deref(call);
		return 500;
	}
	(void)call_adopt(call);

	o->from = mem_ref(by->call);
	o->consulted = mem_ref(with->call);
	o->by = by;
	o->by_consulted = with;
	o->event = event;
	o->is_silent = is_silent;
	o->is_joined = true;

	explain(call, by, x, number_of(y), by->call->id);
	explain(by->call, by, x, number_of(y), call->id);
	explain(with->call, by, x, number_of(y), call->id);
	leg_take(call->caller, x);
	leg_take(call->callee, y);
	relay_if_far(call, y->phone);
	call_end(by->call);
	call_end(with->call);
	call_touch(call);
	turn_defer(outcome_run, o);

	return 0;
}

/* What it consults about still rings: the far end waits in its place. */
static uint16_t wait_in_place(struct leg *by, struct leg *with, uint32_t event,
			      bool is_silent)
{
	struct call *call = with->call;
	struct leg *x = leg_peer(by), *leg = NULL;
	struct transfer *t = NULL;
	struct sip_reply reply = { .status = 487 };
	char headers[128];
	struct sip_out o;

	if (call->transfer || leg_alloc(&leg, call, x->phone))
		return 500;
	if (transfer_make(&t, call, by, x)) {
		mem_deref(leg);
		return 500;
	}
	t->event = event;
	t->is_silent = is_silent;

	explain(call, by, x, call->number, by->call->id);
	explain(by->call, by, x, call->number, call->id);
	sip_out_init(&o, headers, sizeof(headers));
	leg_headers(with, &o);
	reply.headers = sip_out_span(&o);
	(void)sip_server_reply(with->asked, &reply);
	(void)leg_turn(with, LEG_CLEARED);
	leave_uncounted(leg);
	call->caller = leg;
	mem_deref(with);
	if (call->state == CALL_RINGING) {
		t->is_ringing = true;
		tell(t, 180);
	}

	return 0;
}

static uint16_t to_call(struct leg *by, struct leg *with, uint32_t event,
			bool is_silent)
{
	struct call *call = with->call;

	if (call == by->call || call->state == CALL_OVER)
		return 481;
	if (call->state < CALL_ANSWERED)
		return with == call->caller && with->asked
			       ? wait_in_place(by, with, event, is_silent)
			       : 481;
	if (call->transfer || !leg_is_quiet(with) || !leg_peer(with) ||
	    !leg_is_quiet(leg_peer(with)))
		return 491;

	return join_far_ends(by, with, event, is_silent);
}

/* ---- to a number ---- */

static void leave_out(struct routing *r, const struct phone *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		if (r->phones[i] != p)
			r->phones[n++] = r->phones[i];
	}
	r->count = n;
}

/* An INVITE with nothing in it, for who rings a call of ours. */
static struct sip_message *blank_make(void)
{
	struct sip_message *blank = mem_zalloc(sizeof(*blank), NULL);

	if (!blank)
		return NULL;

	memset(blank->first, SIP_NO_HEADER, sizeof(blank->first));
	blank->max_forwards = -1;

	return blank;
}

static uint32_t ring(struct call *call, const struct routing *r,
		     struct fork_answer *refusal)
{
	struct sip_message *blank = blank_make();
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

static void route_and_ring(struct transfer *t, struct span number)
{
	struct call *call = t->call;
	struct sip_message *blank = blank_make();
	struct routing r;

	if (!blank || forward_begin(call, NULL)) {
		mem_deref(blank);
		call_refused(call, 500, NULL);
		return;
	}
	route_begin(&r, forward_way(call), t->phone, number,
		    t->from ? t->from->hops : 0, &call->trail);
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  forward_dialled(call));
	forward_take(call, &r);
	if (!r.status) {
		leave_out(&r, t->from ? t->held->phone : NULL);
		r.status = r.count || r.outside[0] ? 0 : 486;
	}
	forward_ring(call, &r, blank);
	mem_deref(blank);
}

static uint16_t to_number(struct leg *by, struct span number, uint32_t event,
			  bool is_silent)
{
	struct leg *x = leg_peer(by);
	struct call *call = call_new(by->call->customer);
	struct transfer *t = NULL;
	char text[DIRECTORY_NUMBER_MAX + 1];

	if (!call)
		return 500;
	if (leg_alloc(&call->caller, call, x->phone) ||
	    transfer_make(&t, call, by, x)) {
		mem_deref(call);
		return 500;
	}
	leave_uncounted(call->caller);
	(void)call_adopt(call);
	t->event = event;
	t->is_silent = is_silent;

	(void)re_snprintf(text, sizeof(text), "%b", number.p,
			  (size_t)number.len);
	explain(call, by, x, text, by->call->id);
	explain(by->call, by, x, text, call->id);
	tell(t, 100);
	route_and_ring(t, number);

	return 0;
}

uint16_t transfer_may(const struct leg *leg)
{
	const struct leg *x = leg_peer(leg);

	if (leg->call->state != CALL_ANSWERED || !x || !x->dialog)
		return 481;
	/* who calls from outside disposes of nobody here, at whose cost ever */
	if (!leg->phone || !x->phone || leg->phone->trunk)
		return 403;
	if (leg->call->transfer || !leg_is_quiet(leg) || !leg_is_quiet(x))
		return 491;

	return 0;
}

uint16_t transfer_do(struct leg *leg, const char *number, struct leg *with,
		     uint32_t event, bool is_silent)
{
	uint16_t status = transfer_may(leg);

	if (status)
		return status;
	if (with)
		return transfer_owns(leg->phone, with)
			       ? to_call(leg, with, event, is_silent)
			       : 403;

	return to_number(leg, span_of(number), event, is_silent);
}

/* ---- a call made for somebody ---- */

int transfer_originate(struct call **callp, struct phone *phone,
		       const char *number)
{
	struct routing r = { .count = 1, .phones = { phone } };
	struct call *call = call_new(phone->customer->id);
	struct transfer *t = mem_zalloc(sizeof(*t), transfer_destructor);
	struct fork_answer refusal;

	if (!call || !t || leg_alloc(&call->caller, call, phone)) {
		mem_deref(t);
		mem_deref(call);
		return ENOMEM;
	}

	leave_uncounted(call->caller);
	(void)re_snprintf(call->number, sizeof(call->number), "%s", number);
	t->call = call;
	t->kind = TRANSFER_ORIGINATE;
	t->phone = mem_ref(phone);
	call->transfer = t;
	trail_add(&call->trail, "%s (%s) is to be connected with %s",
		  phone_name(phone), phone->number, number);
	(void)call_adopt(call);
	if (!phone->bindings || !ring(call, &r, &refusal)) {
		mem_deref(call);
		return ENOTCONN;
	}

	*callp = call;

	return 0;
}

const char *transfer_shown(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_ORIGINATE
		       ? call->number
		       : NULL;
}

static void ring_the_number(void *arg)
{
	struct call *call = arg;
	struct transfer *t = call->transfer;
	char number[DIRECTORY_NUMBER_MAX + 1];

	t->kind = TRANSFER_RING;
	t->is_recall = true; /* nobody to be recalled */
	memcpy(number, call->number, sizeof(number));
	route_and_ring(t, span_of(number));
}

bool transfer_originated(struct call *call, struct leg *branch,
			 const struct sip_message *m)
{
	if (!transfer_shown(call))
		return false;

	sip_client_forget(&branch->invite);
	leg_learn(branch, m);
	(void)leg_turn(branch, LEG_ANSWERED);
	session_agreed(branch, m);
	(void)sip_dialog_ack(branch->dialog,
			     sip_header_value(m, SIP_HEADER_CONTENT_TYPE),
			     join_silence(m->body));
	leg_take(call->caller, branch);
	(void)leg_turn(branch, LEG_CLEARED);
	call->state = CALL_ROUTING;
	call->early = NULL;
	call_touch(call);
	wheel_start(&call->timer, 1, ring_the_number, call);

	return true;
}

/* ---- INVITE with Replaces ---- */

static uint16_t may_replace(const struct call *call, const struct leg *leg,
			    const struct replaces *r)
{
	const struct leg *x = leg_peer(leg);

	if (strcmp(call->customer, leg->call->customer) != 0)
		return 481;
	if (!transfer_owns(call->caller->phone, leg) ||
	    call->caller->phone->trunk)
		return 403;
	if (leg->call->state == CALL_OVER)
		return 603;
	if (leg->call->state != CALL_ANSWERED || !x)
		return 481;
	if (r->is_early_only)
		return 486;
	if (leg->call->transfer || !leg_is_quiet(leg) || !leg_is_quiet(x))
		return 491;

	return 0;
}

static uint16_t replace(struct call *call, struct leg *leg,
			const struct sip_message *m)
{
	struct leg *x = leg_peer(leg), *branch = NULL;
	struct transfer *t = NULL;

	if (leg_alloc(&branch, call, x->phone))
		return 500;
	list_append(&call->branches, &branch->le, branch);
	if (transfer_make(&t, call, leg, x))
		return 500;

	t->kind = TRANSFER_REPLACE;
	t->held_state = x->state;
	trail_add(&call->trail, "takes the place of %s (%s): call %s",
		  name_of(leg), number_of(leg), leg->call->id);
	trail_add(&leg->call->trail, "%s takes the place of %s: call %s",
		  number_of(call->caller), number_of(leg), call->id);
	copy_callee(call, x->phone);

	leg_take(branch, x);
	relay_if_far(call, x->phone);
	branch->state = LEG_NULL;
	(void)leg_turn(branch, LEG_ASKED);
	if (fork_ask(branch, m)) {
		branch->is_done = true;
		return 500;
	}
	call_await_answer(call);

	return 0;
}

void transfer_replace(struct call *call, const struct sip_message *m)
{
	struct span value = sip_header_value(m, SIP_HEADER_REPLACES);
	struct replaces r;
	struct leg *leg = NULL;
	uint16_t status = replaces_parse(&r, value) ? 400 : 0;

	if (!status) {
		leg = replaces_leg(&r);
		status = leg ? may_replace(call, leg, &r) : 481;
	}
	if (!status)
		status = replace(call, leg, m);
	if (status)
		call_refused(call, status, NULL);
}

/* The new call's caller is refused: the other party stays where it was. */
static void give_back(struct transfer *t)
{
	struct le *le = list_head(&t->call->branches);
	struct leg *branch = le ? le->data : NULL;

	if (!branch || !branch->dialog)
		return;
	if (!t->from) {
		leg_bye(branch, NULL);
		return;
	}

	leg_take(t->held, branch);
	t->held->state = t->held_state;
	call_touch(t->from);
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
		tell(t, 180);
	}

	return true;
}

void transfer_answered(struct call *call, const struct sip_message *m)
{
	struct transfer *t = call->transfer;
	struct outcome *o;

	if (!t || t->call != call)
		return;

	o = outcome_make(call);
	if (!o) {
		call_hangup(call, NULL, "SIP;cause=500");
		return;
	}

	o->is_silent = t->is_silent || t->kind != TRANSFER_RING;
	o->event = t->event;
	if (t->kind == TRANSFER_RING) {
		o->is_joined = true;
		call->is_joining = true;
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
	if (o->is_joined)
		relay_if_far(call, call->callee->phone);
	transfer_forget(call);
	turn_defer(outcome_run, o);
}

/* Nobody has answered, and who handed over has hung up: rung again. */
static bool recall(struct transfer *t)
{
	struct call *call = t->call;
	struct routing r = { .count = 1, .phones = { t->phone } };
	struct fork_answer refusal;

	t->is_recall = true;
	forward_end(call);
	trail_add(&call->trail, "recalls %s (%s)", phone_name(t->phone),
		  t->phone->number);
	copy_callee(call, t->phone);
	call->state = CALL_ROUTING;

	return ring(call, &r, &refusal) > 0;
}

bool transfer_refused(struct call *call, uint16_t status)
{
	struct transfer *t = call->transfer;

	if (!t || t->call != call || t->kind != TRANSFER_RING)
		return false;
	if (t->from) {
		trail_add(&t->from->trail, "the transfer failed: %u", status);
		tell(t, status);
		call_give_up(call, status);
		return true;
	}

	return !t->is_recall && recall(t);
}

void transfer_left(struct call *call, const struct leg *by)
{
	struct transfer *t = call->transfer;
	struct call *to;

	if (!t || t->from != call)
		return;

	to = t->call;
	if (t->kind == TRANSFER_REPLACE) {
		transfer_forget(call);
	}
	else if (by == t->by) {
		leg_take(to->caller, t->held);
		call_touch(to);
		transfer_forget(call);
	}
	else {
		transfer_forget(call);
		trail_add(&to->trail, "who was transferred is gone");
		fork_cancel(to, NULL, NULL);
		call_give_up(to, 487);
	}
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
			give_back(t);
		else
			tell(t, 487);
		if (t->from)
			transfer_forget(t->from);
	}
	transfer_forget(call);
}
