/* store_writer.c - the thread that writes, with group commit
 *
 * It takes all that waits, up to a cap, as one transaction.  When the
 * transaction itself is lost (disk full, input/output error) each write is
 * tried alone, so that the innocent get through; callbacks may therefore be
 * executed a second time.
 */
#include <signal.h>

#include "base/log.h"
#include "base/store_core.h"

enum { GROUP_MAX = 256 };

void list_put(struct write_list *l, struct store_write *w)
{
	w->next = NULL;
	if (!l->first)
		l->lastp = &l->first;
	*l->lastp = w;
	l->lastp = &w->next;
	l->count++;
}

struct store_write *list_take(struct write_list *l)
{
	struct store_write *w = l->first;

	if (w) {
		l->first = w->next;
		w->next = NULL;
		l->count--;
	}

	return w;
}

static void fail_write(struct store_write *w, int err,
		       const struct store_error *e)
{
	w->result.err = err;
	w->result.error = *e;
	w->result.changed = 0;
}

static void roll_back(struct store_conn *c)
{
	struct store_error e;

	if (c->engine->is_in_transaction(c))
		conn_script(c, &e, "ROLLBACK");
}

static int begin(struct store_conn *c, struct store_error *e)
{
	return conn_script(
		c, e, c->engine == &store_pg ? "BEGIN" : "BEGIN IMMEDIATE");
}

static int commit(struct store_conn *c, struct store_error *e)
{
	int err;

	fault_point("store.commit.before");
	if (fault_fails("store.commit"))
		return store_error_set(e, STORE_IO, "fault point");

	err = conn_script(c, e, "COMMIT");
	fault_point("store.commit.after");
	return err;
}

static void execute_alone(struct store_write *w, struct store_conn *c)
{
	struct store_error e = { 0 };
	int err;

	err = begin(c, &e);
	if (err) {
		fail_write(w, err, &e);
		return;
	}

	write_execute(w, c);
	if (!w->result.err) {
		err = commit(c, &e);
		if (err)
			fail_write(w, err, &e);
	}

	roll_back(c);
}

/* 0, or why the whole group is to be tried one by one. */
static int execute_group(struct write_list *batch, struct store_conn *c)
{
	struct store_error e = { 0 };
	int err;

	err = begin(c, &e);
	for (struct store_write *w = batch->first; w && !err; w = w->next)
		err = write_execute_inside(w, c);
	if (err)
		goto out;

	err = commit(c, &e);
	if (err && c->engine == &store_pg && e.class == STORE_IO) {
		/* Perhaps it was committed and only the answer was lost:
		 * never do it twice. */
		for (struct store_write *w = batch->first; w; w = w->next) {
			if (!w->result.err)
				fail_write(w, err, &e);
		}
		err = 0;
	}

out:
	roll_back(c);
	return err;
}

static void writer_serve(struct store *s, struct write_list *batch)
{
	if (batch->count > 1 && !execute_group(batch, s->behind))
		return;

	for (struct store_write *w = batch->first; w; w = w->next)
		execute_alone(w, s->behind);
}

static void report(const struct store_write *w)
{
	const struct store_result *r = &w->result;

	if (!r->err || w->done || w->is_waited)
		return;

	log_error("store", "write without a listener failed: %s: %s",
		  strerror(r->err), r->error.text);
}

/* Called with the lock held. */
static void hand_back(struct store *s, struct write_list *batch)
{
	struct store_write *w;
	bool is_empty = !s->answered.first;
	bool has_waited = false;

	while ((w = list_take(batch))) {
		report(w);
		has_waited |= w->is_waited;
		if (w->is_waited)
			w->is_over = true;
		else
			list_put(&s->answered, w);
	}

	if (has_waited)
		pthread_cond_broadcast(&s->has_answer);
	if (is_empty && s->answered.first)
		wakeup_ring(&s->wakeup);
}

/* Leave the disk alone for a while; called and left with the lock. */
static void rest(struct store *s)
{
	struct timespec ts = { .tv_nsec = s->rest_ms * 1000000l };

	pthread_mutex_unlock(&s->lock);
	nanosleep(&ts, NULL);
	pthread_mutex_lock(&s->lock);
}

static void *serve(void *arg)
{
	struct store *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct write_list batch = { 0 };
		bool checkpoint;

		while (!s->queue.first && !s->is_closing &&
		       !s->wants_checkpoint)
			pthread_cond_wait(&s->has_work, &s->lock);
		if (!s->queue.first && s->is_closing)
			break;

		while (s->queue.first && batch.count < GROUP_MAX)
			list_put(&batch, list_take(&s->queue));
		checkpoint = s->wants_checkpoint;
		s->wants_checkpoint = false;
		pthread_mutex_unlock(&s->lock);

		if (s->mode == STORE_TURN)
			keeper_serve(s, &batch, checkpoint);
		else
			writer_serve(s, &batch);

		pthread_mutex_lock(&s->lock);
		hand_back(s, &batch);
		if (s->rest_ms && !s->is_closing)
			rest(s);
	}
	pthread_mutex_unlock(&s->lock);

	return NULL;
}

int store_thread_start(struct store *s)
{
	sigset_t all;
	sigset_t old;
	int err;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&s->thread, NULL, serve, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);

	s->has_thread = !err;
	return err;
}

void store_thread_stop(struct store *s)
{
	struct store_write *w;

	if (s->has_thread) {
		pthread_mutex_lock(&s->lock);
		s->is_closing = true;
		pthread_cond_signal(&s->has_work);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
		s->has_thread = false;
	}

	while ((w = list_take(&s->answered)))
		mem_deref(w);
}

void store_turn_rest(struct store *s, uint32_t rest_ms)
{
	pthread_mutex_lock(&s->lock);
	s->rest_ms = rest_ms < 1000 ? rest_ms : 999;
	pthread_mutex_unlock(&s->lock);
}

void store_queue(struct store *s, struct store_write *w)
{
	pthread_mutex_lock(&s->lock);
	list_put(&s->queue, w);
	pthread_cond_signal(&s->has_work);
	pthread_mutex_unlock(&s->lock);
}

void store_wait(struct store *s, struct store_write *w)
{
	pthread_mutex_lock(&s->lock);
	while (!w->is_over)
		pthread_cond_wait(&s->has_answer, &s->lock);
	pthread_mutex_unlock(&s->lock);
}
