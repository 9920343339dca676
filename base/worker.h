/* worker.h - a few threads for what must not block the loop
 *
 * Work runs in a thread, its completion on the loop.  The queue is bounded:
 * when it is full the caller is told at once.  Objects belong to the loop:
 * the thread uses what `arg` points to, but never references or frees it.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdint.h>

struct worker_pool;

/** Runs in a thread. */
typedef void(work_h)(void *arg);

/** Runs on the loop afterwards. */
typedef void(work_done_h)(void *arg);

/**
 * Start a pool.
 *
 * @param pp        Set on success; drop with mem_deref(), which lets running
 *                  work end and calls no completion any more
 * @param threads   1..64
 * @param queue_max Works that may wait, 1..65536
 *
 * @return 0, EINVAL, ENOMEM, EAGAIN (no thread)
 */
int worker_pool_alloc(struct worker_pool **pp, uint32_t threads,
		      uint32_t queue_max);

/**
 * Queue a piece of work.
 *
 * @param work In a thread, once
 * @param done On the loop, once, after work; may be NULL
 * @param arg  Lives until done
 *
 * @return 0; EBUSY when the queue is full; ENOMEM
 */
int worker_run(struct worker_pool *p, work_h *work, work_done_h *done,
	       void *arg);

/** Like worker_run(); from then on arg is the pool's, who drops it when it ends
 * first, and done's, when that is called. */
int worker_give(struct worker_pool *p, work_h *work, work_done_h *done,
		void *arg);

/** Works waiting or running. */
uint32_t worker_pending(struct worker_pool *p);

#endif
