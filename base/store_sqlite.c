/* store_sqlite.c - a connection to an SQLite file
 *
 * Statements are prepared once and kept by their text; a program that makes
 * texts on the fly (list filters) cannot grow the cache beyond its cap, for
 * then it starts anew.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/list.h"
#include "base/store_engine.h"

enum { CACHE_MAX = 300, BUSY_MS = 3000, CHECKPOINT_TRIES = 8 };

struct statement {
	struct table_entry in_cache;
	sqlite3_stmt *stmt;
	uint32_t params;
	uint8_t place[STORE_ARGS_MAX]; /* of $1, $2 … among SQLite's */
	char sql[];
};

struct sqlite_conn {
	struct store_conn conn; /* first */
	sqlite3 *db;
	struct table cache;
	uint32_t wal_frames;
};

static const struct {
	int code;
	enum store_class class;
} classes[] = {
	{ SQLITE_CONSTRAINT_UNIQUE, STORE_UNIQUE },
	{ SQLITE_CONSTRAINT_PRIMARYKEY, STORE_UNIQUE },
	{ SQLITE_CONSTRAINT_ROWID, STORE_UNIQUE },
	{ SQLITE_CONSTRAINT_FOREIGNKEY, STORE_FOREIGN_KEY },
	{ SQLITE_CONSTRAINT_NOTNULL, STORE_NOT_NULL },
	{ SQLITE_CONSTRAINT, STORE_CHECK },
	{ SQLITE_BUSY, STORE_BUSY },
	{ SQLITE_LOCKED, STORE_BUSY },
	{ SQLITE_FULL, STORE_FULL },
	{ SQLITE_IOERR, STORE_IO },
	{ SQLITE_CANTOPEN, STORE_IO },
	{ SQLITE_READONLY, STORE_IO },
	{ SQLITE_CORRUPT, STORE_IO },
	{ SQLITE_NOTADB, STORE_IO },
};

static enum store_class class_of(int code)
{
	const size_t count = sizeof(classes) / sizeof(classes[0]);

	for (size_t i = 0; i < count; i++) {
		if (classes[i].code == code)
			return classes[i].class;
	}

	return (code & 0xff) == code ? STORE_OTHER : class_of(code & 0xff);
}

/* "UNIQUE constraint failed: t.a, t.b" */
static int fail(struct sqlite_conn *c, struct store_error *e)
{
	const char *text = sqlite3_errmsg(c->db);
	const char *failed = strstr(text, " constraint failed: ");
	int code = sqlite3_extended_errcode(c->db);

	if (code == SQLITE_NOMEM)
		return ENOMEM;

	store_error_set(e, class_of(code), "%s (%d)", text, code);
	if (failed)
		store_error_name(e, failed + strlen(" constraint failed: "));

	return store_class_errno(e->class);
}

static void drop_cache(struct sqlite_conn *c)
{
	for (uint32_t i = 0; c->cache.buckets && i <= c->cache.mask; i++) {
		struct table_entry *e;

		while ((e = c->cache.buckets[i])) {
			struct statement *s = CONTAINER_OF(e, struct statement,
							   in_cache);

			table_remove(&c->cache, e);
			sqlite3_finalize(s->stmt);
			mem_deref(s);
		}
	}
}

static void conn_destructor(void *data)
{
	struct sqlite_conn *c = data;

	drop_cache(c);
	table_close(&c->cache);
	sqlite3_close(c->db);
}

/* Where each $n stands: SQLite numbers them by first appearance. */
static int find_places(struct statement *s)
{
	uint32_t params = (uint32_t)sqlite3_bind_parameter_count(s->stmt);

	if (params > STORE_ARGS_MAX)
		return E2BIG;

	for (uint32_t i = 0; i < params; i++) {
		char name[16];
		int place;

		snprintf(name, sizeof(name), "$%u", i + 1);
		place = sqlite3_bind_parameter_index(s->stmt, name);
		if (!place)
			return EINVAL;
		s->place[i] = (uint8_t)place;
	}

	s->params = params;
	return 0;
}

