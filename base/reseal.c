/* reseal.c - see reseal.h
 *
 * One run at a time: for each column and each old key, batches along the
 * column's key until one comes back short.  A batch is an object that the
 * writer thread works on alone; the loop looks at it when it is done.  A run
 * that was begun anew is known by its number.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/key_file.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/reseal.h"
#include "base/store.h"
#include "base/wheel.h"

enum { KEY_BYTES = 256, RETRY_MS = 5000 };

struct reseal {
	struct le le;
	struct store *store;
	const struct reseal_column *column;
};

/* What one write does. */
struct batch {
	const struct reseal_column *column;
	struct key_file *keys;
	uint32_t run;
	uint32_t version; /* the old key that is looked for */
	char last[KEY_BYTES];
	uint32_t rows;
	uint32_t changed;
	uint32_t failed;
};

static struct {
	struct list columns;
	struct key_file *keys;
	struct le *at;    /* column that is worked on */
	uint32_t version; /* old key that is worked on */
	uint32_t run;
	uint32_t changed; /* in this pass */
	uint32_t failed;
	uint32_t done; /* reseal_version() */
	struct wheel_timer retry;
} all;

static int send_batch(const char *last);

static void reseal_destructor(void *data)
{
	struct reseal *r = data;

	/* what is in flight for it comes back to nobody */
	if (all.at == &r->le) {
		all.at = NULL;
		all.run++;
	}
	list_unlink(&r->le);
}

int reseal_add(struct reseal **rp, struct store *store,
	       const struct reseal_column *column)
{
	struct reseal *r;

	if (!rp || !store || !column)
		return EINVAL;

	r = mem_zalloc(sizeof(*r), reseal_destructor);
	if (!r)
		return ENOMEM;

	r->store = store;
	r->column = column;
	list_append(&all.columns, &r->le, r);
	*rp = r;
	return 0;
}

/* ---- in the writer's thread ---- */

static int seal_anew(char **freshp, struct batch *b, const char *context,
		     const char *sealed)
{
	char *secret = NULL;
	int err = secret_open(&secret, b->keys, context, sealed);

	if (err && err != ENOMEM) {
		b->failed++;
		return EBADMSG;
	}
	if (!err)
		err = secret_seal(freshp, b->keys, context, secret);

	mem_deref(secret);
	return err;
}

/* {"sealed": TEXT} anywhere within. */
static int walk(struct batch *b, json_t *json)
{
	const char *name, *sealed = json_get_text(json, "sealed");
	char *fresh = NULL;
	json_t *value;
	size_t i;
	int err = 0;

	if (sealed && !secret_is_fresh(b->keys, sealed)) {
		err = seal_anew(&fresh, b, b->column->context, sealed);
		if (!err)
			err = json_object_set_new(json, "sealed",
						  json_string(fresh))
				      ? ENOMEM
				      : 0;
		mem_deref(fresh);
		return err;
	}

	json_object_foreach(json, name, value)
	{
		if (!err)
			err = walk(b, value);
	}
	json_array_foreach(json, i, value)
	{
		if (!err)
			err = walk(b, value);
	}

	return err;
}

static int json_anew(char **freshp, struct batch *b, const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	int err;

	if (!json) {
		b->failed++;
		return EBADMSG;
	}
	err = walk(b, json);
	if (!err) {
		*freshp = json_text(json, NULL);
		err = *freshp ? 0 : ENOMEM;
	}

	json_decref(json);
	return err;
}

static int row_anew(struct batch *b, struct store_tx *tx, const char *key,
		    const char *old)
{
	const struct reseal_column *c = b->column;
	char *fresh = NULL;
	uint32_t changed = 0;
	char sql[300];
	int err;

	err = c->is_json ? json_anew(&fresh, b, old)
			 : seal_anew(&fresh, b, c->context ? c->context : key,
				     old);
	if (err)
		return err == EBADMSG ? 0 : err;

	(void)snprintf(sql, sizeof(sql),
		       "UPDATE \"%s\" SET \"%s\" = $1 WHERE \"%s\" = $2 "
		       "AND \"%s\" = $3",
		       c->table, c->column, c->key, c->column);
	err = store_tx_run(tx, &changed, sql,
			   STORE_ARGS(store_text(fresh), store_text(key),
				      store_text(old)));
	b->changed += changed;

	mem_deref(fresh);
	return err;
}

