/* check.c - see check.h
 *
 * The stores are read one after the other, so a change in flight may be seen
 * half; what is still wrong half a second later is wrong.
 */
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

int check_main(int argc, char *argv[])
{
	struct conf *conf = NULL;
	unsigned wrong;
	int code = 2, err;

	if (conf_load(&conf, "check", NULL, 0, argc, argv, &code))
		return code;
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
