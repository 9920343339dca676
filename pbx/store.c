/* store.c - see store.h */
#include <stdio.h>

#include "base/id.h"
#include "base/journal.h"
#include "base/log.h"
#include "pbx/watch/cdr_table.h"
#include "pbx/store.h"

enum {
	NUMBERS_MAX = 8,
	NAME_BYTES = 32,
	BINDING_BYTES = 1 << 14,
};

/* Rows of the journal. */
enum kind {
	KIND_BINDING = 1,
	KIND_CALL,
	KIND_NUMBER, /* row: place in keep.numbers, from 1 */
	KIND_CDR,
	KIND_SUBSCRIPTION,
	KIND_DIALLED,
	KIND_CALLBACK,
	KIND_NOTICE,
};

static const char *const schema =
	"CREATE TABLE IF NOT EXISTS texts (name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL)";

/* A number under a name. */
struct number {
	uint64_t value;
	char name[NAME_BYTES];
};

static struct {
	struct journal *journal;
	struct store *store;
	char epoch[KEEP_EPOCH_SIZE];
	uint64_t failures;
	struct number numbers[NUMBERS_MAX];
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

static void number_found(uint8_t kind, uint64_t row, struct span blob,
			 void *arg)
{
	(void)kind;
	(void)arg;

	if (row >= 1 && row <= NUMBERS_MAX &&
	    blob.len == sizeof(keep.numbers[0]))
		memcpy(&keep.numbers[row - 1], blob.p, blob.len);
}

/* The folder of the file, and its name without ending. */
static int journal_place_of(char dir[KEEP_PATH], char name[NAME_BYTES],
			    const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	size_t len = strcspn(base, ".");

	if (len >= NAME_BYTES || strlen(file) >= KEEP_PATH)
		return ENAMETOOLONG;

	memcpy(name, base, len);
	name[len] = '\0';
	(void)snprintf(dir, KEEP_PATH, "%.*s", slash ? (int)(slash - file) : 1,
		       slash ? file : ".");

	return 0;
}

int keep_open(const char *file)
{
	char url[KEEP_PATH + 8], dir[KEEP_PATH], name[NAME_BYTES];
	int err;

	err = journal_place_of(dir, name, file);
	if (err)
		goto out;

	memset(keep.numbers, 0, sizeof(keep.numbers));
	(void)snprintf(url, sizeof(url), "sqlite:%s", file);
	err = store_open(&keep.store, url, STORE_FULL_SYNC);
	if (!err)
		err = store_exec_now(keep.store, schema, STORE_NO_ARGS);
	if (!err)
		err = epoch_load();
	if (!err)
		err = journal_open(&keep.journal, dir, name);
	if (!err)
		err = journal_each(keep.journal, KIND_NUMBER, number_found,
				   NULL);
	if (!err)
		err = cdr_table_open(keep.store, keep.journal, KIND_CDR);

out:
	if (err) {
		log_error("store", "cannot open %s: %s", file, strerror(err));
		keep.store = mem_deref(keep.store);
		keep.journal = mem_deref(keep.journal);
	}

	return err;
}

void keep_loaded(void)
{
	if (keep.journal)
		journal_forget(keep.journal);
}

void keep_close(void)
{
	if (!keep.journal)
		return;

	keep.store = mem_deref(keep.store);
	cdr_table_close();
	keep.journal = mem_deref(keep.journal);
}

/* Memory is the truth: a failure is counted and told, and life goes on. */
static void check(int err, const char *what)
{
	if (!err)
		return;

	keep.failures++;
	log_error("store", "cannot write %s: %s", what, strerror(err));
}

int keep_flush(void)
{
	int err;

	if (!keep.journal)
		return 0;

	err = journal_flush(keep.journal);
	check(err, "this turn");
	cdr_table_flushed();

	return err;
}

/* ---- bindings ---- */

/* expires_ms, phone, NUL, the rest */
static uint32_t binding_pack(char buf[BINDING_BYTES],
			     const struct keep_binding *b)
{
	uint32_t phone = (uint32_t)strlen(b->phone) + 1;
	uint32_t len = (uint32_t)sizeof(b->expires_ms) + phone + b->blob.len;

	if (len > BINDING_BYTES)
		return 0;

	memcpy(buf, &b->expires_ms, sizeof(b->expires_ms));
	buf += sizeof(b->expires_ms);
	memcpy(buf, b->phone, phone);
	if (b->blob.len)
		memcpy(buf + phone, b->blob.p, b->blob.len);

	return len;
}

struct each_binding {
	keep_binding_h *h;
	void *arg;
};

static void binding_found(uint8_t kind, uint64_t row, struct span blob,
			  void *arg)
{
	const struct each_binding *each = arg;
	struct keep_binding b = { .row = row };
	const char *end;

	(void)kind;

	if (blob.len <= sizeof(b.expires_ms))
		return;
	memcpy(&b.expires_ms, blob.p, sizeof(b.expires_ms));
	b.phone = blob.p + sizeof(b.expires_ms);
	end = memchr(b.phone, '\0', blob.len - sizeof(b.expires_ms));
	if (!end)
		return;
	b.blob.p = end + 1;
	b.blob.len = (uint32_t)(blob.p + blob.len - b.blob.p);

	each->h(&b, each->arg);
}

void keep_put_binding(const struct keep_binding *b)
{
	char buf[BINDING_BYTES];
	uint32_t len;

	if (!keep.journal)
		return;

	len = binding_pack(buf, b);
	check(len ? journal_put(keep.journal, KIND_BINDING, b->row,
				(struct span){ buf, len })
		  : E2BIG,
	      "a registration");
}

void keep_remove_binding(uint64_t row)
{
	if (keep.journal)
		check(journal_remove(keep.journal, KIND_BINDING, row),
		      "the end of a registration");
}

int keep_each_binding(keep_binding_h *h, void *arg)
{
	struct each_binding each = { h, arg };

	return keep.journal ? journal_each(keep.journal, KIND_BINDING,
					   binding_found, &each)
			    : 0;
}

int keep_read_bindings(const char *file, keep_binding_h *h, void *arg)
{
	char dir[KEEP_PATH], name[NAME_BYTES];
	struct each_binding each = { h, arg };
	int err = journal_place_of(dir, name, file);

	return err ? err
		   : journal_look(dir, name, KIND_BINDING, binding_found,
				  &each);
}

/* ---- calls ---- */

void keep_put_call(uint64_t row, struct span blob)
{
	if (keep.journal)
		check(journal_put(keep.journal, KIND_CALL, row, blob),
		      "a call");
}

void keep_remove_call(uint64_t row)
{
	if (keep.journal)
		check(journal_remove(keep.journal, KIND_CALL, row),
		      "the end of a call");
}

struct each_call {
	keep_call_h *h;
	void *arg;
};

static void call_found(uint8_t kind, uint64_t row, struct span blob, void *arg)
{
	const struct each_call *each = arg;

	(void)kind;
	each->h(row, blob, each->arg);
}

int keep_each_call(keep_call_h *h, void *arg)
{
	struct each_call each = { h, arg };

	return keep.journal ? journal_each(keep.journal, KIND_CALL, call_found,
					   &each)
			    : 0;
}

static int read_rows(const char *file, uint8_t kind, keep_call_h *h, void *arg)
{
	char dir[KEEP_PATH], name[NAME_BYTES];
	struct each_call each = { h, arg };
	int err = journal_place_of(dir, name, file);

	return err ? err : journal_look(dir, name, kind, call_found, &each);
}

int keep_read_calls(const char *file, keep_call_h *h, void *arg)
{
	return read_rows(file, KIND_CALL, h, arg);
}

int keep_read_callbacks(const char *file, keep_call_h *h, void *arg)
{
	return read_rows(file, KIND_CALLBACK, h, arg);
}

/* ---- subscriptions ---- */

void keep_put_subscription(uint64_t row, struct span blob)
{
	if (keep.journal)
		check(journal_put(keep.journal, KIND_SUBSCRIPTION, row, blob),
		      "a subscription");
}

void keep_remove_subscription(uint64_t row)
{
	if (keep.journal)
		check(journal_remove(keep.journal, KIND_SUBSCRIPTION, row),
		      "the end of a subscription");
}

int keep_each_subscription(keep_call_h *h, void *arg)
{
	struct each_call each = { h, arg };

	return keep.journal ? journal_each(keep.journal, KIND_SUBSCRIPTION,
					   call_found, &each)
			    : 0;
}

/* ---- what users have dialled, whom they want to be called back by ---- */

static void row_put(uint8_t kind, uint64_t row, struct span blob,
		    const char *what)
{
	if (keep.journal)
		check(journal_put(keep.journal, kind, row, blob), what);
}

static void row_remove(uint8_t kind, uint64_t row, const char *what)
{
	if (keep.journal)
		check(journal_remove(keep.journal, kind, row), what);
}

static int row_each(uint8_t kind, keep_call_h *h, void *arg)
{
	struct each_call each = { h, arg };

	return keep.journal
		       ? journal_each(keep.journal, kind, call_found, &each)
		       : 0;
}

void keep_put_dialled(uint64_t row, struct span blob)
{
	row_put(KIND_DIALLED, row, blob, "a last number");
}

void keep_remove_dialled(uint64_t row)
{
	row_remove(KIND_DIALLED, row, "the end of a last number");
}

int keep_each_dialled(keep_call_h *h, void *arg)
{
	return row_each(KIND_DIALLED, h, arg);
}

void keep_put_callback(uint64_t row, struct span blob)
{
	row_put(KIND_CALLBACK, row, blob, "a callback");
}

void keep_remove_callback(uint64_t row)
{
	row_remove(KIND_CALLBACK, row, "the end of a callback");
}

int keep_each_callback(keep_call_h *h, void *arg)
{
	return row_each(KIND_CALLBACK, h, arg);
}

void keep_put_notice(uint64_t row, struct span blob)
{
	row_put(KIND_NOTICE, row, blob, "who is to be told of a call for help");
}

void keep_remove_notice(uint64_t row)
{
	row_remove(KIND_NOTICE, row, "that all have been told");
}

int keep_each_notice(keep_call_h *h, void *arg)
{
	return row_each(KIND_NOTICE, h, arg);
}

/* ---- numbers, records ---- */

static struct number *number_of(const char *name)
{
	struct number *n = keep.numbers;

