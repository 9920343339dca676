/* store.c - see store.h */
#include <stdio.h>

#include "base/id.h"
#include "base/log.h"
#include "pbx/store.h"

enum { SYNC_REST_MS = 20 };

static const char *const schema[] = {
	"CREATE TABLE IF NOT EXISTS bindings (row INTEGER PRIMARY KEY,"
	" phone TEXT NOT NULL, expires_ms BIGINT NOT NULL,"
	" blob TEXT NOT NULL)",
	"CREATE TABLE IF NOT EXISTS calls (row INTEGER PRIMARY KEY,"
	" blob TEXT NOT NULL)",
	"CREATE TABLE IF NOT EXISTS cdrs (seq INTEGER PRIMARY KEY,"
	" id TEXT NOT NULL, customer TEXT NOT NULL, result TEXT NOT NULL,"
	" caller TEXT NOT NULL, callee TEXT NOT NULL,"
	" started_ms BIGINT NOT NULL, json TEXT NOT NULL)",
	"CREATE UNIQUE INDEX IF NOT EXISTS cdrs_id ON cdrs (id)",
	"CREATE INDEX IF NOT EXISTS cdrs_customer ON cdrs (customer, seq)",
	"CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY,"
	" value BIGINT NOT NULL)",
	"CREATE TABLE IF NOT EXISTS texts (name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL)",
};

struct op;

static struct {
	struct store *store;
	char epoch[KEEP_EPOCH_SIZE];
	uint64_t failures;
	struct op *ops; /* of this turn, in order */
	uint32_t ops_count;
	uint32_t ops_size;
	struct mbuf *texts;
} keep;

static int epoch_load(void)
{
	struct store_rows *rows = NULL;
	const char *text;
	int err;

	err = store_query(&rows, keep.store,
			  "SELECT value FROM texts WHERE name = 'epoch'",
			  STORE_NO_ARGS);
	if (err)
		return err;

	text = rows_text(rows, 0, 0);
	if (text) {
		(void)snprintf(keep.epoch, sizeof(keep.epoch), "%s", text);
	}
	else {
		id_make(keep.epoch);
		err = store_exec_now(keep.store,
				     "INSERT INTO texts (name, value)"
				     " VALUES ('epoch', $1)",
				     STORE_ARGS(store_text(keep.epoch)));
	}
	mem_deref(rows);

	return err;
}

int keep_open(const char *file)
{
	char url[1100];
	int err;

	if (snprintf(url, sizeof(url), "sqlite:%s", file) >= (int)sizeof(url))
		return ENAMETOOLONG;

	err = store_open(&keep.store, url, STORE_TURN);
	if (err)
		goto out;

	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++) {
		err = store_exec_now(keep.store, schema[i], STORE_NO_ARGS);
		if (err)
			goto out;
	}
	err = epoch_load();
	if (!err)
		store_turn_rest(keep.store, SYNC_REST_MS);

out:
	if (err) {
		log_error("store", "cannot open %s: %s", file, strerror(err));
		keep.store = mem_deref(keep.store);
	}

	return err;
}

void keep_close(void)
{
	keep.store = mem_deref(keep.store);
	keep.ops = mem_deref(keep.ops);
	keep.texts = mem_deref(keep.texts);
	keep.ops_count = keep.ops_size = 0;
}

/* Memory is the truth: a failure is counted and told, and life goes on. */
static void check(int err, const char *what)
{
	if (!err)
		return;

	keep.failures++;
	log_error("store", "cannot write %s: %s", what, strerror(err));
}

/* ---- what waits for the end of the turn ---- */

enum op_type {
	OP_PUT_BINDING,
	OP_REMOVE_BINDING,
	OP_PUT_CALL,
	OP_REMOVE_CALL,
	OP_SET_NUMBER,
	OP_ADD_CDR,
};

/* Texts of an operation lie in keep.texts, by offset: that may move. */
struct op {
	enum op_type type;
	uint32_t name; /* phone, number */
	uint32_t blob;
	uint32_t blob_len;
	uint64_t row;
	uint64_t value;
	struct keep_cdr cdr;
	store_done_h *done;
	void *arg;
};

static int op_add(struct op *op)
{
	uint32_t size = keep.ops_size ? keep.ops_size * 2 : 256;
	struct op *ops;

	if (keep.ops_count == keep.ops_size) {
		ops = keep.ops ? mem_realloc(keep.ops, size * sizeof(*ops))
			       : mem_alloc(size * sizeof(*ops), NULL);
		if (!ops)
			return ENOMEM;
		keep.ops = ops;
		keep.ops_size = size;
	}

	keep.ops[keep.ops_count++] = *op;

	return 0;
}

