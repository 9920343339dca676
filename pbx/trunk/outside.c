/* outside.c - see outside.h */
#include <stdio.h>

#include "base/log.h"
#include "pbx/auth.h"
#include "pbx/route/cos.h"
#include "pbx/call/identity.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/did.h"
#include "pbx/trunk/emergency.h"
#include "pbx/call/fork.h"
#include "pbx/route/forward.h"
#include "pbx/call/hold.h"
#include "pbx/trunk/outside.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/peer.h"
#include "pbx/speech/relay.h"
#include "pbx/trunk/diversion.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/trunk/trunk.h"
#include "pbx/desk/twin.h"
#include "sip/address.h"
#include "sip/privacy.h"

enum {
	SILENCE_MS = 4000, /* of a trunk, before the next one is tried */
	HEADERS_BYTES = 4096,
};

struct outside {
	struct call *call;                /* owns this, or a twin of it does */
	struct twin *twin;                /* or NULL */
	struct trunk *trunks[TRUNKS_MAX]; /* references */
	uint32_t count;
	uint32_t next;
	struct leg *leg; /* being tried */
	struct wheel_timer silence;
	struct mbuf *invite; /* the caller's */
	char number[DIRECTORY_NUMBER_MAX + 1];
	char shown[DIRECTORY_NUMBER_MAX + 1]; /* "": none */
	char payer[DIRECTORY_ID_SIZE];        /* user, or "" */
	char billing[DIRECTORY_NUMBER_MAX + 1];
	uint8_t max_forwards;
	bool is_private;
	bool has_no_name; /* the caller's is not shown */
	bool is_emergency;
};

static void destructor(void *data)
{
	struct outside *o = data;

	wheel_stop(&o->silence);
	for (uint32_t i = 0; i < o->count; i++)
		mem_deref(o->trunks[i]);
	mem_deref(o->invite);
}

/* ---- what a trunk is sent ---- */

static void write_from(const struct outside *o, const struct trunk *t,
		       struct sip_out *out)
{
	const struct phone *p = o->call->caller->phone;

	if (o->is_private) {
		sip_out_text(out, "\"Anonymous\" "
				  "<sip:anonymous@anonymous.invalid>");
		return;
	}
	if (t == peer_trunk()) { /* it finds what is shown, by who pays */
		server_identity(out, o->has_no_name ? NULL : phone_name(p),
				phone_shown_number(p));
		return;
	}
	if (!t->is_registered_mode && !t->shows_account) {
		server_identity(out, o->has_no_name ? NULL : phone_name(p),
				o->shown[0] ? o->shown : "anonymous");
		return;
	}

	if (!o->has_no_name)
		sip_out_quoted(out, span_of(phone_name(p)));
	sip_out_raw(out, SPAN(" <sip:"));
	sip_out_user(out, span_of(t->shows_account ? t->user
				  : o->shown[0]    ? o->shown
						   : "anonymous"));
	sip_out_printf(out, "@%s>", t->host);
}

static int try_dialog(struct leg *leg, const struct outside *o,
		      const struct trunk *t)
{
	const struct sip_credentials credentials = { t->user, t->secret };
	char from[500], to[400], target[400];
	char digits[DIRECTORY_NUMBER_MAX + 1];
	struct sip_out f, r, u;
	struct sip_dialog_begin begin = { 0 };
	char peer[PEER_URI_BYTES];

	trunk_digits(t, o->number, digits);
	sip_out_init(&f, from, sizeof(from));
	write_from(o, t, &f);
	sip_out_init(&u, target, sizeof(target));
	trunk_uri(t, digits, &u);
	sip_out_init(&r, to, sizeof(to));
	sip_out_raw(&r, SPAN("<sip:"));
	sip_out_user(&r, span_of(digits));
	sip_out_printf(&r, "@%s>", t->host);
	if (f.is_full || u.is_full || r.is_full)
		return E2BIG;

	begin.local = sip_out_span(&f);
	begin.remote = sip_out_span(&r);
	begin.target = sip_out_span(&u);
	begin.contact_user = SPAN("pbx");
	begin.credentials = t->user ? &credentials : NULL;
	if (t == peer_trunk()) {
		int err = peer_begin_outside(&begin, o->number,
					     o->call->customer, o->payer, peer);

		if (err)
			return err;
	}

	return sip_dialog_alloc(&leg->dialog, server_sip(), &begin, leg);
}

