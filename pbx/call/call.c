/* call.c - see call.h */
#include <stdio.h>

#include "base/clock.h"
#include "pbx/call/alone.h"
#include "pbx/speech/announce.h"
#include "pbx/call/call_private.h"
#include "pbx/call/identity.h"
#include "pbx/feature/callback.h"
#include "pbx/feature/campon.h"
#include "pbx/pair/pair_calls.h"
#include "pbx/watch/cdr.h"
#include "pbx/call/farewell.h"
#include "pbx/control/csta.h"
#include "pbx/call/fork.h"
#include "pbx/route/forward.h"
#include "pbx/call/limit.h"
#include "pbx/conference/record.h"
#include "pbx/speech/relay.h"
#include "pbx/feature/park.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/call/restore.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/store.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"
#include "pbx/conference/heir.h"
#include "pbx/desk/twin.h"
#include "pbx/route/cos.h"
#include "pbx/trunk/outsider.h"
#include "pbx/desk/twin_consult.h"
#include "pbx/desk/twin_line.h"
#include "pbx/mail/voicemail.h"

enum {
	TRYING_MS = 200, /* 100 unless something better comes (17.2.1) */
	HEADERS_BYTES = 6144,
};

static struct {
	struct table by_id;
	struct list all;
	struct list dirty;
	uint64_t last_row;
} calls;

static const char *const state_names[] = { "routing", "ringing", "answered",
					   "over" };
static const char *const result_names[CALL_RESULTS] = {
	"none",      "answered", "busy",  "no-answer",
	"cancelled", "declined", "failed"
};

const char *call_state_name(enum call_state state)
{
	return state <= CALL_OVER ? state_names[state] : "?";
}

const char *call_result_name(enum call_result result)
{
	return result < CALL_RESULTS ? result_names[result] : "?";
}

static void call_destructor(void *data)
{
	struct call *call = data;

	wheel_stop(&call->timer);
	mem_deref(call->record);
	party_end(call);
	mem_deref(call->join);
	alone_end(call);
	campon_end(call);
	park_end(call);
	transfer_forget(call);
	list_unlink(&call->le);
	list_unlink(&call->dirty_le);
	table_remove(&calls.by_id, &call->by_id);
	list_flush(&call->branches);
	twin_end(call);
	mem_deref(call->consult);
	mem_deref(call->heir);
	mem_deref(call->caller);
	pair_calls_gone(call);
	mem_deref(call->offer);
	relay_end(call);
	mem_deref(call->way);
	limit_end(call);
	mem_deref(call->outside);
	answer_end(call);
	trail_close(&call->trail);
}

struct call *call_alloc(void)
{
	return mem_zalloc(sizeof(struct call), call_destructor);
}

/* Write what has changed in this turn. */
static void flush(void *arg)
{
	struct le *le;

	(void)arg;

	while ((le = list_head(&calls.dirty))) {
		struct call *call = le->data;

		list_unlink(&call->dirty_le);
		if (call->state != CALL_OVER && !restore_save(call))
			call->is_stored = true;
	}
}

int call_init(void)
{
	list_init(&calls.all);
	list_init(&calls.dirty);
	calls.last_row = 0;
	turn_on_flush(flush, NULL);

	return table_init(&calls.by_id, 1024);
}

void call_close(void)
{
	farewell_close();
	list_flush(&calls.all);
	table_close(&calls.by_id);
}

int call_adopt(struct call *call)
{
	if (!call->row)
		call->row = ++calls.last_row;
	else if (call->row > calls.last_row)
		calls.last_row = call->row;

	table_add(&calls.by_id, &call->by_id, hash_span(0, span_of(call->id)));
	list_append(&calls.all, &call->le, call);

	return 0;
}

struct call *call_find(struct span id)
{
	struct table_entry *e = table_first(&calls.by_id, hash_span(0, id));

	for (; e; e = table_next(e)) {
		struct call *call = CONTAINER_OF(e, struct call, by_id);

		if (span_equal(span_of(call->id), id))
			return call;
	}

	return NULL;
}

const struct list *call_list(void)
{
	return &calls.all;
}

