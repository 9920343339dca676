/* fork.c - see fork.h */
#include "base/log.h"
#include "pbx/instance.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/call/farewell.h"
#include "pbx/call/fork.h"
#include "pbx/call/identity.h"
#include "pbx/route/forward.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/peer.h"
#include "pbx/registrar.h"
#include "pbx/conference/party.h"
#include "pbx/speech/relay.h"
#include "pbx/server.h"
#include "pbx/route/settings_user.h"
#include "pbx/settings.h"
#include "pbx/transfer/transfer.h"
#include "pbx/turn.h"
#include "pbx/desk/twin.h"
#include "sip/privacy.h"

#define ELSEWHERE "SIP;cause=200;text=\"Call completed elsewhere\""

/* As phones understand it, old and new (RFC 5373). */
#define AUTO_ANSWER                                                            \
	"Call-Info: <sip:pbx>;answer-after=0\r\n"                              \
	"Alert-Info: <http://localhost>;info=alert-autoanswer;delay=0\r\n"     \
	"Answer-Mode: Auto\r\n"

enum { HEADERS_BYTES = 8192 };

/* Within 4xx: lower is better. */
static unsigned rank_4xx(uint16_t status)
{
	switch (status) {
	case 486: /* busy */
	case 491: return 0;
	case 415: /* say what would help */
	case 420:
	case 484:
	case 488: return 1;
	case 403: return 2;
	case 404:
	case 410: return 3;
	case 480: return 4;
	case 408: /* nobody there */
	case 487: return 6;
	default: return 5;
	}
}

static unsigned rank(uint16_t status)
{
	unsigned class = status / 100;

	if (class == 6)
		return 0;
	if (class == 4)
		return 400 + rank_4xx(status);
	if (class == 5)
		return status == 503 ? 600 : 500;

	return class * 100;
}

uint16_t fork_better(uint16_t a, uint16_t b)
{
	if (!a || !b)
		return a ? a : b;

	return rank(b) < rank(a) ? b : a;
}

uint16_t fork_answer_for_caller(uint16_t status)
{
	switch (status) {
	case 401:
	case 407: return 500;
	case 481:
	case 482:
	case 410:
	case 430: return 480;
	case 503: return 500;
	default: return status >= 300 && status < 400 ? 480 : status;
	}
}

uint16_t fork_best(const struct call *call)
{
	uint16_t best = 0;
	struct le *le;

	for (le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (!leg->is_past)
			best = fork_better(best, leg->status);
	}

	return best ? fork_answer_for_caller(best) : 480;
}

