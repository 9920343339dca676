/* task_journal.c - what of a task is on disk
 *
 * Tables: tasks (a row each, kept), task_steps (bodies wiped at the end),
 * generations, reservations, idempotency.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "portal/audit.h"
#include "portal/sealed.h"
#include "portal/task_private.h"

enum {
	AGAIN_MS = 1000,
	KEY_KEPT_MS = 7 * 24 * 3600 * 1000, /* of an Idempotency-Key */
};

static void write_again(void *arg);

/* ---- a write and what follows it ---- */

static void written(const struct store_result *result, void *arg)
{
	struct task *t = arg;
	task_next_h *next = t->next;

	if (result->err) {
		log_error("task", "journal of %s not written: %s; again in 1 s",
			  t->id, result->error.text);
		wheel_start(&t->timer, AGAIN_MS, write_again, t);
		return;
	}
	t->is_busy = false;
	next(t);
}

static uint32_t steps_done(const struct task *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->count; i++)
		n += t->steps[i].state == STEP_DONE ||
		     t->steps[i].state == STEP_UNDOING;

	return n;
}

static bool is_over(const struct task *t)
{
	return t->state == TASK_DONE || t->state == TASK_UNDONE;
}

static void put_task(struct store_write *w, const struct task *t)
{
	char *error = t->error ? json_text(t->error, NULL) : NULL;
	int64_t now = (int64_t)clock_wall_ms();

	(void)store_write_add(
		w,
		"UPDATE tasks SET state = $2, step = $3, error = $4, "
		"changed_ms = $5, ended_ms = $6, tries = $7 WHERE id = $1",
		STORE_ARGS(store_text(t->id),
			   store_text(task_state_name(t->state)),
			   store_int(steps_done(t)), store_text(error),
			   store_int(now),
			   is_over(t) ? store_int(now) : store_null(),
			   store_int(t->tries)));
	mem_deref(error);
}

static void put_step(struct store_write *w, const struct task *t,
		     const struct step *step)
{
	(void)store_write_add(
		w,
		"UPDATE task_steps SET state = $3, generation = $4 "
		"WHERE task = $1 AND n = $2",
		STORE_ARGS(store_text(t->id), store_int(step - t->steps),
			   store_text(step_state_name(step->state)),
			   store_int(step->generation)));
	if (step->state == STEP_DOING || step->state == STEP_UNDOING)
		(void)store_write_add(
			w,
			"INSERT INTO generations (object, generation) "
			"VALUES ($1, $2) ON CONFLICT (object) DO UPDATE SET "
			"generation = excluded.generation",
			STORE_ARGS(store_text(step->plan.object),
				   store_int(step->generation)));
}

static void send_journal(struct task *t)
{
	struct store_write *w = NULL;
	int err;

	err = store_write_alloc(&w, t->tasks->portal->store);
	if (!err) {
		put_task(w, t);
		if (t->written)
			put_step(w, t, t->written);
		err = store_write_send(w, written, t);
	}
	if (err)
		written(&(struct store_result){ .err = err }, t);
}

void journal_write(struct task *t, struct step *step, task_next_h *next)
{
	t->is_busy = true;
	t->written = step;
	t->next = next;
	send_journal(t);
}

int generation_next(int64_t *generationp, struct tasks *tasks,
		    const char *object)
{
	int64_t n = 0;
	int err;

	err = store_query_int(&n, tasks->portal->store,
			      "SELECT generation FROM generations "
			      "WHERE object = $1",
			      STORE_ARGS(store_text(object)));
	if (!err)
		*generationp = n + 1;

	return err;
}

/* ---- the beginning ---- */

static void set_state(struct store_write *w, const struct portal *p,
		      const char *kind, const char *id, const char *state)
{
	const struct record_table *table = portal_table(p, kind);
	const struct field *f = table ? kind_field(table->kind, "state") : NULL;
	char sql[120];

	/* a trunk has one of its own, which is not kept */
	if (!f || (f->flags & FIELD_UNSTORED))
		return;
	(void)snprintf(sql, sizeof(sql),
		       "UPDATE \"%s\" SET state = $2 WHERE id = $1", kind);
	(void)store_write_add(w, sql,
			      STORE_ARGS(store_text(id), store_text(state)));
}

static int put_rows(struct store_write *w, const struct portal *p,
		    const json_t *rows)
{
	json_t *row;
	size_t i;
	int err = 0;

	json_array_foreach((json_t *)rows, i, row)
	{
		const char *kind = json_get_text(row, "kind");
		const char *id = json_get_text(row, "id");
		const char *change = json_get_text(row, "change");
		json_t *object = json_object_get(row, "object");

		if (!strcmp(change, "create"))
			err |= record_put(w, portal_table(p, kind), object);
		else
			set_state(w, p, kind, id,
				  !strcmp(change, "change") ? "changing"
							    : "deleting");
	}

	return err;
}

