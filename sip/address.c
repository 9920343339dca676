/* address.c - see address.h */
#include <errno.h>

#include "sip/address.h"
#include "sip/chars.h"
#include "sip/param.h"

/* Where the display name ends: at '<', or NULL if there is no name-addr.
 * Unquoted names are tokens; UTF-8 in them is tolerated. */
static const char *display_end(const char *p, const char *e)
{
	if (p < e && *p == '"') {
		for (p++; p < e && *p != '"'; p++) {
			if (*p == '\\')
				p++;
		}
		p = p < e ? sip_skip_blanks(p + 1, e) : e;
	}
	else {
		while (p < e && (sip_char_is_blank(*p) || *p & 0x80 ||
				 sip_char_is(*p, SIP_CHAR_TOKEN)))
			p++;
	}

	return p < e && *p == '<' ? p : NULL;
}

/* `;a=b` after an address, or nothing */
static int params_parse(struct sip_address *a, struct span rest)
{
	struct span name, value;
	bool has_tag = false;

	rest = sip_trim(rest);
	if (!rest.len)
		return 0;
	if (rest.p[0] != ';')
		return EBADMSG;

	a->params = span_between(rest.p + 1, rest.p + rest.len);
	while (sip_param_next(&rest, &name, &value)) {
		if (!has_tag && span_equal_nocase(name, SPAN("tag"))) {
			has_tag = true;
			a->tag = value;
		}
	}

	return rest.len ? EBADMSG : 0;
}

static int name_addr_parse(struct sip_address *a, struct span value,
			   const char *open)
{
	const char *e = value.p + value.len;
	const char *close = memchr(open, '>', (size_t)(e - open));

	if (!close)
		return EBADMSG;

	a->is_bracketed = true;
	a->display = sip_trim(span_between(value.p, open));
	a->uri_text = span_between(open + 1, close);
	return params_parse(a, span_between(close + 1, e));
}

/* Without <>, ';' begins a parameter of the header, and '?' may not be */
static int addr_spec_parse(struct sip_address *a, struct span value)
{
	const char *p = value.p, *e = p + value.len;

	while (p < e && *p != ';' && !sip_char_is_blank(*p)) {
		if (*p == '?' || *p == ',')
			return EBADMSG;
		p++;
	}

	a->uri_text = span_between(value.p, p);
	return params_parse(a, span_between(p, e));
}

int sip_address_parse(struct sip_address *ap, struct span value)
{
	struct sip_address a = { 0 };
	const char *open;
	int err;

	value = sip_trim(value);
	if (!value.len)
		return EBADMSG;
	if (span_equal(value, SPAN("*"))) {
		a.is_star = true;
		*ap = a;
		return 0;
	}

	open = display_end(value.p, value.p + value.len);
	if (open)
		err = name_addr_parse(&a, value, open);
	else
		err = addr_spec_parse(&a, value);
	if (err)
		return err;

	err = sip_uri_parse(&a.uri, a.uri_text);
	if (!err)
		*ap = a;

	return err;
}

/* Octets of the UTF-8 character at p, 0 when it is broken */
static unsigned utf8_size(const char *p, const char *e)
{
	uint8_t c = (uint8_t)*p;
	unsigned n = c < 0x80   ? 1
		     : c < 0xc2 ? 0
		     : c < 0xe0 ? 2
		     : c < 0xf0 ? 3
		     : c < 0xf5 ? 4
				: 0;

	if (!n || e - p < (ptrdiff_t)n)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if (((uint8_t)p[i] & 0xc0) != 0x80)
			return 0;
	}

	return n;
}

void sip_address_name(const struct sip_address *a, char *out, size_t size)
{
	struct span s = sip_unquote(a->display);
	bool is_quoted = s.len != a->display.len;
	const char *p = s.len ? s.p : "", *e = p + s.len;
	size_t n = 0;

	while (p < e) {
		unsigned k;

		if (is_quoted && *p == '\\' && p + 1 < e)
			p++;
		k = utf8_size(p, e);
		if (!k || sip_char_is(*p, SIP_CHAR_CONTROL)) {
			p++;
			continue;
		}
		if (n + k >= size)
			break;
		memcpy(out + n, p, k);
		n += k;
		p += k;
	}

	if (size)
		out[n] = 0;
}

