/* store.c - tests of base/store.h and base/migrate.h, each on both engines
 *
 * PostgreSQL is started by the test itself.  Durability is shown with a
 * ledger: a child writes, notes each answered row in a pipe, and is killed;
 * what it noted must be there.
 */
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "base/migrate.h"
#include "base/store.h"
#include "tests/unit/base/pg_server.h"
#include "tests/unit/test.h"

static char dir[64];
static char url[300];
static enum store_mode mode;
static struct store *store;

static const struct migration migrations[] = {
	{ "first", "CREATE TABLE customers (id TEXT NOT NULL PRIMARY KEY,\n"
		   " web_id TEXT NOT NULL UNIQUE, made_ms BIGINT NOT NULL);\n"
		   "CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY,\n"
		   " customer TEXT NOT NULL REFERENCES customers (id),\n"
		   " extension TEXT NOT NULL, pin TEXT,\n"
		   " is_on SMALLINT NOT NULL DEFAULT 1,\n"
		   " UNIQUE (customer, extension));\n" },
	{ "second", "-- pg: CREATE TABLE engine (name TEXT NOT NULL);\n"
		    "-- pg: INSERT INTO engine VALUES ('pg');\n"
		    "-- sqlite: CREATE TABLE engine (name TEXT NOT NULL);\n"
		    "-- sqlite: INSERT INTO engine VALUES ('sqlite');\n"
		    "CREATE TABLE ledger (n BIGINT NOT NULL PRIMARY KEY);\n" },
	{ "third", "ALTER TABLE users ADD COLUMN note TEXT;\n" },
};

static void drop_tables(void)
{
	store_exec_now(store, "DROP TABLE IF EXISTS users", STORE_NO_ARGS);
	store_exec_now(store, "DROP TABLE IF EXISTS customers", STORE_NO_ARGS);
	store_exec_now(store, "DROP TABLE IF EXISTS engine", STORE_NO_ARGS);
	store_exec_now(store, "DROP TABLE IF EXISTS ledger", STORE_NO_ARGS);
	store_exec_now(store, "DROP TABLE IF EXISTS schema_version",
		       STORE_NO_ARGS);
}

static void open_fresh(void)
{
	fault_reset();
	store = mem_deref(store);
	CHECK_INT(store_open(&store, url, mode), 0);
	drop_tables();
	CHECK_INT(store_migrate(store, migrations, 3), 0);
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	CHECK_INT(store_query_int(&n, store, sql, STORE_NO_ARGS), 0);
	return n;
}

static void add_customer(const char *id, const char *web_id)
{
	CHECK_INT(store_exec_now(store,
				 "INSERT INTO customers (web_id, id, made_ms)"
				 " VALUES ($2, $1, $3)",
				 STORE_ARGS(store_text(id), store_text(web_id),
					    store_int(1700000000123))),
		  0);
}

/* ---- what a handler saw ---- */

static struct store_result seen[64];
static uint32_t seen_count;
static uint32_t wanted;

static void see(const struct store_result *r, void *arg)
{
	(void)arg;

	seen[seen_count++ % 64] = *r;
	if (seen_count == wanted)
		re_cancel();
}

static void too_late(void *arg)
{
	(void)arg;
	re_cancel();
}

static void wait_for(uint32_t count)
{
	struct tmr limit;

	wanted = count;
	if (seen_count < wanted) {
		tmr_init(&limit);
		tmr_start(&limit, 20000, too_late, NULL);
		re_main(NULL);
		tmr_cancel(&limit);
	}
	CHECK_INT(seen_count, count);
	CHECK_INT(store_pending(store), 0);
}

/* ---- tests ---- */

static void rows_come_back_as_written(void)
{
	struct store_rows *rows;

	open_fresh();
	add_customer("c1", "acme");
	add_customer("c2", "h\xc3\xa9 'x'; --");
	CHECK_INT(store_query(&rows, store,
			      "SELECT id, web_id, made_ms, NULL AS missing "
			      "FROM customers WHERE made_ms >= $1 AND id <> $2 "
			      "ORDER BY id LIMIT $3",
			      STORE_ARGS(store_int(5), store_text("zz"),
					 store_int(10))),
		  0);
	CHECK_INT(rows_count(rows), 2);
	CHECK_INT(rows_columns(rows), 4);
	CHECK_STR(rows_name(rows, 1), "web_id");
	CHECK_INT(rows_find(rows, "made_ms"), 2);
	CHECK_INT(rows_find(rows, "absent"), -1);
	CHECK_STR(rows_text(rows, 0, 1), "acme");
	CHECK_STR(rows_text(rows, 1, 1), "h\xc3\xa9 'x'; --");
	CHECK_INT(rows_int(rows, 1, 2), 1700000000123);
	CHECK(rows_is_null(rows, 0, 3));
	CHECK(!rows_text(rows, 0, 3));
	CHECK(!rows_text(rows, 2, 0));
	CHECK(!rows_text(rows, 0, 9));
	CHECK_INT(rows_span(rows, 0, 1).len, 4);
	mem_deref(rows);

	CHECK_INT(store_query(&rows, store,
			      "SELECT id FROM customers WHERE id = $1",
			      STORE_ARGS(store_text("none"))),
		  0);
	CHECK_INT(rows_count(rows), 0);
	mem_deref(rows);
	CHECK(!rows_text(NULL, 0, 0));
	CHECK_INT(rows_count(NULL), 0);
}

