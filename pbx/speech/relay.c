/* relay.c - see relay.h */
#include <stdio.h>

#include "base/log.h"
#include "base/net.h"
#include "pbx/conference/party.h"
#include "pbx/conference/record.h"
#include "pbx/desk/twin.h"
#include "pbx/reach.h"
#include "pbx/registrar.h"
#include "pbx/settings.h"
#include "pbx/speech/music.h"
#include "pbx/speech/odd_media.h"
#include "pbx/speech/relay.h"
#include "pbx/trunk/trunk.h"
#include "sip/sdp.h"
#include "sip/uri.h"

enum {
	BODY_BYTES = 33000,
	HOST_BYTES = RELAY_HOST_BYTES,
	TAG_BYTES = 64,
};

static const char *const drop[] = { "candidate",         "ice-*",
				    "remote-candidates", "end-of-candidates",
				    "rtcp-mux*",         NULL };
static const char *const drop_keys[] = { "candidate",
					 "ice-*",
					 "remote-candidates",
					 "end-of-candidates",
					 "rtcp-mux*",
					 "crypto",
					 NULL };

int relay_policy_of(const char *text)
{
	static const char *const names[] = { "auto", "direct", "relay" };

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i]))
			return i;
	}

	return -1;
}

static unsigned side_of(const struct leg *leg)
{
	return leg == leg->call->caller ? 0 : 1;
}

/* The port that faces a leg. */
static struct media_port *port_of(const struct leg *leg)
{
	struct media_port *own = twin_port(leg);

	return own ? own : leg->call->ports[side_of(leg)];
}

/* ---- who is far ---- */

/* Its own idea of its address is not where it is seen. */
static bool is_translated(const struct binding *b)
{
	struct sip_uri uri;
	struct pl host;
	struct sa sa;

	if (!b->flow || sip_uri_parse(&uri, span_of(b->contact)))
		return false;

	host = (struct pl){ uri.host.p, uri.host.len };
	if (sa_set(&sa, &host, 0))
		return false;

	return !sa_cmp(&sa, sip_flow_remote(b->flow), SA_ADDR);
}

static bool is_far(const struct binding *b)
{
	return b->path[0] || is_translated(b);
}

/* The caller is where the binding with the flow of its INVITE is. */
static bool is_caller_far(const struct leg *leg)
{
	const struct sip_flow *flow = sip_dialog_flow(leg->dialog);
	const struct binding *b = leg->phone ? leg->phone->bindings : NULL;

	for (; b; b = b->next) {
		if (flow && b->flow && sip_flow_equal(b->flow, flow))
			return is_far(b);
	}

	return false;
}

/* Outside, on a trunk whose address may not be known yet. */
static bool is_outside_caller(const struct call *call)
{
	const struct sip_flow *flow = sip_dialog_flow(call->caller->dialog);

	return flow && !reach_is_inside(sip_flow_remote(flow));
}

static bool wants_relay_outside(const struct call *call, const struct sa *there)
{
	if (pbx_settings.media != RELAY_AUTO)
		return false; /* decided before */

	return reach_is_inside(there) == is_outside_caller(call);
}

/* Its keys are to be heard. */
static bool is_outside_number(const struct phone *p)
{
	return p && p->is_proved;
}

/* One speaks SRTP, another may not or does not yet. */
static bool needs_keys(const struct call *call, const struct routing *r)
{
	const struct span offer = {
		call->offer ? (const char *)call->offer->buf : NULL,
		call->offer ? (uint32_t)call->offer->end : 0,
	};

	if (!offer.len && call->caller->phone &&
	    call->caller->phone->srtp == SRTP_REQUIRED)
		return true;
	for (uint32_t i = 0; i < r->count; i++) {
		bool is_required = r->phones[i]->srtp == SRTP_REQUIRED;

		if (offer.len ? srtp_needs_relay(offer, r->phones[i])
			      : is_required)
			return true;
	}

	return !r->count && srtp_needs_relay(offer, NULL);
}

static bool wants_relay(const struct call *call, const struct routing *r)
{
	const struct sip_flow *from = sip_dialog_flow(call->caller->dialog);

	if (r->twin_count || is_outside_number(call->caller->phone) ||
	    call->caller->hides_media) /* its phone asks for it */
		return true;
	for (uint32_t i = 0; i < r->count; i++) {
		if (is_outside_number(r->phones[i]))
			return true;
	}
	if (needs_keys(call, r))
		return true;
	if (pbx_settings.media != RELAY_AUTO)
		return pbx_settings.media == RELAY_ALWAYS;
	if (is_caller_far(call->caller) ||
	    record_is_wanted(call->caller->phone))
		return true;

	for (uint32_t i = 0; i < r->count; i++) {
		const struct binding *b = r->phones[i]->bindings;

		if (record_is_wanted(r->phones[i]))
			return true;
		for (; b; b = b->next) {
			if (is_far(b) ||
			    (from && b->flow && reach_differs(from, b->flow)))
				return true;
		}
	}

	return false;
}

