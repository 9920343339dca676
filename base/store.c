/* store.c - see store.h: opening, reading, errors */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/store_core.h"

enum { SETTLE_MS = 1000 };

static const struct {
	const char *name;
	int err;
} classes[] = {
	[STORE_OK] = { "ok", 0 },
	[STORE_UNIQUE] = { "unique", EEXIST },
	[STORE_FOREIGN_KEY] = { "foreign-key", ENOKEY },
	[STORE_NOT_NULL] = { "not-null", EINVAL },
	[STORE_CHECK] = { "check", EDOM },
	[STORE_BUSY] = { "busy", EBUSY },
	[STORE_FULL] = { "full", ENOSPC },
	[STORE_IO] = { "io", EIO },
	[STORE_OTHER] = { "other", EPROTO },
};

const char *store_class_name(enum store_class class)
{
	return classes[class].name;
}

int store_class_errno(enum store_class class)
{
	return classes[class].err;
}

int store_error_set(struct store_error *e, enum store_class class,
		    const char *fmt, ...)
{
	va_list ap;

	memset(e, 0, sizeof(*e));
	e->class = class;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return store_class_errno(class);
}

void store_error_name(struct store_error *e, const char *constraint)
{
	const char *dot;

	snprintf(e->constraint, sizeof(e->constraint), "%s", constraint);
	dot = strrchr(e->constraint, '.');
	if (dot)
		snprintf(e->column, sizeof(e->column), "%s", dot + 1);
}

const struct store_error *store_last_error(const struct store *s)
{
	return &s->error;
}

/* All that are open. */
static struct list stores;

static void store_destructor(void *data)
{
	struct store *s = data;

	list_unlink(&s->le);
	if (s->mode == STORE_TURN && s->loop)
		turn_close(s);
	store_thread_stop(s);
	if (s->has_wakeup)
		wakeup_close(&s->wakeup);

	if (s->wal_fd >= 0)
		close(s->wal_fd);
	mem_deref(s->behind);
	mem_deref(s->loop);
	mem_deref(s->where);
	pthread_cond_destroy(&s->has_answer);
	pthread_cond_destroy(&s->has_work);
	pthread_mutex_destroy(&s->lock);
}

/* On the loop: tell one whose write has been answered; whether there was. */
static bool answer_one(struct store *s)
{
	struct store_write *w;

	pthread_mutex_lock(&s->lock);
	w = list_take(&s->answered);
	pthread_mutex_unlock(&s->lock);
	if (!w)
		return false;

	s->pending--;
	if (w->done)
		w->done(&w->result, w->arg);
	mem_deref(w);

	/* a handler may have dropped the store */
	return mem_nrefs(s) > 1;
}

static void answer_all(struct store *s)
{
	mem_ref(s);
	while (answer_one(s))
		;
	mem_deref(s);
}

/* One, and as many as this turn has time for. */
static void answer_some(void *arg)
{
	struct store *s = arg;
	bool goes_on;

	mem_ref(s);
	(void)loop_has_time(); /* it begins here */
	do {
		goes_on = answer_one(s);
	} while (goes_on && loop_has_time());
	if (goes_on)
		wakeup_ring(&s->wakeup);
	mem_deref(s);
}

static int parse_url(struct store *s, const char *url)
{
	const char *where;

	if (!strncmp(url, "sqlite:", 7)) {
		s->engine = &store_sqlite;
		where = url + 7;
	}
	else if (!strncmp(url, "postgres://", 11) ||
		 !strncmp(url, "postgresql://", 13)) {
		s->engine = &store_pg;
		where = url;
	}
	else if (!strncmp(url, "postgres:", 9)) {
		s->engine = &store_pg;
		where = url + 9;
	}
	else {
		return EINVAL;
	}

	if (!*where)
		return EINVAL;
	if (s->mode == STORE_TURN && s->engine == &store_pg)
		return ENOTSUP;

	return str_dup(&s->where, where);
}

static int open_connections(struct store *s)
{
	bool turns = s->mode == STORE_TURN;
	int err;

	/* The writer first: it makes the file and its journal mode. */
	err = s->engine->open(&s->behind, s->where,
			      turns ? STORE_KEEPER : STORE_WRITER, s->mode,
			      &s->error);
	if (err)
		return err;

	return s->engine->open(&s->loop, s->where,
			       turns ? STORE_TURNER : STORE_READER, s->mode,
			       &s->error);
}

