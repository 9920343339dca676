/* call_begin.c - how a call begins: from an INVITE to those who ring
 *
 * See call.h.
 */
#include <stdio.h>

#include "base/clock.h"
#include "pbx/desk/access.h"
#include "pbx/call/call_private.h"
#include "pbx/route/cos.h"
#include "pbx/call/identity.h"
#include "pbx/feature/dial.h"
#include "pbx/feature/intrude.h"
#include "pbx/route/forward.h"
#include "pbx/call/hidden.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/feature/lamp.h"
#include "pbx/speech/srtp.h"
#include "pbx/speech/preface.h"
#include "pbx/speech/odd_media.h"
#include "pbx/instance.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/trunk/outside.h"
#include "pbx/trunk/outsider.h"
#include "pbx/settings.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/trunk.h"
#include "pbx/trunk/diversion.h"
#include "pbx/server.h"
#include "pbx/transfer/transfer.h"
#include "pbx/mail/voicemail.h"

enum {
	CALLS_BEGUN_MIN = 32,  /* a phone may be in so many calls, */
	CALLS_BEGUN_LINES = 8, /* or in so many times those that ring it */
};

/* The number of times this call has been routed: phones that forward by
 * themselves send our own Session-ID back to us. */
static uint8_t hops_of(const struct sip_message *m)
{
	struct span id = sip_header_value(m, SIP_HEADER_SESSION_ID);
	const struct call *before;

	if (id.len < CALL_ID_SIZE - 1)
		return 0;

	id.len = CALL_ID_SIZE - 1;
	before = call_find(id);

	return before ? (uint8_t)(before->hops + 1) : 0;
}

/* Ordered by time, so that the index of the records grows at its end only:
 * 48 bits of milliseconds, 80 random bits. */
static void id_make_hex(char out[CALL_ID_SIZE])
{
	enum { TIME_DIGITS = 12, RANDOM_DIGITS = 16 };
	char time[16], random[2][RANDOM_DIGITS + 1];
	struct sip_out o, hex;

	sip_random(random[0]);
	sip_random(random[1]);
	sip_out_init(&hex, time, sizeof(time));
	sip_out_hex(&hex, clock_wall_ms());

	sip_out_init(&o, out, CALL_ID_SIZE - 1);
	sip_out_raw(&o, (struct span){ &time[sizeof(time) - TIME_DIGITS],
				       TIME_DIGITS });
	sip_out_raw(&o, (struct span){ random[0], RANDOM_DIGITS });
	sip_out_raw(&o, (struct span){ random[1], o.cap - o.len });
	out[o.len] = '\0';
}

struct call *call_new(const char *customer)
{
	struct call *call = call_alloc();

	if (!call)
		return NULL;

	id_make_hex(call->id);
	str_ncpy(call->customer, customer, sizeof(call->customer));
	call->started_ms = clock_wall_ms();

	return call;
}

static int call_make(struct call **callp, const struct sip_message *m,
		     struct sip_flow *flow, struct phone *phone)
{
	struct call *call = call_new(phone->customer->id);
	struct leg *leg;
	int err;

	if (!call)
		return ENOMEM;

	call->hops = hops_of(m);
	call->has_offer = m->body.len > 0;
	call->wants_reliable = sip_header_has(m, SIP_HEADER_REQUIRE, "100rel");

	err = leg_alloc(&call->caller, call, phone);
	if (err)
		goto out;

	leg = call->caller;
	leg_learn(leg, m);
	identity_read(call, m);
	leg->asks_offering = true;
	err = sip_server_accept(&leg->asked, server_sip(), m, flow,
				call_cancelled, call_acknowledged, leg);
	if (err)
		goto out;
	err = sip_dialog_accept(&leg->dialog, server_sip(), m, leg->asked,
				SPAN("pbx"), leg);
	if (err) {
		(void)sip_server_answer(leg->asked, 400);
		err = EALREADY;
		goto out;
	}
	err = leg_prove(leg);
	if (err)
		goto out;
	if (call->has_offer) {
		call->offer = mbuf_alloc(m->body.len);
		if (call->offer)
			(void)mbuf_write_mem(call->offer,
					     (const uint8_t *)m->body.p,
					     m->body.len);
	}

out:
	if (err)
		mem_deref(call);
	else
		*callp = call;

