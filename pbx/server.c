/* server.c - see server.h */
#include <stdio.h>

#include "base/log.h"
#include "pbx/auth.h"
#include "pbx/call/bridge.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference.h"
#include "pbx/trunk/outside.h"
#include "pbx/pair/peer.h"
#include "pbx/reach.h"
#include "pbx/registrar.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/transfer/refer.h"
#include "pbx/watch/publication.h"
#include "pbx/watch/subscription.h"
#include "sip/dialog.h"

enum { NAME_SERVERS_MAX = 4 };

#define METHOD(name) (1u << SIP_METHOD_##name)

static struct {
	struct sip *sip;
	char host[128];
	struct sa name_servers[NAME_SERVERS_MAX]; /* kept by the stack */
} server;

static const char *const option_tags[] = { "100rel",   "timer",    "path",
					   "outbound", "replaces", "norefersub",
					   "join",     "tdialog",  "gruu",
					   NULL };
static const char *const call_bodies[] = { "application/sdp", "multipart/mixed",
					   "multipart/alternative", NULL };

static const struct sip_rules rules = {
	.methods = METHOD(INVITE) | METHOD(ACK) | METHOD(BYE) | METHOD(CANCEL) |
		   METHOD(OPTIONS) | METHOD(REGISTER) | METHOD(PRACK) |
		   METHOD(UPDATE) | METHOD(INFO) | METHOD(REFER) |
		   METHOD(SUBSCRIBE) | METHOD(PUBLISH),
	.option_tags = option_tags,
};

static const struct sip_rules call_rules = {
	.methods = METHOD(INVITE) | METHOD(UPDATE) | METHOD(PRACK),
	.option_tags = option_tags,
	.body_types = call_bodies,
};

struct sip *server_sip(void)
{
	return server.sip;
}

void server_identity(struct sip_out *o, const char *name, const char *number)
{
	if (name) {
		sip_out_quoted(o, span_of(name));
		sip_out_raw(o, SPAN(" "));
	}
	sip_out_raw(o, SPAN("<sip:"));
	sip_out_user(o, span_of(number));
	sip_out_raw(o, SPAN("@"));
	sip_out_text(o, server.host);
	sip_out_raw(o, SPAN(">"));
}

static void refuse_fault(const struct sip_message *m, struct sip_flow *flow,
			 const struct sip_fault *fault)
{
	struct sip_reply reply = {
		.status = fault->status,
		.reason = fault->reason,
		.headers = span_of(fault->headers),
	};

	(void)sip_reply_stateless(server.sip, m, flow, &reply);
}

static bool is_call_method(uint8_t method)
{
	return method == SIP_METHOD_INVITE || method == SIP_METHOD_UPDATE ||
	       method == SIP_METHOD_PRACK;
}

static void in_dialog(const struct sip_message *m, struct sip_flow *flow)
{
	struct sip_dialog *d = sip_dialog_find(server.sip, m);
	struct subscription *s = NULL;
	struct leg *leg = NULL;
	int err;

	if (!d) {
		(void)sip_refuse(server.sip, m, flow, 481,
				 (struct span){ NULL, 0 });
		return;
	}

	s = subscription_of(d);
	if (!s)
		leg = sip_dialog_arg(d);
	if (!s && !leg) { /* the call is over, our BYE on its way */
		(void)sip_refuse(server.sip, m, flow, 481,
				 (struct span){ NULL, 0 });
		return;
	}
	if ((!sip_dialog_flow(d) ||
	     !sip_flow_equal(flow, sip_dialog_flow(d))) &&
	    !(leg && outside_is_source(leg->phone, flow)) &&
	    !(leg && leg->is_by_peer && peer_is_source(flow))) {
		const struct phone *phone = auth_phone(m, flow);

		if (!phone)
			return;
		if (phone != (s ? subscription_phone(s) : leg->phone)) {
			(void)sip_refuse(server.sip, m, flow, 403,
					 (struct span){ NULL, 0 });
			return;
		}
	}

	err = sip_dialog_receive(d, m, flow);
	if (err) {
		(void)sip_refuse(server.sip, m, flow, 500,
				 SPAN("Retry-After: 2\r\n"));
		return;
	}

	if (s)
		subscription_receive(s, m, flow);
	else
		bridge_request(leg, m, flow);
}

