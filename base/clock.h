/* clock.h - the two clocks, both movable by tests
 *
 * The monotonic clock measures waits, the wall clock dates things that people
 * or other machines read.  A test moves both forward at once; nothing else
 * does, and a release build cannot.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

enum { CLOCK_ISO_SIZE = 25 };

/** Monotonic time since an arbitrary start, milliseconds. */
uint64_t clock_mono_ms(void);

/** The same in microseconds. */
uint64_t clock_mono_us(void);

/** Milliseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ms(void);

/** Seconds since 1970-01-01 UTC. */
uint64_t clock_wall_s(void);

/** Move both clocks by so many milliseconds; a test's tool. */
void clock_move_ms(int64_t by_ms);

/** Set the wall clock forward or back, as an operator does; a test's tool. */
void clock_jump_ms(int64_t by_ms);

/** Write a wall time as 2026-11-22T02:15:09.123Z. */
void clock_iso(char out[CLOCK_ISO_SIZE], uint64_t wall_ms);

#endif
