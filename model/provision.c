/* provision.c - see provision.h
 *
 * Everything is decided on the loop against what is stored now, so changes of
 * one object must not overlap: one that finds another of the same object in
 * flight waits in line behind it (list `changes`, first come first).
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/problem.h"
#include "model/provision.h"

enum {
	CHANGES_MAX = 4096, /* in flight and waiting, all kinds */
	ROUTES = 4,
};

/** A kind that is served. */
struct entry {
	struct le le;
	struct provision *engine;
	struct record_table table;
	struct provision_hooks hooks;
	void *arg;
	struct route routes[ROUTES];
	char path[64];
	char path_id[72];
};

/** A change in flight or waiting. */
struct change {
	struct le le;
	struct entry *entry;
	struct http_request *req; /* NULL: from inside the server */
	struct provision_change c;
	char id[48];
	int64_t generation;
	bool is_running;
	json_t *before;
	store_done_h *done;
	void *arg;
};

struct provision {
	struct router *router;
	struct store *store;
	const struct key_file *keys;
	struct list entries;
	struct list changes;
	struct list sealed; /* record_reseal() */
	char before[40];    /* names of fault points */
	char after[40];
};

static void start_next(struct provision *p, const struct entry *e,
		       const char *id);

static void entry_destructor(void *data)
{
	struct entry *e = data;

	list_unlink(&e->le);
}

static void change_destructor(void *data)
{
	struct change *ch = data;

	list_unlink(&ch->le);
	mem_deref(ch->req);
	json_decref(ch->c.object);
	json_decref(ch->c.errors);
	json_decref(ch->before);
}

static void provision_destructor(void *data)
{
	struct provision *p = data;

	list_flush(&p->changes);
	list_flush(&p->sealed);
	list_flush(&p->entries);
	mem_deref(p->store);
}

static struct entry *entry_find(const struct provision *p, const char *plural)
{
	for (struct le *le = p->entries.head; le; le = le->next) {
		struct entry *e = le->data;

		if (!strcmp(e->table.kind->plural, plural))
			return e;
	}

	return NULL;
}

/* ---- answers ---- */

static json_t *answer_of(const struct entry *e, const json_t *object)
{
	json_t *out = kind_view(e->table.kind, object, ROLE_SERVICE);

	if (out && e->hooks.view)
		e->hooks.view(out, e->arg);

	return out;
}

static void refuse(struct change *ch, int status, const char *code,
		   const char *detail)
{
	if (ch->req)
		(void)http_reply_problem(ch->req, status, code, detail,
					 ch->c.errors);
	else
		json_decref(ch->c.errors);
	ch->c.errors = NULL;
}

static void refuse_stale(struct change *ch, int64_t stored)
{
	char detail[160];

	(void)snprintf(detail, sizeof(detail),
		       "Generation %lld is here already; a change with a "
		       "lower one comes too late and is not made.",
		       (long long)stored);
	refuse(ch, 409, "stale-generation", detail);
}

static void refuse_store(struct change *ch, const struct store_result *r)
{
	char code[80], detail[160];

	if (r->err != EEXIST) {
		if (ch->req)
			reply_error(ch->req, r->err);
		return;
	}
	(void)snprintf(code, sizeof(code), "duplicate-%s", r->error.column);
	for (char *p = code; *p; p++)
		*p = *p == '_' ? '-' : *p;
	(void)snprintf(detail, sizeof(detail),
		       "Another of the %s has this %s; choose another.",
		       ch->c.kind->plural, r->error.column);
	refuse(ch, 409, code, detail);
}

/* ---- deciding ---- */

/* The tombstone's generation, 0 without one. */
static int tombstone_get(int64_t *generationp, const struct change *ch)
{
	return store_query_int(
		generationp, ch->entry->table.store,
		"SELECT generation FROM tombstones "
		"WHERE kind = $1 AND id = $2",
		STORE_ARGS(store_text(ch->c.kind->plural), store_text(ch->id)));
}

/* Whether two objects say the same in what clients set. */
static bool is_same(const struct kind *kind, const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < kind->count; i++) {
		const struct field *f = &kind->fields[i];
		const json_t *x = json_object_get(a, f->name);
		const json_t *y = json_object_get(b, f->name);
		bool x_none = !x || json_is_null(x);
		bool y_none = !y || json_is_null(y);

		if (f->flags & (FIELD_READONLY | FIELD_UNSTORED))
			continue;
		if (x_none != y_none ||
		    (!x_none && !json_equal((json_t *)x, (json_t *)y)))
			return false;
	}

	return true;
}

