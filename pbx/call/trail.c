/* trail.c - see trail.h */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "pbx/jsontext.h"
#include "pbx/call/trail.h"

enum { HEAD_BYTES = 9 };

void trail_close(struct trail *t)
{
	t->text = mem_deref(t->text);
	t->len = t->size = t->count = 0;
}

static int make_room(struct trail *t, uint32_t more)
{
	uint32_t size = t->size ? t->size : 256;
	char *text;

	while (size < t->len + more)
		size *= 2;
	if (size == t->size)
		return 0;

	text = t->text ? mem_realloc(t->text, size) : mem_alloc(size, NULL);
	if (!text)
		return ENOMEM;

	t->text = text;
	t->size = size;

	return 0;
}

/* Most are words, names and small numbers, %s and %u; false when there is
 * more to it. */
static bool words(struct sip_out *o, const char *fmt, va_list ap)
{
	const char *p;

	for (; (p = strchr(fmt, '%')); fmt = p + 2) {
		sip_out_raw(o, (struct span){ fmt, (uint32_t)(p - fmt) });
		if (p[1] == 's')
			sip_out_text(o, va_arg(ap, const char *));
		else if (p[1] == 'u')
			sip_out_number(o, va_arg(ap, unsigned));
		else
			return false;
	}
	sip_out_text(o, fmt);

	return !o->is_full;
}

static int print(char line[TRAIL_ENTRY_BYTES], const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Octets of the line, cut to its size. */
__attribute__((format(printf, 2, 0))) static int print(
	char line[TRAIL_ENTRY_BYTES], const char *fmt, va_list ap)
{
	struct sip_out o;
	va_list copy;
	int n;

	sip_out_init(&o, line, TRAIL_ENTRY_BYTES - 1);
	va_copy(copy, ap);
	n = words(&o, fmt, copy) ? (int)o.len : -1;
	va_end(copy);
	if (n < 0)
		n = vsnprintf(line, TRAIL_ENTRY_BYTES, fmt, ap);

	return n < TRAIL_ENTRY_BYTES ? n : TRAIL_ENTRY_BYTES - 1;
}

void trail_add_list(struct trail *t, const char *fmt, va_list ap)
{
	uint64_t now = clock_wall_ms();
	char line[TRAIL_ENTRY_BYTES];
	uint8_t len;
	int n;

	if (t->count >= TRAIL_ENTRIES_MAX)
		return;
	if (t->count == TRAIL_ENTRIES_MAX - 1)
		fmt = "more happened than is kept";

	n = print(line, fmt, ap);
	if (n < 0)
		return;
	len = (uint8_t)n;

	if (make_room(t, HEAD_BYTES + len))
		return;

	memcpy(t->text + t->len, &now, sizeof(now));
	t->text[t->len + 8] = (char)len;
	memcpy(t->text + t->len + HEAD_BYTES, line, len);
	t->len += HEAD_BYTES + len;
	t->count++;
}

void trail_add(struct trail *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trail_add_list(t, fmt, ap);
	va_end(ap);
}

void trail_write(const struct trail *t, struct sip_out *o)
{
	uint32_t at = 0;
	uint32_t n = 0;

	sip_out_raw(o, SPAN("["));
	while (at + HEAD_BYTES <= t->len) {
		uint8_t len = (uint8_t)t->text[at + 8];
		uint64_t ms;

		memcpy(&ms, t->text + at, sizeof(ms));
		at += HEAD_BYTES;

		if (n++)
			sip_out_raw(o, SPAN(","));
		sip_out_raw(o, SPAN("{\"n\":"));
		sip_out_number(o, n);
		sip_out_raw(o, SPAN(",\"at_ms\":"));
		sip_out_number(o, ms);
		sip_out_raw(o, SPAN(",\"what\":"));
		jsontext_span(o, (struct span){ t->text + at, len });
		sip_out_raw(o, SPAN("}"));
		at += len;
	}
	sip_out_raw(o, SPAN("]"));
}

struct span trail_span(const struct trail *t)
{
	return (struct span){ t->text, t->len };
}

int trail_restore(struct trail *t, struct span octets)
{
	uint32_t at = 0;
	uint32_t n = 0;

	while (at < octets.len) {
		if (octets.len - at < HEAD_BYTES)
			return EBADMSG;
		at += HEAD_BYTES + (uint8_t)octets.p[at + 8];
		n++;
	}
	if (at != octets.len || n > TRAIL_ENTRIES_MAX)
		return EBADMSG;

	trail_close(t);
	if (!octets.len)
		return 0;
	if (make_room(t, octets.len))
		return ENOMEM;

	memcpy(t->text, octets.p, octets.len);
	t->len = octets.len;
	t->count = n;

	return 0;
}
