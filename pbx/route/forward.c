/* forward.c - see forward.h */
#include "pbx/route/account.h"
#include "pbx/route/cos.h"
#include "pbx/route/attend.h"
#include "pbx/control/csta.h"
#include "pbx/call/fork.h"
#include "pbx/call/identity.h"
#include "pbx/route/forward.h"
#include "pbx/trunk/outside.h"
#include "pbx/pair/peer.h"
#include "pbx/speech/relay.h"
#include "pbx/trunk/diversion.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/route/settings_user.h"
#include "pbx/desk/twin.h"
#include "pbx/mail/voicemail.h"
#include "sip/address.h"
#include "sip/privacy.h"

enum {
	TRYING_MS = 200, /* 100 unless something better comes (17.2.1) */
	HEADERS_BYTES = 6144,
};

struct forward_way {
	struct route_way way;
	uint32_t ring_s;
	uint64_t most_ms; /* class of service: ringing; 0: no limit of it */
	struct mbuf *invite;
};

static void way_destructor(void *data)
{
	struct forward_way *w = data;

	mem_deref(w->invite);
}

int forward_begin(struct call *call, const struct sip_message *m)
{
	struct forward_way *w = mem_zalloc(sizeof(*w), way_destructor);

	if (!w)
		return ENOMEM;

	call->way = w;
	w->way.is_anonymous = call->caller->is_withheld;
	w->way.hides_history = call->privacy &
			       (SIP_PRIVACY_HISTORY | SIP_PRIVACY_HEADER);
	if (!m)
		return 0;

	w->invite = mbuf_alloc(m->len);
	if (!w->invite ||
	    mbuf_write_mem(w->invite, (const uint8_t *)m->buf, m->len)) {
		forward_end(call);
		return ENOMEM;
	}
	return 0;
}

struct route_way *forward_way(const struct call *call)
{
	return call->way ? &call->way->way : NULL;
}

const char *forward_dialled(const struct call *call)
{
	const struct route_way *way = forward_way(call);

	if (!way)
		return "";

	return way->hop_count > way->past ? way->hops[way->past].number
					  : way->number;
}

bool forward_is_anonymous(const struct call *call)
{
	return call->way && call->way->way.is_anonymous;
}

uint64_t forward_limit_ms(const struct call *call)
{
	uint64_t ms = call->way ? call->way->ring_s * 1000ull : 0;
	uint64_t most = call->way && !call->is_emergency ? call->way->most_ms
							 : 0;

	if (!ms)
		ms = most ? most : pbx_settings.no_answer_s * 1000ull;

	return most && most < ms ? most : ms;
}

void forward_end(struct call *call)
{
	call->way = mem_deref(call->way);
}

/* ---- what others are told ---- */

void forward_headers(const struct call *call, struct sip_out *o)
{
	const struct route_way *way = forward_way(call);

	if (way)
		diversion_write(way, o);
}

/* 181 Call Is Being Forwarded */
static void tell_caller(struct call *call)
{
	char buf[HEADERS_BYTES];
	struct sip_out o;
	struct sip_reply reply = { .status = 181,
				   .with_contact = true,
				   .contact_user = SPAN("pbx") };

	if (call->wants_reliable || !call->caller->asked)
		return;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(call->caller, &o);
	forward_headers(call, &o);
	if (o.is_full)
		return;
	reply.headers = sip_out_span(&o);
	(void)sip_server_reply(call->caller->asked, &reply);
}

/* ---- going on ---- */

/* Whose class says how long it may ring: who is rung, else who calls. */
static const struct user *class_of(const struct call *call,
				   const struct routing *r)
{
	if (r->user)
		return r->user;

	return call->caller->phone ? call->caller->phone->user : NULL;
}

void forward_take(struct call *call, const struct routing *r)
{
	call->way->ring_s = r->ring_s;
	call->way->most_ms = cos_ms(class_of(call, r), COS_RINGING);
	if (r->user)
		memcpy(call->callee_user, r->user->id,
		       sizeof(call->callee_user));
}

