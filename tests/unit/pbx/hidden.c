/* hidden.c - tests of what covers dialled PINs */
#include "base/libre.h"
#include "pbx/call/hidden.h"
#include "tests/unit/test.h"

static const struct {
	const char *text;
	const char *shown;
} cases[] = {
	{ "*51*2001*7391", "*51*2001*xxxx" },
	{ "*51*2001", "*51*2001" },
	{ "*51*2001*", "*51*2001*" },
	{ "INVITE sip:*51*2001*7391@10.0.0.1 SIP/2.0",
	  "INVITE sip:*51*2001*xxxx@10.0.0.1 SIP/2.0" },
	{ "<sip:%2A51%2a2001%2A73@h>, <sip:*51*1*2@h>",
	  "<sip:%2A51%2a2001%2Axx@h>, <sip:*51*1*x@h>" },
	{ "*51*2001*7%339-1", "*51*2001*xxxxxxx" },
	{ "#9*2001*7391 *52*2001*7391", "#9*2001*xxxx *52*2001*7391" },
	{ "*5", "*5" },
	{ "%", "%" },
	{ "*51*2%", "*51*2%" },
	{ "*51*2*%2", "*51*2*%2" },
	{ "", "" },
};

static void test_mask(void)
{
	hidden_learn("*51*");
	hidden_learn("*51*");
	hidden_learn("#9*");
	hidden_learn("");
	hidden_learn("*12345678901234");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[120];

		(void)re_snprintf(text, sizeof(text), "%s", cases[i].text);
		hidden_mask(text, strlen(text));
		CHECK_STR(text, cases[i].shown);
	}
	hidden_forget();
}

static void test_many(void)
{
	char code[12], text[] = "*10*1*2 *49*1*2";

	for (int i = 10; i < 50; i++) {
		(void)re_snprintf(code, sizeof(code), "*%d*", i);
		hidden_learn(code);
	}
	hidden_mask(text, strlen(text));
	CHECK_STR(text, "*10*1*2 *49*1*x");
	hidden_forget();
}

static const struct test tests[] = {
	{ "a dialled PIN is covered wherever it stands", test_mask },
	{ "the last plans of many are known", test_many },
};

TEST_MAIN("pbx/hidden", tests)