/* ---- ports ---- */

static void write_tag(const struct call *call, unsigned side,
		      char tag[TAG_BYTES])
{
	(void)snprintf(tag, TAG_BYTES, "%s/%s", call->id,
		       side ? "callee" : "caller");
}

static bool take_port(struct call *call, unsigned side)
{
	char tag[TAG_BYTES];

	if (call->ports[side])
		return true;

	write_tag(call, side, tag);
	call->ports[side] = media_port_take(tag);

	return call->ports[side];
}

uint16_t relay_port(struct call *call, unsigned side)
{
	return take_port(call, side) ? media_port_number(call->ports[side]) : 0;
}

static void begin(struct call *call)
{
	if (!take_port(call, 0) || !take_port(call, 1)) {
		relay_end(call);
		trail_add(&call->trail, "speech goes directly: no media port "
					"is free");
		return;
	}

	call->is_relayed = true;
	media_port_join(call->ports[0], call->ports[1]);
	trail_add(&call->trail, "speech goes through ports %u and %u",
		  media_port_number(call->ports[0]),
		  media_port_number(call->ports[1]));
}

void relay_begin(struct call *call, const struct routing *routing)
{
	if (!call->party && wants_relay(call, routing))
		begin(call);
}

void relay_begin_outside(struct call *call, const struct sa *there)
{
	if (!call->party && !call->is_relayed &&
	    wants_relay_outside(call, there))
		begin(call);
}

bool relay_force(struct call *call)
{
	if (!take_port(call, 0) || !take_port(call, 1)) {
		relay_end(call);
		return false;
	}

	call->is_relayed = true;
	media_port_join(call->ports[0], call->ports[1]);
	call_touch(call);

	return true;
}

void relay_end(struct call *call)
{
	for (unsigned i = 0; i < 2; i++)
		call->ports[i] = mem_deref(call->ports[i]);
	call->is_relayed = false;
}

void relay_adopt(struct call *call, unsigned side, uint16_t number)
{
	char tag[TAG_BYTES];

	if (side > 1 || !number || call->ports[side])
		return;

	write_tag(call, side, tag);
	call->ports[side] = media_port_adopt(number, tag);
}

void relay_adopted(struct call *call)
{
	if (call->is_relayed && call->ports[0] && call->ports[1])
		media_port_join(call->ports[0], call->ports[1]);
}

/* ---- descriptions ---- */

/* Where a party is, as far as known before its first answer. */
static void find_party(struct sa *sa, const struct leg *leg)
{
	const struct sip_flow *flow = sip_dialog_flow(leg->dialog);
	char host[RELAY_HOST_BYTES];
	struct sip_uri uri;

	sa_init(sa, AF_UNSPEC);
	if (flow) {
		*sa = *sip_flow_remote(flow);
	}
	else if (leg->phone && leg->phone->trunk) {
		trunk_address(leg->phone->trunk, sa);
	}
	else if (leg->dialog && !sip_uri_parse(&uri, span_of(sip_dialog_target(
							     leg->dialog)))) {
		(void)re_snprintf(host, sizeof(host), "%b", uri.host.p,
				  (size_t)uri.host.len);
		(void)sa_set_str(sa, host, 0);
	}
}

void relay_address(char *address, const struct leg *to)
{
	struct sa sa = pbx_settings.media_address, there;
	const char *host;

	find_party(&there, to);
	host = reach_host(&there);
	if (host) {
		(void)snprintf(address, RELAY_HOST_BYTES, "%s", host);
	}
	else {
		net_reachable(&sa, &there);
		(void)re_snprintf(address, RELAY_HOST_BYTES, "%j", &sa);
	}
}

static bool is_plain_audio(const struct sdp_media *m)
{
	return span_equal_nocase(m->protocol, SPAN("RTP/AVP")) ||
	       span_equal_nocase(m->protocol, SPAN("RTP/AVPF"));
}

/* Keys negotiated with each other's address in DTLS cannot be relayed so. */
static bool can_relay(const struct sdp_media *m)
{
	return is_plain_audio(m) ||
	       span_equal_nocase(m->protocol, SPAN("RTP/SAVP")) ||
	       span_equal_nocase(m->protocol, SPAN("RTP/SAVPF"));
}