bool fork_is_alone(const struct leg *branch)
{
	struct le *le;

	for (le = list_head(&branch->call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (leg != branch && !leg->is_done && !leg->is_cancelled)
			return false;
	}

	return true;
}

/* Nobody rung now can still answer. */
static bool is_refused(const struct call *call)
{
	struct le *le;

	for (le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (!leg->is_past && !leg->is_done && !leg->is_cancelled)
			return false;
	}

	return true;
}

bool fork_is_done(const struct call *call)
{
	struct le *le;

	for (le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (!leg->is_done)
			return false;
	}

	return true;
}

void fork_cancel(struct call *call, const struct leg *but, const char *reason)
{
	char buf[256];
	struct sip_out o;
	struct le *le = list_head(&call->branches);

	sip_out_init(&o, buf, sizeof(buf));
	if (reason)
		sip_out_header(&o, SIP_HEADER_REASON, span_of(reason));

	while (le) {
		struct leg *leg = le->data;

		le = le->next;
		if (leg == but || leg->is_cancelled)
			continue;
		if (leg->is_done)
			continue;
		if (twin_is_asking(leg)) {
			twin_give_up(leg, reason);
			continue;
		}

		leg->is_cancelled = true;
		(void)sip_client_cancel(leg->invite, sip_out_span(&o));
		(void)leg_turn(leg, LEG_CLEARED);
	}
}

void fork_withdraw(struct leg *leg)
{
	leg->is_past = true;
	leg->is_cancelled = true;
	(void)sip_client_cancel(leg->invite, (struct span){ NULL, 0 });
	(void)leg_turn(leg, LEG_CLEARED);
}

void fork_pass(struct call *call)
{
	fork_cancel(call, NULL, NULL);
	for (struct le *le = list_head(&call->branches); le; le = le->next) {
		struct leg *leg = le->data;

		leg->is_past = true;
	}
	call->early = NULL;
}

/* A 2xx that nobody waits for: thank and hang up. */
static void end_surplus(struct leg *leg, struct sip_dialog *dialog)
{
	struct sip_dialog *own = leg->dialog;

	(void)sip_dialog_ack(dialog, (struct span){ NULL, 0 },
			     (struct span){ NULL, 0 });
	leg->dialog = dialog;
	leg_bye(leg, ELSEWHERE);
	leg->dialog = own;
}

static void branch_accepted(struct leg *leg, const struct sip_message *m,
			    struct sip_flow *flow)
{
	struct call *call = leg->call;
	struct sip_dialog *forked = NULL;
	int err = sip_dialog_answered(&forked, leg->dialog, m, flow);

	if (err) {
		log_warn("fork", "call=%s 2xx of %s: %s", call->id,
			 leg->phone->number, strerror(err));
		leg->is_done = true;
		leg->status = 500;
		return;
	}

	if (call->state >= CALL_ANSWERED || leg->is_cancelled) {
		end_surplus(leg, forked ? forked : leg->dialog);
		mem_deref(forked);
		leg->is_done = true;
		call_bury(call);
		return;
	}

	if (forked) {
		mem_deref(leg->dialog);
		leg->dialog = forked;
		sip_dialog_set_arg(forked, leg);
	}

	leg->is_done = true;
	call_answered(call, leg, m);
	fork_cancel(call, leg, ELSEWHERE);
}

void fork_settle(struct call *call)
{
	if (call->state >= CALL_ANSWERED || !is_refused(call))
		return;
	if (!forward_refused(call, fork_best(call)))
		call_refused(call, fork_best(call), NULL);
}

static int branch_start(struct call *call, struct phone *phone,
			const struct binding *b, const struct sip_message *m,
			bool is_only);

/* The phone is rung on another of its flows (RFC 5626 6). */
static bool try_next_flow(struct leg *leg)
{
	const struct binding *b = instance_next(leg);
	struct sip_message m;

	if (!b)
		return false;
	trail_add(&leg->call->trail, "%s is rung on its next flow",
		  leg->phone->number);
	forward_invite(leg->call, &m);
	if (branch_start(leg->call, leg->phone, b, &m, false))
		return false;
	call_touch(leg->call);

	return true;
}

static void branch_refused(struct leg *leg, int err,
			   const struct sip_message *m)
{
	struct call *call = leg->call;
	uint16_t status = m ? m->status : err == ETIMEDOUT ? 408 : 503;

	sip_client_forget(&leg->invite);
	leg->is_done = true;
	if (leg->is_cancelled) {
		call_bury(call);
		return;
	}

	leg->status = status;
	(void)leg_turn(leg, LEG_REFUSED);

	if (call->state >= CALL_ANSWERED)
		return;

	if ((err || status == 430) && try_next_flow(leg))
		return;
	if (m && status >= 300 && status < 400 && forward_redirected(call, m))
		return;
	if (status >= 600)
		fork_cancel(call, leg, NULL);
	if (status < 600 && !is_refused(call))
		return;
	if (!forward_refused(call, fork_best(call)))
		call_refused(call, fork_best(call), NULL);
}

static void branch_progress(struct leg *leg, const struct sip_message *m,
			    struct sip_flow *flow)
{
	struct sip_dialog *forked = NULL;

	if (m->status == 100 || leg->is_cancelled || leg->is_done)
		return;

	if (!m->to_tag.len ||
	    sip_dialog_answered(&forked, leg->dialog, m, flow))
		return;

	leg_learn(leg, m);
	identity_answered(leg, m);
	if (leg->state == LEG_INITIATED)
		(void)leg_turn(leg, LEG_RINGS);
	call_progress(leg->call, leg, m);
	mem_deref(forked);
}

void fork_told(int err, const struct sip_message *m, struct sip_flow *flow,
	       void *arg)
{
	struct leg *leg = arg;

	if (err || m->status >= 300)
		branch_refused(leg, err, m);
	else if (m->status >= 200)
		branch_accepted(leg, m, flow);
	else
		branch_progress(leg, m, flow);
}

/* What a phone is shown of who calls from outside. */
static bool shows_caller(const struct leg *leg)
{
	return !outsider_is(leg->call->caller->phone) || !leg->phone->user ||
	       cos_may(leg->phone->user, COS_DISPLAY_CALLER);
}

static bool shows_name(const struct leg *leg)
{
	return !outsider_is(leg->call->caller->phone) || !leg->phone->user ||
	       !cos_may(leg->phone->user, COS_DISPLAY_NUMBER_ONLY);
}

static void write_caller(const struct leg *leg, struct sip_out *o)
{
	const struct phone *mask = transfer_mask(leg->call);
	const struct phone *p = mask ? mask : leg->call->caller->phone;

	server_identity(o, shows_name(leg) ? phone_name(p) : NULL,
			phone_shown_number(p));
}

/* Its user wants phones to answer by themselves: an idle one that rings
 * alone does. */
static bool answers_itself(const struct leg *leg, bool is_only)
{
	const struct phone *p = leg->phone;
	const struct user *u = p->user;

	return is_only && u && u->settings && u->settings->answers_itself &&
	       cos_may(u, COS_AUTO_ANSWER) && p->calls <= 1 &&
	       !transfer_shown(leg->call);
}

/* Who hands the caller over, as we know them (RFC 3892). */
static void write_referrer(const struct leg *by, struct sip_out *o)
{
	if (!by || !by->phone || by->is_withheld || outsider_is(by->phone))
		return;

	sip_out_raw(o, SPAN("Referred-By: "));
	server_identity(o, phone_name(by->phone),
			phone_shown_number(by->phone));
	sip_out_raw(o, SPAN("\r\n"));
}

static void write_headers(struct sip_out *o, struct leg *leg,
			  const struct sip_message *m, bool is_only)
{
	const struct call *call = leg->call;
	bool with_100rel = is_only && call->caller->knows_100rel;
	bool answers;

	leg_headers(leg, o);
	if (forward_is_anonymous(call))
		sip_out_raw(o, SPAN("Privacy: id\r\n"));
	else if (!transfer_shown(call) && !transfer_mask(call) &&
		 shows_name(leg) && shows_caller(leg))
		leg_identity(call->caller, o);
	forward_headers(call, o);
	write_referrer(transfer_referrer(call), o);
	sip_out_text(o, "Allow: " PBX_ALLOW "\r\nSupported: timer");
	sip_out_text(o, with_100rel ? ", 100rel\r\n" : "\r\n");
	if (with_100rel && call->wants_reliable)
		sip_out_text(o, "Require: 100rel\r\n");
	session_offer(leg, o);
	if (!(call->privacy & SIP_PRIVACY_USER))
		sip_out_copy(o, m, SIP_HEADER_SUBJECT);
	answers = call->asks_answer || answers_itself(leg, is_only) ||
		  (call->party && call->party->is_paged);
	if (leg->is_by_peer)
		peer_headers(call, o, answers);
	if (answers)
		sip_out_text(o, AUTO_ANSWER);
	else
		sip_out_copy(o, m, SIP_HEADER_ALERT_INFO);
	sip_out_copy(o, m, SIP_HEADER_MIME_VERSION);
	sip_out_copy(o, m, SIP_HEADER_CONTENT_DISPOSITION);
}

int fork_ask(struct leg *leg, const struct sip_message *m)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "INVITE" };

	sip_out_init(&o, buf, sizeof(buf));
	write_headers(&o, leg, m, false);
	request.headers = sip_out_span(&o);
	request.content_type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	request.body = relay_body(leg->call->caller, leg, m->body,
				  HOLD_OFFER_NONE);
	leg_reach(leg);
	leg->is_done = false;

	return sip_dialog_request(&leg->invite, leg->dialog, &request,
				  fork_told, leg);
}