static bool is_told_billing(const struct outside *o, const struct trunk *t)
{
	return t->billing != TRUNK_BILLING_NONE && o->billing[0] &&
	       !o->is_emergency;
}

/* Who bills is told whom, whatever the callee is shown. */
static void write_billing(const struct outside *o, const struct trunk *t,
			  struct sip_out *out)
{
	sip_out_raw(out, SPAN("P-Asserted-Identity: "));
	server_identity(out, NULL, o->billing);
	if (t->billing == TRUNK_BILLING_BOTH) {
		sip_out_raw(out, SPAN("\r\nP-Preferred-Identity: "));
		server_identity(out, NULL, o->billing);
	}
	sip_out_raw(out, SPAN("\r\n"));
}

/* Only who is trusted learns a number that is withheld; an emergency centre
 * always does. */
static void write_headers(struct leg *leg, const struct outside *o,
			  const struct trunk *t, struct sip_out *out)
{
	leg_headers(leg, out);
	if (is_told_billing(o, t)) {
		write_billing(o, t, out);
	}
	else if (o->shown[0] && t != peer_trunk() &&
		 (t->is_trusted || o->is_emergency)) {
		sip_out_raw(out, SPAN("P-Asserted-Identity: "));
		server_identity(out,
				o->is_private || o->has_no_name
					? NULL
					: phone_name(o->call->caller->phone),
				o->shown);
		sip_out_raw(out, SPAN("\r\n"));
	}
	if (o->is_private)
		sip_out_raw(out, SPAN("Privacy: id\r\n"));
	diversion_write_trunk(o->call, t,
			      span_of(sip_dialog_target(leg->dialog)), out);
	sip_out_text(out, "Allow: " PBX_ALLOW "\r\nSupported: timer\r\n");
	session_offer(leg, out);
}

/* ---- one trunk after the other ---- */

static bool try_next(struct outside *o);

static struct outside *way_of(const struct leg *leg)
{
	return leg->twin ? twin_way(leg->twin) : leg->call->outside;
}

static void finish(struct outside *o, uint16_t status)
{
	struct call *call = o->call;
	const struct customer *c = call->caller->phone->customer;
	const char *inside = c ? outside_emergency_extension(c) : NULL;
	struct fork_answer refusal = { 0, NULL };
	struct sip_message m;
	struct routing r;

	wheel_stop(&o->silence);
	o->leg = NULL;
	if (o->twin) {
		fork_settle(call);
		return;
	}
	if (o->is_emergency && inside &&
	    !sip_message_parse(&m, (const char *)o->invite->buf, o->invite->end,
			       NULL)) {
		trail_add(&call->trail,
			  "no trunk takes the emergency call: "
			  "%s is rung",
			  inside);
		route_number(&r, call->caller->phone, span_of(inside), 0,
			     &call->trail);
		if (!r.status && fork_start(call, &r, &m, &refusal)) {
			call_try(call);
			return;
		}
	}
	if (!o->is_emergency && forward_refused(call, status))
		return;

	call_refused(call, fork_answer_for_caller(status),
		     status == 503 ? "No Trunk" : NULL);
}

static void silent(void *arg)
{
	struct outside *o = arg;
	struct leg *leg = o->leg;
	struct trunk *t;

	if (!leg || leg->is_cancelled || o->call->state >= CALL_ANSWERED)
		return;

	t = leg->phone->trunk;
	trail_add(&o->call->trail, "trunk %s says nothing in %u s", t->name,
		  SILENCE_MS / 1000);
	trunk_seen(t, false, "it says nothing");
	leg->is_cancelled = true;
	leg->status = 408;
	(void)sip_client_cancel(leg->invite, SPAN(""));
	(void)leg_turn(leg, LEG_CLEARED);
	if (!try_next(o))
		finish(o, 503);
}

