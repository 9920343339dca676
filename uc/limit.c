/* limit.c - see limit.h */
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "uc/limit.h"

enum { LIMIT_NAMES = 4096 };

static struct {
	uint64_t key;
	uint64_t last_ms;
	uint32_t failures;
} names[LIMIT_NAMES];

/* The row of a name, or the one to reuse for it: four places are tried. */
static uint32_t row_of(uint64_t key)
{
	uint32_t best = (uint32_t)(key % LIMIT_NAMES);

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t at = (uint32_t)((key + i) % LIMIT_NAMES);

		if (names[at].key == key)
			return at;
		if (names[at].last_ms < names[best].last_ms)
			best = at;
	}

	return best;
}

uint32_t limit_wait_s(const char *name)
{
	uint64_t key = hash_span(0, span_of(name));
	uint32_t at = row_of(key);
	uint64_t free_ms = names[at].last_ms + LIMIT_WINDOW_MS;
	uint64_t now = clock_mono_ms();

	if (names[at].key != key || names[at].failures < LIMIT_FAILURES ||
	    now >= free_ms)
		return 0;

	return (uint32_t)((free_ms - now + 999) / 1000);
}

void limit_fail(const char *name)
{
	uint64_t key = hash_span(0, span_of(name));
	uint32_t at = row_of(key);
	uint64_t now = clock_mono_ms();

	if (names[at].key != key || now - names[at].last_ms >= LIMIT_WINDOW_MS)
		names[at].failures = 0;

	names[at].key = key;
	names[at].last_ms = now;
	names[at].failures++;
}

void limit_clear(const char *name)
{
	uint64_t key = hash_span(0, span_of(name));
	uint32_t at = row_of(key);

	if (names[at].key == key)
		names[at].failures = 0;
}