static int do_batch(struct store_tx *tx, void *data)
{
	struct batch *b = data;
	const struct reseal_column *c = b->column;
	struct store_rows *rows = NULL;
	char sql[400], like[40];
	int err;

	b->rows = b->changed = b->failed = 0;
	(void)snprintf(like, sizeof(like),
		       c->is_json ? "%%\"sealed\":\"%u.%%" : "%u.%%",
		       b->version);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT \"%s\", \"%s\" FROM \"%s\" WHERE \"%s\" > $1 "
		       "AND \"%s\" LIKE $2 ORDER BY \"%s\" LIMIT %d",
		       c->key, c->column, c->table, c->key, c->column, c->key,
		       RESEAL_BATCH);
	err = store_tx_query(&rows, tx, sql,
			     STORE_ARGS(store_text(b->last), store_text(like)));
	if (err)
		return err;

	b->rows = rows_count(rows);
	for (uint32_t i = 0; !err && i < b->rows; i++)
		err = row_anew(b, tx, rows_text(rows, i, 0),
			       rows_text(rows, i, 1));
	if (!err && b->rows)
		(void)snprintf(b->last, sizeof(b->last), "%s",
			       rows_text(rows, b->rows - 1, 0));

	mem_deref(rows);
	return err;
}

/* ---- on the loop ---- */

static void batch_destructor(void *data)
{
	struct batch *b = data;

	mem_deref(b->keys);
}

static void begin_pass(void *arg)
{
	int err;

	(void)arg;
	all.at = list_head(&all.columns);
	all.version = key_file_older(all.keys, 0);
	all.changed = all.failed = 0;
	if (!all.at || !all.version) {
		all.done = key_file_version(all.keys);
		return;
	}

	err = send_batch("");
	if (err) {
		log_error("reseal", "%s", strerror(err));
		wheel_start(&all.retry, RETRY_MS, begin_pass, NULL);
	}
}

static void end_pass(void)
{
	all.at = NULL;
	if (all.changed) {
		begin_pass(NULL);
		return;
	}
	if (all.failed) {
		log_error("reseal", "%u secrets do not open", all.failed);
		return;
	}

	all.done = key_file_version(all.keys);
	log_info("reseal", "all secrets are sealed with key %u", all.done);
}

/* The next old key, else the next column, else the pass is over. */
static int send_next(void)
{
	all.version = key_file_older(all.keys, all.version);
	if (!all.version) {
		all.at = all.at->next;
		all.version = key_file_older(all.keys, 0);
	}
	if (all.at)
		return send_batch("");

	end_pass();
	return 0;
}

static void batch_done(const struct store_result *result, void *arg)
{
	const struct batch *b = arg;
	int err = result->err;

	fault_point("base.reseal.batch");
	if (b->run != all.run)
		return;

	if (!err) {
		all.changed += b->changed;
		all.failed += b->failed;
		err = b->rows == RESEAL_BATCH ? send_batch(b->last)
					      : send_next();
	}
	if (err) {
		log_error("reseal", "%s: %s", b->column->table, strerror(err));
		wheel_start(&all.retry, RETRY_MS, begin_pass, NULL);
	}
}

static int send_batch(const char *last)
{
	struct reseal *r = all.at->data;
	struct store_write *w = NULL;
	struct batch *b;
	int err;

	b = mem_zalloc(sizeof(*b), batch_destructor);
	if (!b)
		return ENOMEM;

	b->column = r->column;
	b->keys = mem_ref(all.keys);
	b->run = all.run;
	b->version = all.version;
	(void)snprintf(b->last, sizeof(b->last), "%s", last);
	err = store_write_alloc(&w, r->store);
	if (!err)
		err = store_write_call(w, do_batch, b);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, batch_done, b);

	mem_deref(b); /* the write has its own */
	return err;
}

int reseal_start(const struct key_file *keys)
{
	struct key_file *copy = NULL;
	int err = key_file_copy(&copy, keys);

	if (err)
		return err;

	mem_deref(all.keys);
	all.keys = copy;
	all.run++;
	all.done = all.failed = 0;
	wheel_start(&all.retry, 0, begin_pass, NULL);
	return 0;
}

uint32_t reseal_version(void)
{
	return all.done;
}

uint32_t reseal_failures(void)
{
	return all.failed;
}

void reseal_close(void)
{
	wheel_stop(&all.retry);
	all.run++;
	all.at = NULL;
	all.done = 0;
	all.keys = mem_deref(all.keys);
}