int store_open(struct store **sp, const char *url, enum store_mode mode)
{
	struct store *s;
	int err;

	if (!sp || !url)
		return EINVAL;

	s = mem_zalloc(sizeof(*s), store_destructor);
	if (!s)
		return ENOMEM;

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->has_work, NULL);
	pthread_cond_init(&s->has_answer, NULL);
	s->mode = mode;
	s->wal_fd = -1;
	tmr_init(&s->forgotten);

	err = parse_url(s, url);
	if (err)
		goto out;

	err = open_connections(s);
	if (err) {
		log_error("store", "cannot open %s: %s", url, s->error.text);
		goto out;
	}

	err = wakeup_open(&s->wakeup, answer_some, s);
	if (err)
		goto out;
	s->has_wakeup = true;

	err = store_thread_start(s);
	if (!err)
		list_append(&stores, &s->le, s);

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

static void settle(struct store *s)
{
	uint64_t end = clock_mono_ms() + SETTLE_MS;

	mem_ref(s);
	while (s->pending && s->mode != STORE_TURN && clock_mono_ms() < end) {
		answer_all(s);
		if (s->pending)
			sys_msleep(1); /* the thread is at the disk */
	}
	mem_deref(s);
}

void stores_settle(void)
{
	struct le *le = list_head(&stores);

	while (le) {
		struct store *s = le->data;

		le = le->next;
		settle(s);
	}
}

bool store_is_postgres(const struct store *s)
{
	return s->engine == &store_pg;
}

int store_query(struct store_rows **rowsp, struct store *s, const char *sql,
		const struct store_value *args, uint32_t count)
{
	int err;

	memset(&s->error, 0, sizeof(s->error));
	err = fault_fails("store.query");
	if (err)
		return store_error_set(&s->error, STORE_IO, "fault point");

	err = s->engine->run(s->loop, &s->error, rowsp, NULL, sql, args, count);
	if (err) {
		log_warn("store", "query: %s: %.200s",
			 s->error.text[0] ? s->error.text : strerror(err), sql);
	}

	return err;
}

int store_query_int(int64_t *numberp, struct store *s, const char *sql,
		    const struct store_value *args, uint32_t count)
{
	struct store_rows *rows;
	int err;

	err = store_query(&rows, s, sql, args, count);
	if (err)
		return err;

	*numberp = rows_int(rows, 0, 0);
	mem_deref(rows);
	return 0;
}

uint32_t store_pending(const struct store *s)
{
	return s->pending;
}

int conn_script(struct store_conn *c, struct store_error *e, const char *sql)
{
	return c->engine->script(c, e, sql);
}

/* ---- within a callback ---- */

static int note(struct store_tx *tx, int err)
{
	if (err && !tx->err)
		tx->err = err;

	return err;
}

int store_tx_run(struct store_tx *tx, uint32_t *changedp, const char *sql,
		 const struct store_value *args, uint32_t count)
{
	if (tx->err)
		return tx->err;

	if (fault_fails("store.write")) {
		return note(tx, store_error_set(tx->error, STORE_IO,
						"fault point"));
	}

	return note(tx, tx->conn->engine->run(tx->conn, tx->error, NULL,
					      changedp, sql, args, count));
}

int store_tx_query(struct store_rows **rowsp, struct store_tx *tx,
		   const char *sql, const struct store_value *args,
		   uint32_t count)
{
	if (tx->err)
		return tx->err;

	return note(tx, tx->conn->engine->run(tx->conn, tx->error, rowsp, NULL,
					      sql, args, count));
}

int store_tx_script(struct store_tx *tx, const char *sql)
{
	if (tx->err)
		return tx->err;

	return note(tx, conn_script(tx->conn, tx->error, sql));
}

const struct store_error *store_tx_error(const struct store_tx *tx)
{
	return tx->error;
}

bool store_tx_is_postgres(const struct store_tx *tx)
{
	return tx->conn->engine == &store_pg;
}
