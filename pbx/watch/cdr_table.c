/* cdr_table.c - see cdr_table.h */
#include "base/clock.h"
#include "base/log.h"
#include "pbx/watch/cdr_table.h"

enum {
	REST_MS = 200,   /* between two commits */
	AGAIN_MS = 1000, /* after the disk has refused */
	LATE_MAX = 10000,
	TEXTS = 5,
	ROW_BYTES = 1 << 17,
};

static const char *const schema[] = {
	"CREATE TABLE IF NOT EXISTS cdrs (seq INTEGER PRIMARY KEY,"
	" id TEXT NOT NULL, customer TEXT NOT NULL, result TEXT NOT NULL,"
	" caller TEXT NOT NULL, callee TEXT NOT NULL,"
	" started_ms BIGINT NOT NULL, json TEXT NOT NULL)",
	"CREATE UNIQUE INDEX IF NOT EXISTS cdrs_id ON cdrs (id)",
	"CREATE INDEX IF NOT EXISTS cdrs_customer ON cdrs (customer, seq)",
};

struct waiter {
	struct keep_cdr cdr;
	store_done_h *done;
	void *arg;
};

/* Somebody who wants to read what was added. */
struct reader {
	struct le le;
	uint64_t seq; /* number of the last added */
	keep_settled_h *h;
	void *arg;
};

/* What the disk has refused; it is in the journal, too. */
struct late {
	struct le le;
	uint64_t seq;
	uint32_t len;
	char row[];
};

static struct {
	struct store *store;
	struct journal *journal;
	uint8_t kind;
	struct waiter *waiters; /* to be sent */
	uint32_t count;
	uint32_t size;
	struct waiter *flying; /* sent */
	uint32_t flying_count;
	struct list readers;
	uint64_t added;
	uint64_t landed;
	struct list late;
	uint32_t late_sent; /* how many of them are on their way */
	struct tmr again;
	struct tmr tmr;
	uint64_t sent_ms;
} cdrs;

/* ---- rows of the journal ---- */

static bool put(char *buf, uint32_t *lenp, const void *p, uint32_t len)
{
	if (len > ROW_BYTES - *lenp)
		return false;

	memcpy(buf + *lenp, p, len);
	*lenp += len;

	return true;
}

static int pack(char *buf, uint32_t *lenp, const struct keep_cdr *cdr)
{
	const char *texts[TEXTS] = { cdr->call, cdr->customer, cdr->result,
				     cdr->caller, cdr->callee };
	bool fits = put(buf, lenp, &cdr->started_ms, sizeof(cdr->started_ms));

	for (int i = 0; i < TEXTS; i++)
		fits = fits &&
		       put(buf, lenp, texts[i], (uint32_t)strlen(texts[i]) + 1);
	fits = fits && put(buf, lenp, cdr->json.p, cdr->json.len);

	return fits ? 0 : E2BIG;
}

static bool unpack(struct keep_cdr *cdr, uint64_t seq, struct span row)
{
	const char **texts[TEXTS] = { &cdr->call, &cdr->customer, &cdr->result,
				      &cdr->caller, &cdr->callee };

	if (row.len < sizeof(cdr->started_ms))
		return false;

	cdr->seq = seq;
	memcpy(&cdr->started_ms, row.p, sizeof(cdr->started_ms));
	row.p += sizeof(cdr->started_ms);
	row.len -= (uint32_t)sizeof(cdr->started_ms);
	for (int i = 0; i < TEXTS; i++) {
		const char *end = row.len ? memchr(row.p, '\0', row.len) : NULL;

		if (!end)
			return false;
		*texts[i] = row.p;
		row.len -= (uint32_t)(end + 1 - row.p);
		row.p = end + 1;
	}
	cdr->json = row;

	return true;
}

/* ---- the table ---- */

static void record(struct store_write *w, const struct keep_cdr *cdr)
{
	(void)store_write_add(
		w,
		"INSERT OR IGNORE INTO cdrs (seq, id, customer, result,"
		" caller, callee, started_ms, json)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		STORE_ARGS(store_int((int64_t)cdr->seq), store_text(cdr->call),
			   store_text(cdr->customer), store_text(cdr->result),
			   store_text(cdr->caller), store_text(cdr->callee),
			   store_int((int64_t)cdr->started_ms),
			   store_span(cdr->json)));
}

static void found(uint8_t kind, uint64_t row, struct span blob, void *arg)
{
	struct store_write *w = NULL;
	struct keep_cdr cdr;
	uint32_t *left = arg;
	int err = EBADMSG;

	if (unpack(&cdr, row, blob))
		err = store_write_alloc(&w, cdrs.store);
	if (!err) {
		record(w, &cdr);
		err = store_write_now(w, NULL);
	}
	if (err) {
		log_error("cdr", "seq=%llu stays in the journal: %s",
			  (unsigned long long)row, strerror(err));
		++*left;
		return;
	}
	(void)journal_remove(cdrs.journal, kind, row);
}

