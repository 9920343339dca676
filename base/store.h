/* store.h - tables in SQLite or PostgreSQL, one SQL text for both
 *
 * Parameters are $1 … $n.  House rules: ids are TEXT, times BIGINT
 * milliseconds, flags SMALLINT 0/1, JSON TEXT, no engine's own functions.
 *
 * Reading is synchronous, on a connection of the loop's own; on PostgreSQL it
 * blocks for at most 3 s (statement_timeout), so only programs that can bear
 * it use that engine (the pbx never).
 *
 * Writing is asynchronous: a write is recorded on the loop, executed by the
 * writer thread, and answered on the loop after it is durable.  The thread
 * takes all waiting writes into one transaction (group commit), each in a
 * savepoint of its own, so one that fails undoes only itself.  Writes are
 * executed in the order they were sent.
 *
 * A store in turn mode (SQLite only) writes on the loop itself: rows added
 * during a turn of the loop are in one transaction, committed by
 * store_turn_flush() without waiting for the disk; a store_write() is then
 * answered after a thread's fdatasync.  Checkpoints run in that thread.
 *
 * Source: design.md 4.5 and 4.7.
 */
#ifndef BASE_STORE_H
#define BASE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct store;
struct store_rows;
struct store_write;
struct store_tx;

/* ---- values ---- */

enum store_type {
	STORE_NULL,
	STORE_INT,
	STORE_TEXT,
};

struct store_value {
	enum store_type type;
	uint32_t len;
	int64_t number;
	const char *text;
};

static inline struct store_value store_int(int64_t number)
{
	return (struct store_value){ .type = STORE_INT, .number = number };
}

/** A text, or NULL. */
static inline struct store_value store_text(const char *text)
{
	return (struct store_value){
		.type = text ? STORE_TEXT : STORE_NULL,
		.len = text ? (uint32_t)strlen(text) : 0,
		.text = text,
	};
}

static inline struct store_value store_span(struct span s)
{
	return (struct store_value){ .type = STORE_TEXT,
				     .len = s.len,
				     .text = s.len ? s.p : "" };
}

static inline struct store_value store_null(void)
{
	return (struct store_value){ .type = STORE_NULL };
}

/** Arguments of a statement: STORE_ARGS(store_text(id), store_int(5)). */
#define STORE_ARGS(...)                                                        \
	(const struct store_value[]){ __VA_ARGS__ },                           \
		(uint32_t)(sizeof((const struct store_value[]){                \
				   __VA_ARGS__ }) /                            \
			   sizeof(struct store_value))
#define STORE_NO_ARGS NULL, 0

enum {
	STORE_ARGS_MAX = 128,
	STORE_ROWS_MAX = 100000, /* of one query; more is an error */
};

/* ---- errors ---- */

/** Why a statement failed; in brackets the errno returned with it. */
enum store_class {
	STORE_OK,
	STORE_UNIQUE,      /* EEXIST */
	STORE_FOREIGN_KEY, /* ENOKEY */
	STORE_NOT_NULL,    /* EINVAL */
	STORE_CHECK,       /* EDOM   */
	STORE_BUSY,        /* EBUSY: locked, or 3 s passed    */
	STORE_FULL,        /* ENOSPC */
	STORE_IO,          /* EIO: disk, or database away     */
	STORE_OTHER,       /* EPROTO: our SQL is wrong        */
};

struct store_error {
	enum store_class class;
	char constraint[128]; /* "phones.sip_user" or what is known */
	char column[64];      /* "sip_user"; the last of several; or empty */
	char text[256];       /* for the log                        */
};

/** How a write ended. */
struct store_result {
	int err; /* 0, the errno of its class, or what a store_tx_h returned */
	struct store_error error;
	uint32_t changed; /* rows changed by its last statement */
};

const char *store_class_name(enum store_class class);

/** The last error of store_query() and the other loop-side calls. */
const struct store_error *store_last_error(const struct store *s);

/* ---- life ---- */

enum store_mode {
	STORE_FULL_SYNC,   /* writer thread; each commit is on disk (default) */
	STORE_NORMAL_SYNC, /* writer thread; survives kill -9, not power cut */
	STORE_TURN,        /* the loop writes, see above                     */
};

/**
 * Open a store, making an SQLite file when absent.
 *
 * @param sp  Set on success; drop with mem_deref(), which executes what was
 *            sent, calls no handler any more and closes
 * @param url "sqlite:/path/to/file" or "postgres://…" or a libpq connection
 *            string after "postgres:"
 *
 * @return 0; EINVAL for a bad URL; ENOTSUP for turn mode on PostgreSQL; EIO;
 *         ENOMEM
 */
int store_open(struct store **sp, const char *url, enum store_mode mode);

/** The loop has ended: what was sent is executed and its senders are told
 * while they are still there, for all stores; a second each at most. */
void stores_settle(void);

bool store_is_postgres(const struct store *s);

/* ---- reading, on the loop ---- */

/**
 * Run a query and keep all its rows.
 *
 * @param rowsp Set on success, also to no rows; mem_deref() it
 * @param sql   One statement that changes nothing
 *
 * @return 0 or the errno of the error's class (store_last_error() tells all)
 */
