/* conf.c - the configuration's reader against its printer, and its errors */
#include "base/conf.h"
#include "base/libre.h"
#include "tests/unit/test.h"

static const struct setting table[] = {
	{ "greeting", SETTING_TEXT, "hello", 0, 0, NULL, "what is said" },
	{ "rings", SETTING_NUMBER, "5", 1, 20, NULL, "how often" },
	{ "strict", SETTING_FLAG, "no", 0, 0, NULL, "whether" },
	{ "peer", SETTING_LIST, NULL, 0, 0, NULL, "who" },
	{ "colour", SETTING_CHOICE, "red", 0, 0, "red green", "which" },
};

static struct conf *make(void)
{
	struct conf *conf = NULL;

	CHECK_INT(conf_alloc(&conf, "test", table,
			     sizeof(table) / sizeof(table[0])),
		  0);

	return conf;
}

static char *print(const struct conf *conf)
{
	struct mbuf *mb = mbuf_alloc(64);
	char *text = NULL;

	CHECK_INT(conf_print(conf, mb), 0);
	mb->pos = 0;
	CHECK_INT(mbuf_strdup(mb, &text, mb->end), 0);
	mem_deref(mb);

	return text;
}

static void what_is_printed_parses_to_the_same(void)
{
	static const char text[] = "# a comment\n"
				   "dir /tmp/x   # where\r\n"
				   "program pbx\n"
				   "rings 99\n"
				   "program test\n"
				   "  greeting \"a \\\"b\\\" \\\\ # c\"\n"
				   "rings 7\n"
				   "peer one\n"
				   "peer \"\"\n"
				   "program all\n"
				   "strict yes\n";
	static const char golden[] = "program test\n"
				     "dir /tmp/x\n"
				     "port-base 8000\n"
				     "listen 127.0.0.1\n"
				     "realm holdfast\n"
				     "log-level info\n"
				     "greeting \"a \\\"b\\\" \\\\ # c\"\n"
				     "rings 7\n"
				     "strict yes\n"
				     "peer one\n"
				     "peer \"\"\n"
				     "colour red\n";
	char why[CONF_WHY_BYTES] = "", *first, *second;
	struct conf *a = make(), *b = make();

	CHECK_INT(conf_parse(a, "f", text, why), 0);
	CHECK_STR(conf_text(a, "greeting"), "a \"b\" \\ # c");
	CHECK_INT(conf_number(a, "rings"), 7);
	CHECK(conf_flag(a, "strict"));
	CHECK_STR(conf_list(a, "peer", 1), "");
	CHECK(conf_list(a, "peer", 2) == NULL);
	CHECK(!conf_is_given(a, "realm"));

	first = print(a);
	CHECK_STR(first, golden);
	CHECK_INT(conf_parse(b, "f", first, why), 0);
	second = print(b);
	CHECK_STR(second, golden);

	mem_deref(first);
	mem_deref(second);
	mem_deref(a);
	mem_deref(b);
}

static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	{ "\n\nrings 21\n", "f:3: rings is a number from 1 to 20." },
	{ "rings 7x", "f:1: rings is a number from 1 to 20." },
	{ "rings", "f:1: A value is missing." },
	{ "rings # 7", "f:1: A value is missing." },
	{ "greeting \"a", "f:1: The closing quote is missing." },
	{ "greeting a b", "f:1: A value with blanks stands in quotes." },
	{ "greeting \"a\"b", "f:1: A value with blanks stands in quotes." },
	{ "strict maybe", "f:1: strict is yes or no." },
	{ "colour blue", "f:1: colour is one of: red green." },
	{ "listen here",
	  "f:1: listen is a numeric address such as 192.0.2.1." },
	{ "greting x",
	  "f:1: There is no setting greting; did you mean greeting" },
	{ "zzzzzzzzzz x", "f:1: There is no setting zzzzzzzzzz." },
};

static void errors_name_file_line_and_remedy(void)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char why[CONF_WHY_BYTES] = "";
		struct conf *conf = make();

		CHECK_INT(conf_parse(conf, "f", wrong[i].text, why), EBADMSG);
		CHECK(!strncmp(why, wrong[i].why, strlen(wrong[i].why)) ||
		      (puts(why), 0));
		mem_deref(conf);
	}
}

static void options_win_over_the_file(void)
{
	char file[] = "/tmp/unit-conf-XXXXXX";
	char rings[] = "--rings=9", config[] = "--config", peer[] = "--peer";
	char name[] = "test", x[] = "x", strict[] = "--strict", rest[] = "rest";
	char *argv[] = { name, config, file, rings, peer, x, strict, rest };
	struct conf *conf = NULL;
	const int fd = mkstemp(file);
	int code = -1;

	CHECK(fd >= 0);
	CHECK_INT(dprintf(fd, "rings 3\npeer a\npeer b\ngreeting hi\n"), 34);
	CHECK_INT(conf_load(&conf, "test", table,
			    sizeof(table) / sizeof(table[0]), 8, argv, &code),
		  0);
	(void)unlink(file);
	(void)close(fd);
	CHECK_INT(conf_number(conf, "rings"), 9);
	CHECK_STR(conf_text(conf, "greeting"), "hi");
	CHECK_STR(conf_list(conf, "peer", 0), "x");
	CHECK(conf_list(conf, "peer", 1) == NULL);
	CHECK(conf_flag(conf, "strict"));
	CHECK_STR(conf_argument(conf, 0), "rest");
	CHECK(conf_argument(conf, 1) == NULL);
	mem_deref(conf);
}

static void addresses_follow_the_port_base(void)
{
	struct conf *conf = make();
	char path[64];
	struct sa sa;

	CHECK_INT(conf_set(conf, "port-base", "9000", NULL), 0);
	CHECK_INT(conf_address(&sa, conf, 82), 0);
	CHECK_INT(sa_port(&sa), 9082);
	CHECK_INT(conf_path(conf, "test.db", path, sizeof(path)), 0);
	CHECK_STR(path, "./var/test/test.db");
	mem_deref(conf);
}

static const struct test tests[] = {
	{ "what is printed parses to the same",
	  what_is_printed_parses_to_the_same },
	{ "errors name file, line and remedy",
	  errors_name_file_line_and_remedy },
	{ "options win over the file", options_win_over_the_file },
	{ "addresses follow the port base", addresses_follow_the_port_base },
};

TEST_MAIN("base/conf", tests)
