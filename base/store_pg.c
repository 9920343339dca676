/* store_pg.c - a connection to PostgreSQL by libpq
 *
 * Statements are sent with their parameters in text form.  A connection that
 * was lost is made anew when next used, at most once in RETRY_MS so that a
 * dead server costs the loop next to nothing; a statement is never repeated.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <libpq-fe.h>

#include "base/clock.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/store_engine.h"

enum { RETRY_MS = 2000, NUMBER_SIZE = 24 };

struct pg_conn {
	struct store_conn conn; /* first */
	PGconn *pg;
	enum store_role role;
	enum store_mode mode;
	uint64_t retry_at_ms;
};

static const struct {
	const char *state;
	enum store_class class;
} classes[] = {
	{ "23505", STORE_UNIQUE },
	{ "23503", STORE_FOREIGN_KEY },
	{ "23502", STORE_NOT_NULL },
	{ "23514", STORE_CHECK },
	{ "40001", STORE_BUSY }, /* serialization failure */
	{ "40P01", STORE_BUSY }, /* deadlock              */
	{ "55P03", STORE_BUSY }, /* lock not available    */
	{ "57014", STORE_BUSY }, /* statement timeout     */
	{ "53100", STORE_FULL },
	{ "53", STORE_BUSY }, /* out of resources      */
	{ "57P", STORE_IO },  /* shutting down         */
	{ "08", STORE_IO },
	{ "58", STORE_IO },
	{ "25006", STORE_IO }, /* read only             */
};

static enum store_class class_of(const char *state)
{
	const size_t count = sizeof(classes) / sizeof(classes[0]);

	if (!state)
		return STORE_IO; /* libpq's own: the connection */

	for (size_t i = 0; i < count; i++) {
		if (!strncmp(state, classes[i].state, strlen(classes[i].state)))
			return classes[i].class;
	}

	return STORE_OTHER;
}

/* Columns of "Key (a, b)=(1, 2) already exists." as "t.a, t.b". */
static void name_columns(struct store_error *e, const char *table,
			 const char *detail)
{
	const char *open = detail ? strchr(detail, '(') : NULL;
	const char *close = open ? strstr(open, ")=(") : NULL;
	char name[sizeof(e->constraint)];
	size_t n = 0;

	if (!close || !table)
		return;

	for (const char *p = open + 1; p < close;) {
		size_t len = strcspn(p, ",)");

		n += (size_t)snprintf(name + n, sizeof(name) - n, "%s%s.%.*s",
				      n ? ", " : "", table, (int)len, p);
		if (n >= sizeof(name))
			return;
		p += len;
		p += strspn(p, ", ");
	}

	store_error_name(e, name);
}

static int fail(struct pg_conn *c, struct store_error *e, PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *table = PQresultErrorField(res, PG_DIAG_TABLE_NAME);
	const char *column = PQresultErrorField(res, PG_DIAG_COLUMN_NAME);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	char name[sizeof(e->constraint)];

	store_error_set(e, class_of(state), "%s (%s)",
			text ? text : PQerrorMessage(c->pg),
			state ? state : "-");
	if (column && table) {
		snprintf(name, sizeof(name), "%s.%s", table, column);
		store_error_name(e, name);
	}
	else if (e->class == STORE_UNIQUE || e->class == STORE_FOREIGN_KEY) {
		name_columns(e, table,
			     PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL));
	}

	return store_class_errno(e->class);
}

static void conn_destructor(void *data)
{
	struct pg_conn *c = data;

	PQfinish(c->pg);
}

static void ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

static int set_up(struct pg_conn *c, struct store_error *e)
{
	static const char reader[] = "SET statement_timeout = 3000;"
				     "SET default_transaction_read_only = on;";
	static const char writer[] = "SET statement_timeout = 15000;"
				     "SET lock_timeout = 3000;";
	PGresult *res;
	int err = 0;

	PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
	res = PQexec(c->pg, c->role == STORE_READER ? reader : writer);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		err = fail(c, e, res);
	PQclear(res);

	if (!err && c->role == STORE_WRITER && c->mode != STORE_FULL_SYNC) {
		res = PQexec(c->pg, "SET synchronous_commit = off");
		PQclear(res);
	}

	return err;
}

static int pg_open(struct store_conn **cp, const char *where,
		   enum store_role role, enum store_mode mode,
		   struct store_error *e)
{
	/* What the address itself says wins over these. */
	const char *keys[] = { "connect_timeout",  "client_encoding",
			       "application_name", "tcp_user_timeout",
			       "dbname",           NULL };
	const char *values[] = { "2", "UTF8", "holdfast", "5000", where, NULL };
	struct pg_conn *c;
	int err;

	c = mem_zalloc(sizeof(*c), conn_destructor);
	if (!c)
		return ENOMEM;

	c->conn.engine = &store_pg;
	c->role = role;
	c->mode = mode;
	c->pg = PQconnectdbParams(keys, values, 1);
	if (PQstatus(c->pg) != CONNECTION_OK) {
		err = store_error_set(e, STORE_IO, "%s", PQerrorMessage(c->pg));
		goto out;
	}

	err = set_up(c, e);

out:
	if (err)
		mem_deref(c);
	else
		*cp = &c->conn;

	return err;
}

/* The writer's connection is made anew by BEGIN only: any other statement
 * belongs to a transaction that was lost with the connection. */
