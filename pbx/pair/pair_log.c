/* pair_log.c - see pair_log.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "pbx/pair/pair_log.h"

enum { FILL_ROWS = 10000, CONFLICTS_SHOWN = 200 };

struct table_kind {
	struct pair_kind kind;
	char sql[80];
};

static struct {
	struct table_kind tables[PAIR_KINDS_MAX];
	unsigned table_count;
	struct store *store;
	const struct pair_kind *kinds[PAIR_KINDS_MAX];
	unsigned count;
	unsigned side;
	bool is_kept;
	void (*grown)(void);
	char epoch[PAIR_EPOCH_SIZE];
	uint64_t last;    /* number given last */
	uint64_t read;    /* by the other node */
	int64_t known;    /* stamp of the last change it has read */
	int64_t stamp_ms; /* highest seen */
	struct pair_cursor cursor;
} plog;

static const char *const schema[] = {
	"CREATE TABLE IF NOT EXISTS pair_log (kind TEXT NOT NULL,"
	" id TEXT NOT NULL, seq BIGINT NOT NULL, stamp BIGINT NOT NULL,"
	" is_gone SMALLINT NOT NULL, PRIMARY KEY (kind, id))",
	"CREATE INDEX IF NOT EXISTS pair_log_seq ON pair_log (kind, seq)",
	"CREATE INDEX IF NOT EXISTS pair_log_last ON pair_log (seq)",
	"CREATE TABLE IF NOT EXISTS pair_state (name TEXT PRIMARY KEY,"
	" epoch TEXT NOT NULL, seq BIGINT NOT NULL)",
	"CREATE TABLE IF NOT EXISTS pair_conflicts (id TEXT PRIMARY KEY,"
	" at_ms BIGINT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL,"
	" lost TEXT NOT NULL, kept TEXT NOT NULL, loser TEXT NOT NULL)",
};

/* Rows that the other node's change has overwritten are counted, too: a number
 * is never given twice. */
#define LAST                                                                   \
	"SELECT MAX(seq) FROM (SELECT MAX(seq) AS seq FROM pair_log UNION ALL" \
	" SELECT seq FROM pair_state WHERE name = 'log') AS a"

#define STATE_PUT                                                              \
	"INSERT INTO pair_state (name, epoch, seq) VALUES ($1, $2, $3)"        \
	" ON CONFLICT (name) DO UPDATE SET epoch = $2, seq = $3"

static int state_get(const char *name, char epoch[PAIR_EPOCH_SIZE],
		     uint64_t *seqp)
{
	struct store_rows *rows = NULL;
	int err;

	err = store_query(&rows, plog.store,
			  "SELECT epoch, seq FROM pair_state WHERE name = $1",
			  STORE_ARGS(store_text(name)));
	if (err)
		return err;

	epoch[0] = '\0';
	*seqp = 0;
	if (rows_count(rows)) {
		(void)snprintf(epoch, PAIR_EPOCH_SIZE, "%s",
			       rows_text(rows, 0, 0));
		*seqp = (uint64_t)rows_int(rows, 0, 1);
	}
	mem_deref(rows);

	return 0;
}

static int state_put_now(const char *name, const char *epoch, uint64_t seq)
{
	return store_exec_now(plog.store, STATE_PUT,
			      STORE_ARGS(store_text(name), store_text(epoch),
					 store_int((int64_t)seq)));
}

static int forget_all(void)
{
	int err = store_exec_now(plog.store, "DELETE FROM pair_log",
				 STORE_NO_ARGS);

	return err ? err
		   : store_exec_now(plog.store, "DELETE FROM pair_state",
				    STORE_NO_ARGS);
}

static int load(void)
{
	char reader[PAIR_EPOCH_SIZE];
	int64_t last = 0, stamp = 0;
	uint64_t none;
	int err;

	err = state_get("log", plog.epoch, &none);
	if (!err)
		err = state_get("cursor", plog.cursor.epoch, &plog.cursor.seq);
	if (!err)
		err = state_get("read", reader, &plog.read);
	if (!err)
		err = store_query_int(&last, plog.store, LAST, STORE_NO_ARGS);
	if (err)
		return err;

	plog.last = (uint64_t)last;
	if (!plog.epoch[0]) {
		id_make(plog.epoch);
		err = state_put_now("log", plog.epoch, 0);
	}
	for (unsigned i = 0; i < plog.count && !err; i++) {
		int64_t top = 0;

		if (!plog.kinds[i]->is_shared)
			continue;
		err = store_query_int(
			&top, plog.store,
			"SELECT MAX(stamp) FROM pair_log WHERE kind = $1"
			" AND stamp < $2",
			STORE_ARGS(store_text(plog.kinds[i]->name),
				   store_int(PAIR_STAMP_GONE)));
		if (top > stamp)
			stamp = top;
	}
	plog.stamp_ms = stamp / 2;

	return err;
}

