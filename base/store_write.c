/* store_write.c - recording a write and executing it
 *
 * A recorded write is a list of steps with copies of their texts, so that
 * whoever sends it may forget everything at once.
 */
#include "base/log.h"
#include "base/store_core.h"

static void step_free(struct store_step *step)
{
	mem_deref(step->sql);
	mem_deref(step->args);
	mem_deref(step->data);
	mem_deref(step);
}

static void write_destructor(void *data)
{
	struct store_write *w = data;

	while (w->first) {
		struct store_step *step = w->first;

		w->first = step->next;
		step_free(step);
	}
}

int store_write_alloc(struct store_write **wp, struct store *s)
{
	struct store_write *w;

	if (!wp || !s)
		return EINVAL;

	w = mem_zalloc(sizeof(*w), write_destructor);
	if (!w)
		return ENOMEM;

	w->store = s;
	w->lastp = &w->first;
	*wp = w;
	return 0;
}

static struct store_step *add_step(struct store_write *w, enum step_kind kind)
{
	struct store_step *step = mem_zalloc(sizeof(*step), NULL);

	if (!step) {
		w->record_err = ENOMEM;
		return NULL;
	}

	step->kind = kind;
	*w->lastp = step;
	w->lastp = &step->next;
	return step;
}

/* Values and their texts in one block. */
static struct store_value *copy_args(const struct store_value *args,
				     uint32_t count)
{
	size_t size = count * sizeof(*args);
	struct store_value *copy;
	char *text;

	for (uint32_t i = 0; i < count; i++)
		size += args[i].type == STORE_TEXT ? args[i].len + 1 : 0;

	copy = mem_alloc(size, NULL);
	if (!copy)
		return NULL;

	memcpy(copy, args, count * sizeof(*args));
	text = (char *)(copy + count);
	for (uint32_t i = 0; i < count; i++) {
		if (copy[i].type != STORE_TEXT)
			continue;
		memcpy(text, args[i].text, args[i].len);
		text[args[i].len] = '\0';
		copy[i].text = text;
		text += args[i].len + 1;
	}

	return copy;
}

int store_write_add(struct store_write *w, const char *sql,
		    const struct store_value *args, uint32_t count)
{
	struct store_step *step;

	if (!w)
		return EINVAL;
	if (w->record_err)
		return w->record_err;
	if (!sql || count > STORE_ARGS_MAX)
		return w->record_err = EINVAL;

	step = add_step(w, STEP_SQL);
	if (!step)
		return ENOMEM;

	step->count = count;
	w->record_err = str_dup(&step->sql, sql);
	if (!w->record_err && count) {
		step->args = copy_args(args, count);
		if (!step->args)
			w->record_err = ENOMEM;
	}

	return w->record_err;
}

int store_write_call(struct store_write *w, store_tx_h *h, void *data)
{
	struct store_step *step;

	if (!w || !h)
		return EINVAL;
	if (w->record_err)
		return w->record_err;

	step = add_step(w, STEP_CALL);
	if (!step)
		return ENOMEM;

	step->call = h;
	step->data = mem_ref(data);
	return 0;
}

int store_write_require(struct store_write *w, int err)
{
	struct store_step *step;

	if (!w || err <= 0)
		return EINVAL;
	if (w->record_err)
		return w->record_err;

	step = add_step(w, STEP_REQUIRE);
	if (!step)
		return ENOMEM;

	step->require_err = err;
	return 0;
}

/* ---- executing, in the thread (in turn mode on the loop) ---- */

static int step_execute(struct store_write *w, struct store_step *step,
			struct store_tx *tx)
{
	switch (step->kind) {
	case STEP_SQL:
		return store_tx_run(tx, &w->result.changed, step->sql,
				    step->args, step->count);
	case STEP_CALL: return step->call(tx, step->data);
	case STEP_REQUIRE: return w->result.changed ? 0 : step->require_err;
	}

	return EINVAL;
}

void write_execute(struct store_write *w, struct store_conn *c)
{
	struct store_tx tx = { .conn = c, .error = &w->result.error };
	int err = 0;

	memset(&w->result, 0, sizeof(w->result));
	for (struct store_step *s = w->first; s && !err; s = s->next)
		err = step_execute(w, s, &tx);

	/* A callback cannot go on after a statement that failed. */
	w->result.err = err ? err : tx.err;
	if (!w->result.err)
		memset(&w->result.error, 0, sizeof(w->result.error));
}

int write_execute_inside(struct store_write *w, struct store_conn *c)
{
	struct store_error e = { 0 };
	int err;

	err = conn_script(c, &e, "SAVEPOINT w");
	if (err)
		return err;

	write_execute(w, c);
	if (!c->engine->is_in_transaction(c))
		return EIO;

	if (w->result.err)
		err = conn_script(c, &e, "ROLLBACK TO SAVEPOINT w");
	if (!err)
		err = conn_script(c, &e, "RELEASE SAVEPOINT w");

	return err;
}

/* ---- sending ---- */

int store_write_send(struct store_write *w, store_done_h *done, void *arg)
{
	struct store *s;
	int err;

	if (!w)
		return EINVAL;

	err = w->record_err;
	if (!err && !w->first)
		err = EINVAL;
	if (err) {
		mem_deref(w);
		return err;
	}

	s = w->store;
	w->done = done;
	w->arg = arg;
	s->pending++;

	if (s->mode == STORE_TURN)
		return turn_send(s, w);

	store_queue(s, w);
	return 0;
}

int store_write_now(struct store_write *w, struct store_result *resultp)
{
	struct store *s;
	int err;

	if (!w)
		return EINVAL;

	err = w->record_err;
	if (!err && !w->first)
		err = EINVAL;
	if (err) {
		if (resultp) {
			memset(resultp, 0, sizeof(*resultp));
			resultp->err = err;
		}
		goto out;
	}

	s = w->store;
	w->is_waited = true;
	if (s->mode == STORE_TURN) {
		turn_send(s, w);
		store_turn_flush(s);
	}
	else {
		store_queue(s, w);
	}
	store_wait(s, w);

	err = w->result.err;
	if (resultp)
		*resultp = w->result;

out:
	mem_deref(w);
	return err;
}

int store_write(struct store *s, store_done_h *done, void *arg, const char *sql,
		const struct store_value *args, uint32_t count)
{
	struct store_write *w;
	int err;

	err = store_write_alloc(&w, s);
	if (err)
		return err;

	store_write_add(w, sql, args, count);
	return store_write_send(w, done, arg);
}

int store_exec_now(struct store *s, const char *sql,
		   const struct store_value *args, uint32_t count)
{
	struct store_result result = { 0 };
	struct store_write *w;
	int err;

	err = store_write_alloc(&w, s);
	if (err)
		return err;

	store_write_add(w, sql, args, count);
	err = store_write_now(w, &result);
	s->error = result.error;
	return err;
}

int store_call_now(struct store *s, store_tx_h *h, void *data)
{
	struct store_result result = { 0 };
	struct store_write *w;
	int err;

	err = store_write_alloc(&w, s);
	if (err)
		return err;

	store_write_call(w, h, data);
	err = store_write_now(w, &result);
	s->error = result.error;
	return err;
}
