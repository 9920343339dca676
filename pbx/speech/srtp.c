/* srtp.c - see srtp.h */
#include <stdio.h>

#include "pbx/call/call.h"
#include "pbx/speech/srtp.h"
#include "pbx/speech/terms.h"
#include "sip/flow.h"

enum srtp_policy srtp_policy_of(const char *text)
{
	return !text                       ? SRTP_OPTIONAL
	       : !strcmp(text, "off")      ? SRTP_OFF
	       : !strcmp(text, "required") ? SRTP_REQUIRED
					   : SRTP_OPTIONAL;
}

static enum srtp_policy policy_of(const struct leg *leg)
{
	enum srtp_policy policy = leg->phone
					  ? (enum srtp_policy)leg->phone->srtp
					  : SRTP_OPTIONAL;

	/* who calls for help may speak as it can */
	if (leg->call->is_emergency && leg == leg->call->caller)
		return SRTP_OPTIONAL;

	return policy;
}

/* Keys are offered only where nobody else can read them. */
static bool is_private(const struct leg *leg)
{
	const struct sip_flow *flow = leg->dialog ? sip_dialog_flow(leg->dialog)
						  : NULL;

	return flow && sip_flow_transport(flow) == SIP_TLS;
}

/* One of each suite; the one in use stays. */
static void make_keys(struct srtp_keys *own, const struct sdp_crypto *used)
{
	if (own->count)
		return;
	for (unsigned i = 1; i < SDP_SUITES; i++) {
		struct sdp_crypto *c = &own->keys[own->count++];

		sdp_crypto_make(c, (enum sdp_suite)i);
		if (used && used->suite == i)
			memcpy(c->key, used->key, sizeof(c->key));
	}
}

static const struct sdp_crypto *key_of(const struct srtp_keys *own,
				       unsigned suite)
{
	for (uint8_t i = 0; i < own->count; i++) {
		if (own->keys[i].suite == suite)
			return &own->keys[i];
	}

	return NULL;
}

static enum sdp_security security_of(const struct leg *leg,
				     const struct terms *now)
{
	switch (policy_of(leg)) {
	case SRTP_OFF: return SDP_PLAIN;
	case SRTP_REQUIRED: return SDP_SECURE_ONLY;
	default: break;
	}
	if (now && now->in.suite)
		return now->is_savp ? SDP_SECURE_ONLY : SDP_SECURE_EITHER;

	return is_private(leg) ? SDP_SECURE_EITHER : SDP_SECURE_IF;
}

void srtp_offer(struct sdp_audio *a, struct srtp_keys *own,
		const struct leg *leg, const struct terms *now)
{
	a->security = (uint8_t)security_of(leg, now);
	if (a->security == SDP_PLAIN)
		return;
	make_keys(own, now ? &now->out : NULL);
	a->key_count = own->count;
	memcpy(a->keys, own->keys, sizeof(a->keys));
	a->offered_suite = now && now->in.suite ? now->out.suite : 0;
}

/* ---- what a description says ---- */

static bool is_savp(const struct sdp_media *m)
{
	return span_equal_nocase(m->protocol, SPAN("RTP/SAVP")) ||
	       span_equal_nocase(m->protocol, SPAN("RTP/SAVPF"));
}

static bool has_feedback(const struct sdp_media *m)
{
	return m->protocol.len && m->protocol.p[m->protocol.len - 1] == 'F';
}

bool srtp_has_keys(const struct sdp *sdp, const struct sdp_media *m)
{
	return sdp_attribute(sdp, m, "crypto", NULL);
}

/* Of a body: its audio is plain, with keys beside, or of SRTP alone. */
enum says { SAYS_NOTHING, SAYS_PLAIN, SAYS_EITHER, SAYS_SECURE };

static enum says says_of(struct span body)
{
	struct sdp *sdp = body.len ? mem_alloc(sizeof(*sdp), NULL) : NULL;
	enum says says = SAYS_NOTHING;
	const struct sdp_media *m;
	struct sdp_crypto c;

	if (!sdp)
		return SAYS_NOTHING;
	m = sdp_parse(sdp, body) ? NULL : sdp_media_active(sdp, "audio");
	if (m && is_savp(m))
		says = SAYS_SECURE;
	else if (m && (span_equal_nocase(m->protocol, SPAN("RTP/AVP")) ||
		       span_equal_nocase(m->protocol, SPAN("RTP/AVPF"))))
		says = sdp_crypto_find(&c, sdp, m) ? SAYS_PLAIN : SAYS_EITHER;
	mem_deref(sdp);

