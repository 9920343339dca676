/* diversion.c - see diversion.h */
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/trunk/cpn.h"
#include "pbx/trunk/did.h"
#include "pbx/trunk/diversion.h"
#include "pbx/route/forward.h"
#include "pbx/route/group.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/pair/peer.h"
#include "pbx/server.h"
#include "pbx/route/settings_user.h"
#include "pbx/trunk/trunk.h"
#include "sip/address.h"
#include "sip/param.h"
#include "sip/privacy.h"

enum { NOBODY = 0xff }; /* no reason known */

static const struct {
	const char *reason; /* of Diversion, RFC 5806 */
	unsigned cause;     /* of the URI, RFC 4458 */
} names[ROUTE_WHYS] = {
	[ROUTE_ALWAYS] = { "unconditional", 302 },
	[ROUTE_DND] = { "do-not-disturb", 480 },
	[ROUTE_BUSY] = { "user-busy", 486 },
	[ROUTE_NO_ANSWER] = { "no-answer", 408 },
	[ROUTE_NOT_REGISTERED] = { "unavailable", 503 },
	[ROUTE_REDIRECTED] = { "deflection", 480 },
	[ROUTE_OVERFLOW] = { "no-answer", 408 },
	[ROUTE_MODE] = { "time-of-day", 302 },
	[ROUTE_DECLINED] = { "unknown", 404 },
};

enum diversion_style diversion_style_of(const char *name)
{
	static const char *const styles[DIVERSION_STYLES] = {
		"none", "diversion", "history-info", "both"
	};

	for (int i = 0; name && i < DIVERSION_STYLES; i++) {
		if (!strcmp(name, styles[i]))
			return (enum diversion_style)i;
	}

	return DIVERSION_NONE;
}

/* ---- what came ---- */

static uint8_t why_of_reason(struct span reason)
{
	reason = sip_unquote(reason);
	if (span_equal_nocase(reason, SPAN("out-of-service")))
		return ROUTE_NOT_REGISTERED;
	for (uint8_t i = 0; i < ROUTE_WHYS; i++) {
		if (i != ROUTE_DECLINED &&
		    span_equal_nocase(reason, span_of(names[i].reason)))
			return i;
	}

	return ROUTE_ALWAYS; /* follow-me, away, unknown ... */
}

static uint8_t why_of_cause(struct span cause)
{
	uint64_t n;

	if (sip_number(cause, 699, &n))
		return NOBODY;
	switch (n) {
	case 486:
	case 600: return ROUTE_BUSY;
	case 408: return ROUTE_NO_ANSWER;
	case 480:
	case 487: return ROUTE_REDIRECTED;
	case 404:
	case 503: return ROUTE_NOT_REGISTERED;
	default: return n >= 300 ? ROUTE_ALWAYS : NOBODY;
	}
}

static uint8_t why_of_uri(const struct sip_uri *uri)
{
	struct span cause;

	return sip_uri_param(uri, "cause", &cause) ? why_of_cause(cause)
						   : NOBODY;
}

/* Digits, * and #, a leading +; false when it is no number. */
static bool number_of(const struct sip_uri *uri,
		      char out[DIRECTORY_NUMBER_MAX + 1])
{
	char user[SIP_USER_MAX_BYTES + 1];
	uint32_t n = 0;

	if (sip_uri_user(uri, user, sizeof(user)))
		return false;
	for (const char *p = user; *p && *p != ';'; p++) {
		if (strchr("-.() ", *p))
			continue;
		if (!strchr("0123456789*#", *p) && !(*p == '+' && !n))
			return false;
		if (n >= DIRECTORY_NUMBER_MAX)
			return false;
		out[n++] = *p;
	}
	out[n] = '\0';

	return n > 0;
}

static void count_unnamed(struct diversion *d, uint64_t n)
{
	d->unnamed = (uint8_t)(d->unnamed + n > 255 ? 255 : d->unnamed + n);
}

/* One more, at the end; who has no number is only counted. */
static void add(struct diversion *d, const struct sip_uri *uri, uint8_t why,
		bool is_private)
{
	struct route_hop *hop = &d->hops[d->count];

	if (d->count >= DIVERSIONS_MAX || !number_of(uri, hop->number)) {
		count_unnamed(d, 1);
		return;
	}
	hop->why = why;
	hop->is_private = is_private;
	d->count++;
}

