/* uri.c - see uri.h */
#include <arpa/inet.h>
#include <errno.h>

#include "sip/chars.h"
#include "sip/param.h"
#include "sip/uri.h"

/* Only these classes of octets, and escapes of two hex digits */
static bool is_made_of(struct span s, uint8_t classes)
{
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] == '%') {
			if (i + 2 >= s.len || sip_char_hex(s.p[i + 1]) < 0 ||
			    sip_char_hex(s.p[i + 2]) < 0)
				return false;
			i += 2;
		}
		else if (!sip_char_is(s.p[i], classes))
			return false;
	}

	return true;
}

static uint8_t scheme_of(struct span name)
{
	if (span_equal_nocase(name, SPAN("sip")))
		return SIP_SCHEME_SIP;
	if (span_equal_nocase(name, SPAN("sips")))
		return SIP_SCHEME_SIPS;
	if (span_equal_nocase(name, SPAN("tel")))
		return SIP_SCHEME_TEL;

	return SIP_SCHEME_OTHER;
}

static bool is_scheme(struct span s)
{
	if (!s.len || !((s.p[0] | 32) >= 'a' && (s.p[0] | 32) <= 'z'))
		return false;
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] != '+' &&
		    (!sip_char_is(s.p[i], SIP_CHAR_HOST) || s.p[i] == '_'))
			return false;
	}

	return true;
}

static bool is_ipv6(struct span s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (s.len >= sizeof(text) || memchr(s.p, 0, s.len))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = 0;

	return inet_pton(AF_INET6, text, &addr) == 1;
}

/* host[:port] at the start of s; *endp is what follows */
static int host_parse(struct sip_uri *uri, struct span s, const char **endp)
{
	const char *p = s.p, *e = p + s.len, *start;
	uint64_t port;

	if (p < e && *p == '[') {
		const char *close = memchr(p, ']', (size_t)(e - p));

		if (!close || !is_ipv6(span_between(p + 1, close)))
			return EBADMSG;
		p = close + 1;
	}
	else {
		while (p < e && sip_char_is(*p, SIP_CHAR_HOST))
			p++;
	}
	uri->host = span_between(s.p, p);
	if (!uri->host.len)
		return EBADMSG;

	if (p < e && *p == ':') {
		start = ++p;
		while (p < e && *p >= '0' && *p <= '9')
			p++;
		if (sip_number(span_between(start, p), 65535, &port) || !port)
			return EBADMSG;
		uri->port = (uint16_t)port;
	}

	*endp = p;
	return 0;
}

static int user_parse(struct sip_uri *uri, struct span info)
{
	const char *p = info.p, *e = p + info.len, *colon;

	/* most are plain: nothing escaped, no password */
	while (p < e && sip_char_is(*p, SIP_CHAR_USER))
		p++;
	uri->user = info;
	colon = p < e ? memchr(p, ':', (size_t)(e - p)) : NULL;
	if (colon) {
		uri->user = span_between(info.p, colon);
		uri->password = span_between(colon + 1, e);
	}
	if (!uri->user.len ||
	    (p < e && (!is_made_of(uri->user, SIP_CHAR_USER) ||
		       !is_made_of(uri->password, SIP_CHAR_USER))))
		return EBADMSG;

	return uri->user.len > SIP_USER_MAX_BYTES ? E2BIG : 0;
}

/* All of `;a=b;c`, given without its first ';': names and values not empty */
static bool uri_params_are_good(struct span s)
{
	const char *p = s.p, *e = p + s.len;

	if (!is_made_of(s, SIP_CHAR_URI) || memchr(s.p, '?', s.len))
		return false;

	for (;;) {
		const char *end = memchr(p, ';', (size_t)(e - p));

		end = end ? end : e;
		if (p == end || *p == '=')
			return false;
		if (end == e)
			return true;
		p = end + 1;
	}
}

static int sip_parse(struct sip_uri *uri, struct span s)
{
	const char *p = s.p, *e = p + s.len, *at = memchr(p, '@', s.len);
	int err;

	if (at) {
		err = user_parse(uri, span_between(p, at));
		if (err)
			return err;
		p = at + 1;
	}
	err = host_parse(uri, span_between(p, e), &p);
	if (err)
		return err;

	if (p < e && *p == ';') {
		const char *start = ++p;
		const char *mark = memchr(p, '?', (size_t)(e - p));

		p = mark ? mark : e;
		uri->params = span_between(start, p);
		if (!uri_params_are_good(uri->params))
			return EBADMSG;
	}
	if (p < e && *p == '?') {
		uri->headers = span_between(p + 1, e);
		if (!uri->headers.len ||
		    !is_made_of(uri->headers, SIP_CHAR_URI))
			return EBADMSG;
		p = e;
	}

	return p == e ? 0 : EBADMSG;
}

static int tel_parse(struct sip_uri *uri, struct span s)
{
	const char *e = s.p + s.len, *semi = memchr(s.p, ';', s.len);

	uri->user = span_between(s.p, semi ? semi : e);
	if (semi) {
		uri->params = span_between(semi + 1, e);
		if (!uri_params_are_good(uri->params))
			return EBADMSG;
	}
	if (!uri->user.len || memchr(uri->user.p, '?', uri->user.len) ||
	    !is_made_of(uri->user, SIP_CHAR_USER))
		return EBADMSG;

	return uri->user.len > SIP_USER_MAX_BYTES ? E2BIG : 0;
}

/* Of a scheme we don't know: visible octets that break no header */
static int other_parse(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c <= ' ' || c >= 127 || c == '<' || c == '>' || c == '"')
			return EBADMSG;
	}

	return s.len ? 0 : EBADMSG;
}

