/* transfer_to.c - see transfer.h: handed over to a number, to another call */
#include "base/clock.h"
#include "pbx/call/alone.h"
#include "pbx/speech/answer.h"
#include "pbx/feature/callback.h"
#include "pbx/route/account.h"
#include "pbx/route/cos.h"
#include "pbx/control/csta.h"
#include "pbx/route/forward.h"
#include "pbx/transfer/handoff.h"
#include "pbx/conference/join.h"
#include "pbx/trunk/outsider.h"
#include "pbx/feature/park.h"
#include "pbx/transfer/recall.h"
#include "pbx/feature/reminder.h"
#include "pbx/server.h"
#include "pbx/transfer/transfer_private.h"
#include "pbx/turn.h"
#include "pbx/mail/voicemail.h"
#include "pbx/trunk/emergency_notice.h"

/* ---- to another call of the transferor ---- */

int transfer_joined(struct call **callp, struct leg *x, struct leg *y)
{
	struct call *call = call_new(x->call->customer);
	int err;

	if (!call)
		return ENOMEM;

	err = leg_alloc_like(&call->caller, call, x);
	if (!err)
		err = leg_alloc_like(&call->callee, call, y);
	if (err) {
		mem_deref(call->callee);
		mem_deref(call);
		return err;
	}

	list_append(&call->branches, &call->callee->le, call->callee);
	transfer_callee(call, y->phone);
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
		  transfer_name_of(by), transfer_number_of(by),
		  transfer_name_of(x), transfer_number_of(x), to, other);
}