static void turn_round(struct diversion *d)
{
	for (uint8_t i = 0; i < d->count / 2; i++) {
		struct route_hop keep = d->hops[i];

		d->hops[i] = d->hops[d->count - 1 - i];
		d->hops[d->count - 1 - i] = keep;
	}
}

/* The last one to divert comes first. */
static void read_diversion(struct diversion *d, const struct sip_message *m)
{
	struct sip_address a;
	struct sip_values it;
	struct span value, param;
	uint64_t n;

	sip_values_start(&it, m, SIP_HEADER_DIVERSION);
	while (sip_values_next(&it, &value)) {
		bool is_private;

		if (sip_address_parse(&a, value))
			continue;
		is_private = sip_param(a.params, "privacy", &param) &&
			     !span_equal_nocase(sip_unquote(param),
						SPAN("off"));
		add(d, &a.uri,
		    sip_param(a.params, "reason", &param) ? why_of_reason(param)
							  : ROUTE_ALWAYS,
		    is_private);
		if (sip_param(a.params, "counter", &param) &&
		    !sip_number(param, UINT32_MAX, &n) && n > 1)
			count_unnamed(d, n > 256 ? 255 : n - 1);
	}
	turn_round(d);
}

/* A header that a URI of History-Info carries, unescaped. */
static bool uri_header(const struct sip_uri *uri, const char *name, char *out,
		       size_t size)
{
	struct span rest = uri->headers;
	size_t len;

	while (rest.len) {
		const char *end = memchr(rest.p, '&', rest.len);
		uint32_t n = end ? (uint32_t)(end - rest.p) : rest.len;
		uint32_t k = (uint32_t)strlen(name);

		if (n > k && rest.p[k] == '=' &&
		    span_equal_nocase((struct span){ rest.p, k },
				      span_of(name)) &&
		    !sip_unescape(out, size - 1, &len,
				  (struct span){ rest.p + k + 1, n - k - 1 })) {
			out[len] = '\0';
			return true;
		}
		rest.p += end ? n + 1 : n;
		rest.len -= end ? n + 1 : n;
	}

	return false;
}

/* Why an entry was left, as RFC 4244 says it: in its own Reason. */
static uint8_t why_left(const struct sip_uri *uri)
{
	char reason[128];
	struct span cause;

	if (!uri_header(uri, "Reason", reason, sizeof(reason)) ||
	    re_regex(reason, strlen(reason), "SIP") ||
	    !sip_param(span_of(reason), "cause", &cause))
		return NOBODY;

	return why_of_cause(cause);
}

static bool hides_history(const struct sip_message *m)
{
	return sip_privacy(m) & (SIP_PRIVACY_HISTORY | SIP_PRIVACY_HEADER);
}

/* An entry is a hop when it, or the one after it, says why it was left. */
static void read_history(struct diversion *d, const struct sip_message *m)
{
	bool is_hidden = hides_history(m), has_last = false, is_private = false;
	struct sip_address a, last = { .is_star = false };
	struct sip_values it;
	struct sip_uri uri;
	struct span value;
	char privacy[32];
	uint8_t why;

	sip_values_start(&it, m, SIP_HEADER_HISTORY_INFO);
	while (sip_values_next(&it, &value)) {
		if (sip_address_parse(&a, value))
			continue;
		why = why_of_uri(&a.uri);
		if (has_last && why == NOBODY)
			why = why_left(&last.uri);
		if (has_last && why != NOBODY)
			add(d, &last.uri, why, is_private);
		last = a;
		has_last = true;
		is_private = is_hidden || uri_header(&a.uri, "Privacy", privacy,
						     sizeof(privacy));
	}
	if (!has_last)
		return;
	why = why_left(&last.uri);
	if (why == NOBODY && !sip_uri_parse(&uri, m->uri) &&
	    !sip_uri_equal(&uri, &last.uri))
		why = why_of_uri(&uri);
	if (why != NOBODY)
		add(d, &last.uri, why, is_private);
}

