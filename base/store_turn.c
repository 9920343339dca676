/* store_turn.c - a store written by the loop, once a turn
 *
 * The first row of a turn opens a transaction, store_turn_flush() commits it
 * with synchronous NORMAL: no wait for the disk, and nothing lost by kill -9.
 * Writes that want an answer are parked until their turn is committed, then
 * go to the thread ("keeper"), which makes them durable by one fdatasync of
 * the write-ahead log, and also runs checkpoints.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/store_core.h"

enum {
	CHECKPOINT_FRAMES = 1000,
	CHECKPOINT_HERE = 25000, /* 100 MB: the thread does not keep up */
};

static void flush_forgotten(void *arg)
{
	struct store *s = arg;

	store_turn_flush(s);
}

static int turn_begin(struct store *s, struct store_error *e)
{
	int err;

	if (s->is_in_turn)
		return 0;

	err = conn_script(s->loop, e, "BEGIN IMMEDIATE");
	if (err)
		return err;

	s->is_in_turn = true;
	tmr_start(&s->forgotten, 0, flush_forgotten, s);
	return 0;
}

/* Whether SQLite has thrown the whole transaction away; then all that was
 * in it is lost, and its writes are told so at the flush. */
static void look_for_loss(struct store *s, int err, const char *text)
{
	if (!s->is_in_turn || s->engine->is_in_transaction(s->loop))
		return;

	log_error("store", "rows of this turn are lost: %s", text);
	s->turn_err = err ? err : EIO;
	s->is_in_turn = false;
}

int store_turn_add(struct store *s, const char *sql,
		   const struct store_value *args, uint32_t count)
{
	int err;

	if (s->mode != STORE_TURN)
		return ENOTSUP;

	memset(&s->error, 0, sizeof(s->error));
	err = fault_fails("store.turn");
	if (err)
		return store_error_set(&s->error, STORE_IO, "fault point");

	err = turn_begin(s, &s->error);
	if (err)
		return err;

	err = s->engine->run(s->loop, &s->error, NULL, NULL, sql, args, count);
	if (err) {
		log_warn("store", "row: %s: %.200s", s->error.text, sql);
		look_for_loss(s, err, s->error.text);
	}

	return err;
}

int turn_send(struct store *s, struct store_write *w)
{
	struct store_error *e = &w->result.error;
	int err;

	err = turn_begin(s, e);
	if (!err) {
		err = write_execute_inside(w, s->loop);
		look_for_loss(s, err, e->text);
		if (err && !w->result.err)
			w->result.err = err;
	}
	else {
		w->result.err = err;
	}

	list_put(&s->turn, w);
	tmr_start(&s->forgotten, 0, flush_forgotten, s);
	return 0;
}

static int turn_commit(struct store *s, struct store_error *e)
{
	int err = s->turn_err;

	s->turn_err = 0;
	if (!s->is_in_turn)
		return err;

	fault_point("store.commit.before");
	s->is_in_turn = false;
	if (fault_fails("store.commit"))
		err = store_error_set(e, STORE_IO, "fault point");
	else if (conn_script(s->loop, e, "COMMIT"))
		err = store_class_errno(e->class);

	if (s->engine->is_in_transaction(s->loop)) {
		struct store_error ignored;

		conn_script(s->loop, &ignored, "ROLLBACK");
	}
	fault_point("store.commit.after");
	return err;
}

/* Give this turn's writes, and a full log, to the thread. */
static void hand_over(struct store *s, int err, const struct store_error *e)
{
	uint32_t frames = sqlite_wal_frames(s->loop);
	bool is_long = frames >= CHECKPOINT_FRAMES;
	struct store_write *w;

	if (frames >= CHECKPOINT_HERE)
		sqlite_checkpoint(s->loop);

	if (!s->turn.first && !is_long)
		return;

	pthread_mutex_lock(&s->lock);
	while ((w = list_take(&s->turn))) {
		if (err && !w->result.err) {
			w->result.err = err;
			w->result.error = *e;
		}
		list_put(&s->queue, w);
	}
	s->wants_checkpoint |= is_long;
	pthread_cond_signal(&s->has_work);
	pthread_mutex_unlock(&s->lock);
}

int store_turn_flush(struct store *s)
{
	struct store_error e = { 0 };
	int err;

	if (s->mode != STORE_TURN)
		return ENOTSUP;
	if (!s->is_in_turn && !s->turn.first && !s->turn_err)
		return 0;

	tmr_cancel(&s->forgotten);
	err = turn_commit(s, &e);
	if (err) {
		s->error = e;
		log_error("store", "turn not written: %s",
			  e.text[0] ? e.text : strerror(err));
	}

	hand_over(s, err, &e);
	return err;
}

void turn_close(struct store *s)
{
	tmr_cancel(&s->forgotten);
	store_turn_flush(s);
}

/* ---- the keeper, in the thread ---- */

static int sync_log(struct store *s)
{
	int err = fault_fails("store.sync");

	if (err)
		return err;

	if (s->wal_fd < 0) {
		char path[4096];

		snprintf(path, sizeof(path), "%s-wal", s->where);
		s->wal_fd = open(path, O_RDONLY | O_CLOEXEC);
		if (s->wal_fd < 0)
			return errno;
	}

	return fdatasync(s->wal_fd) ? errno : 0;
}

void keeper_serve(struct store *s, struct write_list *batch, bool checkpoint)
{
	int err = batch->first ? sync_log(s) : 0;

	for (struct store_write *w = batch->first; err && w; w = w->next) {
		if (!w->result.err) {
			w->result.err = store_error_set(&w->result.error,
							STORE_IO, "sync: %s",
							strerror(err));
		}
	}

	if (checkpoint) {
		fault_point("store.checkpoint");
		if (sqlite_checkpoint(s->behind))
			log_warn("store", "checkpoint failed");
	}
}