static void fails_as(int err, enum store_class class, const char *constraint,
		     const char *column, const char *sql)
{
	const struct store_error *e = store_last_error(store);

	CHECK_INT(store_exec_now(store, sql, STORE_NO_ARGS), err);
	CHECK_STR(store_class_name(e->class), store_class_name(class));
	if (constraint)
		CHECK_STR(e->constraint, constraint);
	if (column)
		CHECK_STR(e->column, column);
}

static void errors_name_class_and_column(void)
{
	open_fresh();
	add_customer("c1", "acme");
	CHECK_INT(store_exec_now(store,
				 "INSERT INTO users (id, customer, extension) "
				 "VALUES ('u1', 'c1', '2001')",
				 STORE_NO_ARGS),
		  0);
	fails_as(EEXIST, STORE_UNIQUE, "customers.web_id", "web_id",
		 "INSERT INTO customers VALUES ('c2', 'acme', 1)");
	fails_as(EEXIST, STORE_UNIQUE, "customers.id", "id",
		 "INSERT INTO customers VALUES ('c1', 'other', 1)");
	fails_as(EEXIST, STORE_UNIQUE, "users.customer, users.extension",
		 "extension",
		 "INSERT INTO users (id, customer, extension) "
		 "VALUES ('u2', 'c1', '2001')");
	fails_as(EINVAL, STORE_NOT_NULL, "customers.web_id", "web_id",
		 "INSERT INTO customers VALUES ('c3', NULL, 1)");
	fails_as(ENOKEY, STORE_FOREIGN_KEY, NULL, NULL,
		 "INSERT INTO users (id, customer, extension) "
		 "VALUES ('u2', 'none', '2001')");
	fails_as(ENOKEY, STORE_FOREIGN_KEY, NULL, NULL,
		 "DELETE FROM customers WHERE id = 'c1'");
	fails_as(EPROTO, STORE_OTHER, NULL, NULL, "SELEKT 1");
	CHECK_INT(number("SELECT COUNT(*) FROM customers"), 1);
}

static void the_loop_cannot_write_by_a_query(void)
{
	struct store_rows *rows = NULL;

	open_fresh();
	if (mode == STORE_TURN)
		return;
	CHECK(store_query(&rows, store,
			  "INSERT INTO customers VALUES ('c1', 'a', 1)",
			  STORE_NO_ARGS) != 0);
	CHECK(!rows);
	CHECK_INT(number("SELECT COUNT(*) FROM customers"), 0);
}

static void one_failing_write_undoes_only_itself(void)
{
	open_fresh();
	seen_count = 0;
	for (int i = 0; i < 20; i++) {
		struct store_write *w;
		char id[8];

		snprintf(id, sizeof(id), "c%d", i);
		CHECK_INT(store_write_alloc(&w, store), 0);
		store_write_add(w, "INSERT INTO customers VALUES ($1, $2, 0)",
				STORE_ARGS(store_text(id), store_text(id)));
		/* Each fifth breaks after its first row. */
		store_write_add(w,
				"INSERT INTO users "
				"(id, customer, extension) "
				"VALUES ($1, $2, '1')",
				STORE_ARGS(store_text(id),
					   store_text(i % 5 ? id : "none")));
		CHECK_INT(store_write_send(w, see, NULL), 0);
		CHECK_INT(seen_count, 0);
	}
	wait_for(20);
	for (uint32_t i = 0; i < 20; i++)
		CHECK_INT(seen[i].err, i % 5 ? 0 : ENOKEY);
	CHECK_INT(number("SELECT COUNT(*) FROM customers"), 16);
	CHECK_INT(number("SELECT COUNT(*) FROM users"), 16);
}

/* ---- read, check, write ---- */

struct take {
	char extension[8];
	bool saw_row;
};