/* b is NULL for a phone that is rung through the other node. */
static int branch_dialog(struct leg *leg, const struct binding *b)
{
	char local[400], remote[400], uri[PEER_URI_BYTES];
	struct sip_out from, to;
	struct sip_dialog_begin begin;

	sip_out_init(&from, local, sizeof(local));
	sip_out_init(&to, remote, sizeof(remote));
	if (forward_is_anonymous(leg->call) || !shows_caller(leg))
		sip_out_text(&from, "\"Anonymous\" "
				    "<sip:anonymous@anonymous.invalid>");
	else if (transfer_shown(leg->call))
		server_identity(&from, transfer_shown_name(leg->call),
				transfer_shown(leg->call));
	else
		write_caller(leg, &from);
	server_identity(&to, NULL, leg->call->number);

	memset(&begin, 0, sizeof(begin));
	begin.local = sip_out_span(&from);
	begin.remote = sip_out_span(&to);
	begin.contact_user = SPAN("pbx");
	if (b) {
		begin.target = span_of(b->contact);
		begin.routes = span_of(b->path);
		begin.flow = binding_flow(b);
	}
	else {
		int err = peer_begin(&begin, leg->phone, uri);

		if (err)
			return err;
		leg->is_by_peer = true;
	}

	return sip_dialog_alloc(&leg->dialog, server_sip(), &begin, leg);
}

