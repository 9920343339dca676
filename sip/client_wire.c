/* client_wire.c - requests as octets, and requests made from them
 *
 * A transaction keeps its request only as the octets it sent; a retry, its
 * ACK and its CANCEL are written from those.
 */
#include "sip/address.h"
#include "sip/chars.h"
#include "sip/private.h"

/* A Via nobody has seen: the flow is not known yet. */
static void write_via(struct sip_out *o, struct sip *sip,
		      const struct sip_flow *flow, const char *branch)
{
	const struct sa *local = sip_flow_local(flow);
	struct sa listener;
	const char *own = sip_host(sip, flow);
	char host[SIP_ADDRESS_TEXT] = "0.0.0.0";
	uint16_t port = 0;
	enum sip_transport tp = sip_flow_transport(flow);

	if (local) {
		sip_address_text(host, local);
		port = sa_port(local);
	}
	/* where a new connection for the answer would have to go */
	if (flow && tp != SIP_UDP && !sip_local(sip, tp, &listener))
		port = sa_port(&listener);

	sip_out_via(o, sip_transport_name(tp), own ? own : host, port,
		    span_of(branch));
}

static void write_contact(struct sip_out *o, struct sip *sip,
			  const struct sip_flow *flow, struct span user)
{
	char uri[SIP_URI_MAX_BYTES];

	if (!flow || sip_contact_uri(sip, flow, user, uri, sizeof(uri))) {
		sip_out_text(o, "Contact: <sip:");
		sip_out_value(o, user);
		sip_out_text(o, user.len ? "@invalid>\r\n" : "invalid>\r\n");
		return;
	}
	sip_out_text(o, "Contact: <");
	sip_out_text(o, uri);
	sip_out_text(o, sip_is_focus(sip, user) ? ">;isfocus\r\n" : ">\r\n");
}

static void write_type(struct span type, char *buf, size_t size)
{
	size_t n = type.len < size - 1 ? type.len : size - 1;

	if (n)
		memcpy(buf, type.p, n);
	buf[n] = '\0';
}

static void write_ids(struct sip_out *o, const struct sip_request *r)
{
	if (!r->from.len)
		return;

	sip_out_header(o, SIP_HEADER_FROM, r->from);
	sip_out_header(o, SIP_HEADER_TO, r->to);
	sip_out_header(o, SIP_HEADER_CALL_ID, r->call_id);
	sip_out_text(o, "CSeq: ");
	sip_out_number(o, r->cseq);
	sip_out_text(o, " ");
	sip_out_raw(o, r->method);
	sip_out_text(o, "\r\n");
}

int sip_wire_build(struct sip_out *o, struct sip *sip, struct sip_flow *flow,
		   const char *branch, const struct sip_request *r)
{
	char type[256];

	sip_out_request_line(o, r->method, r->uri);
	write_via(o, sip, flow, branch);
	if (r->from.len || r->max_forwards)
		sip_out_header_number(o, SIP_HEADER_MAX_FORWARDS,
				      r->max_forwards ? r->max_forwards : 70);
	write_ids(o, r);
	if (r->with_contact || r->contact_user.len)
		write_contact(o, sip, flow, r->contact_user);
	if (r->from.len && sip->user_agent)
		sip_out_header_text(o, "User-Agent", sip->user_agent);
	sip_out_raw(o, r->headers);
	write_type(r->content_type, type, sizeof(type));

	return sip_out_end(o, r->body.len ? type : NULL, r->body);
}

static struct span contact_user(struct span value)
{
	struct sip_address a;

	if (sip_address_parse(&a, value))
		return (struct span){ NULL, 0 };

	return a.uri.user;
}