int pair_log_open(struct store *store, bool is_kept, unsigned side)
{
	int err = 0;

	memset(&plog, 0, sizeof(plog));
	plog.store = mem_ref(store);
	plog.is_kept = is_kept;
	plog.side = side;
	for (size_t i = 0; i < ARRAY_SIZE(schema) && !err; i++)
		err = store_exec_now(store, schema[i], STORE_NO_ARGS);
	if (!err && !is_kept)
		err = forget_all();

	return err;
}

void pair_log_close(void)
{
	plog.store = mem_deref(plog.store);
	plog.count = 0;
	plog.is_kept = false;
}

struct store *pair_log_store(void)
{
	return plog.store;
}

int pair_kind_add(const struct pair_kind *kind)
{
	if (plog.count >= PAIR_KINDS_MAX)
		return ENOSPC;
	plog.kinds[plog.count++] = kind;

	return 0;
}

static int table_get(json_t **objectp, const char *id, void *arg)
{
	return record_get(objectp, arg, id);
}

static int table_put(struct store_write *w, const char *id,
		     const json_t *object, int64_t stamp, void *arg)
{
	(void)stamp;

	return object ? record_put(w, arg, object) : record_remove(w, arg, id);
}

static void table_after(const char *id, json_t *object, void *arg)
{
	(void)id;
	(void)object;
	(void)arg;
}

int pair_table_add_fields(const struct record_table *table,
			  void (*after)(const char *id, json_t *object,
					void *arg),
			  const json_t *(*current)(const char *id),
			  void (*remember)(const char *id,
					   const json_t *object))
{
	struct table_kind *t;

	if (plog.table_count >= PAIR_KINDS_MAX)
		return ENOSPC;

	t = &plog.tables[plog.table_count++];
	(void)snprintf(t->sql, sizeof(t->sql), "SELECT id FROM %s",
		       table->kind->plural);
	t->kind = (struct pair_kind){
		.name = table->kind->plural,
		.is_shared = true,
		.arg = (void *)(uintptr_t)table,
		.get = table_get,
		.put = table_put,
		.after = after ? after : table_after,
		.current = current,
		.remember = remember,
		.all_sql = t->sql,
	};

	return pair_kind_add(&t->kind);
}

int pair_table_add(const struct record_table *table,
		   void (*after)(const char *id, json_t *object, void *arg))
{
	return pair_table_add_fields(table, after, NULL, NULL);
}

const struct pair_kind *pair_kind_at(unsigned i)
{
	return i < plog.count ? plog.kinds[i] : NULL;
}

const struct pair_kind *pair_kind_find(const char *name)
{
	for (unsigned i = 0; name && i < plog.count; i++) {
		if (!strcmp(plog.kinds[i]->name, name))
			return plog.kinds[i];
	}

	return NULL;
}

void pair_log_on_grown(void (*grown)(void))
{
	plog.grown = grown;
}

uint64_t pair_log_given(void)
{
	return plog.last;
}

const char *pair_log_epoch(void)
{
	return plog.epoch;
}

/* ---- entering ---- */

static int64_t stamp_next(void)
{
	int64_t now = (int64_t)clock_wall_ms();

	plog.stamp_ms = now > plog.stamp_ms ? now : plog.stamp_ms + 1;

	return plog.stamp_ms * 2 + (int64_t)plog.side;
}

int64_t pair_log_known(void)
{
	return plog.known;
}

int64_t pair_log_stamp(void)
{
	return stamp_next();
}

int pair_log_add(struct store_write *w, const char *kind, const char *id,
		 int64_t stamp, bool is_gone)
{
	if (!plog.is_kept)
		return 0;

	if (plog.grown)
		plog.grown();

	plog.last++;
	return store_write_add(
		w,
		"INSERT INTO pair_log (kind, id, seq, stamp, is_gone)"
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id)"
		" DO UPDATE SET seq = $3, stamp = $4, is_gone = $5",
		STORE_ARGS(store_text(kind), store_text(id),
			   store_int((int64_t)plog.last), store_int(stamp),
			   store_int(is_gone)));
}

int pair_log_shared(struct store_write *w, const char *kind, const char *id,
		    bool is_gone)
{
	return pair_log_add(w, kind, id, stamp_next(), is_gone);
}

/* No number is given twice, though its row is overwritten. */
static int keep_highest(struct store_write *w)
{
	return store_write_add(
		w,
		"UPDATE pair_state SET seq = (SELECT MAX(seq) FROM pair_log)"
		" WHERE name = 'log' AND seq < (SELECT MAX(seq) FROM pair_log)",
		STORE_NO_ARGS);
}