/* Whether the next trunk is to be tried after this answer. */
static bool goes_on(const struct outside *o, const struct leg *leg, int err,
		    uint16_t status)
{
	if (o->is_emergency)
		return true;
	if (leg->state == LEG_ALERTING)
		return false;

	return err || status == 408 || (status >= 500 && status < 600);
}

static void refused(struct outside *o, struct leg *leg, int err,
		    uint16_t status)
{
	struct trunk *t = leg->phone->trunk;
	bool more = goes_on(o, leg, err, status);

	wheel_stop(&o->silence);
	sip_client_forget(&leg->invite);
	leg->is_done = true;
	leg->status = status;
	(void)leg_turn(leg, LEG_REFUSED);
	if (err || status == 503)
		trunk_seen(t, false, err ? strerror(err) : "503");

	trail_add(&o->call->trail, "trunk %s: %u%s", t->name, status,
		  err ? " (it cannot be reached)" : "");
	if (more && try_next(o))
		return;

	finish(o, more ? 503 : status);
}

static void told(int err, const struct sip_message *m, struct sip_flow *flow,
		 void *arg)
{
	struct leg *leg = arg;
	struct outside *o = way_of(leg);
	uint16_t status = m ? m->status : err == ETIMEDOUT ? 408 : 503;
	bool is_current = o && o->leg == leg && !leg->is_cancelled &&
			  leg->call->state < CALL_ANSWERED;

	if (!is_current) {
		fork_told(err, m, flow, leg);
		return;
	}

	wheel_stop(&o->silence);
	if (err || status >= 300) {
		refused(o, leg, err, status);
		return;
	}
	if (status >= 180)
		trunk_seen(leg->phone->trunk, true, "it rings");
	if (o->twin)
		twin_told(leg, m, flow);
	else
		fork_told(err, m, flow, leg);
}

/* The caller's INVITE; one without anything where the pbx itself calls. */
static void invite_read(struct sip_message *m, const struct mbuf *invite)
{
	if (!sip_message_parse(m, (const char *)invite->buf, invite->end, NULL))
		return;

	memset(m, 0, sizeof(*m));
	memset(m->first, SIP_NO_HEADER, sizeof(m->first));
	m->max_forwards = -1;
}

static int try_start(struct outside *o, struct trunk *t)
{
	struct call *call = o->call;
	const struct outsider outsider = {
		.customer = call->caller->phone->customer,
		.trunk = t,
		.number = o->number,
		.twin = o->twin ? twin_user(o->twin) : NULL,
		.is_proved = o->twin != NULL,
	};
	struct sip_dialog_request request = { .method = "INVITE" };
	struct phone *phone = NULL;
	struct leg *leg = NULL;
	struct sip_message m;
	char buf[HEADERS_BYTES];
	struct sip_out out;
	int err;

	err = outsider_alloc(&phone, &outsider);
	if (!err)
		err = leg_alloc(&leg, call, phone);
	mem_deref(phone);
	if (err)
		return err;
	list_append(&call->branches, &leg->le, leg);
	leg->twin = o->twin;

	err = try_dialog(leg, o, t);
	if (err)
		goto out;

	invite_read(&m, o->invite);
	sip_out_init(&out, buf, sizeof(buf));
	write_headers(leg, o, t, &out);
	request.headers = sip_out_span(&out);
	request.content_type = sip_header_value(&m, SIP_HEADER_CONTENT_TYPE);
	request.body = relay_body(call->caller, leg, m.body, HOLD_OFFER_NONE);
	request.max_forwards = o->max_forwards;
	err = out.is_full ? E2BIG
			  : sip_dialog_request(&leg->invite, leg->dialog,
					       &request, told, leg);
	if (err)
		goto out;

	(void)leg_turn(leg, LEG_ASKED);
	o->leg = leg;
	wheel_start(&o->silence, SILENCE_MS, silent, o);

out:
	if (err)
		mem_deref(leg);

	return err;
}

