/* child.h - start a program of ours without a shell
 *
 * A child gets SIGTERM when its parent dies, so that killing a supervisor or
 * a story leaves nothing behind.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

/** Where a child's standard streams go; -1 means /dev/null. */
struct child_streams {
	int in;
	int out;
	int error;
};

/**
 * Start this very binary with other arguments.
 *
 * @param pidp Set on success
 * @param argv argv[0] is "holdfast", NULL ends it
 * @param fds  Its streams; stay the caller's to close
 *
 * @return 0 or what fork() said; a failing exec ends the child with 127
 */
int child_start(pid_t *pidp, const char *const argv[],
		const struct child_streams *fds);

/** Wait for a child's end up to a limit; 0 with its wait status, ETIMEDOUT. */
int child_wait(pid_t pid, unsigned limit_ms, int *statusp);

/** SIGTERM, and SIGKILL for one that does not end in time; reaps it. */
void child_end(pid_t pid, unsigned limit_ms);

#endif
