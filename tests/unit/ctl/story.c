/* The language of stories: what is understood and what is said of the rest. */
#include "base/libre.h"
#include "ctl/story/fields.h"
#include "ctl/story/parser.h"
#include "tests/unit/test.h"

static const char cast[] = "story \"A call\"\n"
			   "customer acme\n"
			   "alice at 2001 on desk\n"
			   "bob at 2002 on desk, mobile through border\n";

static struct story *parse(const char *more)
{
	char text[2000], error[800] = "";
	struct story *st = NULL;

	(void)snprintf(text, sizeof(text), "%s%s", cast, more);
	if (story_parse(&st, "s.call", text, error, sizeof(error)))
		test_fail(__FILE__, __LINE__, "%s", error);

	return st;
}

static void check_error(const char *more, const char *wanted)
{
	char text[2000], error[800] = "";
	struct story *st = NULL;

	(void)snprintf(text, sizeof(text), "%s%s", cast, more);
	if (!story_parse(&st, "s.call", text, error, sizeof(error)))
		test_fail(__FILE__, __LINE__, "parsed: %s", more);
	if (!strstr(error, wanted))
		test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", wanted,
			  error);
}

static const struct step *last(const struct story *st)
{
	return &st->steps[st->step_count - 1];
}

static void test_cast(void)
{
	struct story *st = parse("");

	CHECK_INT(st->step_count, 4);
	CHECK_STR(st->name, "s");
	CHECK_STR(st->title, "A call");
	CHECK_STR(last(st)->slot[SLOT_DEVICES], "desk,mobile/border");
	CHECK_STR(last(st)->slot[SLOT_NUMBER], "2002");
	CHECK(st->needs_all_servers);
	mem_deref(st);
}

static void test_desk_only(void)
{
	char error[200];
	struct story *st = NULL;

	CHECK_INT(story_parse(&st, "tests/stories/call/x.call",
			      "story \"x\"\ncustomer acme\n"
			      "alice at 2001 on desk\n",
			      error, sizeof(error)),
		  0);
	CHECK(!st->needs_all_servers);
	CHECK_STR(st->name, "call/x");
	mem_deref(st);
}

static void test_devices(void)
{
	struct story *st = parse("bob on mobile answers\n");

	CHECK_STR(last(st)->slot[SLOT_WHO], "bob");
	CHECK_STR(last(st)->slot[SLOT_DEVICE], "mobile");
	mem_deref(st);

	st = parse("bob answers on desk\n");
	CHECK_STR(last(st)->slot[SLOT_DEVICE], "desk");
	mem_deref(st);
}

static void test_within(void)
{
	struct story *st = parse(
		"alice shows \"lost – now\" within 5s # why\n");

	CHECK_INT(last(st)->within_ms, 5000);
	CHECK_STR(last(st)->slot[SLOT_TEXT], "lost – now");
	mem_deref(st);

	st = parse("bob rings on desk within 300ms\n");
	CHECK_INT(last(st)->within_ms, 300);
	mem_deref(st);
}

static void test_optional(void)
{
	struct story *st = parse("bob rings showing \"Alice\" 2001\n");

	CHECK_STR(last(st)->slot[SLOT_TEXT], "Alice");
	CHECK_STR(last(st)->slot[SLOT_NUMBER], "2001");
	mem_deref(st);

	st = parse("bob rings\n");
	CHECK(!last(st)->slot[SLOT_TEXT]);
	mem_deref(st);
}

static void test_choices(void)
{
	struct story *st = parse("history of bob has incoming 2001 missed\n");

	CHECK_STR(last(st)->choice[0], "incoming");
	CHECK_STR(last(st)->choice[1], "missed");
	mem_deref(st);
}

static void test_list(void)
{
	struct story *st = parse("alice offers hold, hang-up,mute\n");

	CHECK_STR(last(st)->slot[SLOT_FEATURES], "hold,hang-up,mute");
	mem_deref(st);
}