int store_query(struct store_rows **rowsp, struct store *s, const char *sql,
		const struct store_value *args, uint32_t count);

/** One number ("SELECT COUNT(*) …"); 0 when there is no row or it is NULL. */
int store_query_int(int64_t *numberp, struct store *s, const char *sql,
		    const struct store_value *args, uint32_t count);

uint32_t rows_count(const struct store_rows *rows);
uint32_t rows_columns(const struct store_rows *rows);
/** Name of a column. */
const char *rows_name(const struct store_rows *rows, uint32_t column);
/** Column of a name, -1 if there is none. */
int rows_find(const struct store_rows *rows, const char *name);
bool rows_is_null(const struct store_rows *rows, uint32_t row, uint32_t col);
/** NULL for NULL, and outside of the rows. */
const char *rows_text(const struct store_rows *rows, uint32_t row,
		      uint32_t col);
/** 0 for NULL, and outside of the rows. */
int64_t rows_int(const struct store_rows *rows, uint32_t row, uint32_t col);
/** As rows_text(), with its length; may hold NUL octets on SQLite. */
struct span rows_span(const struct store_rows *rows, uint32_t row,
		      uint32_t col);

/* ---- writing ---- */

/** Called on the loop, once, never before the send returns. */
typedef void(store_done_h)(const struct store_result *result, void *arg);

/**
 * Part of a write that reads before it decides; runs in the writer's thread,
 * so it touches nothing but `tx` and `data`.  It may be executed a second time
 * after its first attempt was undone.  Once a statement in it has failed the
 * write is undone, whatever it returns.
 *
 * @return 0, or an errno that undoes the write and is handed to its done
 */
typedef int(store_tx_h)(struct store_tx *tx, void *data);

/** Begin to record a write; dropping it unsent forgets it. */
int store_write_alloc(struct store_write **wp, struct store *s);

/** Record a statement; sql and values are copied.  0, EINVAL, ENOMEM.
 * After a failure the write refuses to be sent (same errno), so the result
 * of each need not be looked at. */
int store_write_add(struct store_write *w, const char *sql,
		    const struct store_value *args, uint32_t count);

/** Record a callback, executed in its place among the statements.
 *
 * @param data Object of mem_zalloc() or NULL; the write takes a reference
 *             and drops it on the loop, after done
 */
int store_write_call(struct store_write *w, store_tx_h *h, void *data);

/** The write fails with `err` when the statement before it has changed no
 * row (optimistic locking: UPDATE … WHERE version = $2). */
int store_write_require(struct store_write *w, int err);

/**
 * Hand it to the writer.
 *
 * @param w    The reference is consumed, on failure as well
 * @param done May be NULL (failures are then logged)
 *
 * @return 0, or an errno; done is called only after 0
 */
int store_write_send(struct store_write *w, store_done_h *done, void *arg);

/** Execute and wait until it is durable: start-up and tools only.
 *
 * @param w       The reference is consumed
 * @param resultp Or NULL
 *
 * @return The result's err
 */
int store_write_now(struct store_write *w, struct store_result *resultp);

/** A write of one statement. */
int store_write(struct store *s, store_done_h *done, void *arg, const char *sql,
		const struct store_value *args, uint32_t count);

/** A write of one statement, executed and waited for. */
int store_exec_now(struct store *s, const char *sql,
		   const struct store_value *args, uint32_t count);

/** A write of one callback, executed and waited for. */
int store_call_now(struct store *s, store_tx_h *h, void *data);

/** Writes sent and not yet answered. */
uint32_t store_pending(const struct store *s);

/* ---- within a store_tx_h ---- */

/** Run a statement; `changedp` may be NULL. */
int store_tx_run(struct store_tx *tx, uint32_t *changedp, const char *sql,
		 const struct store_value *args, uint32_t count);

/** Query, seeing what this write has done so far. */
int store_tx_query(struct store_rows **rowsp, struct store_tx *tx,
		   const char *sql, const struct store_value *args,
		   uint32_t count);

/** Run several statements of SQL without arguments (migrations). */
int store_tx_script(struct store_tx *tx, const char *sql);

const struct store_error *store_tx_error(const struct store_tx *tx);
bool store_tx_is_postgres(const struct store_tx *tx);

/* ---- turn mode ---- */

/**
 * Execute a statement in this turn's transaction, at once; later queries see
 * it.  Nobody is told when it reaches the disk.
 *
 * @return 0 or the errno of its class; the turn's other rows are untouched
 */
int store_turn_add(struct store *s, const char *sql,
		   const struct store_value *args, uint32_t count);

/**
 * Commit this turn's rows; call it before the turn's answers leave.  Nothing
 * to commit costs nothing.  Forgotten, it happens at the loop's next turn.
 */
int store_turn_flush(struct store *s);

/** Let the thread rest between two syncs to the disk, 0..1000 ms (0), so that
 * one sync confirms more writes; the first after a rest is not delayed. */
void store_turn_rest(struct store *s, uint32_t rest_ms);

#endif
