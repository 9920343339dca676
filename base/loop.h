/* loop.h - the one event loop of a process
 *
 * loop_init() comes before anything of libre: it raises the descriptor limit
 * and libre's table with it.  Everything but loop_post() and loop_stop() is
 * called from the loop's own thread.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>

enum {
	LOOP_FDS = 65536, /* at most; less where the system allows less */
	LOOP_SIGNALS = 16,
	LOOP_SLICE_US = 2000,
};

typedef void(loop_post_h)(void *arg);
typedef void(loop_signal_h)(int sig, void *arg);

/**
 * Prepare libre, epoll, descriptor limits and the post queue; SIGPIPE is
 * ignored.  May be called again: the calls are counted.
 *
 * @return 0; ENOMEM; errno of a system call
 */
int loop_init(void);

/** Undo one loop_init(); posts not yet run are dropped. */
void loop_close(void);

/** Turn until loop_stop().  SIGINT and SIGTERM stop it unless
 * loop_on_signal() took them.  0 or an errno. */
int loop_run(void);

/** Make loop_run() return after this turn.  Any thread. */
void loop_stop(void);

/**
 * Have a function run in the loop, after the present turn.  Any thread.
 *
 * @param h   Called once from the loop, never before this returns
 * @param arg Handed to h; its memory stays the caller's
 *
 * @return 0; EINVAL; ENOMEM; EAGAIN when the queue (16,384) is full
 */
int loop_post(loop_post_h *h, void *arg);

/**
 * Whether this turn has time left for work that comes in bursts and may wait:
 * requests of REST, answers of the disk.  It has LOOP_SLICE_US from the first
 * question on; who hears no puts the rest off to the next turn, by
 * wakeup_ring(), so that what cannot wait (calls) comes in between.
 */
bool loop_has_time(void);

/**
 * Have a signal handled from the loop, as an ordinary event.
 *
 * @param sig SIGHUP, SIGTERM, SIGCHLD ...
 * @param h   Called from the loop at each arrival (several may merge in one)
 * @return 0; EINVAL; errno of sigaction()
 */
int loop_on_signal(int sig, loop_signal_h *h, void *arg);

#endif