static bool try_next(struct outside *o)
{
	while (o->next < o->count) {
		struct trunk *t = o->trunks[o->next++];
		int err;

		trail_add(&o->call->trail, "%s by trunk %s, showing %s%s",
			  o->number, t->name,
			  o->shown[0] ? o->shown : "nothing",
			  o->is_private ? " (withheld)" : "");
		err = try_start(o, t);
		if (!err)
			return true;
		trail_add(&o->call->trail, "trunk %s cannot be asked: %s",
			  t->name, strerror(err));
		trunk_seen(t, false, strerror(err));
	}

	return false;
}

/* ---- out ---- */

static struct outside *way_make(struct call *call, const struct sip_message *m,
				const char *number)
{
	struct outside *o = mem_zalloc(sizeof(*o), destructor);

	if (!o)
		return NULL;

	o->call = call;
	(void)snprintf(o->number, sizeof(o->number), "%s", number);
	o->max_forwards = (uint8_t)(m->max_forwards < 0 ? 70
							: m->max_forwards - 1);
	o->invite = mbuf_alloc(m->len + 1);
	if (!o->invite ||
	    (m->len &&
	     mbuf_write_mem(o->invite, (const uint8_t *)m->buf, m->len)))
		return mem_deref(o);

	return o;
}

static struct outside *make(struct call *call, const struct sip_message *m,
			    const char *number)
{
	struct outside *o = way_make(call, m, number);

	if (!o)
		return NULL;

	mem_deref(call->outside);
	call->outside = o;

	return o;
}

/* Of those that could take the call, the one that the caller has chosen. */
static uint32_t only_chosen(struct outside *o, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(o->trunks[i]->id, o->call->trunk)) {
			o->trunks[0] = o->trunks[i];
			return 1;
		}
	}

	return 0;
}

/* Who has no trunk of its own, as long as only the other node may register
 * them, calls through that one. */
static void take_peer(struct outside *o)
{
	struct trunk *peer = peer_trunk();

	if (!peer || !peer->is_up || pair_has_lease() ||
	    peer_is_caller(o->call) || (o->count && !o->is_emergency) ||
	    o->count == TRUNKS_MAX)
		return;

	o->trunks[o->count++] = mem_ref(peer);
}

static bool is_by_peer(const struct outside *o)
{
	return o->count && o->trunks[0] == peer_trunk();
}

static void take_trunks(struct outside *o, bool *busy)
{
	const struct trunk_query q = { .customer = o->call->customer,
				       .number = o->number,
				       .is_emergency = o->is_emergency };
	uint32_t count = trunk_select(o->trunks, busy, &q);
	struct sa there;

	if (o->call->trunk[0] && !o->is_emergency)
		count = only_chosen(o, count);
	for (uint32_t i = 0; i < count; i++)
		mem_ref(o->trunks[i]);
	o->count = count;
	take_peer(o);
	if (o->count) {
		trunk_address(o->trunks[0], &there);
		relay_begin_outside(o->call, &there);
	}
}

static const struct sa *source_of(const struct call *call)
{
	const struct sip_flow *f = NULL;

	if (call->caller->asked)
		f = sip_server_flow(call->caller->asked);

	return f ? sip_flow_remote(f) : NULL;
}

/* What the call is billed to; a call that goes to the other node's trunks is
 * its business as well. */
static void find_billing(struct outside *o, const struct user *payer)
{
	const struct phone *p = o->call->caller->phone;
	struct shown_number n = billing_of(
		p, outsider_is(p) ? NULL : source_of(o->call), payer);

	if (!n.number)
		return;
	(void)snprintf(o->billing, sizeof(o->billing), "%s", n.number);
	(void)snprintf(o->call->billing, sizeof(o->call->billing), "%s",
		       n.number);
	trail_add(&o->call->trail, "billed to %s (%s)", n.number, n.level);
}

