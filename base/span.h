/* span.h - a stretch of somebody else's buffer
 *
 * Parsers hand out spans instead of copies.  A span is never NUL-terminated
 * and lives no longer than the buffer it points into.
 */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *p; /* first octet; may be NULL when len is 0 */
	uint32_t len;  /* octets */
};

#define SPAN(literal)                                                          \
	((struct span){ (literal), (uint32_t)sizeof(literal) - 1 })
#define SPAN_FMT    "%.*s"
#define SPAN_ARG(s) (int)(s).len, (s).p

static inline struct span span_of(const char *text)
{
	return (struct span){ text, text ? (uint32_t)strlen(text) : 0 };
}

static inline bool span_is_empty(struct span s)
{
	return s.len == 0;
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

/** As strncasecmp() in the C locale; most that differ do so at once. */
static inline bool span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;

	for (uint32_t i = 0; i < a.len; i++) {
		unsigned char c = (unsigned char)a.p[i];
		unsigned char diff = c ^ (unsigned char)b.p[i];

		if (diff && (diff != 32 || (c | 32) < 'a' || (c | 32) > 'z'))
			return false;
	}

	return true;
}

#endif
