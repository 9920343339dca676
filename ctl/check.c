/* check.c - see check.h
 *
 * The stores are read one after the other, so a change in flight may be seen
 * half; what is still wrong half a second later is wrong.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/libre.h"
#include "ctl/check.h"
#include "ctl/invariant.h"

enum { SETTLE_MS = 500 };

struct tally {
	bool is_last;
	unsigned tested;
	unsigned skipped;
};

static void tell(const struct invariant *v, const char *what, void *arg)
{
	const struct tally *t = arg;

	if (t->is_last)
		(void)printf("wrong %s: %s (%s)\n", v->id, what, v->claim);
}

unsigned check_dir(const char *dir, bool is_last, int *errp)
{
	struct tally t = { .is_last = is_last };
	struct stores *s = NULL;
	unsigned wrong = 0;

	*errp = stores_open(&s, dir);
	if (*errp)
		return 0;
	for (size_t i = 0; i < invariant_count; i++) {
		bool skipped;

		wrong += invariant_test(s, &invariants[i], tell, &t, &skipped);
		if (skipped)
			t.skipped++;
		else
			t.tested++;
	}
	mem_deref(s);
	if (is_last || !wrong)
		(void)printf("%u invariants tested, %u passed over (no such "
			     "store), %u wrong\n",
			     t.tested, t.skipped, wrong);

	return wrong;
}

static const struct setting check_settings[] = {
	{ "manual", SETTING_FLAG, "no", 0, 0, NULL,
	  "print the invariants as they stand in the manual page, and end" },
};

/* An entry an id, a line a claim. */
static int manual_print(void)
{
	const char *id = "";

	for (size_t i = 0; i < invariant_count; i++) {
		const struct invariant *v = &invariants[i];

		if (strcmp(id, v->id) != 0)
			(void)printf(".TP\n.B %s\n", v->id);
		else
			(void)puts(".br");
		(void)printf("%c%s.\n", toupper((unsigned char)v->claim[0]),
			     v->claim + 1);
		id = v->id;
	}

	return 0;
}

int check_main(int argc, char *argv[])
{
	struct conf *conf = NULL;
	unsigned wrong;
	int code = 2, err;

	if (conf_load(&conf, "check", check_settings,
		      ARRAY_SIZE(check_settings), argc, argv, &code))
		return code;
	if (conf_flag(conf, "manual")) {
		mem_deref(conf);
		return manual_print();
	}
	wrong = check_dir(conf_text(conf, "dir"), false, &err);
	if (wrong) {
		sys_msleep(SETTLE_MS);
		wrong = check_dir(conf_text(conf, "dir"), true, &err);
	}
	if (err)
		(void)fprintf(stderr, "holdfast check: %s: %s\n",
			      conf_text(conf, "dir"),
			      err == ENOENT ? "no store there" : strerror(err));
	mem_deref(conf);

	return err ? 2 : wrong ? 1 : 0;
}