static void put_reservations(struct store_write *w, const char *task,
			     const struct plan *plan)
{
	char id[ID_SIZE];
	json_t *e;
	size_t i;

	json_array_foreach(plan->reserve, i, e)
	{
		id_make(id);
		(void)store_write_add(
			w,
			"INSERT INTO reservations (id, generation, scope, "
			"customer, value, owner, kind, object, task) VALUES "
			"($1, 1, $2, $3, $4, $5, $6, $7, $8)",
			STORE_ARGS(store_text(id),
				   store_text(json_string_value(
					   json_array_get(e, 0))),
				   store_text(json_string_value(
					   json_array_get(e, 1))),
				   store_text(json_string_value(
					   json_array_get(e, 2))),
				   store_text(json_string_value(
					   json_array_get(e, 3))),
				   store_text(json_string_value(
					   json_array_get(e, 4))),
				   store_text(json_string_value(
					   json_array_get(e, 5))),
				   store_text(task)));
	}
	json_array_foreach(plan->release, i, e)
	{
		(void)store_write_add(
			w,
			"UPDATE reservations SET release = $1 WHERE "
			"scope = $2 AND customer = $3 AND value = $4",
			STORE_ARGS(store_text(task),
				   store_text(json_string_value(
					   json_array_get(e, 0))),
				   store_text(json_string_value(
					   json_array_get(e, 1))),
				   store_text(json_string_value(
					   json_array_get(e, 2)))));
	}
	json_array_foreach(plan->rows, i, e)
	{
		if (strcmp(json_get_text(e, "change"), "delete") != 0)
			continue;
		(void)store_write_add(
			w,
			"UPDATE reservations SET release = $1 "
			"WHERE object = $2",
			STORE_ARGS(store_text(task),
				   store_text(json_get_text(e, "id"))));
	}
}

static void put_steps(struct store_write *w, const struct task *t)
{
	const struct key_file *keys = t->tasks->portal->keys;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct step *s = &t->steps[i];
		char *before = sealed_text(keys, s->plan.before);
		char *after = sealed_text(keys, s->plan.after);

		(void)store_write_add(
			w,
			"INSERT INTO task_steps (task, n, server, platform, "
			"kind, object, state, generation, before_body, "
			"after_body) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, "
			"$8, $9)",
			STORE_ARGS(store_text(t->id), store_int(i),
				   store_text(s->plan.server),
				   store_text(s->plan.platform),
				   store_text(s->plan.kind),
				   store_text(s->plan.object),
				   store_text(step_state_name(s->state)),
				   store_text(before), store_text(after)));
		mem_deref(before);
		mem_deref(after);
	}
}

/* Rows as the journal keeps them: objects only where they are still to be
 * written at the end. */
static json_t *rows_kept(const struct portal *p, const json_t *rows)
{
	json_t *out = json_array(), *row, *sealed;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
	{
		json_t *copy = json_copy(row);

		(void)json_object_del(copy, "object");
		if (!strcmp(json_get_text(row, "change"), "change")) {
			char *text = sealed_text(
				p->keys, json_object_get(row, "object"));

			sealed = text ? json_loads(text, 0, NULL) : NULL;
			(void)json_object_set_new(copy, "object", sealed);
			mem_deref(text);
		}
		(void)json_array_append_new(out, copy);
	}

	return out;
}

static int put_new_task(struct store_write *w, const struct task *t,
			const struct plan *plan)
{
	json_int_t now = (json_int_t)t->made_ms;
	json_t *row;
	int err;

	row = json_pack(
		"{s:s,s:I,s:s,s:s,s:s,s:s?,s:s,s:I,s:I,s:I,s:I,s:s,s:s,s:s,"
		"s:s,s:I,s:O,s:o,s:O?}",
		"id", t->id, "generation", (json_int_t)1, "type", t->type,
		"kind", t->kind, "object", t->object, "customer",
		*t->customer ? t->customer : NULL, "state", "queued", "step",
		(json_int_t)0, "steps", (json_int_t)t->count, "made_ms", now,
		"changed_ms", now, "who", t->who, "role", t->role, "address",
		t->address, "correlation", t->correlation, "tries",
		(json_int_t)0, "refs", t->refs, "rows",
		rows_kept(t->tasks->portal, t->rows), "changes", t->changes);
	if (!row)
		return ENOMEM;
	err = record_put(w, &plan->portal->task_rows, row);
	json_decref(row);

	return err;
}

