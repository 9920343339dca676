/* child.c - see child.h */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/child.h"

/* Between fork and exec: only calls that are safe there. */
static void become(const char *const argv[], const struct child_streams *fds,
		   pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(fds->in < 0 ? null : fds->in, 0) < 0 ||
	    dup2(fds->out < 0 ? null : fds->out, 1) < 0 ||
	    dup2(fds->error < 0 ? null : fds->error, 2) < 0)
		_exit(127);
	/* whatever the parent had open is not ours */
	(void)syscall(SYS_close_range, 3U, ~0U, 0U);
	(void)execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
	_exit(127);
}

int child_start(pid_t *pidp, const char *const argv[],
		const struct child_streams *fds)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid)
		become(argv, fds, parent);
	*pidp = pid;

	return 0;
}

int child_wait(pid_t pid, unsigned limit_ms, int *statusp)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int status = 0, n = 0;

	if (fd >= 0) {
		do
			n = poll(&pfd, 1, (int)limit_ms);
		while (n < 0 && errno == EINTR);
		(void)close(fd);
		if (n == 0)
			return ETIMEDOUT;
	}
	if (waitpid(pid, &status, fd >= 0 ? WNOHANG : 0) != pid)
		return ECHILD;
	if (statusp)
		*statusp = status;

	return 0;
}

void child_end(pid_t pid, unsigned limit_ms)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGTERM);
	(void)kill(pid, SIGCONT);
	if (child_wait(pid, limit_ms, NULL) != ETIMEDOUT)
		return;
	(void)kill(pid, SIGKILL);
	(void)child_wait(pid, 5000, NULL);
}
