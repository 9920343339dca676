/* live_rows.c - see live_rows.h */
#include <errno.h>
#include <stdio.h>

#include "base/libre.h"
#include "ctl/live_rows.h"
#include "pbx/call/restore.h"
#include "pbx/store.h"

static void text_bind(sqlite3_stmt *st, int i, const char *text)
{
	if (text[0])
		(void)sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
	else
		(void)sqlite3_bind_null(st, i);
}

static void row_add(sqlite3_stmt *st)
{
	(void)sqlite3_step(st);
	(void)sqlite3_reset(st);
}

static void binding_add(const struct keep_binding *b, void *arg)
{
	sqlite3_stmt *st = arg;

	(void)sqlite3_bind_text(st, 1, b->phone, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(st, 2, (int64_t)b->expires_ms);
	row_add(st);
}

static void call_add(uint64_t row, struct span blob, void *arg)
{
	sqlite3_stmt *st = arg;
	struct restore_look look;

	(void)row;
	if (!restore_look(&look, blob))
		memset(&look, 0, sizeof(look));
	text_bind(st, 1, look.id);
	text_bind(st, 2, look.customer);
	text_bind(st, 3, look.phones[0]);
	text_bind(st, 4, look.phones[1]);
	text_bind(st, 5, look.place);
	(void)sqlite3_bind_int(st, 6, look.is_answered);
	row_add(st);
}

/* "ID PHONE NUMBER ..." */
static void callback_add(uint64_t row, struct span blob, void *arg)
{
	sqlite3_stmt *st = arg;
	struct pl id = { NULL, 0 }, phone = { NULL, 0 };

	(void)row;
	(void)re_regex(blob.p, blob.len, "[^ ]+ [^ ]+ ", &id, &phone);
	(void)sqlite3_bind_text(st, 1, id.p, (int)id.l, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 2, phone.p, (int)phone.l, SQLITE_STATIC);
	row_add(st);
}

static int bindings_read(const char *file, sqlite3_stmt *st)
{
	return keep_read_bindings(file, binding_add, st);
}

static int calls_read(const char *file, sqlite3_stmt *st)
{
	return keep_read_calls(file, call_add, st);
}

static int callbacks_read(const char *file, sqlite3_stmt *st)
{
	return keep_read_callbacks(file, callback_add, st);
}

static const struct {
	const char *make;
	const char *insert;
	const char *drop;
	int (*read)(const char *file, sqlite3_stmt *st);
} tables[] = {
	{ "CREATE TEMP TABLE bindings (phone, expires_ms)",
	  "INSERT INTO bindings VALUES (?1, ?2)", "DROP TABLE bindings",
	  bindings_read },
	{ "CREATE TEMP TABLE live_calls (id, customer, caller, callee, place,"
	  " is_answered)",
	  "INSERT INTO live_calls VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	  "DROP TABLE live_calls", calls_read },
	{ "CREATE TEMP TABLE callbacks (id, phone)",
	  "INSERT INTO callbacks VALUES (?1, ?2)", "DROP TABLE callbacks",
	  callbacks_read },
};

int live_rows_make(sqlite3 *db, const char *dir)
{
	char path[600];
	int err = 0;

	(void)snprintf(path, sizeof(path), "%s/pbx/live.db", dir);
	for (size_t i = 0; i < ARRAY_SIZE(tables) && !err; i++) {
		sqlite3_stmt *st = NULL;

		if (sqlite3_exec(db, tables[i].make, NULL, NULL, NULL) ||
		    sqlite3_prepare_v2(db, tables[i].insert, -1, &st, NULL))
			return ENOMEM;
		err = tables[i].read(path, st);
		(void)sqlite3_finalize(st);
		if (err)
			(void)sqlite3_exec(db, tables[i].drop, NULL, NULL,
					   NULL);
	}
	if (err && err != ENOENT)
		(void)fprintf(stderr, "holdfast check: %s: %s\n", path,
			      strerror(err));

	return err == ENOENT ? 0 : err;
}
