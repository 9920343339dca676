/* journal.c - rows survive what happens to processes and disks */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/libre.h"
#include "base/loop.h"
#include "tests/unit/test.h"

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;

	return remove(path);
}

static void begin(void)
{
	CHECK_INT(loop_init(), 0);
	(void)snprintf(dir, sizeof(dir), "/tmp/holdfast-journal-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

static void end(void)
{
	fault_reset();
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	loop_close();
}

static struct journal *opened(void)
{
	struct journal *j = NULL;

	CHECK_INT(journal_open(&j, dir, "live"), 0);

	return j;
}

struct seen {
	char text[4000];
	size_t n;
	uint32_t count;
	uint64_t sum;
};

static void note(uint8_t kind, uint64_t row, struct span blob, void *arg)
{
	struct seen *s = arg;

	s->count++;
	s->sum += row;
	if (s->n < sizeof(s->text) - 100)
		s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n,
					 "%u/%u=%.*s ", kind, (unsigned)row,
					 (int)blob.len, blob.p);
}

static struct seen *look(uint8_t kind)
{
	static struct seen s;

	memset(&s, 0, sizeof(s));
	CHECK_INT(journal_look(dir, "live", kind, note, &s), 0);

	return &s;
}

static struct span text(const char *s)
{
	return span_of(s);
}

static void test_rows(void)
{
	struct seen s = { .n = 0 };
	struct journal *j;

	begin();
	CHECK_INT(journal_look(dir, "live", 0, note, &s), ENOENT);
	j = opened();
	CHECK_INT(journal_put(j, 1, 2, text("two")), 0);
	CHECK_INT(journal_put(j, 1, 1, text("one")), 0);
	CHECK_INT(journal_put(j, 2, 1, text("other")), 0);
	CHECK_INT(journal_put(j, 1, 3, text("gone")), 0);
	CHECK_INT(journal_flush(j), 0);
	CHECK_INT(journal_put(j, 1, 2, text("two again")), 0);
	CHECK_INT(journal_remove(j, 1, 3), 0);
	CHECK_INT(journal_remove(j, 1, 77), 0);
	CHECK_INT(journal_put(j, 1, 4, text("")), 0);
	CHECK_INT(journal_put(j, 0, 4, text("")), EINVAL);
	CHECK_INT(journal_flush(j), 0);
	CHECK_STR(look(1)->text, "1/1=one 1/2=two again 1/4= ");
	CHECK_STR(look(2)->text, "2/1=other ");
	mem_deref(j);

	j = opened();
	CHECK_INT(journal_each(j, 1, note, &s), 0);
	CHECK_STR(s.text, "1/1=one 1/2=two again 1/4= ");
	CHECK_INT(journal_remove(j, 1, 1), 0);
	mem_deref(j); /* flushes */
	CHECK_STR(look(1)->text, "1/2=two again 1/4= ");
	end();
}

static void test_killed(void)
{
	int status = 0;
	pid_t pid;

	begin();
	pid = fork();
	if (!pid) {
		struct journal *j = opened();

		(void)journal_put(j, 1, 1, text("flushed"));
		(void)journal_flush(j);
		(void)journal_put(j, 1, 2, text("not flushed"));
		(void)kill(getpid(), SIGKILL);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK_STR(look(1)->text, "1/1=flushed ");
	end();
}

static void spoil(const char *file, off_t from_end, bool cuts)
{
	char path[128];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(fstat(fd, &st), 0);
	if (cuts)
		CHECK_INT(ftruncate(fd, st.st_size - from_end), 0);
	else
		CHECK_INT(pwrite(fd, "#", 1, st.st_size - from_end), 1);
	(void)close(fd);
}

static void test_torn(void)
{
	struct journal *j;

	begin();
	j = opened();
	CHECK_INT(journal_put(j, 1, 1, text("whole")), 0);
	CHECK_INT(journal_put(j, 1, 2, text("torn")), 0);
	mem_deref(j);
	spoil("live-000001.log", 2, true);
	CHECK_STR(look(1)->text, "1/1=whole ");

	j = opened(); /* goes on behind it */
	CHECK_INT(journal_put(j, 1, 3, text("after")), 0);
	mem_deref(j);
	CHECK_STR(look(1)->text, "1/1=whole 1/3=after ");

	spoil("live-000002.log", 2, false);
	CHECK_STR(look(1)->text, "1/1=whole ");
	end();
}

static void test_disk_refuses(void)
{
	struct journal *j;

	begin();
	j = opened();
	fault_plan(FAULT_FAIL, "journal.write", 1);
	CHECK_INT(journal_put(j, 1, 1, text("kept")), 0);
	CHECK_INT(journal_flush(j), EIO);
	CHECK_INT(look(1)->count, 0);
	CHECK_INT(journal_put(j, 1, 2, text("more")), 0);
	CHECK_INT(journal_flush(j), 0);
	CHECK_STR(look(1)->text, "1/1=kept 1/2=more ");
	mem_deref(j);
	end();
}

static bool is_there(const char *file)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	return !stat(path, &st);
}

/* Turns of the loop until a file is there, 10 s at most. */
static void look_again(void *arg)
{
	struct tmr *tmr = arg;
	static int tries;

	if (is_there("live-000002.base") || ++tries > 500) {
		tries = 0;
		re_cancel();
		return;
	}
	tmr_start(tmr, 20, look_again, tmr);
}

static void test_compacted(void)
{
	struct journal *j;
	struct tmr tmr;

	begin();
	mem_deref(opened());
	j = opened();
	journal_limit(j, 20000);
	for (uint64_t i = 1; i <= 5000; i++) {
		CHECK_INT(journal_put(j, 1, i, text("some octets")), 0);
		if (i > 100)
			CHECK_INT(journal_remove(j, 1, i - 100), 0);
		if (i % 50 == 0)
			CHECK_INT(journal_flush(j), 0);
	}
	CHECK_INT(journal_flush(j), 0);
	CHECK_INT(look(1)->count, 100);

	tmr_init(&tmr);
	tmr_start(&tmr, 20, look_again, &tmr);
	CHECK_INT(re_main(NULL), 0);
	CHECK_INT(look(1)->count, 100);
	CHECK_INT(look(1)->sum, (4901 + 5000) * 50);
	CHECK(!is_there("live-000001.log"));
	CHECK_INT(journal_put(j, 1, 4901, text("new")), 0);
	mem_deref(j);
	CHECK(!strncmp(look(1)->text, "1/4901=new 1/4902=some octets ", 30));
	end();
}

static const struct test tests[] = {
	{ "rows are put, replaced and removed, and read back by number",
	  test_rows },
	{ "what was flushed survives kill -9", test_killed },
	{ "reading a file ends at the first record that is not whole",
	  test_torn },
	{ "rows a full disk refuses are written when it has room again",
	  test_disk_refuses },
	{ "files that have grown are compacted behind the loop",
	  test_compacted },
};

TEST_MAIN("journal", tests)