/* What the outside sees of who pays for the call. */
static void find_shown(struct outside *o, const struct user *payer)
{
	const struct phone *p = o->call->caller->phone;
	struct shown_number n = { NULL, "none" };
	const char *did = NULL;

	if (payer && !cos_may(payer, COS_PUBLIC_IDENTITY))
		n = cpn_of_place(p, outsider_is(p) ? NULL : source_of(o->call));
	else if (payer == p->user && !outsider_is(p))
		n = cpn_of(p, source_of(o->call));
	else if (payer)
		n = cpn_of_user(payer);

	/* A user's own DID is better than what a zone or customer shows. */
	if (payer && cos_may(payer, COS_PUBLIC_IDENTITY))
		did = did_of_user(payer);
	if (did && (!n.number || !strcmp(n.level, "zone") ||
		    !strcmp(n.level, "customer")))
		n.number = did;
	if (payer == p->user && !outsider_is(p) &&
	    identity_preferred(o->call) &&
	    (!payer || cos_may(payer, COS_PUBLIC_IDENTITY)))
		n.number = identity_preferred(o->call);
	if (!n.number && o->count && o->trunks[0]->cpn[0])
		n.number = o->trunks[0]->cpn;

	(void)snprintf(o->shown, sizeof(o->shown), "%s",
		       n.number ? n.number : "");
	o->is_private = forward_is_anonymous(o->call) ||
			outside_is_private(p->customer) ||
			(!o->shown[0] && !is_by_peer(o)) ||
			(payer && !cos_may(payer, COS_NUMBER_DELIVERY));
	o->has_no_name = !outsider_is(p) && p->user &&
			 cos_may(p->user, COS_NAME_SUPPRESSED);
}

static bool begin_emergency(struct call *call, const struct sip_message *m,
			    const char *number)
{
	const struct phone *p = call->caller->phone;
	struct outside *o = make(call, m, number);
	struct emergency_place place;
	struct routing r;
	bool busy;

	(void)snprintf(call->number, sizeof(call->number), "%s", number);
	call->is_emergency = true;
	emergency_find_place(&place, p, source_of(call));
	trail_add(&call->trail, "%s is an emergency number; place %s (%s)",
		  number, place.number[0] ? place.number : "unknown",
		  place.level);
	emergency_raise(call, number, &place);
	if (!o) {
		call_refused(call, 500, NULL);
		return true;
	}

	memset(&r, 0, sizeof(r));
	relay_begin(call, &r);
	o->is_emergency = true;
	o->is_private = outside_emergency_is_private(p->customer);
	memcpy(o->shown, place.number, sizeof(o->shown));
	take_trunks(o, &busy);
	if (!o->count && !outside_emergency_extension(p->customer))
		return false; /* who has that number inside, if anybody */
	if (try_next(o))
		call_try(call);
	else
		finish(o, 503);

	return true;
}

bool outside_ring(struct call *call, const struct routing *r,
		  const struct sip_message *m)
{
	struct outside *o;
	bool busy = false;

	if (outsider_goes_round(call, r->outside)) {
		trail_add(&call->trail,
			  "%u calls from outside ring %s outside already: "
			  "they go in a circle",
			  OUTSIDER_ROUND_MAX, r->outside);
		call_refused(call, 482, "Loop Detected");
		return false;
	}
	o = make(call, m, r->outside);
	if (!o) {
		call_refused(call, 500, NULL);
		return false;
	}
	take_trunks(o, &busy);
	if (!o->count) {
		trail_add(&call->trail, busy ? "every trunk has all its calls"
					     : "no trunk takes the number");
		call_refused(call, 503, busy ? "All Trunks Busy" : "No Trunk");
		return false;
	}

	find_shown(o, r->payer);
	find_billing(o, r->payer);
	if (r->payer)
		memcpy(o->payer, r->payer->id, sizeof(o->payer));
	if (!try_next(o))
		finish(o, 503);

	return call->state < CALL_ANSWERED;
}

