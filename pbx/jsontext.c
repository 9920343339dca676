/* jsontext.c - see jsontext.h */
#include "pbx/jsontext.h"

/* Length of the UTF-8 sequence at p, 0 when it is none. */
static uint32_t sequence(const unsigned char *p, uint32_t left)
{
	uint32_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;

	if (n > left)
		return 0;
	for (uint32_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;

	return n;
}

/* Stands for itself in a JSON text. */
static const bool is_plain[256] = {
	[0x20 ... '"' - 1] = true,
	['"' + 1 ... '\\' - 1] = true,
	['\\' + 1 ... 0x7e] = true,
};

void jsontext_span(struct sip_out *o, struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t i = 0;

	sip_out_raw(o, SPAN("\""));
	while (i < s.len) {
		uint32_t from = i;
		uint32_t n;

		while (i < s.len && is_plain[p[i]])
			i++;
		if (i > from)
			sip_out_raw(o, (struct span){ s.p + from, i - from });
		if (i >= s.len)
			break;

		n = sequence(p + i, s.len - i);
		if (p[i] == '"' || p[i] == '\\') {
			sip_out_raw(o, SPAN("\\"));
			sip_out_raw(o, (struct span){ s.p + i, 1 });
		}
		else if (n == 1) {
			sip_out_printf(o, "\\u%04x", p[i]);
		}
		else if (n) {
			sip_out_raw(o, (struct span){ s.p + i, n });
		}
		else {
			sip_out_raw(o, SPAN("?"));
		}
		i += n ? n : 1;
	}
	sip_out_raw(o, SPAN("\""));
}

void jsontext(struct sip_out *o, const char *text)
{
	if (text)
		jsontext_span(o, span_of(text));
	else
		sip_out_raw(o, SPAN("null"));
}

void jsontext_member(struct sip_out *o, bool is_first, const char *name,
		     const char *text)
{
	if (!is_first)
		sip_out_raw(o, SPAN(","));
	sip_out_raw(o, SPAN("\""));
	sip_out_text(o, name);
	sip_out_raw(o, SPAN("\":"));
	jsontext(o, text);
}

void jsontext_number(struct sip_out *o, const char *name, uint64_t n)
{
	sip_out_raw(o, SPAN(",\""));
	sip_out_text(o, name);
	sip_out_raw(o, SPAN("\":"));
	sip_out_number(o, n);
}
