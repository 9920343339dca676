/* leg_state.c - tests of the table of a leg's states */
#include "pbx/call/leg_state.h"
#include "tests/unit/test.h"

static void way_to_speech(void)
{
	CHECK_INT(leg_state_next(LEG_NULL, LEG_ASKED), LEG_INITIATED);
	CHECK_INT(leg_state_next(LEG_INITIATED, LEG_RINGS), LEG_ALERTING);
	CHECK_INT(leg_state_next(LEG_ALERTING, LEG_ANSWERED), LEG_CONNECTED);
	CHECK_INT(leg_state_next(LEG_CONNECTED, LEG_HOLDS), LEG_HELD);
	CHECK_INT(leg_state_next(LEG_HELD, LEG_RETRIEVES), LEG_CONNECTED);
}

static void everything_ends(void)
{
	for (int s = LEG_INITIATED; s < LEG_STATES; s++)
		CHECK_INT(leg_state_next((enum leg_state)s, LEG_CLEARED),
			  LEG_NULL);
}

static void no_way_back(void)
{
	CHECK_INT(leg_state_next(LEG_CONNECTED, LEG_RINGS), LEG_STATES);
	CHECK_INT(leg_state_next(LEG_CONNECTED, LEG_REFUSED), LEG_STATES);
	CHECK_INT(leg_state_next(LEG_FAILED, LEG_ANSWERED), LEG_STATES);
	CHECK_INT(leg_state_next(LEG_NULL, LEG_ANSWERED), LEG_STATES);
	CHECK_INT(leg_state_next(LEG_ALERTING, LEG_HOLDS), LEG_STATES);
}

static void names(void)
{
	CHECK_STR(leg_state_name(LEG_HELD), "held");
	CHECK_STR(leg_state_name(LEG_FAILED), "failed");
	CHECK_STR(leg_event_name(LEG_CLEARED), "cleared");
	CHECK_STR(leg_state_name(LEG_STATES), "?");
}

static void printed(void)
{
	char text[1024];

	CHECK(re_snprintf(text, sizeof(text), "%H", leg_state_print, NULL) > 0);
	CHECK(strstr(text, "alerting answered connected\n"));
	CHECK(strstr(text, "held retrieves connected\n"));
}

static const struct test tests[] = {
	{ "a leg is asked, rings, speaks, holds and comes back",
	  way_to_speech },
	{ "every state but null can be cleared", everything_ends },
	{ "an event out of its place means nothing", no_way_back },
	{ "states and events have the names of CDRs and events", names },
	{ "the table prints itself", printed },
};

TEST_MAIN("pbx/leg_state", tests)
