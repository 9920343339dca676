/* leg.c - see leg.h
 *
 * One arrow function for each event tells the event stream and the trail;
 * where an arrow leads is leg_state.c's table.
 */
#include <stdio.h>

#include "base/log.h"
#include "pbx/call/bridge.h"
#include "pbx/call/call.h"
#include "pbx/watch/event.h"
#include "pbx/call/farewell.h"
#include "pbx/call/leg.h"
#include "pbx/desk/twin_consult.h"
#include "pbx/pair/pair_calls.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/trunk/outsider.h"
#include "pbx/trunk/trunk.h"
#include "pbx/transfer/recall.h"
#include "pbx/instance.h"
#include "pbx/registrar.h"
#include "pbx/server.h"
#include "pbx/watch/subscription.h"

void leg_count(struct leg *leg)
{
	if (!leg->phone || leg->is_counted)
		return;

	leg->phone->calls++;
	leg->is_counted = true;
	pair_feed_phone(leg->phone, NULL);
}

void leg_uncount(struct leg *leg)
{
	if (!leg->is_counted)
		return;

	leg->phone->calls--;
	leg->is_counted = false;
	pair_feed_phone(leg->phone, NULL);
}

static void leg_destructor(void *data)
{
	struct leg *leg = data;

	if (leg->state != LEG_NULL && leg->state != LEG_FAILED) {
		subscription_leg_over(leg);
		pair_calls_changed(leg->call);
	}
	session_stop(leg);
	wheel_stop(&leg->held_timer);
	list_unlink(&leg->le);
	bridge_flush(leg);
	sip_client_forget(&leg->invite);
	sip_server_forget(&leg->asked);
	mem_deref(leg->dialog);
	mem_deref(leg->referral);
	mem_deref(leg->sdp);
	leg_uncount(leg);
	mem_deref(leg->phone);
}

int leg_alloc(struct leg **legp, struct call *call, struct phone *phone)
{
	struct leg *leg = mem_zalloc(sizeof(*leg), leg_destructor);

	if (!leg)
		return ENOMEM;

	leg->call = call;
	leg->number = ++call->legs;
	if (phone) {
		leg->phone = mem_ref(phone);
		leg_count(leg);
	}
	*legp = leg;

	return 0;
}

int leg_alloc_like(struct leg **legp, struct call *call, const struct leg *like)
{
	int err = leg_alloc(legp, call, like->phone);

	if (!err) {
		(*legp)->is_withheld = like->is_withheld;
		(*legp)->hides_media = like->hides_media;
	}

	return err;
}

const char *leg_shown_number(const struct leg *leg)
{
	return leg->is_withheld ? "anonymous" : phone_shown_number(leg->phone);
}

const char *leg_shown_name(const struct leg *leg)
{
	return leg->is_withheld ? "Anonymous" : phone_name(leg->phone);
}

static const char *who(const struct leg *leg)
{
	return leg->phone ? leg->phone->number : "?";
}

static void asked(struct leg *leg)
{
	if (!leg->asked)
		trail_add(&leg->call->trail, "rings %s (%s)", who(leg),
			  leg->phone ? phone_name(leg->phone) : "?");
}

static void rings(struct leg *leg)
{
	if (leg->number > 1)
		trail_add(&leg->call->trail, "%s is ringing", who(leg));
}

static void answered(struct leg *leg)
{
	if (leg->number > 1)
		trail_add(&leg->call->trail, "answered by %s at %s",
			  leg->phone ? phone_name(leg->phone) : "?", who(leg));
}

static void holds(struct leg *leg)
{
	trail_add(&leg->call->trail, "%s holds the call", who(leg));
	recall_held(leg, true);
}

static void retrieves(struct leg *leg)
{
	trail_add(&leg->call->trail, "%s takes the call back", who(leg));
	recall_held(leg, false);
	recall_cancel(leg->call);
}

static void refused(struct leg *leg)
{
	leg_uncount(leg);
	if (leg->number > 1)
		trail_add(&leg->call->trail, "%s refused: %u", who(leg),
			  leg->status);
}

static void cleared(struct leg *leg)
{
	leg_uncount(leg);
	session_stop(leg);
	wheel_stop(&leg->held_timer);
}

static void queues(struct leg *leg)
{
	trail_add(&leg->call->trail, "waits at %s", leg->call->number);
}

