/* relay.c - see relay.h */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/wheel.h"
#include "border/flows.h"
#include "border/relay.h"
#include "sip/address.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/message.h"
#include "sip/param.h"
#include "sip/server_tx.h"

enum {
	RELAY_BUFFER_BYTES = 80000,
	RELAY_LINGER_MS = 33000, /* repeats of a 2xx still cross */
};

struct relay {
	struct border *border;
	struct sip_server *server;
	struct sip_client *client;
	struct sip_flow *in;
	struct wheel_timer linger;
	bool is_register;
	bool to_phone; /* and not to the pbx */
	char sip_user[130];
};

/* Written one at a time, in the loop's thread only. */
static char buffer[RELAY_BUFFER_BYTES];

static void relay_destructor(void *data)
{
	struct relay *r = data;

	wheel_stop(&r->linger);
	sip_client_forget(&r->client);
	sip_server_forget(&r->server);
	mem_deref(r->in);
}

static void lingered(void *arg)
{
	mem_deref(arg);
}

uint32_t relay_routes(const struct border *b, const struct sip_message *m,
		      struct span *tokenp)
{
	struct sip_values it;
	struct span value;
	uint32_t count = 0;

	*tokenp = (struct span){ NULL, 0 };
	sip_values_start(&it, m, SIP_HEADER_ROUTE);
	while (sip_values_next(&it, &value)) {
		struct sip_address a;

		if (sip_address_parse(&a, value) ||
		    !sip_is_own(b->sip, a.uri.host, sip_uri_port(&a.uri)))
			break;
		if (!tokenp->p && a.uri.user.len)
			*tokenp = a.uri.user;
		count++;
	}

	return count;
}

/* The Route values that are not ours. */
static void copy_routes(struct sip_out *o, const struct sip_message *m,
			uint32_t skip)
{
	struct sip_values it;
	struct span value;

	sip_values_start(&it, m, SIP_HEADER_ROUTE);
	for (uint32_t i = 0; sip_values_next(&it, &value); i++) {
		if (i >= skip)
			sip_out_header(o, SIP_HEADER_ROUTE, value);
	}
}

/* `NAME: <sip:TOKEN@HERE;lr>` with the address that faces a peer. */
static void put_own(struct sip_out *o, struct border *b, const char *name,
		    const struct sip_flow *facing, const char *token,
		    const char *params)
{
	char uri[300];

	if (sip_contact_uri(b->sip, facing, span_of(token), uri, sizeof(uri)))
		o->is_full = true;
	else
		sip_out_header_printf(o, name, "<%s;lr%s>", uri, params);
}

static void put_way(struct sip_out *o, struct border *b,
		    const struct sip_message *m, const struct sip_flow *in,
		    const struct relay_way *way)
{
	char token[SIP_FLOW_TOKEN_SIZE];

	sip_flow_token(way->phone, token);
	if (way->with_path)
		put_own(o, b, "Path", way->out, token, ";ob");
	if (!way->with_record)
		return;

	/* A value for each side, so that each keeps to its transport. */
	put_own(o, b, "Record-Route", way->out, token, "");
	if (in &&
	    (sip_flow_transport(in) != sip_flow_transport(way->out) ||
	     !sa_cmp(sip_flow_local(in), sip_flow_local(way->out), SA_ALL)))
		put_own(o, b, "Record-Route", in, token, "");
	(void)m;
}

static const uint8_t request_own[] = { SIP_HEADER_MAX_FORWARDS,
				       SIP_HEADER_CONTENT_LENGTH,
				       SIP_HEADER_CONTENT_TYPE,
				       SIP_HEADER_ROUTE };

static const uint8_t reply_own[] = { SIP_HEADER_VIA, SIP_HEADER_CONTENT_LENGTH,
				     SIP_HEADER_CONTENT_TYPE };

static int make_request(struct sip_request *r, struct border *b,
			const struct sip_message *m, const struct sip_flow *in,
			const struct relay_way *way)
{
	struct sip_out o;
	struct span token;

	sip_out_init(&o, buffer, sizeof(buffer));
	put_way(&o, b, m, in, way);
	sip_out_copy_others(&o, m, request_own, sizeof(request_own));
	copy_routes(&o, m, relay_routes(b, m, &token));
	if (o.is_full)
		return E2BIG;

	*r = (struct sip_request){
		.method = m->method_name,
		.uri = m->uri,
		.cseq = m->cseq,
		.call_id = m->call_id,
		.headers = sip_out_span(&o),
		.content_type = sip_header_value(m, SIP_HEADER_CONTENT_TYPE),
		.body = m->body,
		.max_forwards =
			(uint8_t)(m->max_forwards > 0
					  ? (m->max_forwards > 70
						     ? 70
						     : m->max_forwards) -
						    1
					  : 69),
		.flow = way->out,
		.is_relayed = true,
	};
	return 0;
}