	return says;
}

bool srtp_refuses(const struct phone *p, struct span body)
{
	if (!p || p->srtp == SRTP_OPTIONAL || !body.len)
		return false;
	if (p->srtp == SRTP_REQUIRED)
		return says_of(body) == SAYS_PLAIN;

	return says_of(body) == SAYS_SECURE;
}

struct span srtp_warning(const struct phone *p)
{
	return p->srtp == SRTP_OFF
		       ? SPAN("Warning: 399 holdfast \"This phone may not "
			      "speak SRTP: RTP/AVP is wanted\"\r\n")
		       : SPAN("Warning: 399 holdfast \"SRTP is required of "
			      "this phone: a key is missing\"\r\n");
}

bool srtp_is_spoken(struct span body)
{
	enum says says = says_of(body);

	return says == SAYS_EITHER || says == SAYS_SECURE;
}

bool srtp_needs_relay(struct span offer, const struct phone *to)
{
	bool is_required = to && to->srtp == SRTP_REQUIRED;

	/* the usual call: nobody asks for it */
	if (!offer.len ||
	    (!is_required && !memmem(offer.p, offer.len, "SAVP", 4)))
		return false;

	switch (says_of(offer)) {
	case SAYS_SECURE: return !is_required;
	case SAYS_PLAIN:
	case SAYS_EITHER: return is_required;
	default: return false;
	}
}

/* ---- between two ports ---- */

bool srtp_learn(struct srtp_side *from, struct terms *t, const struct leg *leg,
		const struct sdp *sdp, const struct sdp_media *m)
{
	const struct sdp_crypto *own = NULL;
	struct sdp_crypto theirs;

	from->is_savp = is_savp(m);
	from->has_feedback = has_feedback(m);
	if (policy_of(leg) != SRTP_OFF && !sdp_crypto_find(&theirs, sdp, m)) {
		make_keys(&from->own, &t->out);
		own = key_of(&from->own, theirs.suite);
	}
	if (!own && from->is_savp)
		return false;

	memset(&from->theirs, 0, sizeof(from->theirs));
	memset(&t->in, 0, sizeof(t->in));
	memset(&t->out, 0, sizeof(t->out));
	t->is_savp = from->is_savp;
	if (own) {
		from->theirs = t->in = theirs;
		t->out = *own;
	}

	return true;
}

static void write_protocol(struct srtp_written *w, bool is_secure,
			   bool is_feedback)
{
	(void)snprintf(w->protocol, sizeof(w->protocol), "RTP/%sAVP%s",
		       is_secure ? "S" : "", is_feedback ? "F" : "");
}

static void write_offer(struct srtp_written *w, struct srtp_side *to,
			const struct terms *t, const struct leg *leg,
			const struct sdp_media *m)
{
	enum sdp_security security = security_of(leg, t);
	struct sip_out o;

	write_protocol(w, security == SDP_SECURE_ONLY, has_feedback(m));
	if (security < SDP_SECURE_EITHER)
		return;
	make_keys(&to->own, &t->out);
	sip_out_init(&o, w->lines, sizeof(w->lines) - 1);
	for (uint8_t i = 0; i < to->own.count; i++) {
		/* once agreed on, the suite and its keys stay */
		if (!t->in.suite || to->own.keys[i].suite == t->out.suite)
			sdp_crypto_write(&o, &to->own.keys[i]);
	}
	w->lines[o.is_full ? 0 : o.len] = '\0';
}

void srtp_write(struct srtp_written *w, struct srtp_side *to,
		const struct terms *t, const struct leg *leg,
		const struct sdp_media *m, bool is_offer)
{
	const struct sdp_crypto *own;
	struct sdp_crypto line;
	struct sip_out o;

	memset(w, 0, sizeof(*w));
	if (is_offer) {
		write_offer(w, to, t, leg, m);
		return;
	}

	write_protocol(w, to->is_savp, to->has_feedback);
	own = to->theirs.suite ? key_of(&to->own, to->theirs.suite) : NULL;
	if (!own)
		return;
	line = *own;
	line.tag = to->theirs.tag;
	sip_out_init(&o, w->lines, sizeof(w->lines) - 1);
	sdp_crypto_write(&o, &line);
	w->lines[o.len] = '\0';
}