static void (*const arrows[LEG_EVENTS])(struct leg *leg) = {
	[LEG_ASKED] = asked,         [LEG_RINGS] = rings,
	[LEG_ANSWERED] = answered,   [LEG_HOLDS] = holds,
	[LEG_RETRIEVES] = retrieves, [LEG_REFUSED] = refused,
	[LEG_CLEARED] = cleared,     [LEG_QUEUES] = queues,
};

int leg_turn(struct leg *leg, enum leg_event event)
{
	enum leg_state next = leg_state_next(leg->state, event);

	if (next == LEG_STATES) {
		log_debug("leg", "call=%s leg=%u %s means nothing when %s",
			  leg->call->id, leg->number, leg_event_name(event),
			  leg_state_name(leg->state));
		return EPROTO;
	}

	leg->state = (uint8_t)next;
	arrows[event](leg);
	event_arrow(leg, event);

	return 0;
}

void leg_take(struct leg *leg, struct leg *from)
{
	bridge_flush(from);
	leg->dialog = from->dialog;
	leg->sdp = from->sdp;
	from->dialog = NULL;
	from->sdp = NULL;
	sip_dialog_set_arg(leg->dialog, leg);

	if (from->phone && from->phone->is_proved)
		twin_consult_moved(from->call, leg->call);
	leg->state = from->state;
	leg->allows_update = from->allows_update;
	leg->knows_100rel = from->knows_100rel;
	leg->is_done = true;
	leg->is_by_peer = from->is_by_peer;
	leg->is_withheld = from->is_withheld;
	leg->hides_media = from->hides_media;
	leg_count(leg);
	session_restore(leg, from->session.interval_s, from->session.is_ours);
	session_stop(from);
	recall_held(from, false);
	recall_held(leg, leg->state == LEG_HELD);
	event_leg(leg);
}

bool leg_is_quiet(const struct leg *leg)
{
	return leg->dialog && leg_is_up(leg) && !leg->asks_offering &&
	       !leg->invite && !leg->asked && !leg->owes_ack;
}

bool leg_is_up(const struct leg *leg)
{
	return leg->state == LEG_CONNECTED || leg->state == LEG_HELD;
}

const struct sa *leg_source(const struct leg *leg)
{
	const struct sip_flow *f = NULL;

	if (leg->dialog)
		f = sip_dialog_flow(leg->dialog);
	if (!f && leg->asked)
		f = sip_server_flow(leg->asked);

	return f ? sip_flow_remote(f) : NULL;
}

struct leg *leg_peer(const struct leg *leg)
{
	const struct call *call = leg->call;
	struct le *le;

	if (leg != call->caller)
		return call->caller;
	if (call->callee)
		return call->callee;
	if (call->early)
		return call->early;

	le = list_head(&call->branches);
	return le && !le->next ? le->data : NULL;
}

void leg_headers(const struct leg *leg, struct sip_out *o)
{
	sip_out_raw(o, SPAN("Session-ID: "));
	sip_out_text(o, leg->call->id);
	sip_out_raw(o, SPAN(";remote=00000000000000000000000000000000\r\n"));
}

void leg_identity(const struct leg *shown, struct sip_out *o)
{
	const struct leg *caller = shown->call->caller;

	/* The outside learns no extension, the inside no withheld number. */
	if (!shown->phone || shown->is_withheld || shown->phone->is_anonymous ||
	    (shown != caller && outsider_is(caller->phone)))
		return;

	sip_out_raw(o, SPAN("P-Asserted-Identity: "));
	server_identity(o, phone_name(shown->phone),
			phone_shown_number(shown->phone));
	sip_out_raw(o, SPAN("\r\n"));
}

void leg_learn(struct leg *leg, const struct sip_message *m)
{
	leg->allows_update = sip_header_has(m, SIP_HEADER_ALLOW, "UPDATE");
	if (leg->dialog)
		instance_reach(leg->dialog, leg->phone);
	leg->knows_100rel = sip_header_has(m, SIP_HEADER_SUPPORTED, "100rel") ||
			    sip_header_has(m, SIP_HEADER_REQUIRE, "100rel");
}

