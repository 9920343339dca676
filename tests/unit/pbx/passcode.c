/* passcode.c - which passcodes of a mailbox are too weak, which names of
 * greetings there are */
#include "pbx/mail/greeting.h"
#include "pbx/mail/passcode.h"
#include "tests/unit/test.h"

static void weak_ones_are_refused_with_their_rule(void)
{
	static const struct {
		const char *passcode;
		const char *rule; /* NULL: good */
	} rows[] = {
		{ "482915", NULL },
		{ "4829", NULL },
		{ "1122", NULL },
		{ "482", "must have 4 to 10 digits" },
		{ "48291548291", "must have 4 to 10 digits" },
		{ "", "must have 4 to 10 digits" },
		{ "48a9", "must be digits" },
		{ "7777", "must not be one digit repeated" },
		{ "4567", "must not be a sequence" },
		{ "876543", "must not be a sequence" },
		{ "2071", "must not be the mailbox's number, nor its reverse" },
		{ "1702", "must not be the mailbox's number, nor its reverse" },
	};
	const struct mailbox b = { .number = "2071" };

	CHECK_INT(mailbox_classes_init(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *rule = passcode_weakness(&b, rows[i].passcode);

		CHECK_STR(rule ? rule : "good",
			  rows[i].rule ? rows[i].rule : "good");
	}
	mailbox_classes_close();
}

static void names_of_greetings_are_names_of_files(void)
{
	CHECK(greeting_name_is_valid("always"));
	CHECK(greeting_name_is_valid("not-registered"));
	CHECK(greeting_name_is_valid("status-out-of-town"));
	CHECK(!greeting_name_is_valid("status-"));
	CHECK(!greeting_name_is_valid("status-../x"));
	CHECK(!greeting_name_is_valid(
		"status-a-name-that-is-too-long-for-it-all"));
	CHECK(!greeting_name_is_valid("new"));
	CHECK(!greeting_name_is_valid(""));
	for (int i = 0; i < GREETING_WHYS; i++)
		CHECK(greeting_name_is_valid(
			greeting_of((enum greeting_why)i)));
}

static const struct test tests[] = {
	{ "weak passcodes are refused with their rule",
	  weak_ones_are_refused_with_their_rule },
	{ "names of greetings are names of files",
	  names_of_greetings_are_names_of_files },
};

TEST_MAIN("pbx/passcode", tests)