/* What only the server sets survives a replacement. */
static void keep_own_fields(struct change *ch)
{
	for (size_t i = 0; i < ch->c.kind->count; i++) {
		const struct field *f = &ch->c.kind->fields[i];
		json_t *value = json_object_get(ch->before, f->name);

		if ((f->flags & FIELD_READONLY) && value)
			(void)json_object_set(ch->c.object, f->name, value);
	}
}

static int check_refs(struct change *ch)
{
	const json_t *ours = json_object_get(ch->c.object, "customer");
	int err = 0;

	for (size_t i = 0; !err && i < ch->c.kind->count; i++) {
		const struct field *f = &ch->c.kind->fields[i];
		const char *id = json_get_text(ch->c.object, f->name);
		const struct entry *e;
		json_t *object = NULL, *theirs;

		if (f->type != FIELD_REF || !f->ref || !id)
			continue;
		e = entry_find(ch->entry->engine, f->ref);
		if (!e)
			continue;
		err = record_get(&object, &e->table, id);
		theirs = json_object_get(object, "customer");
		if (!err &&
		    (!object ||
		     (ours && theirs && !json_equal((json_t *)ours, theirs)))) {
			if (!ch->c.errors)
				ch->c.errors = json_array();
			kind_error(ch->c.errors, f->name, "unknown-reference",
				   "is none of the %s here", f->ref);
		}
		json_decref(object);
	}
	if (!err && ch->c.errors)
		err = EBADMSG;

	return err;
}

/* Whether something here still refers to what is to be deleted. */
static int check_unused(struct change *ch)
{
	struct provision *p = ch->entry->engine;
	char detail[160];

	for (struct le *le = p->entries.head; le; le = le->next) {
		const struct entry *e = le->data;
		const struct kind *kind = e->table.kind;

		for (size_t i = 0; i < kind->count; i++) {
			const struct field *f = &kind->fields[i];
			int64_t n = 0;
			int err;

			if (f->type != FIELD_REF || !f->ref ||
			    strcmp(f->ref, ch->c.kind->plural) != 0)
				continue;
			err = record_count(&n, &e->table, f->name, ch->id);
			if (err)
				return err;
			if (!n)
				continue;
			(void)snprintf(detail, sizeof(detail),
				       "%lld of the %s still belong to this "
				       "%s; delete them first.",
				       (long long)n, kind->plural,
				       ch->c.kind->name);
			refuse(ch, 409, "in-use", detail);
			return EBADMSG;
		}
	}

	return 0;
}

static int ask_before(struct change *ch)
{
	const struct entry *e = ch->entry;

	ch->c.status = 409;
	(void)snprintf(ch->c.code, sizeof(ch->c.code), "refused");
	ch->c.detail[0] = '\0';
	if (!e->hooks.before || !e->hooks.before(&ch->c, e->arg))
		return 0;

	if (ch->c.errors && ch->req) {
		reply_invalid(ch->req, ch->c.errors);
		ch->c.errors = NULL;
	}
	else {
		refuse(ch, ch->c.status, ch->c.code, ch->c.detail);
	}

	return EBADMSG;
}

/* Decide by generation.  0: go on; EALREADY: answered, nothing to do. */
static int decide_put(struct change *ch, int64_t tombstone)
{
	int64_t stored = json_get_int(ch->before, "generation", 0);
	int err;

	if (ch->generation < stored || ch->generation <= tombstone) {
		refuse_stale(ch, stored > tombstone ? stored : tombstone);
		return EALREADY;
	}
	if (ch->before && ch->generation == stored) {
		if (is_same(ch->c.kind, ch->before, ch->c.object))
			(void)http_reply_json(ch->req, 200,
					      answer_of(ch->entry, ch->before));
		else
			refuse(ch, 409, "generation-conflict",
			       "This generation is here with another "
			       "content; raise the generation.");
		return EALREADY;
	}
	if (ch->before)
		keep_own_fields(ch);

	err = check_refs(ch);
	if (err == EBADMSG) {
		refuse(ch, 422, "invalid",
		       "Correct the fields named and send it again.");
		return EALREADY;
	}

	return err;
}