int pair_log_merge(struct store_write *w, const struct pair_kind *kind,
		   const struct pair_entry *entry)
{
	int err;

	if (kind->is_shared && entry->stamp < PAIR_STAMP_GONE &&
	    entry->stamp / 2 > plog.stamp_ms)
		plog.stamp_ms = entry->stamp / 2;
	err = keep_highest(w);
	if (err)
		return err;
	err = store_write_add(
		w,
		kind->is_shared
			? "INSERT INTO pair_log (kind, id, seq, stamp, is_gone)"
			  " VALUES ($1, $2, 0, $3, $4) ON CONFLICT (kind, id)"
			  " DO UPDATE SET seq = 0, stamp = $3, is_gone = $4"
			  " WHERE pair_log.stamp < $3"
			: "INSERT INTO pair_log (kind, id, seq, stamp, is_gone)"
			  " VALUES ($1, $2, 0, $3, $4) ON CONFLICT (kind, id)"
			  " DO UPDATE SET seq = 0, stamp = $3, is_gone = $4",
		STORE_ARGS(store_text(kind->name), store_text(entry->id),
			   store_int(entry->stamp), store_int(entry->is_gone)));

	return err || !kind->is_shared ? err : store_write_require(w, EALREADY);
}

/* Only what is gone for good is in the way; what is ours and later is still to
 * be told. */
int pair_log_merge_fields(struct store_write *w, const struct pair_kind *kind,
			  const struct pair_entry *entry, bool keeps_ours)
{
	int err;

	if (entry->stamp / 2 > plog.stamp_ms)
		plog.stamp_ms = entry->stamp / 2;
	err = keep_highest(w);
	if (!err)
		err = store_write_add(
			w,
			"INSERT INTO pair_log (kind, id, seq, stamp, is_gone)"
			" VALUES ($1, $2, 0, $3, 0) ON CONFLICT (kind, id)"
			" DO UPDATE SET seq = pair_log.seq * $4, stamp = CASE"
			" WHEN pair_log.stamp > $3 THEN pair_log.stamp"
			" ELSE $3 END, is_gone = 0"
			" WHERE pair_log.is_gone = 0 OR pair_log.stamp < $3",
			STORE_ARGS(store_text(kind->name),
				   store_text(entry->id),
				   store_int(entry->stamp),
				   store_int(keeps_ours)));

	return err ? err : store_write_require(w, EALREADY);
}

static int fill_kind(const struct pair_kind *kind)
{
	struct store_rows *rows = NULL;
	struct store_write *w = NULL;
	char sql[512];
	int err;

	(void)snprintf(sql, sizeof(sql),
		       "SELECT id FROM (%s) AS a WHERE NOT EXISTS (SELECT 1 "
		       "FROM pair_log l WHERE l.kind = $1 AND l.id = a.id) "
		       "ORDER BY id LIMIT %d",
		       kind->all_sql, FILL_ROWS);
	err = store_query(&rows, plog.store, sql,
			  STORE_ARGS(store_text(kind->name)));
	if (err || !rows_count(rows))
		goto out;

	err = store_write_alloc(&w, plog.store);
	for (uint32_t i = 0; i < rows_count(rows) && !err; i++) {
		json_t *object = NULL;
		const char *id = rows_text(rows, i, 0);

		err = kind->get(&object, id, kind->arg);
		if (!err && object)
			err = pair_log_add(
				w, kind->name, id,
				kind->is_shared
					? stamp_next()
					: json_get_int(object, "generation", 1),
				false);
		json_decref(object);
	}
	if (err)
		mem_deref(w);
	else
		err = store_write_now(w, NULL);
	if (!err && rows_count(rows) == FILL_ROWS)
		err = fill_kind(kind);

out:
	mem_deref(rows);

	return err;
}

int pair_log_fill(void)
{
	int err = plog.is_kept ? load() : 0;

	for (unsigned i = 0; plog.is_kept && i < plog.count && !err; i++) {
		if (plog.kinds[i]->is_shared || !plog.side)
			err = fill_kind(plog.kinds[i]);
	}
	if (err)
		log_error("pair", "the log cannot be read: %s", strerror(err));

	return err;
}

/* ---- reading ---- */

uint64_t pair_log_last(void)
{
	int64_t last = 0;

	if (!plog.is_kept ||
	    store_query_int(&last, plog.store, LAST, STORE_NO_ARGS))
		return 0;

	return (uint64_t)last;
}

int pair_log_list(struct store_rows **rowsp, const struct pair_kind *kind,
		  bool is_gone, int64_t after, const char *after_id,
		  uint64_t upto, uint32_t limit)
{
	return store_query(
		rowsp, plog.store,
		"SELECT id, seq, stamp FROM pair_log WHERE kind = $1"
		" AND (seq, id) > ($2, $3) AND seq <= $4 AND is_gone = $5"
		" ORDER BY seq, id LIMIT $6",
		STORE_ARGS(store_text(kind->name), store_int(after),
			   store_text(after_id), store_int((int64_t)upto),
			   store_int(is_gone), store_int(limit)));
}