uint32_t call_count(void)
{
	return calls.by_id.count;
}

void call_touch(struct call *call)
{
	if (!call->dirty_le.list)
		list_append(&calls.dirty, &call->dirty_le, call);
	turn_touch();
}

void call_touch_lazily(struct call *call)
{
	if (!call->dirty_le.list)
		list_append(&calls.dirty, &call->dirty_le, call);
	turn_touch_lazily();
}

static void bury(void *arg)
{
	mem_deref(arg);
}

void call_bury(struct call *call)
{
	if (call->state != CALL_OVER || call->is_buried || !fork_is_done(call))
		return;

	call->is_buried = true;
	turn_defer(bury, call);
}

/* A final refusal to the caller. */
static void refuse(struct call *call, uint16_t status, const char *cause,
		   const char *reason)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = status, .reason = cause };

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(call->caller, &o);
	if (reason)
		sip_out_header(&o, SIP_HEADER_REASON, span_of(reason));
	if (status == 500)
		sip_out_text(&o, "Retry-After: 0\r\n");
	if (status == 302) {
		sip_out_text(&o, "Contact: ");
		server_identity(&o, NULL, call->sent_to);
		sip_out_text(&o, "\r\n");
	}
	reply.headers = sip_out_span(&o);

	if (call->caller->asked)
		(void)sip_server_reply(call->caller->asked, &reply);
	else if (leg_is_up(call->caller))
		leg_bye(call->caller, reason);
}

/* The call is over: its record is written, once. */
static void over(struct call *call, enum call_result result)
{
	struct le *le;

	if (call->state == CALL_OVER)
		return;

	wheel_stop(&call->timer);
	limit_end(call);
	record_over(call);
	party_end(call);
	relay_end(call);
	twin_over(call);
	twin_consult_over(call);
	heir_over(call);
	forward_end(call);
	answer_end(call);
	call->result = (uint8_t)result;
	call->state = CALL_OVER;
	callback_over(call);
	cdr_write(call);
	if (call->is_stored)
		keep_remove_call(call->row);
	call->is_stored = false;
	list_unlink(&call->dirty_le);
	turn_touch();
	call->join = mem_deref(call->join);
	alone_end(call);
	campon_end(call);
	transfer_over(call);

	if (call->caller->state == LEG_FAILED ||
	    call->caller->state != LEG_NULL)
		(void)leg_turn(call->caller, LEG_CLEARED);
	for (le = list_head(&call->branches); le; le = le->next) {
		struct leg *leg = le->data;

		if (leg->state != LEG_NULL && leg->state != LEG_FAILED)
			(void)leg_turn(leg, LEG_CLEARED);
	}

	park_end(call); /* its number was told of the end */
	pair_calls_changed(call);
	call_bury(call);
}

static enum call_result result_of(uint16_t status)
{
	switch (status) {
	case 486:
	case 600: return CALL_RESULT_BUSY;
	case 603:
	case 403: return CALL_RESULT_DECLINED;
	case 480:
	case 408: return CALL_RESULT_NO_ANSWER;
	case 487: return CALL_RESULT_CANCELLED;
	default: return CALL_RESULT_FAILED;
	}
}

void call_refused(struct call *call, uint16_t status, const char *cause)
{
	if (call->state >= CALL_ANSWERED)
		return;

	if (!call->is_errand &&
	    ((!call->party && campon_takes(call, status)) ||
	     transfer_refused(call, status) || voicemail_takes(call, status) ||
	     announce_takes(call, status, cause)))
		return;

	trail_add(&call->trail, "the caller hears %u %s", status,
		  cause ? cause : "");
	call->caller->status = status;
	(void)leg_turn(call->caller, LEG_REFUSED);
	refuse(call, status, cause, NULL);
	over(call, result_of(status));
}

