/* store_turn.c - tests of base/store.h: turn mode, full disk, log size */
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "base/store_core.h"
#include "tests/unit/test.h"

static char dir[64];
static char url[128];
static struct store *store;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void close_all(void)
{
	store = mem_deref(store);
	if (dir[0])
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

static void open_fresh(enum store_mode mode)
{
	close_all();
	fault_reset();
	snprintf(dir, sizeof(dir), "/tmp/holdfast-turn-XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(url, sizeof(url), "sqlite:%s/a.db", dir);
	CHECK_INT(store_open(&store, url, mode), 0);
	CHECK_INT(store_exec_now(store,
				 "CREATE TABLE rows (n BIGINT PRIMARY KEY, "
				 "text TEXT)",
				 STORE_NO_ARGS),
		  0);
}

static int add(int64_t n, const char *text)
{
	return store_turn_add(store, "INSERT INTO rows VALUES ($1, $2)",
			      STORE_ARGS(store_int(n), store_text(text)));
}

static int64_t count_in(struct store *s)
{
	int64_t n = -1;

	CHECK_INT(store_query_int(&n, s, "SELECT COUNT(*) FROM rows",
				  STORE_NO_ARGS),
		  0);
	return n;
}

static int64_t count_from_outside(void)
{
	struct store *other;
	int64_t n;

	CHECK_INT(store_open(&other, url, STORE_NORMAL_SYNC), 0);
	n = count_in(other);
	mem_deref(other);
	return n;
}

static void a_turn_is_seen_at_once_and_kept_at_its_flush(void)
{
	open_fresh(STORE_TURN);
	CHECK_INT(add(1, "one"), 0);
	CHECK_INT(add(2, "two"), 0);
	CHECK_INT(add(2, "again"), EEXIST);
	CHECK_INT(count_in(store), 2);
	CHECK_INT(count_from_outside(), 0);
	CHECK_INT(store_turn_flush(store), 0);
	CHECK_INT(count_from_outside(), 2);
	CHECK_INT(store_turn_flush(store), 0);
}

static void stop(void *arg)
{
	(void)arg;
	re_cancel();
}

static void a_forgotten_turn_is_flushed_by_the_loop(void)
{
	struct tmr t;

	open_fresh(STORE_TURN);
	CHECK_INT(add(1, "one"), 0);
	tmr_init(&t);
	tmr_start(&t, 50, stop, NULL);
	re_main(NULL);
	CHECK_INT(count_from_outside(), 1);
}

static int failed_with;

static void note(const struct store_result *r, void *arg)
{
	(void)arg;
	failed_with = r->err;
	re_cancel();
}

static void a_write_is_answered_after_the_sync(void)
{
	open_fresh(STORE_TURN);
	failed_with = -1;
	CHECK_INT(add(1, "one"), 0);
	CHECK_INT(store_write(store, note, NULL,
			      "INSERT INTO rows VALUES (2,"
			      " 'two')",
			      STORE_NO_ARGS),
		  0);
	CHECK_INT(store_turn_flush(store), 0);
	CHECK_INT(failed_with, -1);
	re_main(NULL);
	CHECK_INT(failed_with, 0);
	CHECK_INT(count_from_outside(), 2);

	fault_plan(FAULT_FAIL, "store.sync", 1);
	CHECK_INT(store_write(store, note, NULL,
			      "INSERT INTO rows VALUES (3,"
			      " 'three')",
			      STORE_NO_ARGS),
		  0);
	re_main(NULL);
	CHECK_INT(failed_with, EIO);
}

static void a_lost_turn_is_reported(void)
{
	open_fresh(STORE_TURN);
	fault_plan(FAULT_FAIL, "store.commit", 1);
	CHECK_INT(add(1, "one"), 0);
	CHECK_INT(store_turn_flush(store), EIO);
	CHECK_INT(count_in(store), 0);
	CHECK_INT(add(1, "one"), 0);
	CHECK_INT(store_turn_flush(store), 0);
	CHECK_INT(count_in(store), 1);
}

static off_t size_of_log(void)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/a.db-wal", dir);
	return stat(path, &st) ? -1 : st.st_size;
}

static void the_log_does_not_grow_for_ever(void)
{
	char text[1000];
	uint64_t started;
	uint64_t longest = 0;

	open_fresh(STORE_TURN);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	started = clock_mono_us();
	for (int turn = 0; turn < 1000; turn++) {
		uint64_t before = clock_mono_us();

		for (int i = 0; i < 20; i++)
			CHECK_INT(add(turn * 20 + i, text), 0);
		CHECK_INT(store_turn_flush(store), 0);
		before = clock_mono_us() - before;
		longest = before > longest ? before : longest;
	}
	fprintf(stderr, "# %.1f us a row, longest turn %llu us, log %lld kB\n",
		(double)(clock_mono_us() - started) / 20000,
		(unsigned long long)longest, (long long)size_of_log() / 1024);
	CHECK(size_of_log() < 110ll * 1024 * 1024);
	CHECK_INT(count_in(store), 20000);
}

static void fill(int err)
{
	char text[20000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		int got = store_exec_now(
			store, "INSERT INTO rows VALUES ($1, $2)",
			STORE_ARGS(store_int(1000 + i), store_text(text)));

		if (got) {
			CHECK_INT(got, err);
			return;
		}
	}
	CHECK(!"never full");
}

static void a_full_disk_is_named_and_passes(void)
{
	for (int i = 0; i < 2; i++) {
		open_fresh(i ? STORE_TURN : STORE_FULL_SYNC);
		CHECK_INT(
			sqlite_limit_pages(i ? store->loop : store->behind, 40),
			0);
		fill(ENOSPC);
		CHECK_INT(store_last_error(store)->class, STORE_FULL);
		CHECK_INT(store_exec_now(store, "DELETE FROM rows",
					 STORE_NO_ARGS),
			  0);
		CHECK_INT(store_exec_now(store,
					 "INSERT INTO rows VALUES (1, 'a')",
					 STORE_NO_ARGS),
			  0);
		CHECK_INT(count_in(store), 1);
	}
}

static int answers;
static int good;

static void count_answer(const struct store_result *r, void *arg)
{
	(void)arg;
	answers++;
	good += !r->err;
	if (answers == 10)
		re_cancel();
}

static void one_too_big_for_the_disk_spares_the_rest(void)
{
	static char text[400000];

	open_fresh(STORE_FULL_SYNC);
	CHECK_INT(sqlite_limit_pages(store->behind, 40), 0);
	memset(text, 'x', sizeof(text) - 1);
	answers = 0;
	good = 0;
	for (int i = 0; i < 10; i++) {
		CHECK_INT(store_write(
				  store, count_answer, NULL,
				  "INSERT INTO rows VALUES ($1, $2)",
				  STORE_ARGS(store_int(i),
					     store_text(i == 5 ? text : "x"))),
			  0);
	}
	re_main(NULL);
	CHECK_INT(answers, 10);
	CHECK_INT(good, 9);
	CHECK_INT(count_in(store), 9);
}

static void the_file_is_private(void)
{
	char path[128];
	struct stat st;

	open_fresh(STORE_TURN);
	CHECK_INT(add(1, "one"), 0);
	CHECK_INT(store_turn_flush(store), 0);
	snprintf(path, sizeof(path), "%s/a.db", dir);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 077, 0);
	snprintf(path, sizeof(path), "%s/a.db-wal", dir);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 077, 0);
}

