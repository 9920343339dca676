/* param.c - see param.h */
#include <errno.h>

#include "sip/chars.h"
#include "sip/param.h"

#define VALUE SIP_CHAR_VALUE
#define ALNUM                                                                  \
	(SIP_CHAR_TOKEN | SIP_CHAR_USER | SIP_CHAR_URI | SIP_CHAR_HOST | VALUE)
#define MARK  (SIP_CHAR_USER | SIP_CHAR_URI)
#define TOKEN (SIP_CHAR_TOKEN | VALUE)

const uint8_t sip_chars[256] = {
	[0 ... 8] = SIP_CHAR_CONTROL,
	['\t'] = SIP_CHAR_BLANK,
	['\n'] = SIP_CHAR_CONTROL | SIP_CHAR_BLANK,
	[11 ... 12] = SIP_CHAR_CONTROL,
	['\r'] = SIP_CHAR_CONTROL | SIP_CHAR_BLANK,
	[14 ... 31] = SIP_CHAR_CONTROL,
	[' '] = SIP_CHAR_BLANK,
	[127] = SIP_CHAR_CONTROL,
	['0' ... '9'] = ALNUM,
	['A' ... 'Z'] = ALNUM,
	['a' ... 'z'] = ALNUM,
	['-'] = ALNUM,
	['.'] = ALNUM,
	['_'] = ALNUM,
	['!'] = TOKEN | MARK,
	['~'] = TOKEN | MARK,
	['*'] = TOKEN | MARK,
	['\''] = TOKEN | MARK,
	['+'] = TOKEN | MARK,
	['`'] = TOKEN,
	['%'] = TOKEN,
	['('] = MARK | VALUE,
	[')'] = MARK | VALUE,
	['&'] = MARK | VALUE,
	['='] = MARK,
	['$'] = MARK | VALUE,
	['/'] = MARK | VALUE,
	['?'] = MARK | VALUE,
	[';'] = MARK,
	[','] = SIP_CHAR_USER,
	['#'] = SIP_CHAR_USER | VALUE,
	[':'] = SIP_CHAR_URI | VALUE,
	['['] = SIP_CHAR_URI | VALUE,
	[']'] = SIP_CHAR_URI | VALUE,
	['@'] = VALUE,
	['\\'] = VALUE,
	['^'] = VALUE,
	['{' ... '}'] = VALUE,
	[128 ... 255] = VALUE,
};

bool sip_is_token(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		if (!sip_char_is(s.p[i], SIP_CHAR_TOKEN))
			return false;
	}

	return s.len > 0;
}

struct span sip_unquote(struct span s)
{
	if (s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"')
		return (struct span){ s.p + 1, s.len - 2 };

	return s;
}

/* From the opening quote to after the closing one; NULL when there is none */
static const char *skip_quoted(const char *p, const char *e)
{
	for (p++; p < e; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}

	return NULL;
}

bool sip_list_next(struct span *restp, struct span *valuep)
{
	const char *p = restp->p, *e, *q;

	if (!restp->len)
		return false;
	e = p + restp->len;

	/* most have one value, or plain ones */
	q = memchr(p, ',', restp->len);
	q = q ? q : e;
	if (q == e || (!memchr(p, '"', (size_t)(q - p)) &&
		       !memchr(p, '<', (size_t)(q - p))))
		p = q;
	while (p < e && *p != ',') {
		q = NULL;
		if (*p == '"') {
			q = skip_quoted(p, e);
		}
		else if (*p == '<') {
			q = memchr(p, '>', (size_t)(e - p));
			q = q ? q + 1 : NULL;
		}
		p = q ? q : p + 1;
	}

	*valuep = sip_trim(span_between(restp->p, p));
	/* "a," has an empty value at its end: leave one blank to find it */
	if (p < e && p + 1 == e)
		*restp = (struct span){ " ", 1 };
	else
		*restp = p < e ? span_between(p + 1, e) : (struct span){ e, 0 };

	return true;
}

bool sip_list_has(struct span list, const char *token)
{
	struct span want = span_of(token), value;

	while (sip_list_next(&list, &value)) {
		if (span_equal_nocase(value, want))
			return true;
	}

	return false;
}

/* A value: quoted, or anything visible that ends no parameter */
static const char *skip_value(const char *p, const char *e)
{
	if (p < e && *p == '"')
		return skip_quoted(p, e);

	while (p < e && sip_char_is(*p, SIP_CHAR_VALUE))
		p++;

	return p;
}

bool sip_param_next(struct span *restp, struct span *namep, struct span *valuep)
{
	const char *e, *name, *name_end, *value, *p;

	if (!restp->len)
		return false;
	e = restp->p + restp->len;
	p = sip_skip_blanks(restp->p, e);
	if (p < e && *p == ';')
		p = sip_skip_blanks(p + 1, e);
	else if (p == e) {
		*restp = (struct span){ e, 0 };
		return false;
	}

	name = p;
	while (p < e && sip_char_is(*p, SIP_CHAR_TOKEN))
		p++;
	name_end = p;
	if (name == name_end)
		return false;

	p = sip_skip_blanks(p, e);
	value = p;
	if (p < e && *p == '=') {
		value = sip_skip_blanks(p + 1, e);
		p = skip_value(value, e);
		if (!p || p == value)
			return false;
	}
	*valuep = span_between(value, p);

	p = sip_skip_blanks(p, e);
	if (p < e && *p != ';')
		return false;

	*namep = span_between(name, name_end);
	*restp = span_between(p, e);
	return true;
}

bool sip_param(struct span params, const char *name, struct span *valuep)
{
	struct span want = span_of(name), n, v;

	while (sip_param_next(&params, &n, &v)) {
		if (!span_equal_nocase(n, want))
			continue;
		if (valuep)
			*valuep = v;
		return true;
	}

	return false;
}

bool sip_params_are_good(struct span params)
{
	struct span n, v;

	while (sip_param_next(&params, &n, &v))
		;

	return params.len == 0;
}

int sip_number(struct span digits, uint64_t max, uint64_t *np)
{
	enum { SAFE_DIGITS = 19 }; /* always fit */
	uint64_t n = 0;

	if (!digits.len)
		return EBADMSG;

	for (uint32_t i = 0; i < digits.len; i++) {
		unsigned d = (unsigned)(uint8_t)digits.p[i] - '0';

		if (d > 9 || (i >= SAFE_DIGITS && n > (UINT64_MAX - d) / 10))
			return EBADMSG;
		n = n * 10 + d;
	}
	if (n > max)
		return EBADMSG;

	*np = n;
	return 0;
}