/* RFC 4458: whose mailbox, and why. */
static void read_target(struct diversion *d, const struct sip_message *m)
{
	char text[SIP_URI_MAX_BYTES];
	struct sip_uri uri, who;
	struct span target;
	size_t len;
	uint8_t why;

	if (sip_uri_parse(&uri, m->uri) ||
	    !sip_uri_param(&uri, "target", &target) ||
	    sip_unescape(text, sizeof(text), &len, target) ||
	    sip_uri_parse(&who, (struct span){ text, (uint32_t)len }))
		return;

	why = why_of_uri(&uri);
	if (d->count == DIVERSIONS_MAX) {
		d->count--;
		count_unnamed(d, 1);
	}
	add(d, &who, why == NOBODY ? ROUTE_ALWAYS : why, hides_history(m));
}

void diversion_read(struct diversion *d, const struct sip_message *m)
{
	memset(d, 0, sizeof(*d));
	read_history(d, m);
	if (!d->count) {
		memset(d, 0, sizeof(*d));
		read_diversion(d, m);
	}
	read_target(d, m);
}

/* ---- what it means here ---- */

static bool is_inside(const struct customer *c, const char *number)
{
	struct span n = span_of(number);

	return directory_user_by_extension(c, n) || group_by_number(c, n) ||
	       directory_phone_by_number(c, n);
}

void diversion_resolve(struct diversion *d, const struct trunk *t,
		       const struct customer *c)
{
	for (uint8_t i = 0; i < d->count; i++) {
		struct route_hop *hop = &d->hops[i];
		char number[DIRECTORY_NUMBER_MAX + 1];
		struct did_target at;

		trunk_in_digits(t, hop->number, number);
		if (!did_find(&at, number) && at.customer == c)
			memcpy(hop->number, at.number, sizeof(hop->number));
		else
			hop->is_outside = !is_inside(c, hop->number);
	}
}

void diversion_begin(struct route_way *way, const struct diversion *d,
		     const struct customer *c)
{
	for (uint8_t i = 0; i < d->count; i++) {
		const struct route_hop *hop = &d->hops[i];
		const struct group *g;
		const struct user *u;

		way->hops[way->hop_count++] = *hop;
		if (hop->is_outside)
			continue;
		g = group_by_number(c, span_of(hop->number));
		u = directory_user_by_extension(c, span_of(hop->number));
		if (u || g)
			memcpy(way->visited[way->visits++], u ? u->id : g->id,
			       DIRECTORY_ID_SIZE);
	}
	way->past = way->hop_count;
	way->unnamed = d->unnamed;
}

/* ---- what phones are told ---- */

static void write_uri(struct sip_out *o, const struct route_hop *hop)
{
	struct sip_out u;
	char uri[128];

	if (!hop->number[0]) {
		sip_out_raw(o, SPAN("<sip:anonymous@anonymous.invalid"));
		return;
	}
	sip_out_init(&u, uri, sizeof(uri));
	server_identity(&u, NULL, hop->number);
	u.len--; /* the closing bracket */
	sip_out_raw(o, sip_out_span(&u));
}

static void write_diversion(struct sip_out *o, const struct route_hop *hop,
			    unsigned counter)
{
	sip_out_raw(o, SPAN("Diversion: "));
	write_uri(o, hop);
	sip_out_printf(o, ">;reason=%s;counter=%u%s\r\n",
		       names[hop->why].reason, counter,
		       hop->is_private ? ";privacy=full" : "");
}

/* The at-th entry of a history, after one that was left for this reason. */
static void write_entry(struct sip_out *o, const struct route_hop *hop,
			uint8_t at, uint8_t why)
{
	if (at)
		sip_out_raw(o, SPAN(","));
	write_uri(o, hop);
	if (at)
		sip_out_printf(o, ";cause=%u", names[why].cause);
	if (hop->is_private)
		sip_out_raw(o, SPAN("?Privacy=history"));
	sip_out_raw(o, SPAN(">;index=1"));
	for (uint8_t n = 0; n < at; n++)
		sip_out_raw(o, SPAN(".1"));
	if (at)
		sip_out_printf(o, ";mp=1%s", at > 1 ? ".1" : "");
}

