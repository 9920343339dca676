/* The supervisor, with this very program as its servers. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/wheel.h"
#include "ctl/child.h"
#include "ctl/server.h"
#include "ctl/supervise.h"
#include "tests/unit/test.h"

enum { LIMIT_MS = 8000 };

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void folder_make(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/holdfast-test.XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

static void folder_end(void)
{
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What a child of this program does, by its name. */
static int serve(const char *name)
{
	if (!strcmp(name, "stubborn"))
		(void)signal(SIGTERM, SIG_IGN);
	if (!strcmp(name, "crasher"))
		return 3;
	for (;;)
		(void)pause();
}

/* "up", as a child: supervises the servers named after its folder. */
static int supervise(char *argv[])
{
	static const char *const none[] = { "x", NULL };
	struct supervisor *s = NULL;

	if (supervisor_alloc(&s, argv[2]))
		return 1;
	for (size_t i = 3; argv[i]; i++) {
		if (supervisor_add(s, argv[i], NULL, none))
			return 1;
	}
	(void)supervisor_run(s);
	mem_deref(s);

	return 0;
}

static pid_t up_start(const char *one, const char *two)
{
	const char *argv[] = { "test", "up", dir, one, two, NULL };
	struct child_streams fds = { -1, -1, 2 };
	pid_t pid = 0;

	CHECK_INT(child_start(&pid, argv, &fds), 0);
	return pid;
}

/* Wait until a server has a process other than `not`. */
static pid_t wait_other(const char *name, pid_t not )
{
	uint64_t end = wheel_now_ms() + LIMIT_MS;

	for (;;) {
		pid_t pid = server_pid(dir, name);

		if (pid && pid != not )
			return pid;
		if (wheel_now_ms() > end)
			return 0;
		sys_msleep(5);
	}
}

static bool wait_gone(pid_t pid)
{
	uint64_t end = wheel_now_ms() + LIMIT_MS;

	while (!kill(pid, 0)) {
		if (wheel_now_ms() > end)
			return false;
		sys_msleep(5);
	}

	return true;
}

static void test_restart(void)
{
	pid_t up, first, second;
	uint64_t start;

	folder_make();
	up = up_start("alpha", "beta");
	first = wait_other("alpha", 0);
	CHECK(first && wait_other("beta", 0));
	start = wheel_now_ms();
	CHECK_INT(kill(first, SIGKILL), 0);
	second = wait_other("alpha", first);
	CHECK(second && second != first);
	CHECK(wheel_now_ms() - start < 1000);
	child_end(up, 3000);
	CHECK(!server_pid(dir, "alpha") && !server_pid(dir, "beta"));
	CHECK(wait_gone(second));
	folder_end();
}

static void test_stop_start(void)
{
	pid_t up, first;
	char path[100];

	folder_make();
	up = up_start("alpha", NULL);
	first = wait_other("alpha", 0);
	CHECK(first);
	CHECK_INT(server_stop(dir, "alpha"), 0);
	CHECK(wait_gone(first));
	sys_msleep(300); /* longer than a restart takes */
	CHECK_INT(server_pid(dir, "alpha"), 0);

	(void)snprintf(path, sizeof(path), "%s/run/alpha.down", dir);
	CHECK_INT(unlink(path), 0);
	CHECK(wait_other("alpha", first));
	child_end(up, 3000);
	folder_end();
}

static void test_one_only(void)
{
	struct supervisor *s = NULL;
	pid_t up;

	folder_make();
	up = up_start("alpha", NULL);
	CHECK(wait_other("alpha", 0));
	CHECK_INT(supervisor_alloc(&s, dir), EBUSY);
	CHECK(!s);
	child_end(up, 3000);
	folder_end();
}

static void test_nobody_left(void)
{
	pid_t up, pid;

	folder_make();
	up = up_start("alpha", NULL);
	pid = wait_other("alpha", 0);
	CHECK(pid);
	CHECK_INT(kill(up, SIGKILL), 0);
	CHECK(wait_gone(pid));
	(void)child_wait(up, 1000, NULL);
	folder_end();
}

static void test_crasher(void)
{
	pid_t up;

	folder_make();
	up = up_start("crasher", "alpha");
	CHECK(wait_other("alpha", 0));
	sys_msleep(500);
	CHECK(server_pid(dir, "alpha"));
	child_end(up, 3000);
	folder_end();
}

static void test_waits(void)
{
	CHECK_INT(supervise_wait_ms(0), 100);
	CHECK_INT(supervise_wait_ms(1), 200);
	CHECK_INT(supervise_wait_ms(3), 800);
	CHECK_INT(supervise_wait_ms(6), 5000);
	CHECK_INT(supervise_wait_ms(1000000), 5000);
}

static void test_no_supervisor(void)
{
	folder_make();
	CHECK_INT(server_stop(dir, "alpha"), ESRCH);
	CHECK_INT(server_pid(dir, "alpha"), 0);
	folder_end();
}

static const struct test tests[] = {
	{ "a killed server comes back at once; the end stops all",
	  test_restart },
	{ "a stopped server stays down until it is started", test_stop_start },
	{ "one folder has one supervisor", test_one_only },
	{ "a killed supervisor leaves no server behind", test_nobody_left },
	{ "one that crashes again and again does not disturb the others",
	  test_crasher },
	{ "restarts are spaced up to five seconds", test_waits },
	{ "without a supervisor there is nothing to stop", test_no_supervisor },
};

int main(int argc, char *argv[])
{
	if (argc > 2 && !strcmp(argv[1], "up"))
		return supervise(argv);
	if (argc > 2 && !strcmp(argv[2], "x"))
		return serve(argv[1]);

	return test_main("ctl/supervise", tests, ARRAY_SIZE(tests), argc, argv);
}
