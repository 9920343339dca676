/* wheel.c - tests of base/wheel.h, on the real clock for a few hundred ms */
#include "base/clock.h"
#include "base/libre.h"
#include "base/wheel.h"
#include "tests/unit/test.h"

static uint64_t started;
static int fired;
static uint64_t fired_after[8];
static struct wheel_timer timers[8];

static void note(void *arg)
{
	fired_after[fired++] = wheel_now_ms() - started;
	if (arg)
		re_cancel();
}

static void reset(void)
{
	memset(timers, 0, sizeof(timers));
	fired = 0;
	started = wheel_now_ms();
}

static void timers_fire_in_order_and_never_early(void)
{
	reset();
	wheel_start(&timers[0], 120, note, &timers);
	wheel_start(&timers[1], 30, note, NULL);
	wheel_start(&timers[2], 60, note, NULL);
	wheel_start(&timers[3], 3600000, note, NULL);
	CHECK(wheel_left_ms(&timers[3]) > 3590000);
	CHECK_INT(wheel_count(), 4);
	wheel_stop(&timers[2]);
	CHECK_INT(wheel_count(), 3);
	CHECK(!wheel_is_running(&timers[2]));
	CHECK_INT(re_main(NULL), 0);
	CHECK_INT(fired, 2);
	CHECK(fired_after[0] >= 30);
	CHECK(fired_after[1] >= 120);
	CHECK_INT(wheel_count(), 1);
	wheel_stop(&timers[3]);
}

static void again(void *arg)
{
	fired++;
	if (fired < 5)
		wheel_start(arg, 10, again, arg);
	else
		re_cancel();
}

static void a_handler_may_start_its_timer_again(void)
{
	reset();
	wheel_start(&timers[0], 0, again, &timers[0]);
	CHECK_INT(re_main(NULL), 0);
	CHECK_INT(fired, 5);
	CHECK(wheel_now_ms() - started >= 40);
}

static void kill_other(void *arg)
{
	fired++;
	wheel_stop(arg);
	wheel_start(&timers[2], 40, note, arg);
}

static void a_handler_may_stop_its_neighbour(void)
{
	reset();
	wheel_start(&timers[0], 20, kill_other, &timers[1]);
	wheel_start(&timers[1], 20, kill_other, &timers[0]);
	CHECK_INT(re_main(NULL), 0);
	CHECK_INT(fired, 2);
}

static void after_a_long_stop_all_that_was_due_fires(void)
{
	static const uint64_t waits[] = { 50, 35000, 45000, 70000, 3000000 };

	reset();
	for (int i = 0; i < 5; i++)
		wheel_start(&timers[i], waits[i], note,
			    i == 4 ? &timers : NULL);
	clock_move_ms(3600000);
	CHECK_INT(re_main(NULL), 0);
	CHECK_INT(fired, 5);
	for (int i = 0; i < 5; i++)
		CHECK(!wheel_is_running(&timers[i]));
}

static void started_after_a_stop_they_are_not_lost(void)
{
	reset();
	wheel_start(&timers[0], 35000, note, NULL);
	clock_move_ms(60000);
	wheel_start(&timers[1], 100000, note, &timers);
	clock_move_ms(100000);
	CHECK_INT(re_main(NULL), 0);
	CHECK_INT(fired, 2);
}

static const struct test tests[] = {
	{ "timers fire in order and never early",
	  timers_fire_in_order_and_never_early },
	{ "a handler may start its timer again",
	  a_handler_may_start_its_timer_again },
	{ "a handler may stop its neighbour in the same slot",
	  a_handler_may_stop_its_neighbour },
	{ "after a long stop all that was due fires",
	  after_a_long_stop_all_that_was_due_fires },
	{ "timers started after a stop are not lost",
	  started_after_a_stop_they_are_not_lost },
};

TEST_MAIN("base/wheel", tests)