void pair_log_read(uint64_t seq)
{
	if (seq <= plog.read)
		return;

	plog.read = seq;
	if (seq >= plog.last)
		plog.known = plog.stamp_ms * 2 + 1;
	(void)store_write(plog.store, NULL, NULL, STATE_PUT,
			  STORE_ARGS(store_text("read"), store_text(plog.epoch),
				     store_int((int64_t)seq)));
}

uint64_t pair_log_read_seq(void)
{
	return plog.read;
}

void pair_log_cursor(struct pair_cursor *c)
{
	*c = plog.cursor;
}

int pair_log_move(const struct pair_cursor *c, store_done_h *done, void *arg)
{
	plog.cursor = *c;

	return store_write(plog.store, done, arg, STATE_PUT,
			   STORE_ARGS(store_text("cursor"),
				      store_text(c->epoch),
				      store_int((int64_t)c->seq)));
}

/* ---- two that changed the same ---- */

bool pair_log_is_news(const struct pair_kind *kind, const char *id,
		      int64_t *stampp)
{
	struct store_rows *rows = NULL;
	bool is_news = false;

	*stampp = 0;
	if (store_query(&rows, plog.store,
			"SELECT seq, stamp FROM pair_log"
			" WHERE kind = $1 AND id = $2",
			STORE_ARGS(store_text(kind->name), store_text(id))))
		return false;

	if (rows_count(rows)) {
		is_news = (uint64_t)rows_int(rows, 0, 0) > plog.read;
		*stampp = rows_int(rows, 0, 1);
	}
	mem_deref(rows);

	return is_news;
}

static int64_t count_of(const char *kind, const char *id, const char *sql)
{
	int64_t n = 0;

	return store_query_int(&n, plog.store, sql,
			       STORE_ARGS(store_text(kind), store_text(id)))
		       ? 0
		       : n;
}

bool pair_log_has(const char *kind, const char *id)
{
	return count_of(kind, id,
			"SELECT COUNT(*) FROM pair_log"
			" WHERE kind = $1 AND id = $2");
}

bool pair_log_is_gone(const char *kind, const char *id)
{
	return count_of(kind, id,
			"SELECT COUNT(*) FROM pair_log"
			" WHERE kind = $1 AND id = $2 AND is_gone = 1");
}

void pair_log_conflict(const struct pair_kind *kind, const char *id,
		       const json_t *lost, const json_t *kept,
		       bool is_ours_lost)
{
	const char *loser = (plog.side == 1) == is_ours_lost ? "secondary"
							     : "primary";
	char *a = lost ? json_text(lost, NULL) : NULL;
	char *b = kept ? json_text(kept, NULL) : NULL;
	char row[ID_SIZE];

	id_make(row);
	log_warn("pair",
		 "%s %s was changed on both nodes: the %s's change is not kept",
		 kind->name, id, loser);
	(void)store_write(
		plog.store, NULL, NULL,
		"INSERT INTO pair_conflicts (id, at_ms, kind, object,"
		" lost, kept, loser)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)",
		STORE_ARGS(store_text(row), store_int((int64_t)clock_wall_ms()),
			   store_text(kind->name), store_text(id),
			   store_text(a ? a : "null"),
			   store_text(b ? b : "null"), store_text(loser)));
	mem_deref(a);
	mem_deref(b);
}

static json_t *read_json(const char *text)
{
	json_t *json = NULL;

	if (!text || json_read(&json, span_of(text), 0, NULL))
		return json_null();

	return json;
}

json_t *pair_log_conflicts(void)
{
	struct store_rows *rows = NULL;
	json_t *list = json_array();

	if (store_query(&rows, plog.store,
			"SELECT at_ms, kind, object, lost, kept, loser"
			" FROM pair_conflicts ORDER BY id DESC LIMIT $1",
			STORE_ARGS(store_int(CONFLICTS_SHOWN))))
		return list;

	for (uint32_t i = 0; i < rows_count(rows); i++)
		(void)json_array_append_new(
			list,
			json_pack("{s:I,s:s,s:s,s:o,s:o,s:s}", "at_ms",
				  (json_int_t)rows_int(rows, i, 0), "kind",
				  rows_text(rows, i, 1), "id",
				  rows_text(rows, i, 2), "lost",
				  read_json(rows_text(rows, i, 3)), "kept",
				  read_json(rows_text(rows, i, 4)), "loser",
				  rows_text(rows, i, 5)));
	mem_deref(rows);

	return list;
}