static int take_extension(struct store_tx *tx, void *data)
{
	struct take *t = data;
	struct store_rows *rows;
	int err;

	err = store_tx_query(&rows, tx,
			     "SELECT id FROM users WHERE extension = $1",
			     STORE_ARGS(store_text(t->extension)));
	if (err)
		return err;

	t->saw_row = rows_count(rows) > 0;
	mem_deref(rows);
	if (t->saw_row)
		return EADDRINUSE;

	return store_tx_run(tx, NULL,
			    "INSERT INTO users (id, customer, extension) "
			    "VALUES ($1, 'c1', $1)",
			    STORE_ARGS(store_text(t->extension)));
}

static void send_take(const char *extension)
{
	struct take *t = mem_zalloc(sizeof(*t), NULL);
	struct store_write *w;

	snprintf(t->extension, sizeof(t->extension), "%s", extension);
	CHECK_INT(store_write_alloc(&w, store), 0);
	CHECK_INT(store_write_call(w, take_extension, t), 0);
	mem_deref(t);
	CHECK_INT(store_write_send(w, see, NULL), 0);
}

static void a_callback_reads_before_it_writes(void)
{
	open_fresh();
	add_customer("c1", "acme");
	seen_count = 0;
	send_take("2001");
	send_take("2002");
	send_take("2001");
	wait_for(3);
	CHECK_INT(seen[0].err, 0);
	CHECK_INT(seen[1].err, 0);
	CHECK_INT(seen[2].err, EADDRINUSE);
	CHECK_INT(number("SELECT COUNT(*) FROM users"), 2);
}

static int swallow(struct store_tx *tx, void *data)
{
	(void)data;
	store_tx_run(tx, NULL, "INSERT INTO customers VALUES ('x', 'x', 0)",
		     STORE_NO_ARGS);
	store_tx_run(tx, NULL, "INSERT INTO customers VALUES ('x', 'x', 0)",
		     STORE_NO_ARGS);
	store_tx_run(tx, NULL, "INSERT INTO customers VALUES ('y', 'y', 0)",
		     STORE_NO_ARGS);
	return 0;
}

static void a_callback_cannot_hide_a_failure(void)
{
	open_fresh();
	CHECK_INT(store_call_now(store, swallow, NULL), EEXIST);
	CHECK_INT(number("SELECT COUNT(*) FROM customers"), 0);
}

static void a_required_change_must_happen(void)
{
	struct store_result r;
	struct store_write *w;

	open_fresh();
	add_customer("c1", "acme");
	CHECK_INT(store_write_alloc(&w, store), 0);
	store_write_add(w, "INSERT INTO ledger VALUES (1)", STORE_NO_ARGS);
	store_write_add(w,
			"UPDATE customers SET made_ms = 2 WHERE id = $1 "
			"AND made_ms = $2",
			STORE_ARGS(store_text("c1"), store_int(7)));
	store_write_require(w, ESTALE);
	CHECK_INT(store_write_now(w, &r), ESTALE);
	CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 0);

	CHECK_INT(store_write_alloc(&w, store), 0);
	store_write_add(w, "UPDATE customers SET made_ms = 2 WHERE id = $1",
			STORE_ARGS(store_text("c1")));
	store_write_require(w, ESTALE);
	CHECK_INT(store_write_now(w, &r), 0);
	CHECK_INT(r.changed, 1);
}

static void an_empty_or_broken_write_is_refused(void)
{
	struct store_write *w;

	open_fresh();
	CHECK_INT(store_write_alloc(&w, store), 0);
	CHECK_INT(store_write_send(w, see, NULL), EINVAL);
	CHECK_INT(store_write_alloc(&w, store), 0);
	CHECK_INT(store_write_add(w, NULL, STORE_NO_ARGS), EINVAL);
	CHECK_INT(store_write_add(w, "INSERT INTO ledger VALUES (1)",
				  STORE_NO_ARGS),
		  EINVAL);
	CHECK_INT(store_write_now(w, NULL), EINVAL);
	CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 0);
}

static void recording_survives_each_allocation_failing(void)
{
	uint32_t n;

	open_fresh();
	for (n = 1; n < 50; n++) {
		struct store_write *w = NULL;
		int err;

		fault_plan(FAULT_FAIL, "alloc", n);
		err = store_write_alloc(&w, store);
		if (!err) {
			store_write_add(w, "DELETE FROM ledger", STORE_NO_ARGS);
			store_write_add(w, "INSERT INTO ledger VALUES ($1)",
					STORE_ARGS(store_int(n)));
			err = store_write_now(w, NULL);
		}
		fault_reset();
		if (!err)
			break;
		CHECK_INT(err, ENOMEM);
		CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 0);
	}
	CHECK(n > 3 && n < 50);
	CHECK_INT(number("SELECT n FROM ledger"), n);
}

