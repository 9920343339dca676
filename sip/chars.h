/* chars.h - classes of octets, one table for all parsers of sip/ */
#ifndef SIP_CHARS_H
#define SIP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
	SIP_CHAR_TOKEN = 1,    /* RFC 3261 token */
	SIP_CHAR_USER = 2,     /* user part, without escapes; and '#' */
	SIP_CHAR_URI = 4,      /* parameters and headers of a URI */
	SIP_CHAR_HOST = 8,     /* host name or IPv4; '_' is tolerated */
	SIP_CHAR_CONTROL = 16, /* but not HT */
	SIP_CHAR_VALUE = 32,   /* visible, and ends no parameter's value */
	SIP_CHAR_BLANK = 64    /* blank or part of a fold */
};

extern const uint8_t sip_chars[256];

static inline bool sip_char_is(char c, uint8_t classes)
{
	return sip_chars[(uint8_t)c] & classes;
}

/** Blank or part of a fold. */
static inline bool sip_char_is_blank(char c)
{
	return sip_char_is(c, SIP_CHAR_BLANK);
}

static inline const char *sip_skip_blanks(const char *p, const char *e)
{
	while (p < e && sip_char_is_blank(*p))
		p++;

	return p;
}

/** The octets from p up to e. */
static inline struct span span_between(const char *p, const char *e)
{
	return (struct span){ p, (uint32_t)(e - p) };
}

/* Top bits of the octets of a word that are control ones, if any */
static inline uint64_t sip_word_controls(const char *p)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t w, del;

	memcpy(&w, p, sizeof(w));
	del = w ^ (ones * 127);

	return (((w - ones * 32) & ~w) | ((del - ones) & ~del)) & ones << 7;
}

/** Whether no octet is a control one (nor HT); eight at a time, the last
 * eight overlap. */
static inline bool sip_is_clean(struct span s)
{
	uint64_t bad = 0;

	if (s.len >= sizeof(uint64_t)) {
		const char *last = s.p + s.len - sizeof(uint64_t);

		for (const char *p = s.p; p < last; p += sizeof(uint64_t))
			bad |= sip_word_controls(p);
		return !(bad | sip_word_controls(last));
	}
	for (uint32_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return false;
	}

	return true;
}

/** 0..15, or -1. */
static inline int sip_char_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