static void bad_addresses_are_refused(void)
{
	struct store *s = NULL;

	close_all();
	CHECK_INT(store_open(&s, "mysql:x", STORE_FULL_SYNC), EINVAL);
	CHECK_INT(store_open(&s, "sqlite:", STORE_FULL_SYNC), EINVAL);
	CHECK_INT(store_open(&s, "postgres:host=/none", STORE_TURN), ENOTSUP);
	CHECK_INT(store_open(&s, "postgres:host=/none", STORE_FULL_SYNC), EIO);
	CHECK(store_open(&s, "sqlite:/none/none/a.db", STORE_FULL_SYNC) != 0);
	CHECK(!s);
}

static const struct test tests[] = {
	{ "a turn is seen at once and kept at its flush",
	  a_turn_is_seen_at_once_and_kept_at_its_flush },
	{ "a forgotten turn is flushed by the loop",
	  a_forgotten_turn_is_flushed_by_the_loop },
	{ "a write is answered after the sync",
	  a_write_is_answered_after_the_sync },
	{ "a lost turn is reported", a_lost_turn_is_reported },
	{ "the log does not grow for ever", the_log_does_not_grow_for_ever },
	{ "a full disk is named and passes", a_full_disk_is_named_and_passes },
	{ "one write too big for the disk spares the rest",
	  one_too_big_for_the_disk_spares_the_rest },
	{ "the file is private", the_file_is_private },
	{ "bad addresses are refused", bad_addresses_are_refused },
};

TEST_MAIN("base/store_turn", tests)