static void queries_survive_each_allocation_failing(void)
{
	uint32_t n;

	open_fresh();
	add_customer("c1", "acme");
	for (n = 1; n < 50; n++) {
		struct store_rows *rows = NULL;
		int err;

		fault_plan(FAULT_FAIL, "alloc", n);
		err = store_query(&rows, store,
				  "SELECT id, web_id, 'fresh' FROM customers "
				  "WHERE id = $1",
				  STORE_ARGS(store_text("c1")));
		fault_reset();
		if (!err) {
			CHECK_STR(rows_text(rows, 0, 1), "acme");
			mem_deref(rows);
			break;
		}
		CHECK(!rows);
		CHECK_INT(err, ENOMEM);
	}
	CHECK(n > 3 && n < 50);
}

static void a_fault_in_the_writer_is_answered(void)
{
	open_fresh();
	seen_count = 0;
	fault_plan(FAULT_FAIL, "store.write", 2);
	for (int i = 1; i <= 3; i++) {
		CHECK_INT(store_write(store, see, NULL,
				      "INSERT INTO ledger VALUES ($1)",
				      STORE_ARGS(store_int(i))),
			  0);
	}
	wait_for(3);
	CHECK_INT(seen[0].err, 0);
	CHECK_INT(seen[1].err, EIO);
	CHECK_INT(seen[1].error.class, STORE_IO);
	CHECK_INT(seen[2].err, 0);
	CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 2);
}

static void a_failing_commit_is_answered(void)
{
	open_fresh();
	fault_plan(FAULT_FAIL_FROM, "store.commit", 1);
	CHECK_INT(store_exec_now(store, "INSERT INTO ledger VALUES (1)",
				 STORE_NO_ARGS),
		  EIO);
	fault_reset();
	CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 0);
	CHECK_INT(store_exec_now(store, "INSERT INTO ledger VALUES (1)",
				 STORE_NO_ARGS),
		  0);
}

static void dropping_the_store_executes_what_was_sent(void)
{
	open_fresh();
	seen_count = 0;
	for (int i = 1; i <= 100; i++) {
		store_write(store, see, NULL, "INSERT INTO ledger VALUES ($1)",
			    STORE_ARGS(store_int(i)));
	}
	store = mem_deref(store);
	CHECK_INT(seen_count, 0);
	CHECK_INT(store_open(&store, url, mode), 0);
	CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 100);
}

/* ---- migrations ---- */

static void migrations_run_once_and_resume(void)
{
	struct store_rows *rows;
	uint32_t version;

	open_fresh();
	CHECK_INT(store_version(store, &version), 0);
	CHECK_INT(version, 3);
	CHECK_INT(store_query(&rows, store, "SELECT name FROM engine",
			      STORE_NO_ARGS),
		  0);
	CHECK_STR(rows_text(rows, 0, 0),
		  store_is_postgres(store) ? "pg" : "sqlite");
	mem_deref(rows);
	CHECK_INT(store_migrate(store, migrations, 3), 0);
	CHECK_INT(number("SELECT COUNT(*) FROM engine"), 1);

	/* One that fails half way leaves nothing of itself. */
	drop_tables();
	fault_plan(FAULT_FAIL, "store.write", 2);
	CHECK_INT(store_migrate(store, migrations, 3), EIO);
	fault_reset();
	CHECK_INT(store_version(store, &version), 0);
	CHECK_INT(version, 1);
	CHECK_INT(store_migrate(store, migrations, 3), 0);
	CHECK_INT(number("SELECT COUNT(*) FROM ledger"), 0);
}

static void a_newer_or_other_schema_is_refused(void)
{
	struct migration other[3];

	open_fresh();
	CHECK_INT(store_migrate(store, migrations, 2), EPROTONOSUPPORT);
	memcpy(other, migrations, sizeof(other));
	other[1].sql = "CREATE TABLE another (id TEXT);\n";
	CHECK_INT(store_migrate(store, other, 3), ESTALE);
}

/* ---- durability ---- */

static int ledger_fd;
static int64_t ledger_next = 1;

static void acknowledge(const struct store_result *r, void *arg)
{
	int64_t n = (int64_t)(intptr_t)arg;

	if (r->err || write(ledger_fd, &n, sizeof(n)) != sizeof(n))
		_exit(3);

	store_write(store, acknowledge, (void *)(intptr_t)ledger_next,
		    "INSERT INTO ledger VALUES ($1)",
		    STORE_ARGS(store_int(ledger_next)));
	ledger_next++;
}

