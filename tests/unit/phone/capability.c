/* capability.c - tests of phone/capability.h against requirements/4 */
#include "phone/capability.h"
#include "tests/unit/test.h"

static const char *ask(const char *name, bool is_online, enum moment moment)
{
	struct surroundings now = { true, true, is_online, moment };
	const struct capability *c = capability_find(name);

	CHECK(c);
	return capability_refusal(c, &now);
}

/* SIN-1, SIN-8, SIT-1, 2, 10, 11, 15, 16: what must go on */
static void telephony_goes_on_without_the_server(void)
{
	static const struct {
		const char *name;
		enum moment moment;
	} rows[] = {
		{ "call", MOMENT_IDLE },        { "answer", MOMENT_RINGING },
		{ "decline", MOMENT_RINGING },  { "hang-up", MOMENT_CONNECTED },
		{ "hold", MOMENT_CONNECTED },   { "retrieve", MOMENT_HELD },
		{ "mute", MOMENT_CONNECTED },   { "unmute", MOMENT_CONNECTED },
		{ "keypad", MOMENT_CONNECTED }, { "history", MOMENT_IDLE },
		{ "contacts", MOMENT_IDLE },    { "try-now", MOMENT_IDLE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(!ask(rows[i].name, true, rows[i].moment));
		CHECK(!ask(rows[i].name, false, rows[i].moment));
	}
}

/* SIN-8, SIT-3..9, 12..14, 17, 19, 22..25, 27: what must not be offered */
static void the_rest_is_not_offered_without_the_server(void)
{
	static const char *const names[] = {
		"redirect",     "consult",       "transfer",     "conference",
		"trade",        "record",        "call-back",    "dnd",
		"auto-answer",  "send-calls-to", "on-the-phone", "if-no-answer",
		"login-notify", "add-contact",   "chat",         "status",
		"acd",          "hot-desk",      "presence",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (unsigned m = MOMENT_IDLE; m <= MOMENT_FAILED; m <<= 1)
			CHECK_STR(ask(names[i], false, m),
				  "not-available-offline");
	}
}

static void online_features_come_with_their_moment(void)
{
	CHECK(!ask("redirect", true, MOMENT_RINGING));
	CHECK_STR(ask("redirect", true, MOMENT_CONNECTED), "not-offered");
	CHECK(!ask("transfer", true, MOMENT_CONNECTED));
	CHECK(!ask("consult", true, MOMENT_CONNECTED));
	CHECK(!ask("trade", true, MOMENT_CONSULTING));
	CHECK_STR(ask("trade", true, MOMENT_CONNECTED), "not-offered");
	CHECK_STR(ask("hold", true, MOMENT_IDLE), "not-offered");
}

/* domain/pbx.md 15: only release is offered. */
static void a_call_whose_pbx_is_lost_can_be_ended(void)
{
	struct surroundings now = { true, true, true, MOMENT_CONNECTED, true };

	for (size_t i = 0; i < capability_count; i++) {
		const struct capability *c = &capabilities[i];
		const char *code = capability_refusal(c, &now);

		if (!c->is_built || !(c->moments & MOMENT_CONNECTED))
			continue;
		if (c->moments & MOMENT_IDLE || c->works_limited)
			CHECK(!code);
		else
			CHECK_STR(code, "call-limited");
	}
	CHECK(!capability_refusal(capability_find("hang-up"), &now));
	CHECK_STR(capability_refusal(capability_find("hold"), &now),
		  "call-limited");
	CHECK_STR(capability_refusal(capability_find("transfer"), &now),
		  "call-limited");
	CHECK_STR(capability_refusal(capability_find("keypad"), &now),
		  "call-limited");
}

static void what_is_not_built_is_not_offered(void)
{
	CHECK_STR(ask("chat", true, MOMENT_IDLE), "not-built");
}

static void a_desk_phone_depends_on_no_server(void)
{
	struct surroundings desk = { true, false, false, MOMENT_CONNECTED };

	CHECK(!capability_refusal(capability_find("transfer"), &desk));
	CHECK(!capability_refusal(capability_find("dnd"), &desk));
	CHECK_STR(capability_refusal(capability_find("chat"), &desk),
		  "not-offered");
}

static void without_a_phone_there_are_no_calls(void)
{
	struct surroundings dora = { false, true, true, MOMENT_IDLE };

	CHECK_STR(capability_refusal(capability_find("call"), &dora),
		  "not-offered");
	CHECK(!capability_refusal(capability_find("presence"), &dora));
}

/* SIT-1..27 each have a row, but those the pbx or uc alone answers for. */
static void every_row_names_its_requirement(void)
{
	for (size_t i = 0; i < capability_count; i++) {
		const char *row = capabilities[i].requirement;

		CHECK(!strncmp(row, "SIT-", 4) || !strncmp(row, "SIN-", 4) ||
		      !strncmp(row, "CAL-", 4));
		CHECK(capability_find(capabilities[i].name) ==
		      &capabilities[i]);
	}
}

static const struct test tests[] = {
	{ "telephony goes on without the server",
	  telephony_goes_on_without_the_server },
	{ "the rest is not offered without the server",
	  the_rest_is_not_offered_without_the_server },
	{ "online, features come with their moment",
	  online_features_come_with_their_moment },
	{ "a call whose pbx is lost can be ended, and little else",
	  a_call_whose_pbx_is_lost_can_be_ended },
	{ "what is not built is not offered",
	  what_is_not_built_is_not_offered },
	{ "a desk phone depends on no server",
	  a_desk_phone_depends_on_no_server },
	{ "without a phone there are no calls",
	  without_a_phone_there_are_no_calls },
	{ "every row names its requirement", every_row_names_its_requirement },
};

TEST_MAIN("phone/capability", tests)
