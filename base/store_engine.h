/* store_engine.h - one connection to a database, inside the store only
 *
 * An engine is a table of functions on its own connection structure, which
 * begins with struct store_conn.  A connection is used by one thread at a
 * time.
 */
#ifndef BASE_STORE_ENGINE_H
#define BASE_STORE_ENGINE_H

#include "base/store.h"

struct store_conn;

enum store_role {
	STORE_READER, /* the loop's                    */
	STORE_WRITER, /* the writer thread's           */
	STORE_TURNER, /* reads and writes on the loop  */
	STORE_KEEPER, /* checkpoints only              */
};

struct store_engine {
	int (*open)(struct store_conn **cp, const char *where,
		    enum store_role role, enum store_mode mode,
		    struct store_error *e);
	/* Any statement; rowsp and changedp may be NULL. */
	int (*run)(struct store_conn *c, struct store_error *e,
		   struct store_rows **rowsp, uint32_t *changedp,
		   const char *sql, const struct store_value *args,
		   uint32_t count);
	/* Several statements without arguments. */
	int (*script)(struct store_conn *c, struct store_error *e,
		      const char *sql);
	/* Whether the transaction is still there after an error. */
	bool (*is_in_transaction)(struct store_conn *c);
};

/** mem_deref() closes it. */
struct store_conn {
	const struct store_engine *engine;
};

extern const struct store_engine store_sqlite;
extern const struct store_engine store_pg;

/** The errno of a class. */
int store_class_errno(enum store_class class);

/** Fill in an error; returns its errno. */
int store_error_set(struct store_error *e, enum store_class class,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Name the constraint "table.a, table.b"; the column is the last one. */
void store_error_name(struct store_error *e, const char *constraint);

/* ---- rows being gathered ---- */

int rows_alloc(struct store_rows **rowsp, uint32_t columns);
int rows_set_name(struct store_rows *rows, uint32_t column, const char *name);
/** text NULL is NULL; cells come row by row. */
int rows_add(struct store_rows *rows, const char *text, uint32_t len);

/* ---- SQLite only ---- */

/** Frames in the write-ahead log after the last commit of this connection. */
uint32_t sqlite_wal_frames(const struct store_conn *c);
/** Move what can be moved into the file without waiting for anybody. */
int sqlite_checkpoint(struct store_conn *c);
/** Keep the file below so many pages, for tests of a full disk. */
int sqlite_limit_pages(struct store_conn *c, uint32_t pages);

#endif
