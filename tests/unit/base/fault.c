/* fault.c - tests of base/fault.h and base/clock.h */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "tests/unit/test.h"

static char self[4096];

/* Run this program again, as a child that passes points. */
static int run_child(const char *variable, const char *value, const char *log)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setenv(variable, value, 1);
		if (log)
			setenv("HOLDFAST_FAULT_LOG", log, 1);
		execl(self, self, "--pass", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, WUNTRACED);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return status;
}

static int pass_points(void)
{
	int failed = 0;

	for (int i = 0; i < 5; i++) {
		fault_point("child.step");
		failed = failed * 2 + (fault_fails("child.write") != 0);
		if (i == 2 && getenv("HOLDFAST_FAULT_ORDERS"))
			raise(SIGUSR2);
	}

	return failed;
}

static void the_environment_kills_stops_and_fails(void)
{
	int status = run_child("HOLDFAST_DIE_AT", "x,child.step:3", NULL);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	status = run_child("HOLDFAST_STOP_AT", "child.step", NULL);
	CHECK(WIFSTOPPED(status));
	status = run_child("HOLDFAST_DIE_AT", "child.step:6", NULL);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = run_child("HOLDFAST_FAIL_AT", "child.write:2", NULL);
	CHECK_INT(WEXITSTATUS(status), 8);
	status = run_child("HOLDFAST_FAIL_FROM", "child.write:4", NULL);
	CHECK_INT(WEXITSTATUS(status), 3);
}

static void the_log_lists_what_was_passed(void)
{
	char path[] = "/tmp/holdfast-fault-XXXXXX";
	char text[1000];
	int fd = mkstemp(path);
	ssize_t n;

	CHECK(fd >= 0);
	run_child("HOLDFAST_DIE_AT", "child.step:2", path);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	unlink(path);
	text[n > 0 ? n : 0] = '\0';
	CHECK_STR(text, "child.step 1\nchild.write 1\nchild.step 2\n"
			"! child.step 2\n");
}

static void orders_are_taken_while_it_runs(void)
{
	char path[] = "/tmp/holdfast-fault-XXXXXX";
	int fd = mkstemp(path);
	int status;

	CHECK(fd >= 0);
	CHECK(write(fd, "HOLDFAST_FAIL_FROM=child.write:2\n", 33) == 33);
	close(fd);
	status = run_child("HOLDFAST_FAULT_ORDERS", path, NULL);
	unlink(path);
	CHECK_INT(WEXITSTATUS(status), 1); /* counted from the order */
}

static void plans_count_from_now(void)
{
	fault_reset();
	CHECK_INT(fault_passed("p"), 0);
	fault_point("p");
	CHECK_INT(fault_passed("p"), 1);
	fault_plan(FAULT_FAIL, "p", 2);
	CHECK_INT(fault_fails("p"), 0);
	CHECK_INT(fault_fails("p"), EIO);
	CHECK_INT(fault_fails("p"), 0);
	CHECK_INT(fault_passed("p"), 4);
	fault_reset();
	CHECK_INT(fault_passed("p"), 0);
}

static void an_allocation_fails_when_told(void)
{
	void *p;

	fault_reset();
	fault_plan(FAULT_FAIL, "alloc", 2);
	p = mem_zalloc(8, NULL);
	CHECK(p);
	CHECK(!mem_alloc(8, NULL));
	mem_deref(p);
	p = mem_alloc(8, NULL);
	CHECK(p);
	mem_deref(p);
	fault_reset();
}

static void the_clocks_move_together(void)
{
	uint64_t mono = clock_mono_ms();
	uint64_t wall = clock_wall_ms();
	char text[CLOCK_ISO_SIZE];

	clock_move_ms(86400000);
	CHECK(clock_mono_ms() - mono >= 86400000);
	CHECK(clock_mono_ms() - mono < 86410000);
	CHECK(clock_wall_ms() - wall >= 86399000);
	CHECK(clock_wall_s() * 1000 <= clock_wall_ms());
	clock_move_ms(-86400000);
	clock_iso(text, 1763777709123);
	CHECK_STR(text, "2025-11-22T02:15:09.123Z");
}

static const struct test tests[] = {
	{ "the environment kills, stops and fails",
	  the_environment_kills_stops_and_fails },
	{ "the log lists what was passed", the_log_lists_what_was_passed },
	{ "orders are taken while it runs", orders_are_taken_while_it_runs },
	{ "plans count from now", plans_count_from_now },
	{ "an allocation fails when told", an_allocation_fails_when_told },
	{ "the clocks move together", the_clocks_move_together },
};

int main(int argc, char *argv[])
{
	ssize_t n;

	if (argc == 2 && !strcmp(argv[1], "--pass"))
		return pass_points();

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	return test_main("base/fault", tests, sizeof(tests) / sizeof(tests[0]),
			 argc, argv);
}