	return err;
}

/* From the other node, which has decided everything: what it names is rung,
 * and nothing else. */
static void route_peer(struct call *call, struct routing *r,
		       const struct call_target *target)
{
	trail_add(&call->trail, "the other node rings %s%s", target->number,
		  target->is_outside ? " by our trunks" : "");
	memset(r, 0, sizeof(*r));
	(void)snprintf(r->number, sizeof(r->number), "%s", target->number);
	memcpy(forward_way(call)->number, r->number, sizeof(r->number));
	if (target->is_outside) {
		memcpy(r->outside, r->number, sizeof(r->outside));
		r->payer = target->payer;
		return;
	}
	r->phones[r->count++] = target->phone;
}

/* Nobody reaches the user by a number outside. */
static bool has_no_did(const struct phone *caller, const char *number)
{
	const struct user *u = directory_user_by_extension(caller->customer,
							   span_of(number));

	return u && cos_may(u, COS_NON_DID);
}

/* A call from outside: the DID is known already. */
static void route_target(struct call *call, struct routing *r,
			 const struct call_target *target)
{
	const struct phone *p = call->caller->phone;

	if (peer_is_caller(call)) {
		forward_way(call)->is_anonymous |= p->is_anonymous;
		route_peer(call, r, target);
		return;
	}
	forward_way(call)->is_anonymous = p->is_anonymous;
	trail_add(&call->trail, "trunk %s: %s calls %s", p->trunk->name,
		  phone_shown_number(p), target->did);
	if (!target->phone && has_no_did(p, target->number)) {
		trail_add(&call->trail, "%s is not reached from outside",
			  target->number);
		memset(r, 0, sizeof(*r));
		r->status = 404;
		r->cause = "No Such Number";
		return;
	}
	if (!target->phone) {
		route_begin(r, forward_way(call), p, span_of(target->number),
			    call->hops, &call->trail);
		return;
	}

	trail_add(&call->trail, "an emergency centre calls back");
	call->is_emergency = true;
	memset(r, 0, sizeof(*r));
	memcpy(r->number, target->phone->number, sizeof(r->number));
	memcpy(forward_way(call)->number, r->number, sizeof(r->number));
	r->user = target->phone->user;
	r->phones[r->count++] = target->phone;
}

/* A PIN may be in it. */
static void trail_dialled(struct call *call, const char *user)
{
	char text[SIP_USER_MAX_BYTES + 1];

	str_ncpy(text, user[0] ? user : "nothing", sizeof(text));
	hidden_mask(text, strlen(text));
	trail_add(&call->trail, "%s (%s) dials %s",
		  phone_name(call->caller->phone), call->caller->phone->number,
		  text);
}

/* A URI that leads to one phone: its number is called, for it alone. */
static bool dial_instance(struct call *call, const struct sip_message *m,
			  const struct sip_uri *uri, const char *user)
{
	const struct phone *p = call->caller->phone;
	struct instance_target at;
	struct routing r;
	int err = instance_of_uri(&at, uri);

	if (err == ENOENT || (err && !user[strspn(user, "+*#0123456789")]))
		return false; /* a number is one, whatever follows it */
	if (err || at.phone->customer != p->customer) {
		trail_add(&call->trail, "that phone is not known here");
		call_refused(call, 404, "No Such Phone");
		return true;
	}
	call->instance_phone = at.phone;
	memcpy(call->instance, at.instance, sizeof(call->instance));
	trail_add(&call->trail, "of the phones of %s one is to ring",
		  at.phone->number);
	route_begin(&r, forward_way(call), p, span_of(at.phone->number),
		    call->hops, &call->trail);
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  forward_dialled(call));
	for (uint32_t i = 0; i < r.count; i++) {
		if (r.phones[i] == at.phone) {
			r.phones[0] = r.phones[i];
			r.count = 1;
			r.twin_count = 0;
		}
	}
	forward_ring(call, &r, m);

	return true;
}