/* Whose number is shown there: who calls, or the user's own. */
static void find_shown_twin(struct outside *o, const struct user *u)
{
	const struct phone *p = o->call->caller->phone;

	if (forward_is_anonymous(o->call) || !cos_may(u, COS_TWIN_SHOWS)) {
		find_shown(o, u);
		o->has_no_name = true;
		return;
	}
	(void)snprintf(o->shown, sizeof(o->shown), "%s", phone_shown_number(p));
	o->is_private = p->is_anonymous;
}

int outside_ring_twin(struct outside **op, const struct outside_twin *way,
		      const struct sip_message *m)
{
	struct outside *o;
	bool busy = false;

	if (outsider_goes_round(way->call, way->number))
		return ELOOP;
	o = way_make(way->call, m, way->number);
	if (!o)
		return ENOMEM;

	o->twin = way->twin;
	*op = o;
	take_trunks(o, &busy);
	if (!o->count)
		return ENOENT;
	find_shown_twin(o, way->payer);
	find_billing(o, way->payer);

	return try_next(o) ? 0 : ENOENT;
}

/* Digits, * and #, a leading +; marks between digits dropped. */
static bool clean(char out[DIRECTORY_NUMBER_MAX + 1], struct span dialled)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dialled.len && dialled.p[i] != ';'; i++) {
		char c = dialled.p[i];

		if (c == '-' || c == '.' || c == '(' || c == ')' || c == ' ')
			continue;
		if (!((c >= '0' && c <= '9') || c == '*' || c == '#' ||
		      (c == '+' && !n)) ||
		    n >= DIRECTORY_NUMBER_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';

	return n > 0;
}

bool outside_is_help(const struct phone *p, struct span dialled)
{
	char number[DIRECTORY_NUMBER_MAX + 1];
	char out[DIRECTORY_NUMBER_MAX + 1];

	return !outsider_is(p) && p->customer && clean(number, dialled) &&
	       outside_is_emergency(p->customer, number, out);
}

bool outside_help(struct call *call, const struct sip_message *m,
		  struct span dialled)
{
	const struct phone *p = call->caller->phone;
	char number[DIRECTORY_NUMBER_MAX + 1];
	char out[DIRECTORY_NUMBER_MAX + 1];

	return !outsider_is(p) && p->customer && clean(number, dialled) &&
	       outside_is_emergency(p->customer, number, out) &&
	       begin_emergency(call, m, out);
}

/* ---- in ---- */

/* The number that was called, as the trunk says it. */
static void called(const struct sip_message *m, const struct trunk *t,
		   char out[DIRECTORY_NUMBER_MAX + 1])
{
	char user[SIP_USER_MAX_BYTES + 1] = "";
	char number[DIRECTORY_NUMBER_MAX + 1];
	struct sip_address to;
	struct sip_uri uri;

	out[0] = '\0';
	if (sip_uri_parse(&uri, m->uri) ||
	    sip_uri_user(&uri, user, sizeof(user)))
		user[0] = '\0';
	/* Our Contact is the account's; whom they called is in To. */
	if (!strcmp(user, t->id) &&
	    (sip_address_parse(&to, sip_header_value(m, SIP_HEADER_TO)) ||
	     sip_uri_user(&to.uri, user, sizeof(user))))
		user[0] = '\0';
	if (clean(number, span_of(user)))
		trunk_in_digits(t, number, out);
}

/* Who calls: the asserted identity of a trunk that is trusted, else From. */
static void calling(const struct sip_message *m, const struct trunk *t,
		    char number[DIRECTORY_NUMBER_MAX + 1], char name[128])
{
	char user[SIP_USER_MAX_BYTES + 1] = "";
	struct span value = { NULL, 0 };
	struct sip_values it;
	struct sip_address a;

	number[0] = name[0] = '\0';
	if (sip_privacy_hides(sip_privacy(m)))
		return;
	if (t->is_trusted) {
		sip_values_start(&it, m, SIP_HEADER_P_ASSERTED_IDENTITY);
		(void)sip_values_next(&it, &value);
	}
	if (!value.len)
		value = sip_header_value(m, SIP_HEADER_FROM);
	if (sip_address_parse(&a, value) ||
	    sip_uri_user(&a.uri, user, sizeof(user)) ||
	    !strcmp(user, "anonymous") || !clean(number, span_of(user))) {
		number[0] = '\0';
		return;
	}
	sip_address_name(&a, name, 128);
}

static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status)
{
	(void)sip_refuse(server_sip(), m, flow, status,
			 status == 503 ? SPAN("Retry-After: 5\r\n")
				       : (struct span){ NULL, 0 });
}

