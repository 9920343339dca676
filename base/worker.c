/* worker.c - see worker.h
 *
 * A job goes queue -> thread -> finished -> loop.  It is made and freed on
 * the loop; the lock guards the two lists.
 */
#include <pthread.h>
#include <signal.h>

#include "base/libre.h"
#include "base/wakeup.h"
#include "base/worker.h"

enum { THREADS_MAX = 64, QUEUE_MAX = 65536 };

struct job {
	struct job *next;
	work_h *work;
	work_done_h *done;
	void *arg;
	bool is_given; /* arg is ours */
};

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t has_job;
	struct job *first;
	struct job **lastp;
	struct job *finished;
	struct job **finished_lastp;
	uint32_t waiting;
	uint32_t pending;
	uint32_t queue_max;
	bool is_closing;
	uint32_t threads_count;
	pthread_t threads[THREADS_MAX];
	struct wakeup wakeup;
};

static void job_destructor(void *data)
{
	struct job *j = data;

	if (j->is_given)
		mem_deref(j->arg);
}

static void drop(struct job *j)
{
	while (j) {
		struct job *next = j->next;

		mem_deref(j);
		j = next;
	}
}

static void pool_destructor(void *data)
{
	struct worker_pool *p = data;

	pthread_mutex_lock(&p->lock);
	p->is_closing = true;
	pthread_cond_broadcast(&p->has_job);
	pthread_mutex_unlock(&p->lock);

	for (uint32_t i = 0; i < p->threads_count; i++)
		pthread_join(p->threads[i], NULL);

	wakeup_close(&p->wakeup);
	drop(p->first);
	drop(p->finished);
	pthread_cond_destroy(&p->has_job);
	pthread_mutex_destroy(&p->lock);
}

static void *serve(void *arg)
{
	struct worker_pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct job *j;

		while (!p->first && !p->is_closing)
			pthread_cond_wait(&p->has_job, &p->lock);
		if (p->is_closing)
			break;

		j = p->first;
		p->first = j->next;
		if (!p->first)
			p->lastp = &p->first;
		p->waiting--;
		pthread_mutex_unlock(&p->lock);

		j->work(j->arg);

		pthread_mutex_lock(&p->lock);
		j->next = NULL;
		*p->finished_lastp = j;
		p->finished_lastp = &j->next;
		if (p->finished == j)
			wakeup_ring(&p->wakeup);
	}
	pthread_mutex_unlock(&p->lock);

	return NULL;
}

/* On the loop. */
static void finish_all(void *arg)
{
	struct worker_pool *p = arg;

	mem_ref(p);
	while (mem_nrefs(p) > 1) {
		struct job *j;

		pthread_mutex_lock(&p->lock);
		j = p->finished;
		if (j) {
			p->finished = j->next;
			if (!p->finished)
				p->finished_lastp = &p->finished;
		}
		pthread_mutex_unlock(&p->lock);
		if (!j)
			break;

		p->pending--;
		j->is_given = false;
		if (j->done)
			j->done(j->arg);
		mem_deref(j);
	}
	mem_deref(p);
}

static int start_threads(struct worker_pool *p, uint32_t threads)
{
	sigset_t all;
	sigset_t old;
	int err = 0;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->threads_count < threads && !err) {
		err = pthread_create(&p->threads[p->threads_count], NULL, serve,
				     p);
		p->threads_count += !err;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);

	return err;
}

int worker_pool_alloc(struct worker_pool **pp, uint32_t threads,
		      uint32_t queue_max)
{
	struct worker_pool *p;
	int err;

	if (!pp || threads < 1 || threads > THREADS_MAX || queue_max < 1 ||
	    queue_max > QUEUE_MAX)
		return EINVAL;

	p = mem_zalloc(sizeof(*p), pool_destructor);
	if (!p)
		return ENOMEM;

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->has_job, NULL);
	p->lastp = &p->first;
	p->finished_lastp = &p->finished;
	p->queue_max = queue_max;
	p->wakeup.fd = -1;

	err = wakeup_open(&p->wakeup, finish_all, p);
	if (!err)
		err = start_threads(p, threads);

	if (err)
		mem_deref(p);
	else
		*pp = p;

	return err;
}

static int queue(struct worker_pool *p, work_h *work, work_done_h *done,
		 void *arg, bool is_given)
{
	struct job *j;
	int err = 0;

	if (!p || !work)
		return EINVAL;

	j = mem_zalloc(sizeof(*j), job_destructor);
	if (!j)
		return ENOMEM;

	j->work = work;
	j->done = done;
	j->arg = arg;

	pthread_mutex_lock(&p->lock);
	if (p->waiting >= p->queue_max) {
		err = EBUSY;
	}
	else {
		j->is_given = is_given;
		*p->lastp = j;
		p->lastp = &j->next;
		p->waiting++;
		p->pending++;
		pthread_cond_signal(&p->has_job);
	}
	pthread_mutex_unlock(&p->lock);

	if (err)
		mem_deref(j);

	return err;
}

int worker_run(struct worker_pool *p, work_h *work, work_done_h *done,
	       void *arg)
{
	return queue(p, work, done, arg, false);
}

int worker_give(struct worker_pool *p, work_h *work, work_done_h *done,
		void *arg)
{
	return queue(p, work, done, arg, true);
}

uint32_t worker_pending(struct worker_pool *p)
{
	return p ? p->pending : 0;
}
