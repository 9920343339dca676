/* trail.c - what a trail says, and that it cuts */
#include "pbx/call/trail.h"
#include "tests/unit/test.h"

static char line[512];

static void said(struct trail *t, const char *want)
{
	struct span all = trail_span(t);
	uint8_t len = all.len > 9 ? (uint8_t)all.p[8] : 0;

	(void)snprintf(line, sizeof(line), "%.*s", (int)len, all.p + 9);
	CHECK_STR(line, want);
	trail_close(t);
}

static void words(void)
{
	struct trail t = { NULL };

	trail_add(&t, "nothing else");
	said(&t, "nothing else");
	trail_add(&t, "%s calls %s", "alice", "bob");
	said(&t, "alice calls bob");
	trail_add(&t, "%s refused: %u", "2002", 486u);
	said(&t, "2002 refused: 486");
	trail_add(&t, "%s is 100%% of %d", "it", -1);
	said(&t, "it is 100% of -1");
}

static void lengths(void)
{
	char name[300];
	struct trail t = { NULL };

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t cut = TRAIL_ENTRY_BYTES - 2; cut < 165; cut++) {
		trail_add(&t, "%s", name + sizeof(name) - 1 - cut);
		CHECK_INT((uint8_t)trail_span(&t).p[8],
			  cut < TRAIL_ENTRY_BYTES ? cut
						  : TRAIL_ENTRY_BYTES - 1);
		trail_close(&t);
	}
}

static const struct test tests[] = {
	{ "a line is words, names and numbers", words },
	{ "a line that is too long is cut", lengths },
};

TEST_MAIN("pbx/trail", tests)