static void options(const struct sip_message *m, struct sip_flow *flow)
{
	struct sip_reply reply = {
		.status = 200,
		.headers = SPAN("Allow: " PBX_ALLOW "\r\n"
				"Accept: application/sdp\r\n"
				"Accept-Encoding: identity\r\n"
				"Accept-Language: en, fr\r\n"
				"Supported: " PBX_SUPPORTED "\r\n"
				"Allow-Events: " SUBSCRIPTION_PACKAGES "\r\n"),
		.with_contact = true,
	};

	(void)sip_reply_stateless(server.sip, m, flow, &reply);
}

static void out_of_dialog(const struct sip_message *m, struct sip_flow *flow)
{
	struct phone *phone;

	switch (m->method) {
	case SIP_METHOD_OPTIONS: options(m, flow); return;

	case SIP_METHOD_REGISTER:
		phone = auth_phone(m, flow);
		if (phone)
			registrar_request(m, flow, phone);
		return;

	case SIP_METHOD_INVITE:
		if (m->max_forwards == 0) {
			(void)sip_refuse(server.sip, m, flow, 483,
					 (struct span){ NULL, 0 });
			return;
		}
		if (peer_incoming(m, flow) || outside_incoming(m, flow))
			return;
		phone = auth_phone(m, flow);
		if (phone)
			call_begin(m, flow, phone);
		return;

	case SIP_METHOD_REFER:
		phone = auth_phone(m, flow);
		if (phone)
			refer_apart(m, flow, phone);
		return;

	case SIP_METHOD_SUBSCRIBE:
		phone = auth_phone(m, flow);
		if (phone)
			subscription_request(m, flow, phone);
		return;

	case SIP_METHOD_PUBLISH:
		phone = auth_phone(m, flow);
		if (phone)
			publication_request(m, flow, phone);
		return;

	default:
		(void)sip_refuse(server.sip, m, flow, 481,
				 (struct span){ NULL, 0 });
		return;
	}
}

static void requested(const struct sip_message *m, struct sip_flow *flow,
		      void *arg)
{
	struct sip_fault fault = { 0 };

	(void)arg;

	if (m->method == SIP_METHOD_ACK)
		return;

	if (sip_request_check(m,
			      is_call_method(m->method) ? &call_rules : &rules,
			      &fault)) {
		refuse_fault(m, flow, &fault);
		return;
	}

	if (m->to_tag.len && m->method != SIP_METHOD_REGISTER)
		in_dialog(m, flow);
	else
		out_of_dialog(m, flow);
}

/* Those of the setting name-servers; what is no address is passed over. */
static uint32_t read_name_servers(struct sa servers[NAME_SERVERS_MAX])
{
	const char *p = pbx_settings.name_servers;
	uint32_t n = 0;

	while (p && *p && n < NAME_SERVERS_MAX) {
		size_t len = strcspn(p, " ,");
		struct pl text = { p, len };

		if (len && !sa_decode(&servers[n], p, len))
			n++;
		else if (len && !sa_set(&servers[n], &text, 53))
			n++;
		else if (len)
			log_warn("server", "name server %.*s is no address",
				 (int)len, p);
		p += len + (p[len] != '\0');
	}

	return n;
}

int server_init(const uint8_t token_key[32], const char *host)
{
	struct sip_config config = {
		.user_agent = "Holdfast/" HOLDFAST_VERSION,
		.allow = PBX_ALLOW,
		.host_of = reach_host,
		.focus = CONFERENCE_PREFIX,
		.token_key = token_key,
		.dns = server.name_servers,
		.dns_count = read_name_servers(server.name_servers),
	};

	(void)snprintf(server.host, sizeof(server.host), "%s", host);

	return sip_alloc(&server.sip, &config, requested, NULL, NULL);
}

void server_close(void)
{
	server.sip = mem_deref(server.sip);
}