static void put_key(struct store_write *w, const struct task *t)
{
	if (!*t->key)
		return;
	(void)store_write_add(
		w, "DELETE FROM idempotency WHERE made_ms < $1",
		STORE_ARGS(store_int((int64_t)t->made_ms - KEY_KEPT_MS)));
	(void)store_write_add(
		w,
		"INSERT INTO idempotency (idem_key, body_hash, task, made_ms) "
		"VALUES ($1, $2, $3, $4) ON CONFLICT (idem_key) DO UPDATE SET "
		"body_hash = excluded.body_hash, task = excluded.task, "
		"made_ms = excluded.made_ms",
		STORE_ARGS(store_text(t->key), store_text(t->body_hash),
			   store_text(t->id), store_int((int64_t)t->made_ms)));
}

int journal_begin(struct task *t, const struct plan *plan, store_done_h *done)
{
	const struct portal *p = t->tasks->portal;
	struct store_write *w = NULL;
	int err;

	err = store_write_alloc(&w, p->store);
	if (err)
		return err;

	err = put_new_task(w, t, plan);
	if (!err)
		err = put_rows(w, p, t->rows);
	if (err) {
		mem_deref(w);
		return err;
	}
	put_steps(w, t);
	put_reservations(w, t->id, plan);
	put_key(w, t);
	fault_point("portal.begin.before");

	return store_write_send(w, done, t);
}

/* ---- the end ---- */

static void end_rows(struct store_write *w, const struct task *t, bool is_done)
{
	const struct portal *p = t->tasks->portal;
	json_t *row;
	size_t i;

	json_array_foreach(t->rows, i, row)
	{
		const char *kind = json_get_text(row, "kind");
		const char *id = json_get_text(row, "id");
		const char *change = json_get_text(row, "change");
		const struct record_table *table = portal_table(p, kind);
		json_t *object = json_object_get(row, "object");

		if (!strcmp(change, is_done ? "delete" : "create"))
			(void)record_remove(w, table, id);
		else if (is_done && !strcmp(change, "change"))
			(void)record_put(w, table, object);
		else
			set_state(w, p, kind, id, "active");
	}
}

static void end_reservations(struct store_write *w, const struct task *t,
			     bool is_done)
{
	const struct store_value id = store_text(t->id);

	if (is_done) {
		(void)store_write_add(w,
				      "DELETE FROM reservations "
				      "WHERE release = $1",
				      STORE_ARGS(id));
		(void)store_write_add(w,
				      "UPDATE reservations SET task = NULL "
				      "WHERE task = $1",
				      STORE_ARGS(id));
	}
	else {
		(void)store_write_add(w,
				      "DELETE FROM reservations WHERE "
				      "task = $1",
				      STORE_ARGS(id));
		(void)store_write_add(w,
				      "UPDATE reservations SET release = NULL "
				      "WHERE release = $1",
				      STORE_ARGS(id));
	}
}

static void put_audit(struct store_write *w, const struct task *t,
		      const char *result)
{
	const struct audit a = {
		.who = t->who,
		.role = t->role,
		.address = t->address,
		.action = t->type,
		.kind = t->kind,
		.object = t->object,
		.customer = *t->customer ? t->customer : NULL,
		.result = result,
		.correlation = t->correlation,
		.changes = t->changes,
	};

	(void)audit_add(w, t->tasks->portal, &a);
}

static void send_end(struct task *t)
{
	bool is_done = t->state == TASK_DONE;
	struct store_write *w = NULL;
	int err;

	err = store_write_alloc(&w, t->tasks->portal->store);
	if (!err) {
		end_rows(w, t, is_done);
		end_reservations(w, t, is_done);
		put_task(w, t);
		(void)store_write_add(
			w,
			"UPDATE task_steps SET before_body = NULL, "
			"after_body = NULL WHERE task = $1",
			STORE_ARGS(store_text(t->id)));
		(void)store_write_add(w,
				      "UPDATE tasks SET rows = NULL "
				      "WHERE id = $1",
				      STORE_ARGS(store_text(t->id)));
		put_audit(w, t, is_done ? "done" : "undone");
		fault_point("portal.commit.before");
		err = store_write_send(w, written, t);
	}
	if (err)
		written(&(struct store_result){ .err = err }, t);
}

void journal_commit(struct task *t, task_next_h *next)
{
	t->is_busy = true;
	t->state = TASK_DONE;
	t->next = next;
	send_end(t);
}

void journal_rollback(struct task *t, task_next_h *next)
{
	t->is_busy = true;
	t->state = TASK_UNDONE;
	t->next = next;
	send_end(t);
}

static void write_again(void *arg)
{
	struct task *t = arg;

	if (is_over(t))
		send_end(t);
	else
		send_journal(t);
}

/* ---- reading it back ---- */

