/* attempt.c - tries are counted per name and forgotten in time */
#include <stdio.h>

#include "base/clock.h"
#include "base/libre.h"
#include "portal/attempt.h"
#include "tests/unit/test.h"

static void tries_end_and_come_back(void)
{
	struct attempts *a;

	CHECK(!attempts_alloc(&a));
	for (int i = 0; i < 3; i++)
		CHECK(attempt_take(a, "eve", 3));
	CHECK(!attempt_take(a, "eve", 3));
	CHECK(attempt_take(a, "bob", 3));
	clock_move_ms(300001);
	CHECK(attempt_take(a, "eve", 3));
	mem_deref(a);
}

static void success_forgets(void)
{
	struct attempts *a;

	CHECK(!attempts_alloc(&a));
	CHECK(attempt_take(a, "eve", 1));
	CHECK(!attempt_take(a, "eve", 1));
	attempt_clear(a, "eve");
	CHECK(attempt_take(a, "eve", 1));
	mem_deref(a);
}

static void a_flood_of_names_stays_bounded(void)
{
	struct attempts *a;
	char name[40];

	CHECK(!attempts_alloc(&a));
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		CHECK(attempt_take(a, name, 1));
	}
	CHECK(!attempt_take(a, "name 49999", 1));
	CHECK(attempt_take(a, "name 1", 1));
	mem_deref(a);
}

static const struct test tests[] = {
	{ "tries end and come back", tries_end_and_come_back },
	{ "success forgets", success_forgets },
	{ "a flood of names stays bounded", a_flood_of_names_stays_bounded },
};

TEST_MAIN("portal/attempt", tests)