static int prepare(struct statement **sp, struct sqlite_conn *c,
		   struct store_error *e, const char *sql, uint64_t key)
{
	size_t len = strlen(sql);
	struct statement *s;
	int err;

	s = mem_zalloc(sizeof(*s) + len + 1, NULL);
	if (!s)
		return ENOMEM;

	memcpy(s->sql, sql, len + 1);
	if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       &s->stmt, NULL) != SQLITE_OK) {
		err = fail(c, e);
		goto out;
	}

	err = s->stmt ? find_places(s) : EINVAL;
	if (err) {
		store_error_set(e, STORE_OTHER,
				"parameters are not $1 … $n: %.100s", sql);
		sqlite3_finalize(s->stmt);
		goto out;
	}

	if (c->cache.count >= CACHE_MAX)
		drop_cache(c);
	table_add(&c->cache, &s->in_cache, key);

out:
	if (err)
		mem_deref(s);
	else
		*sp = s;

	return err;
}

static int find_statement(struct statement **sp, struct sqlite_conn *c,
			  struct store_error *e, const char *sql)
{
	uint64_t key = hash_span(0, span_of(sql));

	for (struct table_entry *t = table_first(&c->cache, key); t;
	     t = table_next(t)) {
		struct statement *s = CONTAINER_OF(t, struct statement,
						   in_cache);

		if (!strcmp(s->sql, sql)) {
			*sp = s;
			return 0;
		}
	}

	return prepare(sp, c, e, sql, key);
}

static int bind_args(struct statement *s, const struct store_value *args)
{
	int code = SQLITE_OK;

	for (uint32_t i = 0; i < s->params && code == SQLITE_OK; i++) {
		int at = s->place[i];

		switch (args[i].type) {
		case STORE_INT:
			code = sqlite3_bind_int64(s->stmt, at, args[i].number);
			break;
		case STORE_TEXT:
			code = sqlite3_bind_text(s->stmt, at, args[i].text,
						 (int)args[i].len,
						 SQLITE_STATIC);
			break;
		default: code = sqlite3_bind_null(s->stmt, at); break;
		}
	}

	return code;
}

static int keep_row(struct store_rows *rows, sqlite3_stmt *stmt)
{
	int err = 0;

	for (int i = 0; i < sqlite3_column_count(stmt) && !err; i++) {
		const char *text = (const char *)sqlite3_column_text(stmt, i);

		err = rows_add(rows, text,
			       (uint32_t)sqlite3_column_bytes(stmt, i));
	}

	return err;
}

static int step(struct sqlite_conn *c, struct store_error *e,
		struct statement *s, struct store_rows *rows)
{
	int code;

	while ((code = sqlite3_step(s->stmt)) == SQLITE_ROW) {
		int err = rows ? keep_row(rows, s->stmt) : 0;

		if (err) {
			store_error_set(e, STORE_OTHER, "rows: %s",
					strerror(err));
			return err;
		}
	}

	return code == SQLITE_DONE ? 0 : fail(c, e);
}

static int make_rows(struct store_rows **rowsp, struct statement *s)
{
	int columns = sqlite3_column_count(s->stmt);
	struct store_rows *rows;
	int err;

	err = rows_alloc(&rows, (uint32_t)columns);
	if (err)
		return err;

	for (int i = 0; i < columns && !err; i++) {
		err = rows_set_name(rows, (uint32_t)i,
				    sqlite3_column_name(s->stmt, i));
	}

	if (err)
		mem_deref(rows);
	else
		*rowsp = rows;

	return err;
}

static int sqlite_run(struct store_conn *conn, struct store_error *e,
		      struct store_rows **rowsp, uint32_t *changedp,
		      const char *sql, const struct store_value *args,
		      uint32_t count)
{
	struct sqlite_conn *c = (struct sqlite_conn *)conn;
	struct store_rows *rows = NULL;
	struct statement *s;
	int err;

	err = find_statement(&s, c, e, sql);
	if (err)
		return err;

	if (s->params != count) {
		return store_error_set(e, STORE_OTHER,
				       "%u parameters, %u given: %.100s",
				       s->params, count, sql);
	}

	err = rowsp ? make_rows(&rows, s) : 0;
	if (err)
		return err;

	if (bind_args(s, args) != SQLITE_OK)
		err = fail(c, e);
	else
		err = step(c, e, s, rows);
	if (!err && changedp)
		*changedp = (uint32_t)sqlite3_changes(c->db);

	sqlite3_reset(s->stmt);
	sqlite3_clear_bindings(s->stmt);

	if (err)
		mem_deref(rows);
	else if (rowsp)
		*rowsp = rows;

	return err;
}