/* The trunk an INVITE comes from, and the DID it calls: of several trunks
 * with one address that whose account was called, else whose DID it is. */
static struct trunk *whose(const struct sip_message *m,
			   const struct sip_flow *flow,
			   struct did_target *target,
			   char number[DIRECTORY_NUMBER_MAX + 1])
{
	struct trunk *found = NULL;
	struct le *le;

	target->customer = NULL;
	number[0] = '\0';
	for (le = list_head(trunk_list()); le; le = le->next) {
		struct trunk *t = le->data;
		struct did_target at = { .customer = NULL };

		if (!trunk_is_source(t, flow))
			continue;
		called(m, t, number);
		if (!found)
			found = t;
		if (did_find(&at, number) ||
		    (t->customer[0] &&
		     strcmp(t->customer, at.customer->id) != 0))
			continue;
		*target = at;
		return t;
	}
	if (found)
		called(m, found, number);

	return found;
}

static bool has_room(const struct trunk *t, const struct customer *c)
{
	return (!t->max_calls || outsider_trunk_calls(t) < t->max_calls) &&
	       outside_has_room(c);
}

bool outside_incoming(const struct sip_message *m, struct sip_flow *flow)
{
	char number[DIRECTORY_NUMBER_MAX + 1], who[DIRECTORY_NUMBER_MAX + 1];
	char name[128];
	struct call_target target = { .did = number };
	struct outsider outsider = { .number = who, .name = name };
	struct diversion past;
	struct did_target did;
	struct phone *phone = NULL;
	struct trunk *t = whose(m, flow, &did, number);

	if (!t)
		return false;
	if (t->asks_digest && !auth_trunk(m, flow, t->user, t->secret))
		return true;

	target.phone = emergency_caller(number);
	if (target.phone && t->customer[0] && target.phone->customer &&
	    strcmp(t->customer, target.phone->customer->id) != 0)
		target.phone = NULL;
	outsider.customer = target.phone ? target.phone->customer
					 : did.customer;
	if (!outsider.customer) {
		log_info("outside", "trunk %s calls %s, which is nobody's",
			 t->name, number);
		outsider.customer = directory_customer(span_of(t->customer));
		if (!outsider.customer) {
			refuse(m, flow, 404);
			return true;
		}
		str_ncpy(did.number, number, sizeof(did.number));
		target.status = 404;
		target.why = "no DID of the customer has that number";
	}
	else if (!target.phone && !has_room(t, did.customer)) {
		log_info("outside", "trunk %s has all its calls", t->name);
		target.status = 503;
		target.why = "the trunk or the customer has all its calls";
	}

	calling(m, t, who, name);
	if (t->is_trusted) {
		diversion_read(&past, m);
		diversion_resolve(&past, t, outsider.customer);
		target.past = &past;
	}
	outsider.trunk = t;
	outsider.has_language = did.customer && did.has_language;
	outsider.is_french = did.customer && did.is_french;
	target.number = did.number;
	target.did_id = did.id;
	if (outsider_alloc(&phone, &outsider)) {
		refuse(m, flow, 500);
		return true;
	}
	call_begin_to(m, flow, phone, &target);
	mem_deref(phone);

	return true;
}

bool outside_is_source(const struct phone *outsider,
		       const struct sip_flow *flow)
{
	return outsider_is(outsider) && trunk_is_source(outsider->trunk, flow);
}