static int decide_delete(struct change *ch, int64_t tombstone)
{
	int64_t stored = json_get_int(ch->before, "generation", 0);
	int err;

	if (ch->generation < stored || ch->generation < tombstone) {
		refuse_stale(ch, stored > tombstone ? stored : tombstone);
		return EALREADY;
	}
	if (!ch->before && ch->generation == tombstone) {
		(void)http_reply(ch->req, 204, NULL, NULL, 0);
		return EALREADY;
	}
	if (ch->before && ch->generation == stored) {
		refuse(ch, 409, "generation-conflict",
		       "This generation is here as an object; raise the "
		       "generation to delete it.");
		return EALREADY;
	}
	err = ch->before ? check_unused(ch) : 0;

	return err == EBADMSG ? EALREADY : err;
}

/* ---- writing ---- */

static void answer_done(struct change *ch)
{
	const struct entry *e = ch->entry;

	if (!ch->req)
		return;
	if (!ch->c.object)
		(void)http_reply(ch->req, 204, NULL, NULL, 0);
	else
		(void)http_reply_json(ch->req, ch->before ? 200 : 201,
				      answer_of(e, ch->c.object));
}

/* The change leaves; whoever waited for this object comes next. */
static void finish(struct change *ch)
{
	struct provision *p = ch->entry->engine;
	const struct entry *e = ch->entry;
	char id[48];

	(void)snprintf(id, sizeof(id), "%s", ch->id);
	mem_deref(ch);
	start_next(p, e, id);
}

static void written(const struct store_result *result, void *arg)
{
	struct change *ch = arg;
	const struct entry *e = ch->entry;

	if (!result->err) {
		fault_point(e->engine->after);
		if (e->hooks.after && (ch->before || ch->c.object))
			e->hooks.after(&ch->c, e->arg);
		answer_done(ch);
	}
	else {
		log_warn("provision", "%s %s not stored: %s", ch->c.kind->name,
			 ch->id, result->error.text);
		refuse_store(ch, result);
	}
	if (ch->done)
		ch->done(result, ch->arg);
	finish(ch);
}

int provision_bury(struct store_write *w, const char *plural, const char *id,
		   int64_t generation)
{
	return store_write_add(w,
			       "INSERT INTO tombstones (kind, id, generation) "
			       "VALUES ($1, $2, $3) ON CONFLICT (kind, id) "
			       "DO UPDATE SET generation = excluded.generation",
			       STORE_ARGS(store_text(plural), store_text(id),
					  store_int(generation)));
}

static void write_tombstone(struct store_write *w, const struct change *ch)
{
	const struct store_value kind = store_text(ch->c.kind->plural);
	const struct store_value id = store_text(ch->id);

	if (ch->c.object)
		(void)store_write_add(w,
				      "DELETE FROM tombstones "
				      "WHERE kind = $1 AND id = $2",
				      STORE_ARGS(kind, id));
	else
		(void)provision_bury(w, ch->c.kind->plural, ch->id,
				     ch->generation);
}

static int send_write(struct change *ch)
{
	const struct entry *e = ch->entry;
	struct store_write *w = NULL;
	int err;

	err = store_write_alloc(&w, e->table.store);
	if (err)
		return err;

	if (ch->c.object)
		err = record_put(w, &e->table, ch->c.object);
	else
		err = record_remove(w, &e->table, ch->id);
	if (!err && ch->req)
		write_tombstone(w, ch);
	if (!err && e->hooks.write)
		err = e->hooks.write(w, &ch->c, e->arg);
	if (err) {
		mem_deref(w);
		return err;
	}
	fault_point(e->engine->before);

	return store_write_send(w, written, ch);
}

/* Try the first in line of its object.  0: in flight; else it is over. */
static int change_start(struct change *ch)
{
	int64_t tombstone = 0;
	int err;

	err = record_get(&ch->before, &ch->entry->table, ch->id);
	if (!err)
		err = tombstone_get(&tombstone, ch);
	ch->c.before = ch->before;
	if (!err && ch->req)
		err = ch->c.object ? decide_put(ch, tombstone)
				   : decide_delete(ch, tombstone);
	if (!err && ch->req && (ch->before || ch->c.object)) {
		err = ask_before(ch);
		if (err)
			err = EALREADY;
	}
	if (!err)
		err = send_write(ch);
	if (err && err != EALREADY && ch->req)
		reply_error(ch->req, err);

	return err;
}