int cdr_table_open(struct store *store, struct journal *journal, uint8_t kind)
{
	uint32_t left = 0;
	int err = 0;

	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]) && !err; i++)
		err = store_exec_now(store, schema[i], STORE_NO_ARGS);
	if (err)
		return err;

	tmr_init(&cdrs.tmr);
	tmr_init(&cdrs.again);
	list_init(&cdrs.late);
	cdrs.store = mem_ref(store);
	cdrs.journal = journal;
	cdrs.kind = kind;
	cdrs.sent_ms = 0;
	list_init(&cdrs.readers);

	return journal_each(journal, kind, found, &left);
}

static void serve_readers(void)
{
	struct le *le = list_head(&cdrs.readers);

	while (le) {
		struct reader *r = le->data;

		le = le->next;
		if (r->seq > cdrs.landed)
			continue;
		list_unlink(&r->le);
		r->h(r->arg);
		mem_deref(r);
	}
}

static void late_try(void *arg);

static void late_landed(const struct store_result *result, void *arg)
{
	uint32_t count = cdrs.late_sent;
	struct le *le;

	(void)arg;

	cdrs.late_sent = 0;
	while (!result->err && count-- && (le = list_head(&cdrs.late))) {
		struct late *l = le->data;

		(void)journal_remove(cdrs.journal, cdrs.kind, l->seq);
		list_unlink(&l->le);
		mem_deref(l);
	}
	if (list_head(&cdrs.late))
		tmr_start(&cdrs.again, AGAIN_MS, late_try, NULL);
}

static void late_try(void *arg)
{
	struct store_result result = { 0 };
	struct store_write *w = NULL;
	struct keep_cdr cdr;
	struct le *le;

	(void)arg;

	result.err = store_write_alloc(&w, cdrs.store);
	for (le = list_head(&cdrs.late); le && !result.err; le = le->next) {
		struct late *l = le->data;

		if (unpack(&cdr, l->seq, (struct span){ l->row, l->len }))
			record(w, &cdr);
		cdrs.late_sent++;
	}
	if (!result.err)
		result.err = store_write_send(w, late_landed, NULL);
	if (result.err)
		late_landed(&result, NULL);
}

/* The disk has refused it: it is tried again while we run; what is too many
 * the next start finds in the journal. */
static void late_keep(const struct keep_cdr *cdr)
{
	static char buf[ROW_BYTES];
	uint32_t len = 0;
	struct late *l;

	if (list_count(&cdrs.late) >= LATE_MAX || pack(buf, &len, cdr))
		return;
	l = mem_zalloc(sizeof(*l) + len, NULL);
	if (!l)
		return;

	l->seq = cdr->seq;
	l->len = len;
	memcpy(l->row, buf, len);
	list_append(&cdrs.late, &l->le, l);
	if (!cdrs.late_sent && !tmr_isrunning(&cdrs.again))
		tmr_start(&cdrs.again, AGAIN_MS, late_try, NULL);
}

static void landed(const struct store_result *result, void *arg)
{
	struct waiter *w = cdrs.flying;
	uint32_t count = cdrs.flying_count;

	(void)arg;

	cdrs.flying = NULL;
	cdrs.flying_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (!result->err)
			(void)journal_remove(cdrs.journal, cdrs.kind,
					     w[i].cdr.seq);
		else
			late_keep(&w[i].cdr);
		w[i].done(result, w[i].arg);
	}
	mem_deref(w);
	cdrs.landed += count;
	serve_readers();
	cdr_table_flushed();
}

static void send_all(void)
{
	struct store_result result = { 0 };
	struct store_write *w = NULL;

	cdrs.sent_ms = clock_mono_ms();
	cdrs.flying = cdrs.waiters;
	cdrs.flying_count = cdrs.count;
	cdrs.waiters = NULL;
	cdrs.count = cdrs.size = 0;

	result.err = store_write_alloc(&w, cdrs.store);
	if (!result.err) {
		for (uint32_t i = 0; i < cdrs.flying_count; i++)
			record(w, &cdrs.flying[i].cdr);
		result.err = store_write_send(w, landed, NULL);
	}
	if (result.err)
		landed(&result, NULL);
}

static void rested(void *arg)
{
	(void)arg;
	cdr_table_flushed();
}

void cdr_table_flushed(void)
{
	uint64_t ago;

	if (!cdrs.count || cdrs.flying || tmr_isrunning(&cdrs.tmr))
		return;

	ago = clock_mono_ms() - cdrs.sent_ms;
	if (ago < REST_MS && !list_head(&cdrs.readers))
		tmr_start(&cdrs.tmr, REST_MS - ago, rested, NULL);
	else
		send_all();
}