/* Nobody talks to so many: a phone gone wrong, or stolen credentials, take
 * the ports and mixers of all others. */
static bool has_too_many(const struct phone *p)
{
	uint32_t most = CALLS_BEGUN_LINES * pbx_settings.calls_per_line;

	return !outsider_is(p) &&
	       p->calls > (most > CALLS_BEGUN_MIN ? most : CALLS_BEGUN_MIN);
}

static void dial_number(struct call *call, const struct sip_message *m,
			const char *number)
{
	struct routing r;

	if (outside_help(call, m, span_of(number)))
		return;
	if (has_too_many(call->caller->phone)) {
		trail_add(&call->trail, "the phone has %u calls already",
			  call->caller->phone->calls - 1);
		call_refused(call, 486, "Too Many Calls");
		return;
	}

	route_begin(&r, forward_way(call), call->caller->phone, span_of(number),
		    call->hops, &call->trail);
	str_ncpy(call->number, forward_dialled(call), sizeof(call->number));

	if (r.code) {
		code_run(call, &r, m);
		return;
	}
	dial_remember(call);
	lamp_dialled(call);
	forward_ring(call, &r, m);
}

/* Where it has been before is part of its way. */
static void bring_past(struct call *call, const struct diversion *past)
{
	const struct phone *p = call->caller->phone;

	if (!past || !(past->count + past->unnamed) || !p->customer)
		return;

	diversion_begin(forward_way(call), past, p->customer);
	trail_add(&call->trail, "diverted %u times before, the last time by %s",
		  past->count + past->unnamed,
		  past->count ? past->hops[past->count - 1].number : "?");
}

/* Its record says why. */
static void refuse_target(struct call *call, const struct call_target *target)
{
	const struct phone *p = call->caller->phone;

	str_ncpy(call->number, target->number, sizeof(call->number));
	trail_add(&call->trail, "trunk %s: %s calls %s", p->trunk->name,
		  phone_shown_number(p), target->number);
	trail_add(&call->trail, "%s", target->why);
	call_refused(call, target->status, NULL);
}

static bool has_past(const struct call_target *target)
{
	return target && target->past && target->past->count;
}

/* dialled: as told by the other node; NULL: as the INVITE says. */
static void ring(struct call *call, const struct sip_message *m,
		 const struct call_target *target, const char *dialled)
{
	struct routing r;
	char user[SIP_USER_MAX_BYTES + 1];
	struct sip_uri uri = { .port = 0 };

	if (!dialled)
		uri = m->target;
	if (dialled)
		str_ncpy(user, dialled, sizeof(user));
	else if (sip_uri_user(&uri, user, sizeof(user)))
		user[0] = '\0';

	if (!target)
		trail_dialled(call, user);
	(void)leg_turn(call->caller, LEG_ASKED);
	if (!target && sip_has_header(m, SIP_HEADER_JOIN)) {
		intrude_join(call, m);
		return;
	}
	if (!target && sip_has_header(m, SIP_HEADER_REPLACES)) {
		transfer_replace(call, m);
		return;
	}
	if (target && target->status) {
		refuse_target(call, target);
		return;
	}
	if (target && !target->is_from_peer &&
	    (sip_has_header(m, SIP_HEADER_JOIN) ||
	     sip_has_header(m, SIP_HEADER_REPLACES))) {
		trail_add(&call->trail, "the outside takes part in no call");
		call_refused(call, 403, NULL);
		return;
	}
	if (target && !target->phone && access_dialled(call, target->number))
		return;
	if (!(target && (target->phone || target->is_outside)) &&
	    !hotdesk_is_empty(call->caller->phone) &&
	    (conference_dialled(call, target ? target->number : user, m) ||
	     (!has_past(target) &&
	      voicemail_dialled(call, target ? target->number : user))))
		return;

	if (forward_begin(call, m)) {
		call_refused(call, 500, NULL);
		return;
	}
	if (target)
		bring_past(call, target->past);
	if (!(target && (target->phone || target->is_outside)) &&
	    preface_takes(call, target ? target->number : user,
			  target ? target->did_id : NULL))
		return;
	if (!target) {
		if (!dial_instance(call, m, &uri, user))
			dial_number(call, m, user);
		return;
	}

	route_target(call, &r, target);
	str_ncpy(call->number, forward_dialled(call), sizeof(call->number));
	forward_ring(call, &r, m);
}