	while (n < keep.numbers + NUMBERS_MAX && n->name[0] &&
	       strcmp(n->name, name) != 0)
		n++;

	return n < keep.numbers + NUMBERS_MAX ? n : NULL;
}

void keep_set_number(const char *name, uint64_t value)
{
	struct number *n = number_of(name);

	if (!keep.journal)
		return;
	if (!n || strlen(name) >= sizeof(n->name)) {
		check(ENOSPC, name);
		return;
	}

	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	n->value = value;
	check(journal_put(keep.journal, KIND_NUMBER,
			  (uint64_t)(n - keep.numbers) + 1,
			  (struct span){ (const char *)n, sizeof(*n) }),
	      name);
}

uint64_t keep_number(const char *name, uint64_t otherwise)
{
	const struct number *n = number_of(name);

	return n && n->name[0] ? n->value : otherwise;
}

const char *keep_epoch(void)
{
	return keep.epoch;
}

int keep_add_cdr(const struct keep_cdr *cdr, store_done_h *done, void *arg)
{
	return keep.journal ? cdr_table_add(cdr, done, arg) : ENOTCONN;
}

void keep_settle(keep_settled_h *h, void *arg)
{
	cdr_table_settle(h, arg);
}

uint64_t keep_failures(void)
{
	return keep.failures;
}