int cdr_table_add(const struct keep_cdr *cdr, store_done_h *done, void *arg)
{
	static char buf[ROW_BYTES];
	uint32_t size = cdrs.size ? cdrs.size * 2 : 64;
	uint32_t len = 0;
	int err;

	err = pack(buf, &len, cdr);
	if (!err)
		err = journal_put(cdrs.journal, cdrs.kind, cdr->seq,
				  (struct span){ buf, len });
	if (err || !done)
		return err;

	if (cdrs.count == cdrs.size) {
		struct waiter *w = cdrs.waiters
					   ? mem_realloc(cdrs.waiters,
							 size * sizeof(*w))
					   : mem_alloc(size * sizeof(*w), NULL);

		if (!w)
			return ENOMEM;
		cdrs.waiters = w;
		cdrs.size = size;
	}

	cdrs.waiters[cdrs.count++] = (struct waiter){ *cdr, done, arg };
	cdrs.added++;

	return 0;
}

void cdr_table_settle(keep_settled_h *h, void *arg)
{
	struct reader *r = NULL;

	if (cdrs.landed < cdrs.added)
		r = mem_zalloc(sizeof(*r), NULL);
	if (!r) {
		h(arg);
		return;
	}

	r->seq = cdrs.added;
	r->h = h;
	r->arg = arg;
	list_append(&cdrs.readers, &r->le, r);
	tmr_cancel(&cdrs.tmr);
	cdr_table_flushed();
}

void cdr_table_close(void)
{
	static const struct store_result written;

	tmr_cancel(&cdrs.tmr);
	if (cdrs.count && !cdrs.flying)
		send_all();
	cdrs.store = mem_deref(cdrs.store); /* executes what was sent */
	if (cdrs.flying)
		landed(&written, NULL);
	tmr_cancel(&cdrs.tmr);
	tmr_cancel(&cdrs.again);
	list_flush(&cdrs.late);
	list_flush(&cdrs.readers);
}

/* ---- queries ---- */

/* The conditions of a query are all in one text, so that each has a prepared
 * statement; those not asked for are given as empty. */
#define CDR_WHERE                                                              \
	" WHERE ($1 = '' OR customer = $1)"                                    \
	" AND ($2 = '' OR result = $2)"                                        \
	" AND ($3 = '' OR caller = $3 OR callee = $3)"                         \
	" AND seq > $4 AND ($5 = 0 OR seq < $5)"                               \
	" AND ($2 <> '' OR $6 = 1 OR result <> 'alarm')"                       \
	" AND started_ms >= $7 AND ($8 = 0 OR started_ms < $8)"                \
	" AND ($9 = '' OR json_extract(json, '$.caller.number') = $9"          \
	" OR json_extract(json, '$.callee.number') = $9)"                      \
	" AND ($10 = '' OR EXISTS (SELECT 1 FROM json_each($10)"               \
	" WHERE value <> '' AND value IN (caller, callee)))"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int keep_each_cdr(const struct keep_query *q, keep_cdr_h *h, void *arg)
{
	struct store_rows *rows = NULL;
	int err;

	if (!cdrs.store)
		return 0;

	if (q->call)
		err = store_query(&rows, cdrs.store,
				  "SELECT seq, customer, json FROM cdrs"
				  " WHERE id = $1",
				  STORE_ARGS(store_text(q->call)));
	else
		err = store_query(
			&rows, cdrs.store,
			q->is_newest_first
				? "SELECT seq, customer, json FROM cdrs" CDR_WHERE
				  " ORDER BY seq DESC LIMIT $11"
				: "SELECT seq, customer, json FROM cdrs" CDR_WHERE
				  " ORDER BY seq LIMIT $11",
			STORE_ARGS(store_text(or_empty(q->customer)),
				   store_text(or_empty(q->result)),
				   store_text(or_empty(q->user)),
				   store_int((int64_t)q->after),
				   store_int((int64_t)q->before),
				   store_int(q->with_alarms),
				   store_int((int64_t)q->from_ms),
				   store_int((int64_t)q->to_ms),
				   store_text(or_empty(q->number)),
				   store_text(or_empty(q->users)),
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

	if (!cdrs.store)
		return ENOTCONN;

	err = store_query_int(
		&n, cdrs.store, "SELECT COUNT(*) FROM cdrs" CDR_WHERE,
		STORE_ARGS(store_text(or_empty(q->customer)),
			   store_text(or_empty(q->result)),
			   store_text(or_empty(q->user)), store_int(0),
			   store_int(0), store_int(q->with_alarms),
			   store_int((int64_t)q->from_ms),
			   store_int((int64_t)q->to_ms),
			   store_text(or_empty(q->number)),
			   store_text(or_empty(q->users))));
	if (!err)
		*countp = (uint64_t)n;

	return err;
}

uint64_t keep_oldest_cdr(void)
{
	int64_t n = 0;

	if (!cdrs.store ||
	    store_query_int(&n, cdrs.store, "SELECT MIN(seq) FROM cdrs",
			    STORE_NO_ARGS))
		return 0;

	return (uint64_t)n;
}
