/* privacy.c - see privacy.h */
#include "sip/privacy.h"

static const struct {
	const char *name;
	unsigned bit;
} words[] = {
	{ "id", SIP_PRIVACY_ID },
	{ "user", SIP_PRIVACY_USER },
	{ "header", SIP_PRIVACY_HEADER },
	{ "session", SIP_PRIVACY_SESSION },
	{ "history", SIP_PRIVACY_HISTORY },
	{ "critical", SIP_PRIVACY_CRITICAL },
	{ "none", SIP_PRIVACY_NONE },
};

static unsigned bit_of(struct span word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (span_equal_nocase(word, span_of(words[i].name)))
			return words[i].bit;
	}

	return SIP_PRIVACY_OTHER;
}

static bool is_between(char c)
{
	return c == ';' || c == ',' || c == ' ' || c == '\t' || c == '\r' ||
	       c == '\n';
}

static unsigned bits_of(struct span v)
{
	unsigned bits = 0;

	for (uint32_t at = 0; at < v.len;) {
		struct span word = { v.p + at, 0 };

		while (at < v.len && !is_between(v.p[at])) {
			word.len++;
			at++;
		}
		if (word.len)
			bits |= bit_of(word);
		else
			at++;
	}

	return bits;
}

unsigned sip_privacy(const struct sip_message *m)
{
	struct sip_values it;
	struct span line;
	unsigned bits = 0;

	sip_values_start(&it, m, SIP_HEADER_PRIVACY);
	while (sip_lines_next(&it, &line))
		bits |= bits_of(line);

	return bits & SIP_PRIVACY_NONE ? SIP_PRIVACY_NONE : bits;
}