static void no_answer(void *arg)
{
	struct call *call = arg;

	trail_add(&call->trail, "nobody answered in %u s",
		  (unsigned)(forward_limit_ms(call) / 1000));
	if (forward_on(call, ROUTE_NO_ANSWER, SPAN("")))
		return;

	fork_cancel(call, NULL, NULL);
	if (transfer_refused(call, 480) || voicemail_takes(call, 480))
		return;

	call->caller->status = 480;
	(void)leg_turn(call->caller, LEG_REFUSED);
	refuse(call, 480, "No Answer", "Q.850;cause=19;text=\"No answer\"");
	over(call, CALL_RESULT_NO_ANSWER);
}

void call_await_answer(struct call *call)
{
	if (!call->is_errand) /* the other node has the limit */
		wheel_start(&call->timer, forward_limit_ms(call), no_answer,
			    call);
}

/* Nobody has said anything for a while: the caller learns that we try. */
static void trying(void *arg)
{
	struct call *call = arg;

	(void)sip_server_answer(call->caller->asked, 100);
	call_touch(call); /* the caller repeats its INVITE no more */
	call_await_answer(call);
}

void call_try(struct call *call)
{
	wheel_start(&call->timer, TRYING_MS, trying, call);
}

/* The caller has cancelled, or its connection is lost. */
void call_cancelled(const struct sip_message *m, void *arg)
{
	struct leg *leg = arg;
	struct call *call = leg->call;
	struct span reason = { NULL, 0 };
	char text[200] = "";

	if (call->state >= CALL_ANSWERED)
		return;

	if (m)
		reason = sip_header_value(m, SIP_HEADER_REASON);
	if (reason.len && reason.len < sizeof(text))
		memcpy(text, reason.p, reason.len);

	trail_add(&call->trail, "the caller gave up");
	fork_cancel(call, NULL, text[0] ? text : NULL);
	refuse(call, 487, NULL, NULL);
	over(call, CALL_RESULT_CANCELLED);
}

void call_acknowledged(int err, const struct sip_message *m, void *arg)
{
	struct leg *leg = arg;
	struct call *call = leg->call;

	sip_server_forget(&leg->asked);

	if (call->state != CALL_ANSWERED)
		return;
	if (err) {
		trail_add(&call->trail, "the caller did not acknowledge");
		call_hangup(call, NULL, "SIP;cause=408");
		return;
	}

	leg->asks_offering = false;
	if (call->answer)
		answer_acknowledged(call->answer, m);
	if (call->party)
		party_acknowledged(call->party, m);
	if (call->callee && call->callee->owes_ack) {
		call->callee->owes_ack = false;
		(void)sip_dialog_ack(
			call->callee->dialog,
			sip_header_value(m, SIP_HEADER_CONTENT_TYPE),
			relay_body(leg, call->callee, m->body,
				   HOLD_OFFER_NONE));
	}
	if (call->callee)
		call->callee->asks_offering = false;
}

/* Who calls outside hears our ringing in place of what the trunk plays. */
static bool rings_as_usual(const struct call *call, const struct leg *branch)
{
	const struct phone *p = call->caller->phone;

	return outsider_is(branch->phone) && p && !call->is_emergency &&
	       cos_may(phone_person(p), COS_STANDARD_RINGBACK);
}