static struct change *first_of(const struct provision *p, const struct entry *e,
			       const char *id)
{
	for (struct le *le = p->changes.head; le; le = le->next) {
		struct change *ch = le->data;

		if (ch->entry == e && !strcmp(ch->id, id))
			return ch;
	}

	return NULL;
}

static void start_next(struct provision *p, const struct entry *e,
		       const char *id)
{
	struct change *ch;

	while ((ch = first_of(p, e, id)) && !ch->is_running) {
		struct store_result failed = { 0 };

		ch->is_running = true;
		failed.err = change_start(ch);
		if (!failed.err)
			return;
		if (ch->done)
			ch->done(&failed, ch->arg);
		mem_deref(ch);
	}
}

static struct change *change_alloc(struct entry *e, struct http_request *req,
				   const char *id, json_t *object)
{
	struct change *ch = mem_zalloc(sizeof(*ch), change_destructor);

	if (!ch) {
		json_decref(object);
		return NULL;
	}
	ch->entry = e;
	ch->req = mem_ref(req);
	ch->c.kind = e->table.kind;
	ch->c.object = object;
	(void)snprintf(ch->id, sizeof(ch->id), "%s", id);
	ch->c.id = ch->id;
	ch->generation = json_get_int(object, "generation", 0);
	ch->c.generation = ch->generation;

	return ch;
}

static void change_add(struct change *ch)
{
	struct provision *p = ch->entry->engine;
	const struct entry *e = ch->entry;
	char id[48];

	(void)snprintf(id, sizeof(id), "%s", ch->id);
	list_append(&p->changes, &ch->le, ch);
	start_next(p, e, id);
}

/* ---- routes ---- */

static void objects_list(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct entry *e = arg;

	record_reply_list(&e->table, req, NULL, caller->role);
}

static void object_get(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct entry *e = arg;
	json_t *object = NULL;
	int err;

	(void)caller;
	err = record_get(&object, &e->table, http_param(req, "id"));
	if (err)
		reply_error(req, err);
	else if (!object)
		reply_not_found(req, e->table.kind->name);
	else
		(void)http_reply_json(req, 200, answer_of(e, object));
	json_decref(object);
}

static bool is_full(const struct provision *p, struct http_request *req)
{
	if (list_count(&p->changes) < CHANGES_MAX)
		return false;

	(void)http_reply_problem(req, 503, "busy",
				 "Too many changes wait already; try again in "
				 "a while.",
				 NULL);
	return true;
}

/* Body, id and generation into an object; answers what is wrong. */
static int take_put(json_t **objectp, const struct entry *e,
		    struct http_request *req)
{
	const char *id = http_param(req, "id");
	json_t *in = NULL, *out = NULL, *errors = json_array();
	json_t *generation;
	int err;

	err = request_object(req, &in);
	if (err)
		goto out;

	generation = json_object_get(in, "generation");
	if (!kind_id_is_valid(id))
		kind_error(errors, "id", "bad-pattern", "is no id");
	if (!generation)
		kind_error(errors, "generation", "missing", "is required");
	else if (!json_is_integer(generation))
		kind_error(errors, "generation", "wrong-type",
			   "must be a whole number");
	else if (json_integer_value(generation) < 1)
		kind_error(errors, "generation", "out-of-range",
			   "must be 1 or more");
	if (json_object_get(in, "id") &&
	    (!json_get_text(in, "id") ||
	     strcmp(json_get_text(in, "id"), id) != 0))
		kind_error(errors, "id", "bad-pattern",
			   "must be the id of the address");

	err = kind_check(&out, e->table.kind, in, KIND_REPLACE, ROLE_SERVICE,
			 errors);
	if (json_array_size(errors)) {
		json_decref(out);
		reply_invalid(req, json_incref(errors));
		err = EBADMSG;
		goto out;
	}
	if (err) {
		reply_error(req, err);
		goto out;
	}
	(void)json_object_set_new(out, "id", json_string(id));
	(void)json_object_set(out, "generation", generation);
	*objectp = out;

out:
	json_decref(in);
	json_decref(errors);

	return err;
}

static void object_put(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct entry *e = arg;
	struct change *ch;
	json_t *object;

	(void)caller;
	if (is_full(e->engine, req) || take_put(&object, e, req))
		return;

	ch = change_alloc(e, req, http_param(req, "id"), object);
	if (ch)
		change_add(ch);
	else
		reply_error(req, ENOMEM);
}

