/* wheel.c - see wheel.h
 *
 * Two rings of slots.  The near ring holds what is due within 40.96 s, in
 * slots of 10 ms; the far ring holds the rest in slots of 1,024 ms, and a
 * timer in it drops into the near ring (or round again) when its slot comes.
 * The hand moves only over time that has passed; while both rings are empty
 * the libre timer is off.
 */
#include <stddef.h>

#include "base/clock.h"
#include "base/libre.h"
#include "base/wheel.h"

enum {
	NEAR_SLOTS = 4096,
	NEAR_MS = 10,
	FAR_SLOTS = 4096,
	FAR_MS = 1024,
	NEAR_SPAN_MS = (NEAR_SLOTS - 1) * NEAR_MS,
};

static struct wheel_timer *near_ring[NEAR_SLOTS];
static struct wheel_timer *far_ring[FAR_SLOTS];
static uint64_t near_hand; /* slots of NEAR_MS done */
static uint64_t far_hand;  /* slots of FAR_MS done  */
static uint32_t near_count;
static uint32_t far_count;
static bool is_turning;
static bool tick_is_slow; /* it waits for a far slot */
static struct tmr tick;

static void turn(void *arg);

uint64_t wheel_now_ms(void)
{
	return clock_mono_ms();
}

/* Into the ring and slot that its due time asks for. */
static void put(struct wheel_timer *t)
{
	uint64_t slot = (t->due_ms + NEAR_MS - 1) / NEAR_MS;
	struct wheel_timer **head;

	if (slot <= near_hand)
		slot = near_hand + 1;

	t->is_far = slot - near_hand >= NEAR_SLOTS;
	if (t->is_far) {
		slot = t->due_ms / FAR_MS;
		head = &far_ring[slot % FAR_SLOTS];
		far_count++;
	}
	else {
		head = &near_ring[slot % NEAR_SLOTS];
		near_count++;
	}

	t->next = *head;
	t->prevp = head;
	if (*head)
		(*head)->prevp = &t->next;
	*head = t;
}

static void take(struct wheel_timer *t)
{
	*t->prevp = t->next;
	if (t->next)
		t->next->prevp = t->prevp;
	t->prevp = NULL;
	t->next = NULL;

	if (t->is_far)
		far_count--;
	else
		near_count--;
}

static void arm(uint64_t now)
{
	if (near_count) {
		tick_is_slow = false;
		tmr_start(&tick, NEAR_MS - now % NEAR_MS, turn, NULL);
	}
	else if (far_count) {
		tick_is_slow = true;
		tmr_start(&tick, FAR_MS - now % FAR_MS, turn, NULL);
	}
	else {
		tmr_cancel(&tick);
	}
}

static void fire_slot(struct wheel_timer **head)
{
	/* Handlers may stop or start any timer, so take the head each time;
	 * put() never adds to the slot under the hand. */
	while (*head) {
		struct wheel_timer *t = *head;

		take(t);
		t->handler(t->arg);
	}
}

/* What waits in this far slot either comes near or goes round again. */
static void spread_slot(struct wheel_timer **head)
{
	struct wheel_timer *t = *head;

	*head = NULL;
	while (t) {
		struct wheel_timer *next = t->next;

		far_count--;
		put(t);
		t = next;
	}
}

/* The far hand goes half a near ring ahead of the near hand, always: so a
 * slot is spread well before its first timer is due, and put() never chooses
 * a far slot that has been passed. */
static uint64_t far_target(void)
{
	return (near_hand + NEAR_SLOTS / 2) * NEAR_MS / FAR_MS;
}

static void turn_to(uint64_t now)
{
	while (near_hand < now / NEAR_MS) {
		if (near_count)
			near_hand++;
		else
			near_hand = now / NEAR_MS;
		fire_slot(&near_ring[near_hand % NEAR_SLOTS]);
	}

	while (far_hand < far_target()) {
		if (far_count)
			spread_slot(&far_ring[++far_hand % FAR_SLOTS]);
		else
			far_hand = far_target();
	}
}

static void turn(void *arg)
{
	uint64_t now = wheel_now_ms();
	uint64_t to;

	(void)arg;

	/* After a long stop of the process the hands go in steps, so that
	 * what waits far comes near before it is passed. */
	is_turning = true;
	do {
		to = (near_hand + NEAR_SLOTS / 4) * NEAR_MS;
		turn_to(to < now ? to : now);
	} while (to < now);
	is_turning = false;

	arm(wheel_now_ms());
}

void wheel_start(struct wheel_timer *t, uint64_t wait_ms, wheel_h *handler,
		 void *arg)
{
	uint64_t now = wheel_now_ms();

	wheel_stop(t);

	if (!near_count && !far_count && !is_turning) {
		near_hand = now / NEAR_MS;
		far_hand = far_target();
	}

	t->due_ms = now + wait_ms;
	t->handler = handler;
	t->arg = arg;
	put(t);

	if (!is_turning &&
	    (!tmr_isrunning(&tick) || (tick_is_slow && near_count)))
		arm(now);
}

void wheel_stop(struct wheel_timer *t)
{
	if (t->prevp)
		take(t);
}

bool wheel_is_running(const struct wheel_timer *t)
{
	return t->prevp != NULL;
}

uint32_t wheel_count(void)
{
	return near_count + far_count;
}

uint64_t wheel_left_ms(const struct wheel_timer *t)
{
	uint64_t now = wheel_now_ms();

	return t->prevp && t->due_ms > now ? t->due_ms - now : 0;
}

void wheel_turn(void)
{
	if (!is_turning)
		turn(NULL);
}