static void read_step(struct step *s, const struct portal *p,
		      const struct store_rows *rows, uint32_t i)
{
	static const enum step_state states[] = { STEP_OPEN, STEP_DOING,
						  STEP_DONE, STEP_UNDOING,
						  STEP_UNDONE };
	const char *state = rows_text(rows, i, 4);

	(void)snprintf(s->plan.server, sizeof(s->plan.server), "%s",
		       rows_text(rows, i, 0));
	(void)snprintf(s->plan.platform, sizeof(s->plan.platform), "%s",
		       rows_text(rows, i, 1));
	(void)snprintf(s->plan.kind, sizeof(s->plan.kind), "%s",
		       rows_text(rows, i, 2));
	(void)snprintf(s->plan.object, sizeof(s->plan.object), "%s",
		       rows_text(rows, i, 3));
	for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
		if (!strcmp(step_state_name(states[k]), state))
			s->state = states[k];
	}
	s->generation = rows_int(rows, i, 5);
	s->plan.before = sealed_read(p->keys, rows_text(rows, i, 6));
	s->plan.after = sealed_read(p->keys, rows_text(rows, i, 7));
}

static int read_steps(struct task *t)
{
	const struct portal *p = t->tasks->portal;
	struct store_rows *rows = NULL;
	int err;

	err = store_query(&rows, p->store,
			  "SELECT server, platform, kind, object, state, "
			  "generation, before_body, after_body FROM "
			  "task_steps WHERE task = $1 ORDER BY n",
			  STORE_ARGS(store_text(t->id)));
	if (err)
		return err;

	t->count = rows_count(rows);
	if (t->count) {
		t->steps = mem_zalloc(t->count * sizeof(*t->steps), NULL);
		if (!t->steps)
			err = ENOMEM;
	}
	for (uint32_t i = 0; !err && i < t->count; i++)
		read_step(&t->steps[i], p, rows, i);
	mem_deref(rows);

	return err;
}

static void take_text(char *out, size_t size, const json_t *row,
		      const char *name)
{
	const char *text = json_get_text(row, name);

	(void)snprintf(out, size, "%s", text ? text : "");
}

/* Objects inside kept rows, opened again. */
static json_t *rows_opened(const struct portal *p, const json_t *rows)
{
	char *text = json_text(rows, NULL);
	json_t *out = sealed_read(p->keys, text);

	mem_deref(text);

	return out ? out : json_array();
}

static int read_task(json_t *row, void *arg)
{
	struct tasks *tasks = arg;
	enum task_state state;
	struct task *t;
	int err;

	if (!task_state_find(&state, json_get_text(row, "state")) ||
	    state == TASK_DONE || state == TASK_UNDONE)
		return 0;

	t = task_alloc(tasks);
	if (!t)
		return ENOMEM;
	take_text(t->id, sizeof(t->id), row, "id");
	take_text(t->type, sizeof(t->type), row, "type");
	take_text(t->kind, sizeof(t->kind), row, "kind");
	take_text(t->object, sizeof(t->object), row, "object");
	take_text(t->customer, sizeof(t->customer), row, "customer");
	take_text(t->who, sizeof(t->who), row, "who");
	take_text(t->role, sizeof(t->role), row, "role");
	take_text(t->address, sizeof(t->address), row, "address");
	take_text(t->correlation, sizeof(t->correlation), row, "correlation");
	t->made_ms = (uint64_t)json_get_int(row, "made_ms", 0);
	t->state = state;
	t->is_started = true;
	t->refs = json_incref(json_object_get(row, "refs"));
	t->rows = rows_opened(tasks->portal, json_object_get(row, "rows"));
	t->changes = json_incref(json_object_get(row, "changes"));
	if (json_is_object(json_object_get(row, "error")))
		t->error = json_incref(json_object_get(row, "error"));

	err = read_steps(t);
	if (err)
		return err;
	log_info("task", "%s %s %s taken up: %s", t->id, t->type, t->object,
		 task_state_name(t->state));

	return 0;
}

/* Only open rows are of interest, and few are open. */
int journal_read(struct tasks *tasks)
{
	struct store_rows *rows = NULL;
	int err;

	err = store_query(&rows, tasks->portal->store,
			  "SELECT id FROM tasks WHERE state NOT IN ('done', "
			  "'undone') ORDER BY id",
			  STORE_NO_ARGS);
	for (uint32_t i = 0; !err && i < rows_count(rows); i++) {
		json_t *row = NULL;

		err = record_get(&row, &tasks->portal->task_rows,
				 rows_text(rows, i, 0));
		if (!err && row)
			err = read_task(row, tasks);
		json_decref(row);
	}
	mem_deref(rows);

	return err;
}