void call_ring_on(struct call *call, const char *number)
{
	const struct phone *p = call->caller->phone;
	struct sip_message m;
	struct routing r;

	forward_invite(call, &m);
	forward_way(call)->is_anonymous |= p && p->is_anonymous;
	route_begin(&r, forward_way(call), p, span_of(number), call->hops,
		    &call->trail);
	str_ncpy(call->number, forward_dialled(call), sizeof(call->number));
	forward_ring(call, &r, &m);
}

/* Calls for help pass, also with a code before the number. */
static bool is_help(const struct phone *p, const struct sip_message *m)
{
	char user[SIP_USER_MAX_BYTES + 1];
	const char *number = user;
	struct sip_uri uri;

	if (sip_uri_parse(&uri, m->uri) ||
	    sip_uri_user(&uri, user, sizeof(user)))
		return false;
	for (const char *c = user; *c; c++) {
		if (*c == '*' || *c == '#')
			number = c + 1;
	}

	return outside_is_help(p, span_of(user)) ||
	       outside_is_help(p, span_of(number));
}

static void begin(const struct sip_message *m, struct sip_flow *flow,
		  struct phone *phone, const struct call_target *target,
		  const char *dialled)
{
	struct call *call = NULL;
	char buf[128];
	struct sip_out o;
	int err;

	if (odd_media_is(m->body, flow)) {
		(void)sip_refuse(server_sip(), m, flow, 488,
				 (struct span){ NULL, 0 });
		return;
	}

	if (srtp_refuses(phone, m->body) && !is_help(phone, m)) {
		(void)sip_refuse(server_sip(), m, flow, 488,
				 srtp_warning(phone));
		return;
	}

	err = call_make(&call, m, flow, phone);
	if (err) {
		if (err != EALREADY)
			(void)sip_refuse(server_sip(), m, flow,
					 err == ENOSPC ? 503 : 500,
					 SPAN("Retry-After: 5\r\n"));
		return;
	}
	call->is_from_peer = target && target->is_from_peer;
	call->asks_answer = target && target->asks_answer;
	call->caller->is_by_peer = dialled != NULL;
	(void)call_adopt(call);

	sip_out_init(&o, buf, sizeof(buf));
	if (session_asked(call->caller, m, &o) == ERANGE) {
		struct sip_reply reply = { .status = 422,
					   .headers = sip_out_span(&o) };

		(void)sip_server_reply(call->caller->asked, &reply);
		mem_deref(call);
		return;
	}

	ring(call, m, target, dialled);
}

void call_begin(const struct sip_message *m, struct sip_flow *flow,
		struct phone *phone)
{
	begin(m, flow, phone, NULL, NULL);
}

void call_begin_errand(const struct sip_message *m, struct sip_flow *flow,
		       struct phone *phone, const char *dialled)
{
	begin(m, flow, phone, NULL, dialled);
}

void call_begin_to(const struct sip_message *m, struct sip_flow *flow,
		   struct phone *outsider, const struct call_target *target)
{
	begin(m, flow, outsider, target, NULL);
}
