/* wheel.h - many timers for little: 10 ms slots, hours by 1 s slots
 *
 * One wheel a process, driven by one libre timer that is silent while no
 * timer is pending.  Starting, moving and stopping a timer is O(1) at any
 * number of timers.  Times come from the monotonic clock; a timer fires at
 * most one slot late and never early.
 *
 * Source: design.md "The SIP core must"; measurements/sip-stack.md 3.4.
 */
#ifndef WHEEL_H
#define WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct wheel_timer;

/** A timer has come due; it is stopped already and may be started again or
 * freed here. */
typedef void(wheel_h)(void *arg);

/** Zeroed memory is a stopped timer. */
struct wheel_timer {
	struct wheel_timer *next;
	struct wheel_timer **prevp; /* NULL while stopped */
	uint64_t due_ms;            /* monotonic */
	bool is_far;                /* waits in the ring of seconds */
	wheel_h *handler;
	void *arg;
};

/**
 * Start or move a timer.
 *
 * @param t       The timer; its memory is the caller's
 * @param wait_ms From now, 0..30 days; 0 fires in the next turn of the loop
 * @param handler Called once from the loop, never before this returns
 * @param arg     Handed to handler
 */
void wheel_start(struct wheel_timer *t, uint64_t wait_ms, wheel_h *handler,
		 void *arg);

/** Stop a timer; harmless when it is stopped. */
void wheel_stop(struct wheel_timer *t);

/** Whether it is pending. */
bool wheel_is_running(const struct wheel_timer *t);

/** Milliseconds until it fires; 0 when due or stopped. */
uint64_t wheel_left_ms(const struct wheel_timer *t);

/** How many are pending. */
uint32_t wheel_count(void);

/** Fire what is due by now, without waiting for the loop; a test's tool for
 * after clock_move_ms(). */
void wheel_turn(void);

/** The monotonic clock, milliseconds. */
uint64_t wheel_now_ms(void);

#endif
