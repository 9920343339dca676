/* json.c - tests of base/json.h: what strangers may not send */
#include <errno.h>

#include "base/json.h"
#include "base/libre.h"
#include "tests/unit/test.h"

/* n times `open`, then n times `close`. */
static char *nested(uint32_t n, const char *open, char close)
{
	const size_t size = n * (strlen(open) + 1) + 16;
	char *text = mem_zalloc(size, NULL);
	size_t len = 0;

	CHECK(text != NULL);
	for (uint32_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, size - len, "%s", open);
	if (open[0] == '{')
		len += (size_t)snprintf(text + len, size - len, "1");
	memset(text + len, close, n);

	return text;
}

static int read_text(const char *text, size_t max)
{
	char why[JSON_WHY_BYTES] = "";
	json_t *j = NULL;
	int err = json_read(&j, span_of(text), max, why);

	CHECK(err ? !j && *why : j != NULL);
	json_decref(j);

	return err;
}

static void depth_has_a_cap(void)
{
	static const uint32_t deep[] = { JSON_DEPTH_MAX + 1, 10000, 300000 };
	char *text = nested(JSON_DEPTH_MAX, "[", ']');

	CHECK_INT(read_text(text, 0), 0);
	mem_deref(text);
	text = nested(JSON_DEPTH_MAX, "{\"a\":", '}');
	CHECK_INT(read_text(text, 0), 0);
	mem_deref(text);

	for (size_t i = 0; i < sizeof(deep) / sizeof(deep[0]); i++) {
		text = nested(deep[i], "[", ']');
		CHECK_INT(read_text(text, 0), EBADMSG);
		mem_deref(text);
	}
	text = nested(JSON_DEPTH_MAX + 1, "{\"a\":", '}');
	CHECK_INT(read_text(text, 0), EBADMSG);
	mem_deref(text);
}

static void brackets_in_strings_are_no_depth(void)
{
	char text[200] = "[\"\\\"";

	memset(text + 4, '[', 100);
	memcpy(text + 104, "\"]", 3);
	CHECK_INT(read_text(text, 0), 0);
}

static void octets_have_a_cap(void)
{
	static char text[JSON_BYTES_MAX + 2];

	memset(text, ' ', sizeof(text) - 1);
	text[0] = '[';
	text[JSON_BYTES_MAX - 1] = ']';
	text[JSON_BYTES_MAX] = '\0';
	CHECK_INT(read_text(text, 0), 0);
	text[JSON_BYTES_MAX] = ' ';
	CHECK_INT(read_text(text, 0), EFBIG);
	CHECK_INT(read_text("[1]", 3), 0);
	CHECK_INT(read_text("[12]", 3), EFBIG);
}

static void what_is_ambiguous_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"{\"a\":1,\"a\":2}",
		"[1] 2",
		"{\"a\":\"\\u0000\"}",
		"[\"\xff\"]",
		"[1,]",
		"'a'",
		"[NaN]",
		"[01]",
		"{\"a\"}",
		"1",
		"\"text\"",
		"[\"\\ud800\"]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(bad[i], 0) != EBADMSG)
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
	}
}

static const struct test tests[] = {
	{ "depth has a cap", depth_has_a_cap },
	{ "brackets within strings are no depth",
	  brackets_in_strings_are_no_depth },
	{ "octets have a cap", octets_have_a_cap },
	{ "what could be read in two ways is refused",
	  what_is_ambiguous_is_refused },
};

TEST_MAIN("base/json", tests)