void call_progress(struct call *call, struct leg *branch,
		   const struct sip_message *m)
{
	bool is_only = !list_head(&call->branches)->next;
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = m->status };
	bool has_sdp = m->body.len > 0;

	if (call->state >= CALL_ANSWERED)
		return;
	if (has_sdp && rings_as_usual(call, branch)) {
		has_sdp = false;
		reply.status = 180;
	}
	if (call->state == CALL_ROUTING) {
		call->state = CALL_RINGING;
		call_await_answer(call);
	}
	if (transfer_progress(call, branch, m))
		return;
	if (call->caller->state == LEG_INITIATED)
		(void)leg_turn(call->caller, LEG_RINGS);

	if (has_sdp && !call->early) {
		call->early = branch;
		trail_add(&call->trail, "early media of %s",
			  branch->phone ? branch->phone->number : "?");
	}
	if (has_sdp && call->early == branch) {
		reply.content_type = sip_header_value(m,
						      SIP_HEADER_CONTENT_TYPE);
		reply.body = relay_body(branch, call->caller, m->body,
					HOLD_OFFER_NONE);
	}

	if (sip_message_is_reliable(m)) {
		if (is_only && call->caller->knows_100rel) {
			reply.is_reliable = true;
			branch->rseq = sip_header_seconds(m, SIP_HEADER_RSEQ,
							  0);
			branch->rseq_cseq = m->cseq;
		}
		else {
			(void)sip_dialog_prack(NULL, branch->dialog, m,
					       (struct span){ NULL, 0 },
					       (struct span){ NULL, 0 }, NULL,
					       NULL);
		}
	}
	else if (call->wants_reliable) {
		reply.is_reliable = true;
		branch->rseq = 0;
	}

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(call->caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\n");
	forward_headers(call, &o);
	if (fork_is_alone(branch))
		leg_identity(branch, &o);
	sip_out_copy(&o, m, SIP_HEADER_ALERT_INFO);
	reply.headers = sip_out_span(&o);
	reply.with_contact = true;
	reply.contact_user = SPAN("pbx");

	(void)sip_server_reply(call->caller->asked, &reply);
}

/* What waits for the commit of the turn in which the callee answered. */
struct acceptance {
	struct call *call;
	struct leg *to; /* of the call */
	char *type;
	struct mbuf *body;
};

static void acceptance_destructor(void *data)
{
	struct acceptance *a = data;

	mem_deref(a->call);
	mem_deref(a->type);
	mem_deref(a->body);
}

static struct span mbuf_span(const struct mbuf *mb)
{
	return mb ? (struct span){ (const char *)mb->buf, (uint32_t)mb->end }
		  : (struct span){ NULL, 0 };
}

/* The answer is on record: the caller gets it. */
static void acceptance_send(void *arg)
{
	struct acceptance *a = arg;
	struct call *call = a->call;
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = 200 };

	if (call->state != CALL_ANSWERED)
		goto out;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(a->to, &o);
	leg_identity(a->to == call->caller ? call->callee : call->caller, &o);
	sip_out_text(&o, "Allow: " PBX_ALLOW "\r\nSupported: " PBX_SUPPORTED
			 "\r\n");
	session_repeat(a->to, true, &o);

	reply.headers = sip_out_span(&o);
	reply.with_contact = true;
	reply.contact_user = SPAN("pbx");
	reply.content_type = span_of(a->type ? a->type : "");
	reply.body = mbuf_span(a->body);
	(void)sip_server_reply(a->to->asked, &reply);
	leg_keep_sdp(a->to, reply.body);

out:
	mem_deref(a);
}

static struct acceptance *acceptance_make(struct call *call, struct leg *from,
					  struct leg *to, struct span type,
					  struct span sdp)
{
	struct acceptance *a = mem_zalloc(sizeof(*a), acceptance_destructor);

	if (!a)
		return NULL;

	a->call = mem_ref(call);
	a->to = to;
	if (sdp.len) {
		struct span body = relay_body(from, to, sdp, HOLD_OFFER_NONE);

		a->type = mem_zalloc(type.len + 1, NULL);
		a->body = mbuf_alloc(body.len);
		if (!a->type || !a->body)
			return mem_deref(a);
		memcpy(a->type, type.p, type.len);
		(void)mbuf_write_mem(a->body, (const uint8_t *)body.p,
				     body.len);
	}

	return a;
}

/* Two parties speak from now on. */
static void now_answered(struct call *call)
{
	wheel_stop(&call->timer);
	call->state = CALL_ANSWERED;
	call->answered_ms = clock_wall_ms();
	call->answered_mono_ms = clock_mono_ms();
	campon_end(call);
	forward_end(call);
	callback_talked(call);
	limit_begin(call);
	call_touch(call);
	record_answered(call);
}