static void write_history(struct sip_out *o, const struct route_hop *hops,
			  uint8_t count, const struct route_hop *target)
{
	sip_out_raw(o, SPAN("History-Info: "));
	for (uint8_t i = 0; i <= count; i++)
		write_entry(o, i < count ? &hops[i] : target, i,
			    i ? hops[i - 1].why : 0);
	sip_out_raw(o, SPAN("\r\n"));
}

void diversion_write(const struct route_way *way, struct sip_out *o)
{
	struct route_hop hops[ROUTE_HOPS_MAX];
	struct route_hop target = { .why = 0 };

	if (!way->hop_count)
		return;

	memcpy(target.number, way->number, sizeof(target.number));
	for (uint8_t i = 0; i < way->hop_count; i++) {
		hops[i] = way->hops[i];
		hops[i].is_private |= way->hides_history;
		if (hops[i].is_private)
			hops[i].number[0] = '\0';
	}
	for (uint8_t i = way->hop_count; i-- > 0;)
		write_diversion(o, &hops[i], 1);
	write_history(o, hops, way->hop_count, &target);
}

/* ---- what a trunk is told ---- */

/* A number inside as the outside knows it. */
static void show_outside(struct route_hop *hop, const struct call *call)
{
	const struct phone *p = call->caller->phone;
	const struct customer *c = p ? p->customer : NULL;
	const struct user *u;
	const char *number = NULL;

	if (hop->is_outside)
		return;
	u = c ? directory_user_by_extension(c, span_of(hop->number)) : NULL;
	if (u) {
		number = did_of_user(u);
		if (!number)
			number = cpn_of_user(u).number;
		hop->is_private = !cos_may(u, COS_NUMBER_DELIVERY) ||
				  (u->settings && u->settings->hides_number);
	}
	else if (p) {
		number = cpn_of_place(p, NULL).number;
	}
	hop->is_private |= outside_is_private(c) ||
			   (u && !cos_may(u, COS_PUBLIC_IDENTITY));
	(void)re_snprintf(hop->number, sizeof(hop->number), "%s",
			  number ? number : "");
}

/* The first and the last ones; what is left out is counted with the first. */
static uint8_t choose(struct route_hop *out, const struct route_way *way)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < way->hop_count; i++) {
		if (!i || way->hop_count - i < DIVERSIONS_SENT_MAX)
			out[n++] = way->hops[i];
	}

	return n;
}

static enum diversion_style style_for(const struct trunk *t)
{
	return t == peer_trunk() ? DIVERSION_BOTH
				 : (enum diversion_style)t->diversion;
}

void diversion_write_trunk(const struct call *call, const struct trunk *t,
			   struct span target, struct sip_out *o)
{
	const struct route_way *way = forward_way(call);
	enum diversion_style style = style_for(t);
	bool is_trusted = t->is_trusted || t == peer_trunk();
	struct route_hop hops[DIVERSIONS_SENT_MAX];
	uint8_t count;

	if (style == DIVERSION_NONE || !way || !way->hop_count)
		return;

	count = choose(hops, way);
	for (uint8_t i = 0; i < count; i++) {
		show_outside(&hops[i], call);
		hops[i].is_private |= way->hides_history;
		if (!is_trusted && hops[i].is_private)
			hops[i].number[0] = '\0';
		if (!hops[i].number[0])
			hops[i].is_private = true;
	}
	if (style != DIVERSION_HISTORY) {
		for (uint8_t i = count; i-- > 0;)
			write_diversion(o, &hops[i],
					i ? 1u
					  : 1u + way->hop_count - count +
							way->unnamed);
	}
	if (style == DIVERSION_DIVERSION)
		return;

	sip_out_raw(o, SPAN("History-Info: "));
	for (uint8_t i = 0; i < count; i++)
		write_entry(o, &hops[i], i, i ? hops[i - 1].why : 0);
	sip_out_raw(o, SPAN(",<"));
	sip_out_raw(o, target);
	sip_out_printf(o, ";cause=%u>;index=1",
		       names[hops[count - 1].why].cause);
	for (uint8_t n = 0; n < count; n++)
		sip_out_raw(o, SPAN(".1"));
	sip_out_raw(o, SPAN("\r\n"));
}
