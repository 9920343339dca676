/* errand.c - see errand.h */
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/call/fork.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/pair/pair_calls.h"
#include "pbx/pair/peer.h"
#include "pbx/route/forward.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/speech/relay.h"
#include "pbx/trunk/outsider.h"
#include "pbx/trunk/trunk.h"
#include "pbx/watch/event.h"
#include "pbx/watch/subscription.h"

enum { HEADERS_BYTES = 4096, CAUSE_BYTES = 80 };

#define AWAY "The Other Node Is Away"

static bool may_go(const struct call *call)
{
	const struct leg *caller = call->caller;

	return far_is_known() && peer_trunk() && caller->phone &&
	       caller->phone->customer && !caller->is_by_peer &&
	       caller->asked && !call->is_from_peer &&
	       call->state == CALL_ROUTING && !list_head(&call->branches);
}

static void refused(struct leg *leg, int err, const struct sip_message *m)
{
	struct call *call = leg->call;
	uint16_t status = err ? 480 : m->status;
	char cause[CAUSE_BYTES];

	if (m)
		(void)re_snprintf(cause, sizeof(cause), "%b", m->reason.p,
				  (size_t)m->reason.len);
	sip_client_forget(&leg->invite);
	leg->is_done = true;
	leg->status = status;
	(void)leg_turn(leg, LEG_REFUSED);
	call_refused(call, status, err ? AWAY : cause);
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	struct leg *leg = arg;
	bool is_awaited = !leg->is_cancelled &&
			  leg->call->state < CALL_ANSWERED;

	if (is_awaited && (err || m->status >= 300))
		refused(leg, err, m);
	else
		fork_told(err, m, flow, leg);
}

/* Nobody here shows it or writes its record: the other node does. */
static void give_away(struct call *call)
{
	event_left(call->caller);
	pair_calls_gone(call);
	call->is_from_peer = true;
	call->is_errand = true;
	subscription_leg(call->caller);
}

static int begin_dialog(struct leg *leg, const char *dialled)
{
	const struct call *call = leg->call;
	const struct phone *p = call->caller->phone;
	char from[400], to[400], uri[PEER_URI_BYTES];
	struct sip_dialog_begin begin = { .contact_user = SPAN("pbx") };
	struct sip_out f, t;
	int err;

	sip_out_init(&f, from, sizeof(from));
	server_identity(&f, phone_name(p), phone_shown_number(p));
	sip_out_init(&t, to, sizeof(to));
	server_identity(&t, NULL, dialled);
	if (f.is_full || t.is_full)
		return E2BIG;

	begin.local = sip_out_span(&f);
	begin.remote = sip_out_span(&t);
	err = peer_begin_errand(&begin, dialled, p, uri);

	return err ? err
		   : sip_dialog_alloc(&leg->dialog, server_sip(), &begin, leg);
}

static void write_headers(struct leg *leg, const struct sip_message *m,
			  struct sip_out *o)
{
	const struct call *call = leg->call;
	bool with_100rel = call->caller->knows_100rel;

	leg_headers(leg, o);
	peer_headers(call, o, false);
	if (forward_is_anonymous(call))
		sip_out_raw(o, SPAN("Privacy: id\r\n"));
	sip_out_text(o, "Allow: " PBX_ALLOW "\r\nSupported: timer");
	sip_out_text(o, with_100rel ? ", 100rel\r\n" : "\r\n");
	if (with_100rel && call->wants_reliable)
		sip_out_text(o, "Require: 100rel\r\n");
	session_offer(leg, o);
	sip_out_copy(o, m, SIP_HEADER_SUBJECT);
	sip_out_copy(o, m, SIP_HEADER_MIME_VERSION);
	sip_out_copy(o, m, SIP_HEADER_CONTENT_DISPOSITION);
}

static int invite(struct leg *leg, const struct sip_message *m)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_dialog_request request = { .method = "INVITE" };

	sip_out_init(&o, buf, sizeof(buf));
	write_headers(leg, m, &o);
	if (o.is_full)
		return E2BIG;

	request.headers = sip_out_span(&o);
	request.content_type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE);
	request.body = relay_body(leg->call->caller, leg, m->body,
				  HOLD_OFFER_NONE);
	request.max_forwards = (uint8_t)(m->max_forwards < 0
						 ? 70
						 : m->max_forwards - 1);

	return sip_dialog_request(&leg->invite, leg->dialog, &request, told,
				  leg);
}

bool errand_send(struct call *call, const struct sip_message *m,
		 const char *dialled)
{
	const struct outsider outsider = {
		.customer = call->caller->phone->customer,
		.trunk = peer_trunk(),
		.number = dialled,
	};
	struct phone *phone = NULL;
	struct leg *leg = NULL;
	int err;

	if (!may_go(call))
		return false;

	err = call->way ? 0 : forward_begin(call, m);
	if (!err)
		err = outsider_alloc(&phone, &outsider);
	if (!err)
		err = leg_alloc(&leg, call, phone);
	mem_deref(phone);
	if (err)
		return false;

	leg->is_by_peer = true;
	err = begin_dialog(leg, dialled);
	if (err) {
		mem_deref(leg);
		return false;
	}

	trail_add(&call->trail, "the other node does it");
	list_append(&call->branches, &leg->le, leg);
	give_away(call);
	(void)leg_turn(leg, LEG_ASKED);
	(void)sip_server_answer(call->caller->asked, 100);
	err = invite(leg, m);
	if (err) {
		leg->is_done = true;
		call_refused(call, 480, AWAY);
	}
	call_touch(call);

	return true;
}

bool errand_again(struct call *call)
{
	struct sip_message m;

	if (!call->way)
		return false;
	forward_invite(call, &m);

	return errand_send(call, &m, call->number);
}

void errand_lost(void)
{
	struct le *le = list_head(call_list());

	while (le) {
		struct call *call = le->data;

		le = le->next;
		if (!call->is_errand || call->state >= CALL_ANSWERED)
			continue;
		trail_add(&call->trail, "the other node is lost");
		fork_cancel(call, NULL, NULL);
		call_refused(call, 480, AWAY);
	}
}