static int sqlite_script(struct store_conn *conn, struct store_error *e,
			 const char *sql)
{
	struct sqlite_conn *c = (struct sqlite_conn *)conn;

	if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(c, e);

	return 0;
}

static bool sqlite_is_in_transaction(struct store_conn *conn)
{
	return !sqlite3_get_autocommit(((struct sqlite_conn *)conn)->db);
}

static int wal_grown(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct sqlite_conn *c = arg;

	(void)db;
	(void)name;

	c->wal_frames = (uint32_t)frames;
	return SQLITE_OK;
}

/* The file is made by us, so that only we may read it; its companions get
 * the same mode from SQLite. */
static int make_file(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : errno;
	close(fd);

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}

	return 0;
}

static int set_up(struct sqlite_conn *c, struct store_error *e,
		  enum store_role role, enum store_mode mode)
{
	int err;

	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_timeout(c->db, BUSY_MS);

	err = sqlite_script(&c->conn, e,
			    "PRAGMA journal_mode=WAL;"
			    "PRAGMA foreign_keys=ON;"
			    "PRAGMA temp_store=MEMORY;");
	if (!err && mode == STORE_FULL_SYNC)
		err = sqlite_script(&c->conn, e, "PRAGMA synchronous=FULL;");
	else if (!err)
		err = sqlite_script(&c->conn, e, "PRAGMA synchronous=NORMAL;");

	if (!err && role == STORE_READER)
		err = sqlite_script(&c->conn, e, "PRAGMA query_only=ON;");

	if (mode == STORE_TURN)
		sqlite3_wal_hook(c->db, wal_grown, c);

	return err;
}

static int sqlite_open(struct store_conn **cp, const char *path,
		       enum store_role role, enum store_mode mode,
		       struct store_error *e)
{
	struct sqlite_conn *c;
	int err;

	c = mem_zalloc(sizeof(*c), conn_destructor);
	if (!c)
		return ENOMEM;

	c->conn.engine = &store_sqlite;
	err = table_init(&c->cache, 64);
	if (err)
		goto out;

	err = make_file(path);
	if (err) {
		store_error_set(e, STORE_IO, "%s: %s", path, strerror(err));
		goto out;
	}

	if (sqlite3_open_v2(path, &c->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		err = c->db ? fail(c, e) : ENOMEM;
		goto out;
	}

	err = set_up(c, e, role, mode);

out:
	if (err)
		mem_deref(c);
	else
		*cp = &c->conn;

	return err;
}

uint32_t sqlite_wal_frames(const struct store_conn *conn)
{
	return ((const struct sqlite_conn *)conn)->wal_frames;
}

int sqlite_checkpoint(struct store_conn *conn)
{
	struct sqlite_conn *c = (struct sqlite_conn *)conn;
	int frames;
	int moved;
	int code;

	/* The log starts anew only if it is caught whole, so go after what
	 * was appended meanwhile. */
	for (int i = 0; i < CHECKPOINT_TRIES; i++) {
		code = sqlite3_wal_checkpoint_v2(c->db, NULL,
						 SQLITE_CHECKPOINT_PASSIVE,
						 &frames, &moved);
		if (code != SQLITE_OK && code != SQLITE_BUSY)
			return EIO;
		if (frames == moved)
			break;
	}

	return 0;
}

int sqlite_limit_pages(struct store_conn *conn, uint32_t pages)
{
	struct store_error e;
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%u;", pages);
	return sqlite_script(conn, &e, sql);
}

const struct store_engine store_sqlite = {
	.open = sqlite_open,
	.run = sqlite_run,
	.script = sqlite_script,
	.is_in_transaction = sqlite_is_in_transaction,
};
