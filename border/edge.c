/* edge.c - see edge.h */
#include <errno.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/tls.h"
#include "border/device.h"
#include "border/edge.h"
#include "border/flows.h"
#include "border/relay.h"
#include "border/upstream.h"
#include "sip/address.h"
#include "sip/message.h"
#include "sip/rate.h"
#include "sip/stack.h"

enum {
	STRANGER_PER_S = 10,
	STRANGER_BURST = 60,
	KNOWN_PER_S = 200,
	KNOWN_BURST = 2000,
	RATE_SOURCES = 65536,
};

static struct metric metrics[] = {
	{ .name = "holdfast_border_relayed_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests carried across" },
	{ .name = "holdfast_border_refused_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests refused: device or flow not known" },
	{ .name = "holdfast_border_limited_total",
	  .kind = METRIC_COUNTER,
	  .help = "Requests not answered: source over its rate" },
};

enum { METRIC_RELAYED, METRIC_REFUSED, METRIC_LIMITED, METRIC_COUNT };

static void refuse(struct border *b, const struct sip_message *m,
		   struct sip_flow *flow, uint16_t status, const char *headers)
{
	metric_count(&metrics[METRIC_REFUSED], 1);
	if (m->method != SIP_METHOD_ACK)
		sip_refuse(b->sip, m, flow, status, span_of(headers));
}

/* The device a header value (From, To) names, if it may come in. */
static const struct device *device_of(const struct border *b, struct span value)
{
	const struct device *d;
	struct sip_address a;
	char user[130];

	if (sip_address_parse(&a, value) ||
	    sip_uri_user(&a.uri, user, sizeof(user)))
		return NULL;

	d = devices_find(b->devices, span_of(user));
	return d && d->is_enabled ? d : NULL;
}

static bool is_dialog_forming(const struct sip_message *m)
{
	return !m->to_tag.len && (m->method == SIP_METHOD_INVITE ||
				  m->method == SIP_METHOD_SUBSCRIBE ||
				  m->method == SIP_METHOD_REFER);
}

/* The upstream that a request within a dialog names in its URI. */
static bool named_upstream(struct sa *sa, const struct border *b,
			   const struct sip_message *m)
{
	struct sip_uri uri;
	char host[64];

	if (!m->to_tag.len || sip_uri_parse(&uri, m->uri) ||
	    uri.host.len >= sizeof(host))
		return false;

	snprintf(host, sizeof(host), SPAN_FMT, SPAN_ARG(uri.host));
	return !sa_set_str(sa, host, sip_uri_port(&uri)) &&
	       upstreams_has(b->upstreams, sa);
}

static void cross(struct border *b, const struct sip_message *m,
		  struct sip_flow *in, const struct relay_way *way)
{
	metric_count(&metrics[METRIC_RELAYED], 1);
	if (m->method == SIP_METHOD_ACK)
		relay_ack(b, m, way);
	else
		relay_request(b, m, in, way);
}

/* A request within a dialog that we carried, over the flow that we signed
 * into its route: known also after a restart, before the phone registers
 * again. */
static bool is_of_our_dialog(struct border *b, const struct sip_message *m,
			     const struct sip_flow *flow)
{
	struct sip_flow *named = NULL;
	struct span token;
	bool ok;

	if (!relay_routes(b, m, &token) || !token.p ||
	    sip_flow_find(&named, b->sip, token))
		return false;
	ok = sip_flow_equal(named, flow);
	mem_deref(named);

	return ok;
}

static void from_outside(struct border *b, const struct sip_message *m,
			 struct sip_flow *flow)
{
	bool is_register = m->method == SIP_METHOD_REGISTER;
	const struct device *d = device_of(
		b, sip_header_value(m, is_register ? SIP_HEADER_TO
						   : SIP_HEADER_FROM));
	struct relay_way way = { .phone = flow,
				 .with_path = is_register,
				 .with_record = is_dialog_forming(m) };
	const struct sa *to;
	struct sa named;

	/* Unknown, disabled and foreign all get the same answer. */
	if (!d && (is_register || (!flows_has(b->flows, flow) &&
				   !is_of_our_dialog(b, m, flow)))) {
		refuse(b, m, flow, 403, "");
		return;
	}