static int branch_start(struct call *call, struct phone *phone,
			const struct binding *b, const struct sip_message *m,
			bool is_only)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "INVITE" };
	struct leg *leg = NULL;
	int err;

	err = leg_alloc(&leg, call, phone);
	if (err)
		return err;
	list_append(&call->branches, &leg->le, leg);
	leg->binding_row = b ? b->row : 0;

	err = branch_dialog(leg, b);
	if (err)
		goto out;

	sip_out_init(&o, buf, sizeof(buf));
	write_headers(&o, leg, m, is_only);
	if (o.is_full) {
		err = E2BIG;
		goto out;
	}

	request.headers = sip_out_span(&o);
	request.content_type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	request.body = relay_body(call->caller, leg, m->body, HOLD_OFFER_NONE);
	request.max_forwards = (uint8_t)(m->max_forwards < 0
						 ? 70
						 : m->max_forwards - 1);
	err = sip_dialog_request(&leg->invite, leg->dialog, &request, fork_told,
				 leg);
	if (err)
		goto out;

	(void)leg_turn(leg, LEG_ASKED);

out:
	if (err) {
		log_warn("fork", "call=%s cannot ring %s: %s", call->id,
			 phone->number, strerror(err));
		mem_deref(leg);
	}

	return err;
}

int fork_restore(struct leg *leg, struct span text)
{
	int err = sip_dialog_restore_invite(&leg->invite, leg->dialog, text,
					    fork_told, leg);

	leg->is_done = err != 0;
	if (err == ENOTCONN)
		err = farewell_ringing(leg->dialog, leg->phone, text);

	return err == ENOMEM ? err : 0;
}

/* What came from the other node is not sent on to it. */
static bool is_by_peer(const struct call *call, const struct phone *p)
{
	return p->is_elsewhere && !peer_is_caller(call);
}

static uint32_t flows_of(const struct call *call, const struct phone *p)
{
	uint32_t n = 0;

	for (const struct binding *b = p->bindings; b; b = b->next)
		n += instance_rings(call, b);

	return n;
}

uint32_t fork_start(struct call *call, const struct routing *routing,
		    const struct sip_message *m, struct fork_answer *refusal)
{
	uint32_t contacts = routing->twin_count, busy = 0, failed = 0, rung = 0;

	for (uint32_t i = 0; i < routing->count; i++) {
		const struct phone *p = routing->phones[i];

		if (phone_is_there(p) && !call->is_emergency &&
		    p->calls >= pbx_settings.calls_per_line) {
			trail_add(&call->trail, "%s has %u calls: busy",
				  p->number, p->calls);
			busy++;
		}
		else {
			uint32_t flows = flows_of(call, p);

			contacts += flows;
			if (is_by_peer(call, p))
				contacts++;
			else if (!flows)
				trail_add(&call->trail, "%s is not registered",
					  p->number);
		}
	}

	for (uint32_t i = 0; i < routing->count; i++) {
		struct phone *p = routing->phones[i];
		uint16_t before = p->calls;

		if (before >= pbx_settings.calls_per_line &&
		    !call->is_emergency)
			continue;
		for (const struct binding *b = p->bindings; b; b = b->next) {
			if (!instance_rings(call, b))
				continue;
			if (branch_start(call, p, b, m, contacts == 1))
				failed++;
			else
				rung++;
		}
		if (!is_by_peer(call, p))
			continue;
		trail_add(&call->trail, "%s is registered at the other node",
			  p->number);
		if (branch_start(call, p, NULL, m, contacts == 1))
			failed++;
		else
			rung++;
	}

	if (rung) {
		call_touch(call);
	}
	else {
		refusal->status = busy ? 486 : failed ? 500 : 480;
		refusal->cause = busy     ? "Busy Here"
				 : failed ? NULL
					  : "Not Registered";
	}

	return rung;
}