void call_answered(struct call *call, struct leg *branch,
		   const struct sip_message *m)
{
	struct acceptance *a;
	bool is_ours = !call->caller->asked;

	if (transfer_originated(call, branch, m))
		return;
	a = acceptance_make(call, branch, call->caller,
			    sip_header_value(m, SIP_HEADER_CONTENT_TYPE),
			    m->body);

	call->callee = branch;
	sip_client_forget(&branch->invite);
	leg_learn(branch, m);
	identity_answered(branch, m);
	(void)leg_turn(branch, LEG_ANSWERED);
	session_agreed(branch, m);
	leg_keep_sdp(branch,
		     relay_body(call->caller, branch, mbuf_span(call->offer),
				HOLD_OFFER_NONE));
	call->offer = mem_deref(call->offer);

	if (call->has_offer)
		(void)sip_dialog_ack(branch->dialog, (struct span){ NULL, 0 },
				     (struct span){ NULL, 0 });
	else
		branch->owes_ack = true;

	now_answered(call);
	transfer_answered(call, m);
	if (call->party)
		party_answered(call->party, m);
	if (is_ours) {
		mem_deref(a);
		return;
	}

	(void)leg_turn(call->caller, LEG_ANSWERED);
	if (a)
		turn_defer(acceptance_send, a);
	else
		call_hangup(call, NULL, "SIP;cause=500");
}

void call_picked_up(struct call *call, struct leg *leg, struct span offer,
		    struct span answer)
{
	const struct span type = SPAN("application/sdp");
	struct acceptance *to_caller, *to_picker;

	call->cause = CSTA_CAUSE_PICKUP;
	leg->call = call;
	leg->number = ++call->legs;
	leg->is_done = true;
	list_append(&call->branches, &leg->le, leg);
	call->callee = leg;
	/* Each one's offer is the other's answer: both are learnt first. */
	(void)relay_body(call->caller, leg, offer, HOLD_OFFER_NONE);
	to_caller = acceptance_make(call, leg, call->caller, type, answer);
	relay_answers(call->caller);
	to_picker = acceptance_make(call, call->caller, leg, type, offer);
	leg_count(leg);
	(void)leg_turn(leg, LEG_ASKED);
	(void)leg_turn(leg, LEG_ANSWERED);
	call->offer = mem_deref(call->offer);

	now_answered(call);
	(void)leg_turn(call->caller, LEG_ANSWERED);
	if (to_caller && to_picker) {
		turn_defer(acceptance_send, to_caller);
		turn_defer(acceptance_send, to_picker);
		return;
	}

	mem_deref(to_caller);
	mem_deref(to_picker);
	call_hangup(call, NULL, "SIP;cause=500");
}

static void hangup_before_answer(struct call *call, const struct leg *by)
{
	fork_cancel(call, NULL, NULL);
	if (call->caller != by || call->caller->asked)
		refuse(call, 487, NULL, NULL);
	over(call, CALL_RESULT_CANCELLED);
}

void call_hangup(struct call *call, struct leg *by, const char *reason)
{
	if (call->state == CALL_OVER)
		return;

	if (by)
		trail_add(&call->trail, "%s hangs up",
			  by->phone ? phone_name(by->phone) : "?");
	if (by && twin_line_left(call, by))
		return;
	transfer_left(call, by);

	if (call->state < CALL_ANSWERED) {
		hangup_before_answer(call, by);
		return;
	}

	if (call->callee && call->callee->owes_ack)
		(void)sip_dialog_ack(call->callee->dialog,
				     (struct span){ NULL, 0 },
				     (struct span){ NULL, 0 });
	if (call->caller->asked && !sip_server_is_final(call->caller->asked))
		refuse(call, 480, NULL, reason);
	else if (call->caller != by)
		leg_bye(call->caller, reason);
	if (call->callee && call->callee != by)
		leg_bye(call->callee, reason);

	over(call, CALL_RESULT_ANSWERED);
}

void call_end(struct call *call)
{
	over(call, CALL_RESULT_ANSWERED);
}

void call_give_up(struct call *call, uint16_t status)
{
	over(call, result_of(status));
}

void call_abort(struct call *call)
{
	static const char reason[] = "SIP;cause=503;text=\"Restarted\"";

	fork_cancel(call, NULL, reason);
	call->caller->status = 500;
	refuse(call, 500, NULL, reason);
	over(call, CALL_RESULT_FAILED);
}
