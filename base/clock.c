/* clock.c - see clock.h */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static _Atomic int64_t moved_us;
static _Atomic int64_t wall_moved_us; /* the wall clock alone */

static uint64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000 +
	       (uint64_t)atomic_load_explicit(&moved_us, memory_order_relaxed);
}

uint64_t clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ms(void)
{
	return (read_us(CLOCK_REALTIME) + (uint64_t)wall_moved_us) / 1000;
}

uint64_t clock_wall_s(void)
{
	return (read_us(CLOCK_REALTIME) + (uint64_t)wall_moved_us) / 1000000;
}

void clock_move_ms(int64_t by_ms)
{
#ifndef HOLDFAST_RELEASE
	atomic_fetch_add(&moved_us, by_ms * 1000);
#else
	(void)by_ms;
#endif
}

void clock_jump_ms(int64_t by_ms)
{
#ifndef HOLDFAST_RELEASE
	atomic_fetch_add(&wall_moved_us, by_ms * 1000);
#else
	(void)by_ms;
#endif
}

void clock_iso(char out[CLOCK_ISO_SIZE], uint64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_ISO_SIZE - n, ".%03uZ",
		 (unsigned)(wall_ms % 1000));
}