void forward_ring(struct call *call, struct routing *r,
		  const struct sip_message *m)
{
	struct route_way *way = forward_way(call);
	struct phone *caller = call->caller->phone;
	uint8_t told = way ? way->past : 0;

	if (!way) { /* never begun: nobody to ring for it */
		call_refused(call, 500, NULL);
		return;
	}

	for (;;) {
		struct fork_answer refusal = { 0, NULL };
		enum route_why why;
		uint32_t rung;

		forward_take(call, r);
		if (way->hop_count > told) {
			tell_caller(call);
			told = way->hop_count;
		}
		if (r->status) {
			call_refused(call, r->status, r->cause);
			return;
		}
		if (r->is_voicemail) {
			voicemail_routed(call, r->mailbox);
			return;
		}
		if (r->attendant) {
			if (!attend_begin(call, r->attendant))
				call_refused(call, 480, "Attendant Is Away");
			return;
		}
		if (!call->is_relayed)
			relay_begin(call, r);
		if (identity_fails(call)) {
			trail_add(&call->trail, "what the caller calls "
						"critical cannot be done");
			call_refused(call, 500, "Privacy Not Provided");
			return;
		}
		if (r->outside[0]) {
			if (account_asks(call, r))
				return;
			if (!outside_ring(call, r, m))
				return;
			break;
		}
		rung = fork_start(call, r, m, &refusal);
		if (rung + twin_ring(call, r, m))
			break;
		why = refusal.status == 486 ? ROUTE_BUSY : ROUTE_NOT_REGISTERED;
		if (!route_on(r, way, caller, why, SPAN(""), &call->trail)) {
			call_refused(call, refusal.status, refusal.cause);
			return;
		}
	}

	if (call->state == CALL_RINGING)
		call_await_answer(call);
	else
		call_try(call);
}

void forward_invite(const struct call *call, struct sip_message *m)
{
	const struct mbuf *invite = call->way ? call->way->invite : NULL;

	if (invite &&
	    !sip_message_parse(m, (const char *)invite->buf, invite->end, NULL))
		return;

	memset(m, 0, sizeof(*m));
	memset(m->first, SIP_NO_HEADER, sizeof(m->first));
	m->max_forwards = -1;
}

bool forward_on(struct call *call, enum route_why why, struct span to)
{
	struct route_way *way = forward_way(call);
	struct sip_message m;
	struct routing r;

	if (!way || !call->caller->phone)
		return false;
	if (!route_on(&r, way, call->caller->phone, why, to, &call->trail))
		return false;

	csta_tell(call, CSTA_DIVERTED);
	fork_pass(call);
	forward_invite(call, &m);
	forward_ring(call, &r, &m);

	return true;
}

bool forward_refused(struct call *call, uint16_t status)
{
	enum route_why why;

	switch (status) {
	case 486:
	case 600: why = ROUTE_BUSY; break;
	case 480: why = ROUTE_DND; break;
	case 404:
	case 408:
	case 500: why = ROUTE_NOT_REGISTERED; break;
	default: why = ROUTE_DECLINED; break;
	}

	return forward_on(call, why, SPAN(""));
}

bool forward_redirected(struct call *call, const struct sip_message *m)
{
	struct sip_values it;
	struct sip_address a;
	struct span value;
	char user[SIP_USER_MAX_BYTES + 1];

	sip_values_start(&it, m, SIP_HEADER_CONTACT);
	for (int i = 0; i < SIP_CONTACT_MAX; i++) {
		if (!sip_values_next(&it, &value))
			return false;
		if (sip_address_parse(&a, value) ||
		    sip_uri_user(&a.uri, user, sizeof(user)))
			continue;
		trail_add(&call->trail, "the phone sends the call to %s", user);
		if (peer_is_caller(call)) { /* that node decides */
			if (strlen(user) > DIRECTORY_NUMBER_MAX ||
			    user[strspn(user, "+*#0123456789")])
				continue;
			(void)re_snprintf(call->sent_to, sizeof(call->sent_to),
					  "%s", user);
			call_refused(call, 302, NULL);
			return true;
		}
		if (forward_on(call, ROUTE_REDIRECTED, span_of(user)))
			return true;
	}

	return false;
}