static void object_delete(struct http_request *req, const struct caller *caller,
			  void *arg)
{
	struct entry *e = arg;
	const char *text = http_query(req, "generation");
	const char *id = http_param(req, "id");
	char *end = NULL;
	long long n = text ? strtoll(text, &end, 10) : 0;
	json_t *errors = NULL;
	struct change *ch;

	(void)caller;
	if (is_full(e->engine, req))
		return;
	if (!kind_id_is_valid(id))
		problem_field(&errors, "id", "bad-pattern", "is no id");
	if (!text)
		problem_field(&errors, "generation", "missing", "is required");
	else if (!*text || *end || n < 1)
		problem_field(&errors, "generation", "out-of-range",
			      "must be a number of 1 or more");
	if (errors) {
		reply_invalid(req, errors);
		return;
	}

	ch = change_alloc(e, req, id, NULL);
	if (!ch) {
		reply_error(req, ENOMEM);
		return;
	}
	ch->generation = ch->c.generation = n;
	change_add(ch);
}

/* ---- life ---- */

int provision_alloc(struct provision **pp, struct router *router,
		    struct store *store, const struct key_file *keys)
{
	struct provision *p;
	int err;

	if (!pp || !router || !store)
		return EINVAL;

	err = store_exec_now(store,
			     "CREATE TABLE IF NOT EXISTS tombstones (\n"
			     " kind TEXT NOT NULL,\n"
			     " id TEXT NOT NULL,\n"
			     " generation BIGINT NOT NULL,\n"
			     " PRIMARY KEY (kind, id))",
			     STORE_NO_ARGS);
	if (err)
		return err;

	p = mem_zalloc(sizeof(*p), provision_destructor);
	if (!p)
		return ENOMEM;
	p->router = router;
	p->store = mem_ref(store);
	p->keys = keys;
	(void)snprintf(p->before, sizeof(p->before), "%s.commit.before",
		       router_server(router));
	(void)snprintf(p->after, sizeof(p->after), "%s.commit.after",
		       router_server(router));
	*pp = p;

	return 0;
}

static void entry_routes(struct entry *e)
{
	const char *object = e->table.kind->plural;

	(void)snprintf(e->path, sizeof(e->path), "/api/v1/%s", object);
	(void)snprintf(e->path_id, sizeof(e->path_id), "/api/v1/%s/{id}",
		       object);
	e->routes[0] = (struct route){ "GET", e->path, object, ACTION_LIST,
				       objects_list };
	e->routes[1] = (struct route){ "GET", e->path_id, object, ACTION_READ,
				       object_get };
	e->routes[2] = (struct route){ "PUT", e->path_id, object, ACTION_UPDATE,
				       object_put };
	e->routes[3] = (struct route){ "DELETE", e->path_id, object,
				       ACTION_DELETE, object_delete };
}

int provision_kind_add(struct provision *p, const struct kind *kind,
		       const struct provision_hooks *hooks, void *arg)
{
	struct entry *e;
	int err;

	if (!p || !kind)
		return EINVAL;
	if (entry_find(p, kind->plural))
		return EEXIST;

	e = mem_zalloc(sizeof(*e), entry_destructor);
	if (!e)
		return ENOMEM;
	e->engine = p;
	e->table = (struct record_table){ kind, p->store, p->keys };
	if (hooks)
		e->hooks = *hooks;
	e->arg = arg;
	entry_routes(e);

	err = record_prepare(&e->table);
	if (!err)
		err = record_reseal(&p->sealed, &e->table);
	if (!err)
		err = router_kind(p->router, kind);
	if (!err)
		err = router_routes(p->router, e->routes, ROUTES, e);
	if (err)
		mem_deref(e);
	else
		list_append(&p->entries, &e->le, e);

	return err;
}

const struct record_table *provision_table(const struct provision *p,
					   const char *plural)
{
	const struct entry *e = p && plural ? entry_find(p, plural) : NULL;

	return e ? &e->table : NULL;
}

int provision_set(struct provision *p, const char *plural, json_t *object,
		  store_done_h *done, void *arg)
{
	const char *id = json_get_text(object, "id");
	struct entry *e = p && plural ? entry_find(p, plural) : NULL;
	struct change *ch;

	if (!e || !id || !json_get_int(object, "generation", 0)) {
		json_decref(object);
		return EINVAL;
	}
	ch = change_alloc(e, NULL, id, object);
	if (!ch)
		return ENOMEM;
	ch->done = done;
	ch->arg = arg;
	change_add(ch);

	return 0;
}