/* False for one whose SRTP is none that we speak: it is passed as it is. */
static bool learn(struct leg *from, const struct sdp *sdp,
		  const struct sdp_media *m, const struct terms_list *theirs)
{
	struct media_port *p = port_of(from);
	struct terms like = *media_port_terms(p);
	char text[RELAY_HOST_BYTES];
	bool is_ours;

	sa_init(&like.remote, AF_UNSPEC);
	if (m->address.len >= sizeof(text))
		return true;
	(void)re_snprintf(text, sizeof(text), "%b", m->address.p,
			  (size_t)m->address.len);
	if (sa_set_str(&like.remote, text, m->port) || sa_is_any(&like.remote))
		sa_init(&like.remote, AF_UNSPEC);
	is_ours = srtp_learn(media_port_srtp(p), &like, from, sdp, m);
	media_port_learn(p, &like, theirs);

	return is_ours;
}

/* Whose description is an answer: it was asked before. */
static bool is_answer(struct leg *from, struct leg *to, enum hold_offer offer)
{
	struct media_port *p = port_of(from), *q = port_of(to);
	bool is_asked = p && media_port_srtp(p)->is_asked &&
			offer == HOLD_OFFER_NONE;

	if (is_asked)
		return true;
	if (p)
		media_port_srtp(p)->is_asked = false;
	if (q)
		media_port_srtp(q)->is_asked = true;

	return false;
}

void relay_offers(struct leg *from)
{
	if (port_of(from))
		media_port_srtp(port_of(from))->is_asked = false;
}

void relay_answers(struct leg *from)
{
	if (port_of(from))
		media_port_srtp(port_of(from))->is_asked = true;
}

/* Who holds with "inactive" may be told nothing; who is held gets music.  Where
 * speech is not relayed the holder would send music of its own to the very
 * ear that hears ours, so it is asked to send nothing. */
static int direction_for(struct call *call, const struct sdp_media *m,
			 enum hold_offer offer, bool has_music)
{
	if (offer == HOLD_OFFER_HOLD) {
		call->was_inactive = m->direction == SDP_DIRECTION_INACTIVE ||
				     (has_music && !call->is_relayed);
		return has_music ? SDP_DIRECTION_SENDONLY : -1;
	}
	if (offer == HOLD_OFFER_NONE && call->was_inactive &&
	    m->direction == SDP_DIRECTION_RECVONLY) {
		call->was_inactive = false;
		return SDP_DIRECTION_INACTIVE;
	}

	return -1;
}

static struct span write_body(const struct sdp *sdp, unsigned at,
			      const struct leg *to, int direction,
			      const struct srtp_written *srtp)
{
	static char buf[BODY_BYTES];
	const struct call *call = to->call;
	const struct media_port *port = port_of(to);
	char address[RELAY_HOST_BYTES];
	struct sdp_edit edit;
	struct sip_out o;

	relay_address(address, to);
	sdp_edit_init(&edit);
	if (call->is_relayed)
		edit.address = address;
	for (unsigned i = 0; i < sdp->media_count; i++)
		edit.media[i].is_refused = i != at;
	edit.media[at].address = address;
	edit.media[at].port = media_port_number(port);
	edit.media[at].direction = (int8_t)direction;
	edit.media[at].drop = srtp ? drop_keys : drop;
	edit.drop = drop;
	if (srtp) {
		edit.media[at].protocol = span_of(srtp->protocol);
		edit.media[at].add = srtp->lines;
	}
	sip_out_init(&o, buf, sizeof(buf));

	return sdp_write(&o, sdp, &edit) ? sdp->body : sip_out_span(&o);
}

/* The other's own description, but for its direction. */
static struct span write_direction(const struct sdp *sdp, unsigned at,
				   int direction)
{
	static char buf[BODY_BYTES];
	struct sdp_edit edit;
	struct sip_out o;

	sdp_edit_init(&edit);
	edit.media[at].direction = (int8_t)direction;
	sip_out_init(&o, buf, sizeof(buf));

	return sdp_write(&o, sdp, &edit) ? sdp->body : sip_out_span(&o);
}

static struct span edit_body(struct sdp *sdp, struct leg *from, struct leg *to,
			     struct span body, enum hold_offer offer)
{
	struct call *call = to->call;
	const struct sdp_media *m;
	unsigned side = side_of(to);
	struct terms_list theirs;
	struct srtp_written srtp;
	bool is_ours = true, answers;
	bool holds = offer == HOLD_OFFER_HOLD;
	int direction;

	if (sdp_parse(sdp, body))
		return body;
	m = sdp_media_active(sdp, "audio");
	if (!m || !can_relay(m))
		return body;