/* Both far ends talk with the transferor: they are joined. */
static uint16_t join_far_ends(struct leg *by, struct leg *with, uint32_t event,
			      bool is_silent)
{
	struct leg *x = leg_peer(by), *y = leg_peer(with);
	struct call *call = NULL;
	struct transfer_outcome *o;

	if (transfer_joined(&call, x, y))
		return 500;
	o = transfer_outcome_make(call);
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

	explain(call, by, x, transfer_number_of(y), by->call->id);
	explain(by->call, by, x, transfer_number_of(y), call->id);
	explain(with->call, by, x, transfer_number_of(y), call->id);
	leg_take(call->caller, x);
	leg_take(call->callee, y);
	transfer_relay(call, y->phone);
	call_end(by->call);
	call_end(with->call);
	call_touch(call);
	turn_defer(transfer_outcome_run, o);

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

	if (call->transfer || leg_alloc_like(&leg, call, x))
		return 500;
	if (transfer_make(&t, call, by->call, by, x)) {
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
	leg_uncount(leg);
	call->caller = leg;
	mem_deref(with);
	if (call->state == CALL_RINGING) {
		t->is_ringing = true;
		transfer_tell(t, 180);
	}

	return 0;
}

/* Whether a user may bring two outside parties together. */
bool transfer_may_join(const struct leg *by, const struct phone *a,
		       const struct phone *b)
{
	const struct user *u = by->phone ? phone_person(by->phone) : NULL;

	if (!outsider_is(a) || !outsider_is(b) ||
	    cos_may(u, COS_PUBLIC_TO_PUBLIC))
		return true;

	trail_add(&by->call->trail, "%s may not connect two outside parties",
		  phone_name(by->phone));

	return false;
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
	if (!transfer_may_join(by, leg_peer(by)->phone, leg_peer(with)->phone))
		return 403;

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

/* At whose cost and how far. */
static void send_so(struct transfer *t, const struct answer_way *sent)
{
	struct route_way *way = forward_way(t->call);

	way->reach = sent->reach;
	way->is_anonymous = answer_is_anonymous(t->from->answer);
	(void)re_snprintf(way->payer, sizeof(way->payer), "%s",
			  sent->payer ? sent->payer : "");
}

static void route_and_ring(struct transfer *t, struct span number,
			   const struct answer_way *sent)
{
	struct call *call = t->call;
	struct sip_message *blank = transfer_blank();
	char dialled[DIRECTORY_NUMBER_MAX + 1];
	struct routing r;

	if (!blank || forward_begin(call, NULL)) {
		mem_deref(blank);
		call_refused(call, 500, NULL);
		return;
	}
	if (sent)
		send_so(t, sent);
	(void)re_snprintf(dialled, sizeof(dialled), "%b", number.p,
			  (size_t)number.len);
	if (!sent && voicemail_dialled(call, dialled)) {
		mem_deref(blank);
		return;
	}
	route_begin(&r, forward_way(call), t->phone, number,
		    t->from ? t->from->hops : 0, &call->trail);
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  forward_dialled(call));
	if (r.outside[0] && outsider_is(call->caller->phone) &&
	    !cos_may(phone_person(t->phone), COS_PUBLIC_TO_PUBLIC)) {
		trail_add(&call->trail,
			  "%s may not connect two outside parties",
			  phone_name(t->phone));
		r.outside[0] = '\0';
		r.status = 403;
		r.cause = "Not Permitted";
	}
	forward_take(call, &r);
	if (!r.status) {
		leave_out(&r, t->from ? t->held->phone : NULL);
		r.status = r.count || r.outside[0] || r.attendant ? 0 : 486;
	}
	forward_ring(call, &r, blank);
	mem_deref(blank);
}

static uint16_t to_number(struct leg *by, struct span number, uint32_t event,
			  bool is_silent, const char *account)
{
	struct leg *x = leg_peer(by);
	struct call *call = call_new(by->call->customer);
	struct transfer *t = NULL;
	char text[DIRECTORY_NUMBER_MAX + 1];

	if (!call)
		return 500;
	if (leg_alloc_like(&call->caller, call, x) ||
	    transfer_make(&t, call, by->call, by, x)) {
		mem_deref(call);
		return 500;
	}
	leg_uncount(call->caller);
	(void)call_adopt(call);
	t->event = event;
	t->is_silent = is_silent;
	call->cause = CSTA_CAUSE_TRANSFER;

	(void)re_snprintf(text, sizeof(text), "%b", number.p,
			  (size_t)number.len);
	explain(call, by, x, text, by->call->id);
	explain(by->call, by, x, text, call->id);
	if (account)
		account_book(call, account);
	transfer_tell(t, 100);
	route_and_ring(t, number, NULL);

	return 0;
}

int transfer_send_on(struct call *from, const struct answer_way *way)
{
	struct leg *x = from->caller;
	struct call *call;
	struct transfer *t = NULL;

	if (from->transfer || !x->phone || !leg_is_quiet(x))
		return EPROTO;
	call = call_new(from->customer);
	if (!call)
		return ENOMEM;
	if (leg_alloc_like(&call->caller, call, x) ||
	    transfer_make(&t, call, from, NULL, x)) {
		mem_deref(call);
		return ENOMEM;
	}
	leg_uncount(call->caller);
	(void)call_adopt(call);
	t->is_silent = true;
	t->is_recall = true; /* nobody to be recalled */
	trail_add(&call->trail, "%s (%s) is sent on to %s: call %s",
		  transfer_name_of(x), transfer_number_of(x), way->number,
		  from->id);
	trail_add(&from->trail, "is sent on to %s: call %s", way->number,
		  call->id);
	route_and_ring(t, span_of(way->number), way);

	return 0;
}

/* ---- somebody comes back for who waits ---- */

uint16_t transfer_back(struct leg *by, const struct transfer_back *b)
{
	struct leg *x = leg_peer(by);
	struct call *call;
	struct transfer *t = NULL;
	struct fork_answer refusal;

	if (by->call->state != CALL_ANSWERED || !x || !x->dialog)
		return 481;
	if (by->call->transfer || !leg_is_quiet(x) ||
	    (by->dialog && !leg_is_quiet(by)))
		return 491;
	call = call_new(by->call->customer);
	if (!call || leg_alloc_like(&call->caller, call, x) ||
	    transfer_make(&t, call, by->call, by, x)) {
		mem_deref(call);
		return 500;
	}
	leg_uncount(call->caller);
	mem_deref(t->phone);
	t->phone = mem_ref(b->handler);
	t->event = b->event;
	t->is_silent = !b->is_told;
	t->why = (uint8_t)(b->why + 1);
	t->stage = b->stage;
	call->cause = b->why == RECALL_HANDOFF ? CSTA_CAUSE_TRANSFER
					       : CSTA_CAUSE_RECALL;
	(void)call_adopt(call);
	trail_add(&call->trail, "%s (%s) waits in call %s", transfer_name_of(x),
		  transfer_number_of(x), by->call->id);

	if (!b->routing) {
		route_and_ring(t, span_of(b->number), NULL);
		return 0;
	}
	transfer_callee(call, b->handler);
	if (transfer_ring(call, b->routing, &refusal))
		return 0;
	transfer_forget(by->call);
	call_give_up(call, refusal.status);

	return refusal.status;
}

/* ---- put aside ---- */

uint16_t transfer_aside(struct call **callp, struct leg *by, const char *number,
			uint32_t event, bool is_silent)
{
	uint16_t status = transfer_may(by);
	struct leg *x = leg_peer(by);
	struct transfer_outcome *o;
	struct call *call;

	if (status)
		return status;
	call = call_new(by->call->customer);
	if (!call)
		return 500;
	o = transfer_outcome_make(call);
	if (!o || leg_alloc_like(&call->caller, call, x) || alone_place(call)) {
		mem_deref(o);
		mem_deref(call);
		return 500;
	}
	(void)re_snprintf(call->number, sizeof(call->number), "%s", number);
	call->state = CALL_ANSWERED;
	call->answered_ms = call->started_ms;
	call->answered_mono_ms = clock_mono_ms();
	call->is_joining = true;
	call->cause = CSTA_CAUSE_PARK;
	(void)call_adopt(call);

	o->from = mem_ref(by->call);
	o->by = by;
	o->event = event;
	o->is_silent = is_silent;
	explain(call, by, x, number, by->call->id);
	explain(by->call, by, x, number, call->id);
	leg_take(call->caller, x);
	call_end(by->call);
	call_touch(call);
	turn_defer(transfer_outcome_run, o);
	*callp = call;

	return 0;
}

uint16_t transfer_may(const struct leg *leg)
{
	const struct leg *x = leg_peer(leg);

	if (leg->call->state != CALL_ANSWERED || !x || !x->dialog)
		return 481;
	/* who calls from outside disposes of nobody here, at whose cost ever;
	 * whom we have called at a user's outside number is that user, as is
	 * who gave the PIN */
	if (!leg->phone || !x->phone ||
	    (leg->phone->trunk && !leg->phone->is_proved))
		return 403;
	if (leg->call->transfer || !leg_is_quiet(leg) || !leg_is_quiet(x))
		return 491;

	return 0;
}

uint16_t transfer_do(struct leg *leg, const char *number, struct leg *with,
		     uint32_t event, bool is_silent)
{
	char at[DIRECTORY_NUMBER_MAX + 1];
	uint16_t status;

	recall_cancel(leg->call);
	status = transfer_may(leg);
	if (status)
		return status;
	if (!with && park_is_dialled(leg->phone, number, at))
		return park_do(leg, at, event, is_silent, NULL);
	if (!with && handoff_is_dialled(leg->phone, number))
		return handoff_do(leg, event, is_silent);
	if (with)
		return transfer_owns(leg->phone, with)
			       ? to_call(leg, with, event, is_silent)
			       : 403;

	return to_number(leg, span_of(number), event, is_silent, NULL);
}

uint16_t transfer_booked(struct leg *leg, const char *number,
			 const char *account)
{
	uint16_t status;

	recall_cancel(leg->call);
	status = transfer_may(leg);

	return status ? status
		      : to_number(leg, span_of(number), 0, true, account);
}

/* ---- a call made for somebody ---- */

static int originate(struct call **callp, struct phone *phone,
		     const char *number, const struct transfer_notice *notice,
		     bool asks_answer)
{
	struct routing r = { .count = 1, .phones = { phone } };
	struct call *call = call_new(phone->customer->id);
	struct transfer *t = transfer_alloc(phone);
	struct fork_answer refusal;

	if (!call || !t || leg_alloc(&call->caller, call, phone)) {
		mem_deref(t);
		mem_deref(call);
		return ENOMEM;
	}

	leg_uncount(call->caller);
	(void)re_snprintf(call->number, sizeof(call->number), "%s", number);
	t->call = call;
	t->kind = TRANSFER_ORIGINATE;
	call->cause = CSTA_CAUSE_MAKE_CALL;
	call->asks_answer = asks_answer;
	if (notice) {
		t->notice = notice->row;
		(void)re_snprintf(t->shown_name, sizeof(t->shown_name), "%s",
				  notice->name);
		call->is_emergency = true; /* no line is too busy for it */
	}
	call->transfer = t;
	trail_add(&call->trail, "%s (%s) is to be connected with %s",
		  phone_name(phone), phone->number, number);
	(void)call_adopt(call);
	if (!phone_is_there(phone) || !transfer_ring(call, &r, &refusal)) {
		mem_deref(call);
		return ENOTCONN;
	}

	*callp = call;

	return 0;
}

int transfer_originate(struct call **callp, struct phone *phone,
		       const char *number)
{
	return originate(callp, phone, number, NULL, false);
}

int transfer_originate_answered(struct call **callp, struct phone *phone,
				const char *number)
{
	return originate(callp, phone, number, NULL, true);
}

int transfer_originate_notice(struct call **callp, struct phone *phone,
			      const char *number,
			      const struct transfer_notice *notice)
{
	return originate(callp, phone, number, notice, false);
}

uint64_t transfer_notice_of(const struct call *call)
{
	return call->transfer ? call->transfer->notice : 0;
}

const struct phone *transfer_mask(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_RING && t->by &&
			       !t->why && t->phone &&
			       !cos_may(phone_person(t->phone), COS_HELD_SHOWN)
		       ? t->phone
		       : NULL;
}

const char *transfer_shown_name(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->shown_name[0] ? t->shown_name : NULL;
}

const struct leg *transfer_referrer(const struct call *call)
{
	const struct transfer *t = call->transfer;

	return t && t->call == call && t->kind == TRANSFER_RING && t->from
		       ? t->by
		       : NULL;
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

	if (!strcmp(call->number, REMINDER_NUMBER)) {
		reminder_answered(call);
		return;
	}
	t->kind = TRANSFER_RING;
	t->is_recall = true; /* nobody to be recalled */
	if (t->notice) {
		emergency_notice_answered(call, t->notice);
		return;
	}
	memcpy(number, call->number, sizeof(number));
	route_and_ring(t, span_of(number), NULL);
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
	callback_taken(call);
	call->asks_answer = false; /* nobody else */
	call_touch(call);
	wheel_start(&call->timer, 1, ring_the_number, call);

	return true;
}