/* One word of `SIP / 2.0 / UDP`, and the slash after it */
static const char *protocol_word(const char *p, const char *e,
				 struct span *wordp, bool has_slash)
{
	const char *start = p = sip_skip_blanks(p, e);

	while (p < e && sip_char_is(*p, SIP_CHAR_TOKEN))
		p++;
	*wordp = span_between(start, p);
	if (!has_slash)
		return p;

	p = sip_skip_blanks(p, e);
	return p < e && *p == '/' ? p + 1 : NULL;
}

/* Behind `SIP/2.0/`, which most write so; NULL when it is another */
static const char *protocol_skip(const char *p, const char *e)
{
	struct span name, version;

	if (e - p > 8 && !memcmp(p, "SIP/2.0/", 8))
		return p + 8;

	p = protocol_word(p, e, &name, true);
	p = p ? protocol_word(p, e, &version, true) : NULL;

	return p && span_equal_nocase(name, SPAN("SIP")) &&
			       span_equal(version, SPAN("2.0"))
		       ? p
		       : NULL;
}

/* host [: port], with blanks round the colon */
static const char *sent_by_parse(struct sip_hop *h, const char *p,
				 const char *e)
{
	const char *start = p, *port;
	struct sip_uri uri;
	uint64_t n;

	if (p < e && *p == '[') {
		p = memchr(p, ']', (size_t)(e - p));
		if (!p)
			return NULL;
		p++;
	}
	else {
		while (p < e && sip_char_is(*p, SIP_CHAR_HOST))
			p++;
	}
	h->host = span_between(start, p);
	if (!h->host.len)
		return NULL;
	if (h->host.p[0] == '[') {
		char text[64] = "sip:";

		if (h->host.len > sizeof(text) - 4)
			return NULL;
		memcpy(text + 4, h->host.p, h->host.len);
		if (sip_uri_parse(&uri, (struct span){ text, h->host.len + 4 }))
			return NULL;
	}

	h->sent_by = h->host;
	port = sip_skip_blanks(p, e);
	if (port == e || *port != ':')
		return p;

	port = p = sip_skip_blanks(port + 1, e);
	while (p < e && *p >= '0' && *p <= '9')
		p++;
	if (sip_number(span_between(port, p), 65535, &n) || !n)
		return NULL;
	h->port = (uint16_t)n;
	h->sent_by = span_between(start, p);
	return p;
}

static int hop_params_parse(struct sip_hop *h, struct span rest)
{
	struct span name, value;
	uint64_t n;

	rest = sip_trim(rest);
	if (!rest.len)
		return 0;
	if (rest.p[0] != ';')
		return EBADMSG;
	h->params = span_between(rest.p + 1, rest.p + rest.len);

	while (sip_param_next(&rest, &name, &value)) {
		if (span_equal_nocase(name, SPAN("branch")) && !h->branch.len)
			h->branch = value;
		else if (span_equal_nocase(name, SPAN("received")))
			h->received = value;
		else if (span_equal_nocase(name, SPAN("rport"))) {
			h->has_rport = true;
			if (value.len && sip_number(value, 65535, &n))
				return EBADMSG;
			h->rport = value.len ? (uint16_t)n : 0;
		}
	}

	return rest.len ? EBADMSG : 0;
}

int sip_hop_parse(struct sip_hop *hop, struct span value)
{
	struct sip_hop h = { 0 };
	const char *p, *e;
	int err;

	value = sip_trim(value);
	if (!value.len)
		return EBADMSG;
	e = value.p + value.len;
	p = protocol_skip(value.p, e);
	p = p ? protocol_word(p, e, &h.transport, false) : NULL;
	if (!p || !h.transport.len || p == e || !sip_char_is_blank(*p))
		return EBADMSG;

	p = sent_by_parse(&h, sip_skip_blanks(p, e), e);
	if (!p)
		return EBADMSG;
	err = hop_params_parse(&h, span_between(p, e));
	if (!err)
		*hop = h;

	return err;
}