static int text_add(uint32_t *offsetp, struct span s)
{
	int err = 0;

	if (!keep.texts)
		keep.texts = mbuf_alloc(16384);
	if (!keep.texts)
		return ENOMEM;

	*offsetp = (uint32_t)keep.texts->pos;
	if (s.len)
		err = mbuf_write_mem(keep.texts, (const uint8_t *)s.p, s.len);

	return err ? err : mbuf_write_u8(keep.texts, 0);
}

static const char *text_at(uint32_t offset)
{
	return (const char *)keep.texts->buf + offset;
}

static int run_cdr(const struct op *op)
{
	const struct keep_cdr *cdr = &op->cdr;

	return store_write(
		keep.store, op->done, op->arg,
		"INSERT INTO cdrs (seq, id, customer, result,"
		" caller, callee, started_ms, json)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		STORE_ARGS(store_int((int64_t)cdr->seq), store_text(cdr->call),
			   store_text(cdr->customer), store_text(cdr->result),
			   store_text(cdr->caller), store_text(cdr->callee),
			   store_int((int64_t)cdr->started_ms),
			   store_span(cdr->json)));
}

static int run(const struct op *op)
{
	const struct store_value row = store_int((int64_t)op->row);
	const struct span blob = { op->blob_len ? text_at(op->blob) : "",
				   op->blob_len };

	switch (op->type) {
	case OP_PUT_BINDING:
		return store_turn_add(keep.store,
				      "INSERT OR REPLACE INTO bindings"
				      " (row, phone, expires_ms, blob)"
				      " VALUES ($1, $2, $3, $4)",
				      STORE_ARGS(row,
						 store_text(text_at(op->name)),
						 store_int((int64_t)op->value),
						 store_span(blob)));

	case OP_REMOVE_BINDING:
		return store_turn_add(keep.store,
				      "DELETE FROM bindings WHERE row = $1",
				      STORE_ARGS(row));

	case OP_PUT_CALL:
		return store_turn_add(keep.store,
				      "INSERT OR REPLACE INTO calls (row, blob)"
				      " VALUES ($1, $2)",
				      STORE_ARGS(row, store_span(blob)));

	case OP_REMOVE_CALL:
		return store_turn_add(keep.store,
				      "DELETE FROM calls WHERE row = $1",
				      STORE_ARGS(row));

	case OP_SET_NUMBER:
		return store_turn_add(
			keep.store,
			"INSERT OR REPLACE INTO numbers"
			" (name, value) VALUES ($1, $2)",
			STORE_ARGS(store_text(text_at(op->name)),
				   store_int((int64_t)op->value)));

	default: return run_cdr(op);
	}
}

int keep_flush(void)
{
	int err;

	if (!keep.store)
		return 0;

	for (uint32_t i = 0; i < keep.ops_count; i++)
		check(run(&keep.ops[i]), "a row");
	keep.ops_count = 0;
	if (keep.texts)
		keep.texts->pos = keep.texts->end = 0;

	err = store_turn_flush(keep.store);
	check(err, "this turn");

	return err;
}

void keep_put_binding(const struct keep_binding *b)
{
	struct op op = { .type = OP_PUT_BINDING,
			 .row = b->row,
			 .value = b->expires_ms,
			 .blob_len = b->blob.len };
	int err = text_add(&op.name, span_of(b->phone));

	if (!err)
		err = text_add(&op.blob, b->blob);
	if (!err)
		err = op_add(&op);
	check(err, "a registration");
}

void keep_remove_binding(uint64_t row)
{
	struct op op = { .type = OP_REMOVE_BINDING, .row = row };

	check(op_add(&op), "the end of a registration");
}

void keep_put_call(uint64_t row, struct span blob)
{
	struct op op = { .type = OP_PUT_CALL,
			 .row = row,
			 .blob_len = blob.len };
	int err = text_add(&op.blob, blob);

	if (!err)
		err = op_add(&op);
	check(err, "a call");
}

void keep_remove_call(uint64_t row)
{
	struct op op = { .type = OP_REMOVE_CALL, .row = row };

	check(op_add(&op), "the end of a call");
}

void keep_set_number(const char *name, uint64_t value)
{
	struct op op = { .type = OP_SET_NUMBER, .value = value };
	int err = text_add(&op.name, span_of(name));

	if (!err)
		err = op_add(&op);
	check(err, name);
}

int keep_add_cdr(const struct keep_cdr *cdr, store_done_h *done, void *arg)
{
	struct op op = {
		.type = OP_ADD_CDR, .cdr = *cdr, .done = done, .arg = arg
	};

	return keep.store ? op_add(&op) : ENOTCONN;
}