static void test_new_people(void)
{
	struct story *st = parse("provider creates customer beta\n"
				 "provider creates user erin at 3001 in beta\n"
				 "erin on desk registers\n");

	CHECK_STR(last(st)->slot[SLOT_WHO], "erin");
	mem_deref(st);
}

static void test_objects(void)
{
	struct story *st = parse(
		"the pbx has group sales with {number: 2100, type: ring-all, "
		"members: [@alice, @bob.desk]}\n"
		"the pbx says group sales number is 2100\n"
		"the pbx has did main with {start: \"0140#\", group: @sales}\n");

	CHECK_STR(last(st)->slot[SLOT_KIND], "did");
	CHECK_STR(last(st)->slot[SLOT_OBJECT], "main");
	CHECK_STR(last(st)->slot[SLOT_FIELDS],
		  "{start: \"0140#\", group: @sales}");
	CHECK_STR(last(st)[-1].slot[SLOT_MADE], "sales");
	CHECK_STR(last(st)[-1].slot[SLOT_VALUE], "2100");
	CHECK_STR(last(st)[-2].slot[SLOT_OBJECT], "sales");
	mem_deref(st);

	/* among the cast, and after it */
	st = parse("the pbx has user alice with {mailbox: true}\n"
		   "zoe at 2003 on desk\n"
		   "alice calls \"#21#\"\n"
		   "the pbx is told put users/@alice/settings with {}\n"
		   "the pbx forgets phone alice.desk\n");
	CHECK_STR(last(st)->slot[SLOT_MADE], "alice.desk");
	CHECK_STR(last(st)[-1].slot[SLOT_PATH], "users/@alice/settings");
	CHECK_STR(last(st)[-1].choice[0], "put");
	CHECK_STR(last(st)[-2].slot[SLOT_NUMBER], "#21#");
	mem_deref(st);

	check_error("the pbx has grop x\n", "did you mean \"group\"?");
	check_error("the pbx has group x with {number: 1\n",
		    "5:26: the fields have no closing brace");
	check_error("the pbx has group x with {number 1}\n", "expected fields");
	check_error("the pbx has group x with {members: [@zoe]}\n",
		    "expected fields");
	check_error("the pbx forgets group sals\n", "expected alice, bob");
	check_error("the pbx has group sales\nthe pbx forgets group sals\n",
		    "did you mean \"sales\"?");
	check_error("the pbx is told put users/@zoe with {}\n",
		    "expected a path");
}

static bool hold(const char *wanted, const char *value)
{
	json_t *a = fields_parse(wanted), *b = fields_parse(value);
	bool ok;

	CHECK(a && b);
	ok = fields_hold(a, b);
	json_decref(a);
	json_decref(b);

	return ok;
}

static const char *id_of(const char *name, void *arg)
{
	(void)arg;
	return strcmp(name, "alice") ? NULL : "01ab";
}

static void test_fields(void)
{
	static const char *const bad[] = { "",        "{",       "{a}",
					   "{a: }",   "{a: 1,}", "{a: 1, a: 2}",
					   "{a: \"x}" };
	const char *unknown = NULL;
	json_t *value;
	char *text;

	value = fields_parse("{number: 0123, ring_s: 20, on: true, a: \"b c\", "
			     "to: [@alice, *21*, +33, x-y]}");
	CHECK(fields_resolve(&value, id_of, NULL, &unknown));
	text = json_dumps(value, JSON_COMPACT);
	CHECK_STR(text, "{\"number\":\"0123\",\"ring_s\":20,\"on\":true,"
			"\"a\":\"b c\",\"to\":[\"01ab\",\"*21*\",\"+33\","
			"\"x-y\"]}");
	free(text);
	json_decref(value);

	value = fields_parse("[{to: @bob}]");
	CHECK(!fields_resolve(&value, id_of, NULL, &unknown));
	CHECK_STR(unknown, "bob");
	json_decref(value);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!fields_parse(bad[i]));

	CHECK(hold("{a: 1}", "{a: \"1\", b: 2}"));
	CHECK(hold("{a: [{b: x}]}", "{a: [{b: y}, {b: x, c: 1}]}"));
	CHECK(hold("{a: null}", "{b: 1}"));
	CHECK(hold("[]", "[]"));
	CHECK(!hold("[]", "[1]"));
	CHECK(!hold("{a: 1}", "{a: 2}"));
	CHECK(!hold("{a: 1}", "{}"));
	CHECK(!hold("{a: {b: 1}}", "{a: 1}"));
	CHECK(!hold("{a: null}", "{a: 1}"));
	CHECK(!hold("[1, 3]", "[1, 2]"));
}