static void rewrite_header(struct sip_out *o, struct sip *sip,
			   const struct sip_message *m,
			   const struct sip_header *h,
			   const struct sip_rewrite *how)
{
	switch (h->id) {
	case SIP_HEADER_CONTENT_LENGTH:
	case SIP_HEADER_CONTENT_TYPE: return;
	case SIP_HEADER_CSEQ:
		sip_out_text(o, "CSeq: ");
		sip_out_number(o, how->cseq ? how->cseq : m->cseq);
		sip_out_text(o, " ");
		sip_out_raw(o, m->method_name);
		sip_out_text(o, "\r\n");
		return;
	case SIP_HEADER_CONTACT:
		if (how->with_contact) {
			write_contact(o, sip, how->flow,
				      contact_user(h->value));
			return;
		}
		break;
	case SIP_HEADER_AUTHORIZATION:
	case SIP_HEADER_PROXY_AUTHORIZATION:
		if (how->credential.len)
			return;
		break;
	default: break;
	}

	sip_out_raw(o, h->name);
	sip_out_text(o, ": ");
	sip_out_value(o, h->value);
	sip_out_text(o, "\r\n");
}

int sip_wire_rewrite(struct sip_out *o, struct sip *sip, struct span wire,
		     const struct sip_rewrite *how)
{
	struct sip_message m;
	char type[256];
	int err;

	err = sip_message_parse(&m, wire.p, wire.len, NULL);
	if (err)
		return err;

	sip_out_request_line(o, m.method_name, m.uri);
	write_via(o, sip, how->flow, how->branch);
	for (uint8_t i = 0; i < m.header_count; i++) {
		if (i != m.first[SIP_HEADER_VIA])
			rewrite_header(o, sip, &m, &m.headers[i], how);
	}
	sip_out_raw(o, how->credential);
	write_type(sip_header_value(&m, SIP_HEADER_CONTENT_TYPE), type,
		   sizeof(type));

	return sip_out_end(o, m.body.len ? type : NULL, m.body);
}

static bool is_derived_from(enum sip_header_id id)
{
	switch (id) {
	case SIP_HEADER_VIA:
	case SIP_HEADER_MAX_FORWARDS:
	case SIP_HEADER_ROUTE:
	case SIP_HEADER_FROM:
	case SIP_HEADER_TO:
	case SIP_HEADER_CALL_ID:
	case SIP_HEADER_CSEQ: return true;
	default: return false;
	}
}

/* Our own octets: no line is folded, nothing has to be checked. */
void sip_wire_head(struct sip_out *o, struct span wire)
{
	const char *p = wire.p, *end = p + wire.len, *eol;

	for (; (eol = memchr(p, '\n', (size_t)(end - p))); p = eol + 1) {
		const char *colon = memchr(p, ':', (size_t)(eol - p));
		struct span name = span_between(p, colon ? colon : p);

		if (eol - p <= 1) /* the end of the head */
			break;
		if (p == wire.p || is_derived_from(sip_header_id_of(name)))
			sip_out_raw(o, span_between(p, eol + 1));
	}
	sip_out_text(o, "\r\n");
}

/* RFC 3261 9.1 and 17.1.1.3: the single top Via, same Route, same CSeq. */
int sip_wire_derive(struct sip_out *o, struct sip *sip, struct span wire,
		    const char *method, struct span to, struct span headers)
{
	struct sip_message m;
	int err;

	err = sip_message_parse(&m, wire.p, wire.len, NULL);
	if (err)
		return err;

	sip_out_request_line(o, span_of(method), m.uri);
	sip_out_header(o, SIP_HEADER_VIA, m.via);
	sip_out_header_number(o, SIP_HEADER_MAX_FORWARDS, 70);
	sip_out_copy(o, &m, SIP_HEADER_ROUTE);
	sip_out_copy(o, &m, SIP_HEADER_FROM);
	if (to.len)
		sip_out_header(o, SIP_HEADER_TO, to);
	else
		sip_out_copy(o, &m, SIP_HEADER_TO);
	sip_out_copy(o, &m, SIP_HEADER_CALL_ID);
	sip_out_text(o, "CSeq: ");
	sip_out_number(o, m.cseq);
	sip_out_text(o, " ");
	sip_out_text(o, method);
	sip_out_text(o, "\r\n");
	if (sip->user_agent)
		sip_out_header_text(o, "User-Agent", sip->user_agent);
	sip_out_raw(o, headers);

	return sip_out_end(o, NULL, (struct span){ NULL, 0 });
}