uint64_t keep_number(const char *name, uint64_t otherwise)
{
	struct store_rows *rows = NULL;
	uint64_t value = otherwise;

	if (keep.store &&
	    !store_query(&rows, keep.store,
			 "SELECT value FROM numbers WHERE name = $1",
			 STORE_ARGS(store_text(name))) &&
	    rows_count(rows))
		value = (uint64_t)rows_int(rows, 0, 0);
	mem_deref(rows);

	return value;
}

const char *keep_epoch(void)
{
	return keep.epoch;
}

enum { PAGE = 10000 };

int keep_each_binding(keep_binding_h *h, void *arg)
{
	int64_t last = -1;
	uint32_t count;

	if (!keep.store)
		return 0;

	do {
		struct store_rows *rows = NULL;
		int err = store_query(
			&rows, keep.store,
			"SELECT row, phone, expires_ms, blob"
			" FROM bindings WHERE row > $1"
			" ORDER BY row LIMIT $2",
			STORE_ARGS(store_int(last), store_int(PAGE)));

		if (err)
			return err;

		count = rows_count(rows);
		for (uint32_t i = 0; i < count; i++) {
			struct keep_binding b = {
				.row = (uint64_t)rows_int(rows, i, 0),
				.phone = rows_text(rows, i, 1),
				.expires_ms = (uint64_t)rows_int(rows, i, 2),
				.blob = rows_span(rows, i, 3),
			};

			last = rows_int(rows, i, 0);
			h(&b, arg);
		}
		mem_deref(rows);
	} while (count == PAGE);

	return 0;
}

int keep_each_call(keep_call_h *h, void *arg)
{
	int64_t last = -1;
	uint32_t count;

	if (!keep.store)
		return 0;

	do {
		struct store_rows *rows = NULL;
		int err = store_query(
			&rows, keep.store,
			"SELECT row, blob FROM calls"
			" WHERE row > $1 ORDER BY row LIMIT $2",
			STORE_ARGS(store_int(last), store_int(PAGE)));

		if (err)
			return err;

		count = rows_count(rows);
		for (uint32_t i = 0; i < count; i++) {
			last = rows_int(rows, i, 0);
			h((uint64_t)last, rows_span(rows, i, 1), arg);
		}
		mem_deref(rows);
	} while (count == PAGE);

	return 0;
}

/* The conditions of a query are all in one text, so that each has a prepared
 * statement; those not asked for are given as empty. */
#define CDR_WHERE                                                              \
	" WHERE ($1 = '' OR customer = $1)"                                    \
	" AND ($2 = '' OR result = $2)"                                        \
	" AND ($3 = '' OR caller = $3 OR callee = $3)"                         \
	" AND seq > $4 AND ($5 = 0 OR seq < $5)"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int keep_each_cdr(const struct keep_query *q, keep_cdr_h *h, void *arg)
{
	struct store_rows *rows = NULL;
	int err;

	if (!keep.store)
		return 0;

	if (q->call)
		err = store_query(&rows, keep.store,
				  "SELECT seq, customer, json FROM cdrs"
				  " WHERE id = $1",
				  STORE_ARGS(store_text(q->call)));
	else
		err = store_query(
			&rows, keep.store,
			q->is_newest_first
				? "SELECT seq, customer, json FROM cdrs" CDR_WHERE
				  " ORDER BY seq DESC LIMIT $6"
				: "SELECT seq, customer, json FROM cdrs" CDR_WHERE
				  " ORDER BY seq LIMIT $6",
			STORE_ARGS(store_text(or_empty(q->customer)),
				   store_text(or_empty(q->result)),
				   store_text(or_empty(q->user)),
				   store_int((int64_t)q->after),
				   store_int((int64_t)q->before),
				   store_int(q->limit)));
	if (err)
		return err;

	for (uint32_t i = 0; i < rows_count(rows); i++)
		h((uint64_t)rows_int(rows, i, 0), rows_text(rows, i, 1),
		  rows_span(rows, i, 2), arg);
	mem_deref(rows);

	return 0;
}

int keep_count_cdrs(uint64_t *countp, const struct keep_query *q)
{
	int64_t n = 0;
	int err;

	if (!keep.store)
		return ENOTCONN;

	err = store_query_int(&n, keep.store,
			      "SELECT COUNT(*) FROM cdrs" CDR_WHERE,
			      STORE_ARGS(store_text(or_empty(q->customer)),
					 store_text(or_empty(q->result)),
					 store_text(or_empty(q->user)),
					 store_int(0), store_int(0)));
	if (!err)
		*countp = (uint64_t)n;

	return err;
}

uint64_t keep_oldest_cdr(void)
{
	int64_t n = 0;

	if (!keep.store ||
	    store_query_int(&n, keep.store, "SELECT MIN(seq) FROM cdrs",
			    STORE_NO_ARGS))
		return 0;

	return (uint64_t)n;
}

uint64_t keep_failures(void)
{
	return keep.failures;
}
