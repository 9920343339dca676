/* turn.c - see turn.h
 *
 * libre's loop handles all ready descriptors, then its timers; a timer of 0 ms
 * started in a handler is therefore the end of that turn.
 */
#include "base/fault.h"
#include "pbx/store.h"
#include "pbx/turn.h"
#include "sip/stack.h"

enum {
	LAZY_MS = 100,
	FIRST = 256,
};

struct deferred {
	turn_h *handler;
	void *arg;
};

static struct deferred first[FIRST]; /* there even without memory */

static struct {
	struct tmr tmr;
	turn_h *flush;
	void *flush_arg;
	struct deferred *items;
	uint32_t count;
	uint32_t size;
	bool is_touched;
	bool is_ending;
} turn = { .items = first, .size = FIRST };

static void turn_over(void *arg)
{
	(void)arg;
	turn_end();
}

void turn_on_flush(turn_h *h, void *arg)
{
	turn.flush = h;
	turn.flush_arg = arg;
}

static void lazily(void *arg)
{
	(void)arg;
	turn_touch();
}

void turn_touch(void)
{
	if (turn.is_touched)
		return;

	turn.is_touched = true;
	if (!turn.is_ending)
		tmr_start(&turn.tmr, 0, turn_over, NULL);
}

void turn_touch_lazily(void)
{
	if (!turn.is_touched && !turn.is_ending && !tmr_isrunning(&turn.tmr))
		tmr_start(&turn.tmr, LAZY_MS, lazily, NULL);
}

static int make_room(void)
{
	struct deferred *items;

	if (turn.count < turn.size)
		return 0;

	items = mem_alloc(2 * turn.size * sizeof(*items), NULL);
	if (!items)
		return ENOMEM;

	memcpy(items, turn.items, turn.count * sizeof(*items));
	if (turn.items != first)
		mem_deref(turn.items);
	turn.items = items;
	turn.size *= 2;

	return 0;
}

void turn_defer(turn_h *h, void *arg)
{
	if (make_room())
		turn_end(); /* then there is, unless it ends already */
	if (turn.count == turn.size) {
		h(arg);
		return;
	}

	turn.items[turn.count++] = (struct deferred){ h, arg };
	turn_touch();
}

static void commit(void)
{
	fault_point("pbx.turn.before");
	if (turn.flush)
		turn.flush(turn.flush_arg);
	(void)keep_flush();
	fault_point("pbx.turn.after");
}

void turn_end(void)
{
	if (turn.is_ending)
		return;

	if (tmr_isrunning(&turn.tmr)) /* also what was touched lazily */
		turn.is_touched = true;
	tmr_cancel(&turn.tmr);
	turn.is_ending = true;
	fault_point("pbx.turn");
	while (turn.is_touched) {
		uint32_t count = turn.count;

		turn.is_touched = false;
		commit();

		/* What they defer anew waits for one more commit. */
		sip_batch_begin();
		for (uint32_t i = 0; i < count; i++)
			turn.items[i].handler(turn.items[i].arg);
		sip_batch_end();

		turn.count -= count;
		if (turn.count)
			memmove(turn.items, turn.items + count,
				turn.count * sizeof(turn.items[0]));
	}
	turn.is_ending = false;
}
