/* hidden.c - see hidden.h */
#include <string.h>

#include "base/libre.h"
#include "pbx/call/hidden.h"

enum { CODES_MAX = 32, CODE_SIZE = 12 };

static struct {
	char codes[CODES_MAX][CODE_SIZE];
	size_t count;
} hidden;

void hidden_learn(const char *code)
{
	if (!code || !*code || strlen(code) >= CODE_SIZE)
		return;
	for (size_t i = 0; i < hidden.count; i++) {
		if (!strcmp(hidden.codes[i], code))
			return;
	}
	/* Past the limit the first one goes: old plans are the rarest. */
	if (hidden.count == CODES_MAX) {
		memmove(hidden.codes[0], hidden.codes[1],
			sizeof(hidden.codes) - CODE_SIZE);
		hidden.count--;
	}
	(void)re_snprintf(hidden.codes[hidden.count++], CODE_SIZE, "%s", code);
}

void hidden_forget(void)
{
	hidden.count = 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);

	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One dialled character at p, plain or escaped; its octets, 0 when none. */
static size_t take(char *cp, const char *p, const char *end)
{
	if (p >= end)
		return 0;
	if (*p != '%') {
		*cp = *p;
		return 1;
	}
	if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0)
		return 0;
	*cp = (char)(hex(p[1]) * 16 + hex(p[2]));

	return 3;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What people write between digits. */
static bool is_mark(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

/* Where the number behind this code begins, or NULL. */
static char *skip_code(char *p, const char *end, const char *code)
{
	char c;

	for (; *code; code++) {
		size_t n = take(&c, p, end);

		if (!n || c != *code)
			return NULL;
		p += n;
	}

	return p;
}

/* Past the digits at p; covers them with an x each octet when told so. */
static char *past_digits(char *p, const char *end, bool is_covered)
{
	size_t n;
	char c;

	while ((n = take(&c, p, end)) && (is_digit(c) || is_mark(c))) {
		if (is_covered)
			memset(p, 'x', n);
		p += n;
	}

	return p;
}

static void mask_from(char *p, const char *end)
{
	size_t n;
	char c;

	p = past_digits(p, end, false);
	n = take(&c, p, end);
	if (n && c == '*')
		(void)past_digits(p + n, end, true);
}

void hidden_mask(char *p, size_t len)
{
	const char *end = p + len;

	for (; p < end; p++) {
		if (*p != '*' && *p != '#' && *p != '%')
			continue;
		for (size_t i = 0; i < hidden.count; i++) {
			char *number = skip_code(p, end, hidden.codes[i]);

			if (number)
				mask_from(number, end);
		}
	}
}