static int revive(struct pg_conn *c, struct store_error *e)
{
	uint64_t now = clock_mono_ms();

	if (PQstatus(c->pg) == CONNECTION_OK)
		return 0;

	if (now < c->retry_at_ms)
		return store_error_set(e, STORE_IO, "database is away");

	PQreset(c->pg);
	c->retry_at_ms = clock_mono_ms() + RETRY_MS;
	if (PQstatus(c->pg) != CONNECTION_OK) {
		return store_error_set(e, STORE_IO, "%s",
				       PQerrorMessage(c->pg));
	}

	log_info("store", "connected to the database again");
	return set_up(c, e);
}

static int keep_rows(struct store_rows **rowsp, PGresult *res)
{
	int columns = PQnfields(res);
	struct store_rows *rows;
	int err;

	err = rows_alloc(&rows, (uint32_t)columns);
	if (err)
		return err;

	for (int i = 0; i < columns && !err; i++)
		err = rows_set_name(rows, (uint32_t)i, PQfname(res, i));

	for (int r = 0; r < PQntuples(res) && !err; r++) {
		for (int i = 0; i < columns && !err; i++) {
			bool is_null = PQgetisnull(res, r, i);

			err = rows_add(rows,
				       is_null ? NULL : PQgetvalue(res, r, i),
				       (uint32_t)PQgetlength(res, r, i));
		}
	}

	if (err)
		mem_deref(rows);
	else
		*rowsp = rows;

	return err;
}

static PGresult *execute(struct pg_conn *c, const char *sql,
			 const struct store_value *args, uint32_t count)
{
	char numbers[STORE_ARGS_MAX][NUMBER_SIZE];
	const char *values[STORE_ARGS_MAX];

	for (uint32_t i = 0; i < count; i++) {
		values[i] = NULL;
		if (args[i].type == STORE_INT) {
			snprintf(numbers[i], NUMBER_SIZE, "%lld",
				 (long long)args[i].number);
			values[i] = numbers[i];
		}
		else if (args[i].type == STORE_TEXT) {
			values[i] = args[i].text;
		}
	}

	return PQexecParams(c->pg, sql, (int)count, NULL, values, NULL, NULL,
			    0);
}

/* libpq wants NUL-terminated texts; a span need not be. */
static int terminate(struct store_value *copy, char **bufp,
		     const struct store_value *args, uint32_t count)
{
	size_t size = 1;
	char *p;

	for (uint32_t i = 0; i < count; i++)
		size += args[i].type == STORE_TEXT ? args[i].len + 1 : 0;

	p = *bufp = mem_alloc(size, NULL);
	if (!p)
		return ENOMEM;

	for (uint32_t i = 0; i < count; i++) {
		copy[i] = args[i];
		if (args[i].type != STORE_TEXT)
			continue;
		if (memchr(args[i].text, '\0', args[i].len))
			return EINVAL;
		memcpy(p, args[i].text, args[i].len);
		p[args[i].len] = '\0';
		copy[i].text = p;
		p += args[i].len + 1;
	}

	return 0;
}

static int pg_run(struct store_conn *conn, struct store_error *e,
		  struct store_rows **rowsp, uint32_t *changedp,
		  const char *sql, const struct store_value *args,
		  uint32_t count)
{
	struct pg_conn *c = (struct pg_conn *)conn;
	struct store_value copy[STORE_ARGS_MAX];
	PGresult *res = NULL;
	char *buf = NULL;
	int err = 0;

	if (count > STORE_ARGS_MAX)
		return EINVAL;

	if (c->role == STORE_READER)
		err = revive(c, e);
	if (!err)
		err = terminate(copy, &buf, args, count);
	if (err)
		goto out;

	res = execute(c, sql, copy, count);
	switch (PQresultStatus(res)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK: break;
	default: err = fail(c, e, res); goto out;
	}

	if (rowsp)
		err = keep_rows(rowsp, res);
	if (!err && changedp)
		*changedp = (uint32_t)strtoul(PQcmdTuples(res), NULL, 10);

out:
	PQclear(res);
	mem_deref(buf);
	return err;
}

static int pg_script(struct store_conn *conn, struct store_error *e,
		     const char *sql)
{
	struct pg_conn *c = (struct pg_conn *)conn;
	bool is_commit = !strcmp(sql, "COMMIT");
	PGresult *res;
	int err = 0;

	if (c->role == STORE_READER || !strcmp(sql, "BEGIN"))
		err = revive(c, e);
	if (err)
		return err;

	res = PQexec(c->pg, sql);
	if (PQresultStatus(res) != PGRES_COMMAND_OK &&
	    PQresultStatus(res) != PGRES_TUPLES_OK &&
	    PQresultStatus(res) != PGRES_EMPTY_QUERY)
		err = fail(c, e, res);
	else if (is_commit && !strcmp(PQcmdStatus(res), "ROLLBACK"))
		err = store_error_set(e, STORE_OTHER, "rolled back");
	PQclear(res);
	return err;
}

static bool pg_is_in_transaction(struct store_conn *conn)
{
	struct pg_conn *c = (struct pg_conn *)conn;

	switch (PQtransactionStatus(c->pg)) {
	case PQTRANS_INTRANS:
	case PQTRANS_INERROR: return true;
	default: return false;
	}
}

const struct store_engine store_pg = {
	.open = pg_open,
	.run = pg_run,
	.script = pg_script,
	.is_in_transaction = pg_is_in_transaction,
};