/* Seconds the registrar granted: the longest of the contacts it lists. */
static uint32_t granted_s(const struct sip_message *m)
{
	uint32_t fallback = sip_header_seconds(m, SIP_HEADER_EXPIRES, 0);
	struct sip_values it;
	struct span value;
	uint32_t longest = 0;

	sip_values_start(&it, m, SIP_HEADER_CONTACT);
	while (sip_values_next(&it, &value)) {
		struct sip_address a;
		struct span text;
		uint64_t s = fallback;

		if (sip_address_parse(&a, value))
			continue;
		if (sip_param(a.params, "expires", &text) &&
		    sip_number(text, UINT32_MAX, &s))
			continue;
		if (s > longest)
			longest = (uint32_t)s;
	}

	return longest;
}

static void note_registration(struct relay *r, const struct sip_message *m)
{
	if (!r->is_register || m->status / 100 != 2)
		return;

	flows_put(r->border->flows, span_of(r->sip_user), r->in, granted_s(m));
}

static void carry_back(struct relay *r, const struct sip_message *m)
{
	struct sip_out o;
	char reason[128];

	snprintf(reason, sizeof(reason), SPAN_FMT, SPAN_ARG(m->reason));
	sip_out_init(&o, buffer, sizeof(buffer));
	sip_out_copy_others(&o, m, reply_own, sizeof(reply_own));
	if (o.is_full) {
		sip_server_answer(r->server, 513);
		return;
	}

	{
		const struct sip_reply reply = {
			.status = m->status,
			.reason = reason,
			.headers = sip_out_span(&o),
			.content_type = sip_header_value(
				m, SIP_HEADER_CONTENT_TYPE),
			.body = m->body,
			.is_whole = true,
		};

		sip_server_reply(r->server, &reply);
	}
}

/* A phone's connection that breaks under the request is a flow that failed:
 * the registrar then knows another contact or none (RFC 5626 section 5.3). */
static uint16_t status_of(const struct relay *r, int err)
{
	if (err == ETIMEDOUT)
		return 408;

	return r->to_phone ? 430 : 503;
}

static void answered(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct relay *r = arg;

	(void)flow;
	if (err) {
		sip_server_answer(r->server, status_of(r, err));
		mem_deref(r);
		return;
	}

	if (m->status == 100)
		return; /* our own 100 is enough */

	note_registration(r, m);
	carry_back(r, m);
	if (m->status < 200)
		return;

	if (m->cseq_method == SIP_METHOD_INVITE && m->status < 300)
		wheel_start(&r->linger, RELAY_LINGER_MS, lingered, r);
	else
		mem_deref(r);
}

static void cancelled(const struct sip_message *m, void *arg)
{
	struct relay *r = arg;
	struct sip_out o;

	sip_out_init(&o, buffer, sizeof(buffer));
	if (m)
		sip_out_copy(&o, m, SIP_HEADER_REASON);
	sip_client_cancel(r->client, sip_out_span(&o));
}

static int start(struct relay *r, const struct sip_message *m,
		 const struct relay_way *way)
{
	struct border *b = r->border;
	struct sip_request request;
	int err;

	err = sip_server_accept(&r->server, b->sip, m, r->in, cancelled, NULL,
				r);
	if (err)
		return err;

	if (m->method == SIP_METHOD_INVITE)
		sip_server_answer(r->server, 100);

	err = make_request(&request, b, m, r->in, way);
	if (!err) {
		err = sip_client_request(&r->client, b->sip, &request, answered,
					 r);
	}
	if (err)
		sip_server_answer(r->server, err == E2BIG ? 513 : 503);

	return err;
}

void relay_request(struct border *b, const struct sip_message *m,
		   struct sip_flow *in, const struct relay_way *way)
{
	struct relay *r;
	struct sip_address to;
	int err;

	r = mem_zalloc(sizeof(*r), relay_destructor);
	if (!r) {
		sip_refuse(b->sip, m, in, 503, (struct span){ NULL, 0 });
		return;
	}

	r->border = b;
	r->in = mem_ref(in);
	r->to_phone = way->out == way->phone;
	r->is_register = m->method == SIP_METHOD_REGISTER;
	if (r->is_register &&
	    !sip_address_parse(&to, sip_header_value(m, SIP_HEADER_TO)) &&
	    sip_uri_user(&to.uri, r->sip_user, sizeof(r->sip_user)))
		r->sip_user[0] = '\0';

	err = start(r, m, way);
	if (err && !r->server && err != EALREADY)
		sip_refuse(b->sip, m, in, 503, (struct span){ NULL, 0 });
	if (err)
		mem_deref(r);
}

void relay_ack(struct border *b, const struct sip_message *m,
	       const struct relay_way *way)
{
	struct sip_request request;

	if (!make_request(&request, b, m, NULL, way))
		sip_client_send(b->sip, &request);
}
