/* supervise.h - keep servers running
 *
 * Each is a child whose output goes to DIR/log/NAME.log and whose id stands
 * in DIR/run/NAME.pid while it lives.  One that dies comes back after 100 ms,
 * and later each time it dies again at once, up to 5 s; a life of 10 s
 * forgives.  The file DIR/run/NAME.down keeps it down, as `holdfast ctl stop`
 * does; taking the file away brings it back.
 *
 * Source: design.md section 7; reliability.md section 4 (crash loop).
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct supervisor;

enum {
	SUPERVISE_MAX = 16,          /* servers */
	SUPERVISE_FIRST_MS = 100,    /* wait before the first restart */
	SUPERVISE_LONGEST_MS = 5000, /* and at most */
	SUPERVISE_FORGIVE_MS = 10000,
	SUPERVISE_END_MS = 5000, /* between SIGTERM and SIGKILL */
};

/**
 * Make the folders of DIR and take its lock.
 *
 * @param sp  Set on success only; mem_deref() stops all children
 * @param dir State folder, made when absent
 *
 * @return 0; EBUSY if another supervisor has DIR; or of the file system
 */
int supervisor_alloc(struct supervisor **sp, const char *dir);

/** Add a server, to be run as `holdfast COMMAND ARGUMENT...`; NULL: its name.
 * 0, ENOMEM, ENOSPC. */
int supervisor_add(struct supervisor *s, const char *name, const char *command,
		   const char *const arguments[]);

/**
 * Run a function in a child of its own while the servers come up; its exit
 * code is what `code` gets.  0 or what fork() said.
 */
int supervisor_prepare(struct supervisor *s, int (*run)(void *arg), void *arg);

/** Run until SIGTERM or SIGINT, then stop all; 0 or an errno. */
int supervisor_run(struct supervisor *s);

/** How long to wait before the n-th restart in a row (from 0). */
unsigned supervise_wait_ms(unsigned n);

#endif