	to = named_upstream(&named, b, m)
		     ? &named
		     : upstreams_pick(b->upstreams, d ? d->upstream : NULL);
	if (!to || sip_flow_get(&way.out, b->sip, SIP_UDP, to, NULL)) {
		refuse(b, m, flow, 503, "Retry-After: 30\r\n");
		return;
	}

	cross(b, m, flow, &way);
	mem_deref(way.out);
}

static void from_inside(struct border *b, const struct sip_message *m,
			struct sip_flow *flow)
{
	struct relay_way way = { .with_record = is_dialog_forming(m) };
	struct span token;
	int err;

	if (!relay_routes(b, m, &token) || !token.p) {
		refuse(b, m, flow, 404, "");
		return;
	}

	err = sip_flow_find(&way.out, b->sip, token);
	if (err) {
		refuse(b, m, flow, err == EBADMSG ? 403 : 430, "");
		return;
	}

	way.phone = way.out;
	cross(b, m, flow, &way);
	mem_deref(way.out);
}

/* Whether a source has asked too much; then it is not answered at all. */
static bool is_over_rate(struct border *b, const struct sip_flow *flow)
{
	const struct sa *source = sip_flow_remote(flow);
	struct sip_rate *rate = flows_has(b->flows, flow) ? b->known
							  : b->strangers;

	/* On loopback many phones share an address: tests and demos. */
	if (sa_is_loopback(source))
		rate = b->known;
	if (sip_rate_take(rate, source))
		return false;

	metric_count(&metrics[METRIC_LIMITED], 1);
	return true;
}

static bool is_for_us(const struct border *b, const struct sip_message *m)
{
	struct sip_uri uri;

	return m->method == SIP_METHOD_OPTIONS &&
	       !sip_uri_parse(&uri, m->uri) && !uri.user.len &&
	       sip_is_own(b->sip, uri.host, sip_uri_port(&uri));
}

static void on_request(const struct sip_message *m, struct sip_flow *flow,
		       void *arg)
{
	static const struct sip_rules rules = { .forwards = true };
	static const struct sip_rules own_rules = { .forwards = false };
	struct border *b = arg;
	bool is_ours = is_for_us(b, m);
	struct sip_fault fault = { 0 };
	bool is_inside = sip_flow_transport(flow) == SIP_UDP &&
			 upstreams_has(b->upstreams, sip_flow_remote(flow));

	if (!is_inside && is_over_rate(b, flow))
		return;

	if (sip_request_check(m, is_ours ? &own_rules : &rules, &fault)) {
		refuse(b, m, flow, fault.status, fault.headers);
	}
	else if (is_ours) {
		sip_refuse(b->sip, m, flow, 200,
			   SPAN("Accept: application/sdp\r\n"));
	}
	else if (is_inside) {
		from_inside(b, m, flow);
	}
	else {
		from_outside(b, m, flow);
	}
}

static int listen_sip(struct border *b)
{
	const char *dir = conf_text(b->conf, "dir");
	struct tls *tls = NULL;
	struct sa sa;
	int err;

	err = conf_address(&sa, b->conf, BORDER_UDP);
	if (!err)
		err = sip_listen(b->sip, SIP_UDP, &sa, NULL);
	if (!err)
		err = sip_listen(b->sip, SIP_TCP, &sa, NULL);
	if (!err)
		err = tls_make_files(dir, "border",
				     conf_text(b->conf, "listen"));
	if (!err)
		err = tls_server_ctx(&tls, dir, "border", false);
	if (!err)
		err = conf_address(&sa, b->conf, BORDER_TLS);
	if (!err)
		err = sip_listen(b->sip, SIP_TLS, &sa, tls);

	mem_deref(tls);
	return err;
}

int edge_start(struct border *b)
{
	/* ob: requests to a device come over the flow it registered on */
	const struct sip_config config = { .token_key = b->flow_key };
	int err;

	metrics_add(metrics, METRIC_COUNT);
	err = sip_alloc(&b->sip, &config, on_request, NULL, b);
	if (!err)
		err = sip_rate_alloc(&b->strangers, STRANGER_PER_S,
				     STRANGER_BURST, RATE_SOURCES);
	if (!err)
		err = sip_rate_alloc(&b->known, KNOWN_PER_S, KNOWN_BURST,
				     RATE_SOURCES);
	if (!err)
		err = upstreams_alloc(&b->upstreams, b->sip);
	if (!err)
		err = listen_sip(b);

	return err;
}
