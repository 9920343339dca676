/* build.c - see build.h */
#include <stdarg.h>
#include <stdio.h>

#include "sip/address.h"
#include "sip/build.h"
#include "sip/chars.h"
#include "sip/param.h"
#include "sip/reason.h"

void sip_out_init(struct sip_out *o, char *buf, size_t cap)
{
	o->p = buf;
	o->len = 0;
	o->cap = cap > UINT32_MAX ? UINT32_MAX : (uint32_t)cap;
	o->is_full = false;
}

static void out_vprintf(struct sip_out *o, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void out_vprintf(struct sip_out *o, const char *fmt, va_list ap)
{
	uint32_t room = o->cap - o->len;
	int n = vsnprintf(o->p + o->len, room, fmt, ap);

	if (n < 0 || (uint32_t)n >= room)
		o->is_full = true;
	else
		o->len += (uint32_t)n;
}

void sip_out_printf(struct sip_out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_vprintf(o, fmt, ap);
	va_end(ap);
}

static void out_char(struct sip_out *o, char c)
{
	if (o->len < o->cap)
		o->p[o->len++] = c;
	else
		o->is_full = true;
}

void sip_out_value(struct sip_out *o, struct span v)
{
	bool in_quotes = false;
	const char *e;

	if (sip_is_clean(v)) {
		sip_out_raw(o, v);
		return;
	}
	e = v.p + v.len;

	for (const char *p = v.p; p < e; p++) {
		if (*p == '\r' || *p == '\n') {
			p = sip_skip_blanks(p, e) - 1;
			out_char(o, ' ');
		}
		else if (in_quotes && *p == '\\' && p + 1 < e && p[1] != '\r' &&
			 p[1] != '\n') {
			sip_out_raw(o, (struct span){ p++, 2 });
		}
		else if (!sip_char_is(*p, SIP_CHAR_CONTROL)) {
			in_quotes ^= *p == '"';
			out_char(o, *p);
		}
	}
}

void sip_out_number(struct sip_out *o, uint64_t n)
{
	static const char pairs[] = "00010203040506070809"
				    "10111213141516171819"
				    "20212223242526272829"
				    "30313233343536373839"
				    "40414243444546474849"
				    "50515253545556575859"
				    "60616263646566676869"
				    "70717273747576777879"
				    "80818283848586878889"
				    "90919293949596979899";
	char text[20];
	unsigned i = sizeof(text);

	for (; n >= 100; n /= 100) {
		i -= 2;
		memcpy(&text[i], &pairs[n % 100 * 2], 2);
	}
	if (n >= 10)
		text[--i] = pairs[n * 2 + 1];
	text[--i] = pairs[n >= 10 ? n * 2 : n * 2 + 1];

	sip_out_raw(o, (struct span){ text + i, sizeof(text) - i });
}

void sip_out_hex(struct sip_out *o, uint64_t n)
{
	char text[16];

	for (unsigned i = 16; i-- > 0; n >>= 4)
		text[i] = "0123456789abcdef"[n & 15];

	sip_out_raw(o, (struct span){ text, sizeof(text) });
}

void sip_out_quoted(struct sip_out *o, struct span text)
{
	out_char(o, '"');
	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (sip_char_is(c, SIP_CHAR_CONTROL))
			continue;
		if (c == '"' || c == '\\')
			out_char(o, '\\');
		out_char(o, c);
	}
	out_char(o, '"');
}