	terms_list_read(&theirs, sdp, m);
	answers = is_answer(from, to, offer);
	holds = holds && terms_list_has_codec(&theirs);
	/* music needs a port that knows the keys of both */
	if (holds && !call->is_relayed &&
	    (!is_plain_audio(m) || srtp_has_keys(sdp, m)))
		holds = relay_force(call);
	if (port_of(from))
		is_ours = learn(from, sdp, m, &theirs);
	if (holds)
		holds = is_ours && take_port(call, side);
	if (port_of(to))
		media_port_tell(port_of(to), &theirs);
	direction = direction_for(call, m, offer, holds);

	/* talking again without relay: each other's own addresses */
	if (offer == HOLD_OFFER_TALK && !call->is_relayed)
		return body;
	if (!port_of(to))
		return direction == SDP_DIRECTION_INACTIVE
			       ? write_direction(sdp,
						 (unsigned)(m - sdp->media),
						 direction)
			       : body;

	if (is_ours)
		srtp_write(&srtp, media_port_srtp(port_of(to)),
			   media_port_terms(port_of(to)), to, m, !answers);
	return write_body(sdp, (unsigned)(m - sdp->media), to, direction,
			  is_ours ? &srtp : NULL);
}

struct span relay_body(struct leg *from, struct leg *to, struct span body,
		       enum hold_offer offer)
{
	struct call *call = to->call;
	struct span out;
	struct sdp *sdp;

	if (call->party)
		return party_body(to, body);

	body = odd_media_mend(body, from->dialog ? sip_dialog_flow(from->dialog)
						 : NULL);
	if (!body.len || (!call->is_relayed && !call->ports[0] &&
			  !call->ports[1] && offer != HOLD_OFFER_HOLD))
		return body;

	sdp = mem_alloc(sizeof(*sdp), NULL);
	if (!sdp)
		return body;
	out = edit_body(sdp, from, to, body, offer);
	mem_deref(sdp);

	return out;
}

/* ---- music ---- */

void relay_agreed(struct leg *from, struct leg *to, enum hold_offer offer)
{
	struct call *call = to->call;
	struct media_port **portp = &call->ports[side_of(to)];
	char name[MUSIC_NAME_BYTES];

	if (!*portp || call->state != CALL_ANSWERED)
		return;

	if (offer == HOLD_OFFER_HOLD) {
		if (!media_port_is_playing(*portp))
			media_port_play(*portp, music_of_holder(from, name));
	}
	else if (offer == HOLD_OFFER_TALK) {
		media_port_play(*portp, NULL);
		if (!call->is_relayed)
			*portp = mem_deref(*portp);
	}
	call_touch(call);
}

void relay_pass_music(struct leg *from, struct call *to)
{
	struct media_port **portp = &from->call->ports[side_of(from)];

	if (!*portp || !media_port_is_playing(*portp) || to->ports[0])
		return;

	to->ports[0] = *portp;
	*portp = NULL;
}

void relay_end_music(struct call *call)
{
	if (!call->ports[0])
		return;

	media_port_play(call->ports[0], NULL);
	if (!call->is_relayed)
		call->ports[0] = mem_deref(call->ports[0]);
}

void relay_refused(struct leg *to)
{
	struct media_port **portp = &to->call->ports[side_of(to)];

	if (*portp && !to->call->is_relayed && !media_port_is_playing(*portp))
		*portp = mem_deref(*portp);
}

/* ---- what the media server tells ---- */

static bool is_lost(const struct call *call)
{
	return call->is_relayed && call->state == CALL_ANSWERED &&
	       call->caller->state == LEG_CONNECTED && call->callee &&
	       call->callee->state == LEG_CONNECTED &&
	       media_port_is_silent(call->ports[0]) &&
	       media_port_is_silent(call->ports[1]);
}

void relay_event(struct media_port *p, const char *event, const char *key)
{
	struct span id = span_of(media_port_tag(p));
	const char *slash = memchr(id.p, '/', id.len);
	struct call *call;

	if (!slash)
		return;
	id.len = (uint32_t)(slash - id.p);
	call = call_find(id);
	if (call && call->party)
		party_event(call->party, event, key);
	else if (call && !strcmp(event, "key") && key && *key)
		record_key(call, p == call->ports[1], *key);
	if (call && key && *key && !strcmp(event, "key"))
		twin_key(call, p, *key);
	if (!call || strcmp(event, "silent") != 0 || !is_lost(call))
		return;

	trail_add(&call->trail, "neither phone has sent speech for %u s",
		  pbx_settings.speech_lost_s);
	call_hangup(call, NULL, "SIP;cause=408;text=\"No speech\"");
}
