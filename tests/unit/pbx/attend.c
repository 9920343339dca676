/* attend.c - tests of names on a keypad */
#include "pbx/route/attend.h"
#include "tests/unit/test.h"

static void letters(void)
{
	static const struct {
		const char *name, *digits;
	} rows[] = {
		{ "Bob", "262" },
		{ "Zoé Martin", "963 627846" },
		{ "QRSTUV WXYZ", "777888 9999" },
		{ "Ångström", "26478766" },
		{ "O'Neil-Smith", "6634576484" },
		{ "\xc3", "" },
		{ "日本", "" },
		{ "", "" },
	};
	char out[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		attend_letters(out, sizeof(out), rows[i].name);
		CHECK_STR(out, rows[i].digits);
	}
	attend_letters(out, 4, "Bobby");
	CHECK_STR(out, "262");
}

static const struct test tests[] = {
	{ "a name as keys, accents left out, never past its room", letters },
};

TEST_MAIN("pbx/attend", tests)