void sip_out_user(struct sip_out *o, struct span user)
{
	static const char hex[] = "0123456789ABCDEF";

	for (uint32_t i = 0; i < user.len; i++) {
		uint8_t c = (uint8_t)user.p[i];
		char escape[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (sip_char_is((char)c, SIP_CHAR_USER) && c != '#')
			out_char(o, (char)c);
		else
			sip_out_raw(o, (struct span){ escape, 3 });
	}
}

void sip_out_host(struct sip_out *o, const char *host, uint16_t port)
{
	bool is_bare_ipv6 = strchr(host, ':') && host[0] != '[';

	if (is_bare_ipv6)
		out_char(o, '[');
	sip_out_text(o, host);
	if (is_bare_ipv6)
		out_char(o, ']');
	if (port) {
		out_char(o, ':');
		sip_out_number(o, port);
	}
}

/* inet_ntop() goes through printf; most addresses are IPv4. */
void sip_address_text(char text[SIP_ADDRESS_TEXT], const struct sa *sa)
{
	char *p = text;
	uint32_t ip;

	text[0] = '\0';
	if (sa_af(sa) != AF_INET) {
		(void)sa_ntop(sa, text, SIP_ADDRESS_TEXT);
		return;
	}

	ip = sa_in(sa);
	for (int shift = 24; shift >= 0; shift -= 8) {
		uint8_t n = (uint8_t)(ip >> shift);

		if (n >= 100)
			*p++ = (char)('0' + n / 100);
		if (n >= 10)
			*p++ = (char)('0' + n / 10 % 10);
		*p++ = (char)('0' + n % 10);
		*p++ = shift ? '.' : '\0';
	}
}

void sip_out_sa(struct sip_out *o, const struct sa *sa)
{
	char host[SIP_ADDRESS_TEXT];

	sip_address_text(host, sa);
	sip_out_host(o, host, sa_port(sa));
}

void sip_out_request_line(struct sip_out *o, struct span method,
			  struct span uri)
{
	sip_out_raw(o, method);
	out_char(o, ' ');
	sip_out_value(o, uri);
	sip_out_text(o, " SIP/2.0\r\n");
}

void sip_out_status_line(struct sip_out *o, uint16_t status, const char *reason)
{
	sip_out_text(o, "SIP/2.0 ");
	sip_out_number(o, status);
	out_char(o, ' ');
	sip_out_value(o, span_of(reason ? reason : sip_reason(status)));
	sip_out_text(o, "\r\n");
}

static void named(struct sip_out *o, struct span name, struct span value)
{
	sip_out_raw(o, name);
	sip_out_raw(o, SPAN(": "));
	sip_out_value(o, value);
	sip_out_raw(o, SPAN("\r\n"));
}

void sip_out_header(struct sip_out *o, enum sip_header_id id, struct span value)
{
	named(o, span_of(sip_header_name(id)), value);
}

void sip_out_header_text(struct sip_out *o, const char *name, const char *value)
{
	named(o, span_of(name), span_of(value));
}

void sip_out_header_number(struct sip_out *o, enum sip_header_id id, uint64_t n)
{
	sip_out_text(o, sip_header_name(id));
	sip_out_raw(o, SPAN(": "));
	sip_out_number(o, n);
	sip_out_raw(o, SPAN("\r\n"));
}

void sip_out_header_printf(struct sip_out *o, const char *name, const char *fmt,
			   ...)
{
	va_list ap;

	sip_out_text(o, name);
	sip_out_raw(o, SPAN(": "));
	va_start(ap, fmt);
	out_vprintf(o, fmt, ap);
	va_end(ap);
	sip_out_raw(o, SPAN("\r\n"));
}

/* Under the full name, whatever form it came in */
static void copy_line(struct sip_out *o, const struct sip_header *h)
{
	if (h->id == SIP_HEADER_OTHER)
		named(o, h->name, h->value);
	else
		named(o, span_of(sip_header_name(h->id)), h->value);
}

void sip_out_copy(struct sip_out *o, const struct sip_message *m,
		  enum sip_header_id id)
{
	for (unsigned i = m->first[id]; i < m->header_count; i++) {
		if (m->headers[i].id == id)
			copy_line(o, &m->headers[i]);
	}
}

void sip_out_copy_others(struct sip_out *o, const struct sip_message *m,
			 const uint8_t *ids, size_t n)
{
	for (unsigned i = 0; i < m->header_count; i++) {
		if (!n || !memchr(ids, m->headers[i].id, n))
			copy_line(o, &m->headers[i]);
	}
}

void sip_out_via(struct sip_out *o, const char *transport, const char *host,
		 uint16_t port, struct span branch)
{
	sip_out_text(o, "Via: SIP/2.0/");
	sip_out_text(o, transport);
	out_char(o, ' ');
	sip_out_host(o, host, port);
	sip_out_text(o, ";branch=");
	sip_out_raw(o, branch);
	sip_out_text(o, ";rport\r\n");
}

/* The top Via with where the request really came from (RFC 3581 4).  What
 * the sender wrote there himself is thrown away. */
static void completed_via(struct sip_out *o, const struct sip_hop *hop,
			  const struct sa *source)
{
	char address[SIP_ADDRESS_TEXT];
	struct span host = hop->host, rest = hop->params, n, v;

	sip_address_text(address, source);
	if (host.len > 2 && host.p[0] == '[')
		host = (struct span){ host.p + 1, host.len - 2 };

	sip_out_text(o, "SIP/2.0/");
	sip_out_raw(o, hop->transport);
	out_char(o, ' ');
	sip_out_value(o, hop->sent_by);
	while (sip_param_next(&rest, &n, &v)) {
		if (span_equal_nocase(n, SPAN("received")) ||
		    span_equal_nocase(n, SPAN("rport")))
			continue;
		out_char(o, ';');
		sip_out_raw(o, n);
		if (v.len) {
			out_char(o, '=');
			sip_out_value(o, v);
		}
	}
	if (hop->has_rport || !span_equal_nocase(host, span_of(address))) {
		sip_out_text(o, ";received=");
		sip_out_text(o, address);
	}
	if (hop->has_rport) {
		sip_out_text(o, ";rport=");
		sip_out_number(o, sa_port(source));
	}
}

static void copy_vias(struct sip_out *o, const struct sip_message *m,
		      const struct sa *source)
{
	struct sip_values it;
	struct span v;

	if (!source || !m->via.len) {
		sip_out_copy(o, m, SIP_HEADER_VIA);
		return;
	}

	sip_values_start(&it, m, SIP_HEADER_VIA);
	while (sip_values_next(&it, &v)) {
		if (v.p != m->via.p) {
			sip_out_header(o, SIP_HEADER_VIA, v);
			continue;
		}
		sip_out_text(o, "Via: ");
		completed_via(o, &m->hop, source);
		sip_out_text(o, "\r\n");
	}
}

static void copy_single(struct sip_out *o, const struct sip_message *m,
			enum sip_header_id id)
{
	if (sip_has_header(m, id))
		sip_out_header(o, id, sip_header_value(m, id));
}

void sip_out_response(struct sip_out *o, const struct sip_message *m,
		      uint16_t status, const char *reason, struct span to_tag,
		      const struct sa *source)
{
	sip_out_status_line(o, status, reason);
	copy_vias(o, m, source);
	copy_single(o, m, SIP_HEADER_FROM);
	if (sip_has_header(m, SIP_HEADER_TO)) {
		sip_out_text(o, "To: ");
		sip_out_value(o, sip_header_value(m, SIP_HEADER_TO));
		if (!m->to_tag.len && to_tag.len) {
			sip_out_text(o, ";tag=");
			sip_out_raw(o, to_tag);
		}
		sip_out_text(o, "\r\n");
	}
	copy_single(o, m, SIP_HEADER_CALL_ID);
	copy_single(o, m, SIP_HEADER_CSEQ);
	if (status > 100 && status < 300)
		sip_out_copy(o, m, SIP_HEADER_RECORD_ROUTE);
}

int sip_out_end(struct sip_out *o, const char *type, struct span body)
{
	if (type && body.len)
		sip_out_header_text(o, "Content-Type", type);
	sip_out_header_number(o, SIP_HEADER_CONTENT_LENGTH, body.len);
	sip_out_text(o, "\r\n");
	sip_out_raw(o, body);

	return o->is_full ? E2BIG : 0;
}

int sip_fault_answer(struct sip_out *o, const struct sip_message *m,
		     const struct sip_fault *fault, struct span to_tag,
		     const struct sa *source)
{
	if (!fault->can_answer || fault->status < 300)
		return EINVAL;

	sip_out_response(o, m, fault->status, fault->reason, to_tag, source);
	sip_out_text(o, fault->headers);

	return sip_out_end(o, NULL, (struct span){ NULL, 0 });
}