int sip_uri_parse(struct sip_uri *urip, struct span text)
{
	struct sip_uri uri = { .whole = text };
	const char *colon;
	struct span rest;
	int err;

	if (text.len > SIP_URI_MAX_BYTES)
		return E2BIG;
	colon = text.len ? memchr(text.p, ':', text.len) : NULL;
	if (!colon)
		return EBADMSG;

	uri.scheme_name = span_between(text.p, colon);
	rest = span_between(colon + 1, text.p + text.len);
	uri.scheme = scheme_of(uri.scheme_name);
	if (uri.scheme == SIP_SCHEME_OTHER && !is_scheme(uri.scheme_name))
		return EBADMSG;

	switch (uri.scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS: err = sip_parse(&uri, rest); break;
	case SIP_SCHEME_TEL: err = tel_parse(&uri, rest); break;
	default: err = other_parse(rest); break;
	}
	if (!err)
		*urip = uri;

	return err;
}

/* URI parameters have no quotes and no blanks */
static bool uri_param_next(struct span *restp, struct span *namep,
			   struct span *valuep)
{
	const char *p = restp->p, *e, *end, *eq;

	if (!restp->len)
		return false;
	e = p + restp->len;

	end = memchr(p, ';', (size_t)(e - p));
	end = end ? end : e;
	eq = memchr(p, '=', (size_t)(end - p));
	*namep = span_between(p, eq ? eq : end);
	*valuep = eq ? span_between(eq + 1, end) : span_between(end, end);
	*restp = end < e ? span_between(end + 1, e) : span_between(e, e);
	return true;
}

/* The first one counts where a name comes twice */
static bool uri_param_find(const struct sip_uri *uri, struct span name,
			   struct span *valuep)
{
	struct span rest = uri->params, n, v;

	while (uri_param_next(&rest, &n, &v)) {
		if (!span_equal_nocase(n, name))
			continue;
		if (valuep)
			*valuep = v;
		return true;
	}

	return false;
}

bool sip_uri_param(const struct sip_uri *uri, const char *name,
		   struct span *valuep)
{
	return uri_param_find(uri, span_of(name), valuep);
}

/* Take one octet, unescaped; -1 at a bad escape.  *ip moves on. */
static int octet_next(struct span s, uint32_t *ip)
{
	uint32_t i = *ip;
	int hi, lo;

	if (s.p[i] != '%') {
		*ip = i + 1;
		return (uint8_t)s.p[i];
	}
	if (s.len - i < 3)
		return -1;
	hi = sip_char_hex(s.p[i + 1]);
	lo = sip_char_hex(s.p[i + 2]);
	if (hi < 0 || lo < 0)
		return -1;

	*ip = i + 3;
	return hi << 4 | lo;
}

int sip_unescape(char *out, size_t size, size_t *lenp, struct span text)
{
	size_t n = 0;

	for (uint32_t i = 0; i < text.len;) {
		int c = octet_next(text, &i);

		if (c < 0)
			return EBADMSG;
		if (n >= size)
			return E2BIG;
		out[n++] = (char)c;
	}

	*lenp = n;
	return 0;
}

int sip_uri_user(const struct sip_uri *uri, char *out, size_t size)
{
	size_t n = 0;
	int err;

	if (!uri->user.len)
		return ENOENT;
	if (!size)
		return E2BIG;

	err = sip_unescape(out, size - 1, &n, uri->user);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (sip_char_is(out[i], SIP_CHAR_CONTROL) || out[i] == '\t')
			return EBADMSG;
	}

	out[n] = 0;
	return 0;
}

/* Equal after unescaping */
static bool escaped_equal(struct span a, struct span b, bool nocase)
{
	uint32_t i = 0, j = 0;

	while (i < a.len && j < b.len) {
		int c = octet_next(a, &i), d = octet_next(b, &j);

		if (nocase && c >= 'A' && c <= 'Z')
			c |= 32;
		if (nocase && d >= 'A' && d <= 'Z')
			d |= 32;
		if (c != d || c < 0)
			return false;
	}

	return i == a.len && j == b.len;
}

/* Parameters of a agree with those of b, as far as both have them */
static bool params_agree(const struct sip_uri *a, const struct sip_uri *b)
{
	static const char *const both[] = { "user", "ttl", "method", "maddr",
					    "transport" };
	struct span rest = a->params, n, v, w;

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		if (sip_uri_param(a, both[i], NULL) !=
		    sip_uri_param(b, both[i], NULL))
			return false;
	}

	while (uri_param_next(&rest, &n, &v)) {
		(void)uri_param_find(a, n, &v);
		if (uri_param_find(b, n, &w) && !escaped_equal(v, w, true))
			return false;
	}

	return true;
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == SIP_SCHEME_OTHER)
		return span_equal(a->whole, b->whole);

	return escaped_equal(a->user, b->user, false) &&
	       escaped_equal(a->password, b->password, false) &&
	       span_equal_nocase(a->host, b->host) && a->port == b->port &&
	       span_equal_nocase(a->headers, b->headers) && params_agree(a, b);
}

uint16_t sip_uri_port(const struct sip_uri *uri)
{
	struct span transport = { 0 };

	if (uri->port)
		return uri->port;
	(void)sip_uri_param(uri, "transport", &transport);
	if (uri->scheme == SIP_SCHEME_SIPS ||
	    span_equal_nocase(transport, SPAN("tls")))
		return 5061;

	return 5060;
}
