/* fork.c - tests of the choice among refusals, trails and call rows */
#include "pbx/call/fork.h"
#include "pbx/jsontext.h"
#include "pbx/call/trail.h"
#include "tests/unit/test.h"

static void better(void)
{
	static const struct {
		uint16_t a, b, best;
	} rows[] = {
		{ 0, 486, 486 },   { 486, 0, 486 },   { 486, 408, 486 },
		{ 408, 486, 486 }, { 404, 486, 486 }, { 480, 408, 480 },
		{ 503, 480, 480 }, { 503, 500, 500 }, { 603, 486, 603 },
		{ 486, 603, 603 }, { 302, 486, 302 }, { 488, 404, 488 },
		{ 404, 404, 404 }, { 487, 480, 480 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(fork_better(rows[i].a, rows[i].b), rows[i].best);
}

static void for_caller(void)
{
	CHECK_INT(fork_answer_for_caller(401), 500);
	CHECK_INT(fork_answer_for_caller(407), 500);
	CHECK_INT(fork_answer_for_caller(302), 480);
	CHECK_INT(fork_answer_for_caller(503), 500);
	CHECK_INT(fork_answer_for_caller(486), 486);
	CHECK_INT(fork_answer_for_caller(603), 603);
}

static void trails(void)
{
	struct trail t = { 0 }, back = { 0 };
	char buf[TRAIL_ENTRIES_MAX * 300];
	struct sip_out o;

	for (int i = 0; i < TRAIL_ENTRIES_MAX + 50; i++)
		trail_add(&t, "number %d \"quoted\"", i);
	CHECK_INT(t.count, TRAIL_ENTRIES_MAX);

	CHECK_INT(trail_restore(&back, trail_span(&t)), 0);
	CHECK_INT(back.count, t.count);
	sip_out_init(&o, buf, sizeof(buf));
	trail_write(&back, &o);
	CHECK(!o.is_full);
	buf[o.len] = '\0';
	CHECK(strstr(buf, "{\"n\":1,\"at_ms\":"));
	CHECK(strstr(buf, "\"what\":\"number 0 \\\"quoted\\\"\"}"));
	CHECK(strstr(buf, "more happened than is kept"));
	CHECK(!strstr(buf, "\"n\":201"));

	CHECK_INT(trail_restore(&back, (struct span){ buf, 5 }), EBADMSG);
	trail_close(&t);
	trail_close(&back);
}

static void json(void)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "plain", "\"plain\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "tab\there", "\"tab\\u0009here\"" },
		{ "\xc3\xa9", "\"\xc3\xa9\"" },
		{ "\xc3", "\"?\"" },
		{ "\xed\xa0\x80", "\"???\"" },
		{ "\x7f", "\"\\u007f\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[100];
		struct sip_out o;

		sip_out_init(&o, buf, sizeof(buf));
		jsontext(&o, rows[i].text);
		buf[o.len] = '\0';
		CHECK_STR(buf, rows[i].want);
	}
}

static const struct test tests[] = {
	{ "of two refusals the caller gets the better one", better },
	{ "challenges and redirects of phones are not the caller's",
	  for_caller },
	{ "a trail is numbered, limited, and survives as octets", trails },
	{ "JSON text is escaped, whatever comes", json },
};

TEST_MAIN("pbx/fork", tests)