static void write_for_ever(int fd)
{
	ledger_fd = fd;
	if (store_open(&store, url, mode))
		_exit(2);
	for (int i = 0; i < 16; i++) {
		store_write(store, acknowledge, (void *)(intptr_t)ledger_next,
			    "INSERT INTO ledger VALUES ($1)",
			    STORE_ARGS(store_int(ledger_next)));
		ledger_next++;
	}
	re_main(NULL);
	_exit(4);
}

/* Read answers until `enough`, kill, read the rest; the greatest. */
static int64_t kill_writer(pid_t pid, int fd, uint32_t enough)
{
	int64_t greatest = 0;
	int64_t n;

	for (uint32_t i = 0; read(fd, &n, sizeof(n)) == sizeof(n); i++) {
		greatest = n > greatest ? n : greatest;
		if (i == enough) {
			if (!strncmp(url, "postgres", 8))
				pg_stop(SIGQUIT);
			kill(pid, SIGKILL);
		}
	}

	return greatest;
}

static void what_was_answered_survives_kill_9(void)
{
	bool is_postgres = !strncmp(url, "postgres", 8);

	for (int round = 0; round < 3; round++) {
		int64_t greatest;
		int fds[2];
		pid_t pid;

		open_fresh();
		store = mem_deref(store);
		CHECK_INT(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			fd_setsize(0);
			write_for_ever(fds[1]);
		}
		close(fds[1]);
		greatest = kill_writer(pid, fds[0], 500);
		close(fds[0]);
		waitpid(pid, NULL, 0);
		if (is_postgres)
			CHECK(pg_start());

		CHECK(greatest >= 500);
		CHECK_INT(store_open(&store, url, mode), 0);
		CHECK_INT(number("SELECT COUNT(*) FROM ledger "
				 "WHERE n <= 500"),
			  500);
		CHECK(number("SELECT MAX(n) FROM ledger") >= greatest);
		CHECK_INT(number("SELECT MAX(n) - COUNT(*) FROM ledger"), 0);
	}
}

static void closing_leaves_nothing_open(void)
{
	store = mem_deref(store);
}

static const struct test tests[] = {
	{ "rows come back as written", rows_come_back_as_written },
	{ "errors name class, constraint and column",
	  errors_name_class_and_column },
	{ "a query cannot write", the_loop_cannot_write_by_a_query },
	{ "one failing write undoes only itself",
	  one_failing_write_undoes_only_itself },
	{ "a callback reads before it writes",
	  a_callback_reads_before_it_writes },
	{ "a callback cannot hide a failure",
	  a_callback_cannot_hide_a_failure },
	{ "a required change must happen", a_required_change_must_happen },
	{ "an empty or broken write is refused",
	  an_empty_or_broken_write_is_refused },
	{ "recording survives each allocation failing",
	  recording_survives_each_allocation_failing },
	{ "queries survive each allocation failing",
	  queries_survive_each_allocation_failing },
	{ "a fault in the writer is answered",
	  a_fault_in_the_writer_is_answered },
	{ "a failing commit is answered", a_failing_commit_is_answered },
	{ "dropping the store executes what was sent",
	  dropping_the_store_executes_what_was_sent },
	{ "migrations run once and resume", migrations_run_once_and_resume },
	{ "a newer or other schema is refused",
	  a_newer_or_other_schema_is_refused },
	{ "what was answered survives kill -9",
	  what_was_answered_survives_kill_9 },
	{ "closing leaves nothing open", closing_leaves_nothing_open },
};

int main(int argc, char *argv[])
{
	const size_t count = sizeof(tests) / sizeof(tests[0]);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	snprintf(dir, sizeof(dir), "/tmp/holdfast-store-XXXXXX");
	if (!mkdtemp(dir))
		return 2;

	snprintf(url, sizeof(url), "sqlite:%s/a.db", dir);
	mode = STORE_FULL_SYNC;
	failed = test_main("base/store sqlite", tests, count, argc, argv);

	snprintf(url, sizeof(url), "sqlite:%s/b.db", dir);
	mode = STORE_TURN;
	failed |= test_main("base/store turn", tests, count, argc, argv);

	if (pg_open()) {
		snprintf(url, sizeof(url), "%s", pg_url);
		mode = STORE_FULL_SYNC;
		failed |= test_main("base/store postgres", tests, count, argc,
				    argv);
	}
	else {
		printf("not ok base/store postgres: it does not start\n");
		failed = 1;
	}

	nftw(dir, pg_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return failed;
}