void leg_keep_sdp(struct leg *leg, struct span body)
{
	struct mbuf *mb;

	if (leg->allows_update || !leg->session.is_ours || !body.len)
		return;

	mb = mbuf_alloc(body.len);
	if (!mb)
		return;

	(void)mbuf_write_mem(mb, (const uint8_t *)body.p, body.len);
	mem_deref(leg->sdp);
	leg->sdp = mb;
}

/* Whether the peer's Contact asks for a connection. */
static bool is_on_stream(const struct sip_uri *target)
{
	struct span transport;

	return target->scheme == SIP_SCHEME_SIPS ||
	       (sip_uri_param(target, "transport", &transport) &&
		!span_equal_nocase(transport, SPAN("udp")));
}

bool dialog_is_at(const struct sip_dialog *d, const struct binding *b)
{
	struct sip_uri target, contact;

	return !sip_uri_parse(&target, span_of(sip_dialog_target(d))) &&
	       !sip_uri_parse(&contact, span_of(b->contact)) &&
	       span_equal(target.user, contact.user);
}

/* Whether the way of a binding, known by the border's token, is among the
 * dialog's routes. */
static bool goes_by(struct span routes, const struct binding *b)
{
	struct sip_address path;

	return !sip_address_parse(&path, span_of(b->path)) &&
	       path.uri.user.len &&
	       memmem(routes.p, routes.len, path.uri.user.p, path.uri.user.len);
}

/* Behind a border the connection was lost and the phone has come again: the
 * dialog goes by its new way. */
static void route_reach(struct sip_dialog *d, const struct phone *phone)
{
	struct span routes = sip_dialog_routes(d);
	const struct binding *found = NULL;

	if (!phone || !routes.len)
		return;

	for (const struct binding *b = phone->bindings; b; b = b->next) {
		if (!b->path[0] || !dialog_is_at(d, b))
			continue;
		if (goes_by(routes, b))
			return;
		if (!found)
			found = b;
	}
	if (found) {
		(void)sip_dialog_set_routes(d, span_of(found->path));
		(void)sip_dialog_set_target(d, span_of(found->contact));
		sip_dialog_set_flow(d, binding_flow(found));
	}
}

void dialog_reach(struct sip_dialog *d, const struct phone *phone)
{
	struct sip_flow *flow = sip_dialog_flow(d);
	struct sip_flow *found = NULL;
	struct sip_uri target;

	instance_reach(d, phone);
	route_reach(d, phone);
	if (!phone || (flow && sip_flow_is_alive(flow)) ||
	    sip_uri_parse(&target, span_of(sip_dialog_target(d))) ||
	    !is_on_stream(&target))
		return;

	for (const struct binding *b = phone->bindings; b; b = b->next) {
		struct sip_uri contact;

		if (!b->flow || b->path[0] || !sip_flow_is_alive(b->flow) ||
		    !sip_flow_is_reliable(b->flow) ||
		    sip_uri_parse(&contact, span_of(b->contact)))
			continue;

		found = b->flow;
		if (span_equal(contact.user, target.user))
			break;
	}

	if (found)
		sip_dialog_set_flow(d, found);
}

int leg_prove(struct leg *leg)
{
	const struct trunk *t = leg->phone ? leg->phone->trunk : NULL;
	const struct sip_credentials who = { t ? t->user : NULL,
					     t ? t->secret : NULL };

	return who.user && who.secret
		       ? sip_dialog_set_credentials(leg->dialog, &who)
		       : 0;
}

void leg_reach(struct leg *leg)
{
	if (!leg->is_by_peer)
		dialog_reach(leg->dialog, leg->phone);
}

void leg_bye(struct leg *leg, const char *reason)
{
	char buf[512];
	struct sip_out o;
	int err;

	if (!leg->dialog)
		return;

	sip_out_init(&o, buf, sizeof(buf));
	leg_headers(leg, &o);
	if (reason)
		sip_out_header(&o, SIP_HEADER_REASON, span_of(reason));

	leg_reach(leg);
	err = farewell_send(leg->dialog, leg->phone, sip_out_span(&o));
	if (err)
		log_warn("leg", "call=%s leg=%u BYE: %s", leg->call->id,
			 leg->number, strerror(err));
}

void leg_id(const struct leg *leg, char out[LEG_ID_SIZE])
{
	(void)snprintf(out, LEG_ID_SIZE, "%s-%u", leg->call->id, leg->number);
}