static void test_errors(void)
{
	check_error("alise calls 2002\n", "s.call:5:1: \"alise\" does not fit "
					  "here; did you mean \"alice\"?");
	check_error("alice cals 2002\n", "s.call:5:7: \"cals\" does not fit "
					 "here; did you mean \"calls\"?");
	check_error("alice calls\n", "too early; expected digits");
	check_error("alice calls 2002 now\n", "5:18: \"now\"");
	check_error("bob answers on phone\n", "5:16: \"phone\"");
	check_error("bob rings within soon\n", "\"soon\" does not fit");
	check_error("alice shows \"open\n", "no closing quote");
	check_error("alice calls 2002\nzoe at 2003 on desk\n",
		    "6:1: the cast comes before");
	check_error("alice lacks tranfer\n", "did you mean \"transfer\"?");
	check_error("upc stops\n", "did you mean");
	check_error("story \"again\"\n", "a story has one title");
}

static void test_no_title(void)
{
	char error[200];
	struct story *st = NULL;

	CHECK_INT(story_parse(&st, "x.call", "customer acme\n", error,
			      sizeof(error)),
		  EBADMSG);
	CHECK(strstr(error, "begins with") != NULL);
}

static void test_limits(void)
{
	char *text = mem_zalloc(200000, NULL);
	char error[400];
	struct story *st = NULL;

	(void)snprintf(text, 200000, "story \"long\"\n%01500d\n", 7);
	CHECK_INT(story_parse(&st, "x", text, error, sizeof(error)), EBADMSG);
	(void)snprintf(text, 200000, "story \"many\"\n");
	for (int i = 0; i < 500; i++)
		(void)snprintf(text + strlen(text), 40, "after 1ms\n");
	CHECK_INT(story_parse(&st, "x", text, error, sizeof(error)), EBADMSG);
	CHECK(strstr(error, "too many lines") != NULL);
	mem_deref(text);
}

static void test_patterns(void)
{
	for (size_t i = 0; i < sentence_count; i++) {
		const char *p = sentences[i].pattern;
		int depth = 0;

		for (; *p; p++)
			depth += (*p == '[') - (*p == ']');
		CHECK_INT(depth, 0);
		CHECK(sentences[i].run || sentences[i].kind == SENTENCE_TITLE);
		CHECK(sentences[i].help[0]);
	}
}

static void test_distance(void)
{
	CHECK_INT(word_distance("calls", "calls"), 0);
	CHECK_INT(word_distance("cals", "calls"), 1);
	CHECK_INT(word_distance("", "abc"), 3);
	CHECK_INT(word_distance("abc", ""), 3);
}

static const struct test tests[] = {
	{ "a cast has people, extensions and devices", test_cast },
	{ "a story that speaks of calls alone needs the pbx only",
	  test_desk_only },
	{ "a device may follow the person or end the line", test_devices },
	{ "a sense may have its own time", test_within },
	{ "what stands in brackets may be left out", test_optional },
	{ "the words chosen of a|b are kept", test_choices },
	{ "a list is words with commas", test_list },
	{ "people the provider creates are known from then on",
	  test_new_people },
	{ "objects of the pbx are named, their fields read", test_objects },
	{ "fields are JSON without quotes, and compared in part", test_fields },
	{ "an error names line, column and the nearest word", test_errors },
	{ "a story needs a title", test_no_title },
	{ "long lines and long stories are refused", test_limits },
	{ "every sentence is whole, has help and does something",
	  test_patterns },
	{ "distance counts single edits", test_distance },
};

TEST_MAIN("ctl/story", tests)
