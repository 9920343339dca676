/* task.c - see task.h
 *
 * A task has at most one thing under way: a journal entry or a call.  What
 * follows is always decided by advance(), from the states of its steps alone,
 * so a task read back from the store goes on like one that never stopped.
 */
#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/service.h"
#include "portal/task_private.h"

enum {
	BUSY_MAX = 16,    /* tasks with a call or write under way */
	OPEN_MAX = 20000, /* tasks not ended                      */
	BACKOFF_MS = 200, /* first wait of a failed call          */
	BACKOFF_MAX_MS = 10000,
};

static const struct field fields[] = {
	{ "type", FIELD_TEXT, FIELD_READONLY, .help = "What it does",
	  .help_fr = "Ce qu'elle fait" },
	{ "kind", FIELD_TEXT, FIELD_READONLY, .help = "Kind of its object",
	  .help_fr = "Sorte d'objet" },
	{ "object", FIELD_TEXT, FIELD_READONLY, .help = "Its object",
	  .help_fr = "Son objet" },
	{ "customer", FIELD_TEXT, FIELD_READONLY, .help = "Of which customer",
	  .help_fr = "Client" },
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "queued|running|waiting|done|undoing|undone|failed",
	  .help = "Where it is", .help_fr = "État" },
	{ "step", FIELD_INT, FIELD_READONLY, .help = "Steps done",
	  .help_fr = "Étapes faites" },
	{ "steps", FIELD_INT, FIELD_READONLY, .help = "Steps in all",
	  .help_fr = "Nombre d'étapes" },
	{ "tries", FIELD_INT, FIELD_READONLY,
	  .help = "Tries of the present step", .help_fr = "Essais" },
	{ "error", FIELD_JSON, FIELD_READONLY,
	  .help = "Why it waits, was undone or failed",
	  .help_fr = "Raison de l'attente ou de l'échec" },
	{ "who", FIELD_TEXT, FIELD_READONLY, .help = "Who wanted it",
	  .help_fr = "Demandeur" },
	{ "role", FIELD_TEXT, FIELD_READONLY, .help = "In which role",
	  .help_fr = "Rôle" },
	{ "address", FIELD_TEXT, FIELD_READONLY, .help = "From where",
	  .help_fr = "D'où" },
	{ "correlation", FIELD_TEXT, FIELD_READONLY,
	  .help = "Correlation id of the logs",
	  .help_fr = "Identifiant de corrélation" },
	{ "made_ms", FIELD_TIME, FIELD_READONLY, .help = "When it was wanted",
	  .help_fr = "Demandée à" },
	{ "changed_ms", FIELD_TIME, FIELD_READONLY,
	  .help = "When it last moved", .help_fr = "Dernier progrès" },
	{ "ended_ms", FIELD_TIME, FIELD_READONLY, .help = "When it ended",
	  .help_fr = "Terminée à" },
	{ "refs", FIELD_JSON, FIELD_READONLY | FIELD_HIDDEN,
	  .help = "Records it depends on", .help_fr = "Références" },
	{ "rows", FIELD_JSON, FIELD_READONLY | FIELD_HIDDEN,
	  .help = "Rows it changes", .help_fr = "Lignes" },
	{ "changes", FIELD_JSON, FIELD_READONLY | FIELD_HIDDEN,
	  .help = "For the audit", .help_fr = "Pour le journal" },
};

const struct kind task_kind = {
	.name = "task",
	.plural = "tasks",
	.owner = "portal",
	.help = "A change under way on several servers",
	.help_fr = "Une modification en cours sur plusieurs serveurs",
	KIND_FIELDS(fields),
};

static const char *const state_names[] = {
	"queued", "running", "waiting", "done", "undoing", "undone", "failed",
};

static const char *const step_names[] = {
	"open", "doing", "done", "undoing", "undone",
};

static void advance(struct task *t);
static void kick(struct tasks *tasks);

const char *task_state_name(enum task_state state)
{
	return state_names[state];
}

bool task_state_find(enum task_state *statep, const char *name)
{
	for (int i = TASK_QUEUED; name && i <= TASK_FAILED; i++) {
		if (!strcmp(state_names[i], name)) {
			*statep = (enum task_state)i;
			return true;
		}
	}

	return false;
}

const char *step_state_name(enum step_state state)
{
	return step_names[state];
}

/* ---- life ---- */

static void task_destructor(void *data)
{
	struct task *t = data;

	wheel_stop(&t->timer);
	list_unlink(&t->le);
	mem_deref(t->call);
	list_flush(&t->waiters);
	for (uint32_t i = 0; i < t->count; i++) {
		json_decref(t->steps[i].plan.before);
		json_decref(t->steps[i].plan.after);
	}
	mem_deref(t->steps);
	json_decref(t->refs);
	json_decref(t->rows);
	json_decref(t->reserve);
	json_decref(t->changes);
	json_decref(t->answer);
	json_decref(t->error);
}

struct task *task_alloc(struct tasks *tasks)
{
	struct task *t = mem_zalloc(sizeof(*t), task_destructor);

	if (t) {
		t->tasks = tasks;
		list_append(&tasks->open, &t->le, t);
	}

	return t;
}

struct task *task_find(const struct tasks *tasks, const char *id)
{
	for (struct le *le = tasks->open.head; le; le = le->next) {
		struct task *t = le->data;

		if (!strcmp(t->id, id))
			return t;
	}

	return NULL;
}

static void set_error(struct task *t, json_t *error)
{
	json_decref(t->error);
	t->error = error;
}

/* ---- order ---- */

static bool refs_meet(const json_t *a, const json_t *b)
{
	json_t *x, *y;
	size_t i, k;

	json_array_foreach((json_t *)a, i, x)
	{
		const char *id = json_string_value(json_array_get(x, 0));
		bool writes = json_is_true(json_array_get(x, 1));

		json_array_foreach((json_t *)b, k, y)
		{
			if (!writes && !json_is_true(json_array_get(y, 1)))
				continue;
			if (!strcmp(id,
				    json_string_value(json_array_get(y, 0))))
				return true;
		}
	}

	return false;
}

/* Whether an earlier task works on the same records. */
static bool is_blocked(const struct task *t)
{
	for (struct le *le = t->tasks->open.head; le && le != &t->le;
	     le = le->next) {
		const struct task *earlier = le->data;

		if (refs_meet(earlier->refs, t->refs))
			return true;
	}

	return false;
}

/* Whether all records are there that the task refers to but does not make;
 * what an earlier task should have made may have been undone. */
static bool has_parents(const struct task *t)
{
	const struct portal *p = t->tasks->portal;
	json_t *ref;
	size_t i;

	json_array_foreach(t->refs, i, ref)
	{
		const char *id = json_string_value(json_array_get(ref, 0));

		if (!json_is_true(json_array_get(ref, 1)) && !portal_has(p, id))
			return false;
	}

	return true;
}

const char *task_of(const struct tasks *tasks, const char *object)
{
	for (struct le *le = tasks->open.head; le; le = le->next) {
		const struct task *t = le->data;
		json_t *ref;
		size_t i;

		json_array_foreach(t->refs, i, ref)
		{
			if (json_is_true(json_array_get(ref, 1)) &&
			    !strcmp(object,
				    json_string_value(json_array_get(ref, 0))))
				return t->id;
		}
	}

	return NULL;
}

bool task_holds(const struct tasks *tasks, const char *scope,
		const char *customer, const char *value, const json_t **entryp)
{
	for (struct le *le = tasks->open.head; le; le = le->next) {
		const struct task *t = le->data;
		json_t *e;
		size_t i;

		json_array_foreach(t->reserve, i, e)
		{
			if (strcmp(json_string_value(json_array_get(e, 2)),
				   value) != 0 ||
			    strcmp(json_string_value(json_array_get(e, 0)),
				   scope) != 0 ||
			    strcmp(json_string_value(json_array_get(e, 1)),
				   customer) != 0)
				continue;
			*entryp = e;
			return true;
		}
	}

	return false;
}

/* ---- calls ---- */

/* Address and token of a step's server; a platform that is being changed is
 * spoken to as it is going to be. */
static int server_of(json_t **platformp, const struct task *t,
		     const struct step *s)
{
	json_t *row;
	size_t i;

	json_array_foreach(t->rows, i, row)
	{
		const char *id = json_get_text(row, "id");
		json_t *object = json_object_get(row, "object");

		if (object && !strcmp(id, s->plan.platform) &&
		    json_get_text(object, "pbx_url")) {
			*platformp = json_incref(object);
			return 0;
		}
	}

	return record_get(platformp, &t->tasks->portal->platforms,
			  s->plan.platform);
}

static json_t *unreachable(const struct step *s, int err)
{
	char detail[400];

	(void)snprintf(detail, sizeof(detail),
		       "The %s server does not answer (%s). Check the "
		       "network, ping the platform, try to edit another "
		       "customer; then try again.",
		       s->plan.server,
		       err == ETIMEDOUT ? "no answer in time" : strerror(err));

	return json_pack("{s:s,s:i,s:s,s:s}", "code", "server-unreachable",
			 "status", 503, "server", s->plan.server, "detail",
			 detail);
}

static json_t *refusal(const struct step *s, int status, const char *body,
		       size_t len)
{
	json_t *problem = json_loadb(body, len, 0, NULL);
	const char *code = json_get_text(problem, "code");
	const char *why = json_get_text(problem, "detail");
	char detail[500];
	json_t *error;

	if (status == 401 || status == 403) {
		code = "server-refuses-credentials";
		why = "the token stored for it is not right; change it in "
		      "the platform group";
	}
	(void)snprintf(detail, sizeof(detail), "The %s server refuses: %s",
		       s->plan.server, why ? why : "it gives no reason");
	error = json_pack("{s:s,s:i,s:s,s:s,s:O?}", "code",
			  code ? code : "server-refuses", "status",
			  status == 409 || status == 422 ? status : 502,
			  "server", s->plan.server, "detail", detail, "errors",
			  json_object_get(problem, "errors"));
	json_decref(problem);

	return error;
}

static uint64_t backoff_ms(uint32_t tries)
{
	uint64_t ms = BACKOFF_MS;

	while (tries-- > 1 && ms < BACKOFF_MAX_MS)
		ms *= 2;

	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static void try_again(void *arg)
{
	struct task *t = arg;

	if (t->state == TASK_WAITING)
		t->state = TASK_RUNNING;
	advance(t);
	kick(t->tasks);
}

static void wait_again(struct task *t)
{
	wheel_start(&t->timer, backoff_ms(t->tries), try_again, t);
	kick(t->tasks);
}

/* Neither forward nor back; people must see to it. */
static void stop_failed(struct task *t)
{
	log_error("task", "%s %s %s failed; retry it when the server is back",
		  t->id, t->type, t->object);
	answer_waiters(t);
	kick(t->tasks);
}

/* A deletion that may have taken a user from the uc server goes on forward:
 * password and history would not come back with the user. */
static bool is_oneway(const struct task *t)
{
	if (strncmp(t->type, "delete-", 7) != 0 || t->state == TASK_UNDOING)
		return false;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct step *s = &t->steps[i];

		if (s->state != STEP_OPEN && !strcmp(s->plan.server, "uc") &&
		    !strcmp(s->plan.kind, "users"))
			return true;
	}

	return false;
}

static void call_failed(struct task *t, struct step *s, json_t *error,
			bool is_passing)
{
	const struct task_limits *limits = &t->tasks->limits;

	log_warn("task", "%s %s step %zu on %s correlation=%s: %s", t->id,
		 t->type, (size_t)(s - t->steps), s->plan.server,
		 t->correlation, json_get_text(error, "detail"));
	t->tries++;
	if (t->state == TASK_UNDOING) {
		/* the reason of the undoing stays what is told */
		if (!t->error)
			set_error(t, json_incref(error));
		json_decref(error);
		if (is_passing && t->tries < limits->undo_tries) {
			journal_write(t, NULL, wait_again);
			return;
		}
		t->state = TASK_FAILED;
		journal_write(t, NULL, stop_failed);
		return;
	}

	set_error(t, error);
	if (is_passing &&
	    t->tries < (is_oneway(t) ? limits->undo_tries : limits->do_tries)) {
		t->state = TASK_WAITING;
		journal_write(t, NULL, wait_again);
		return;
	}
	if (is_oneway(t)) {
		t->state = TASK_FAILED;
		journal_write(t, NULL, stop_failed);
		return;
	}
	t->state = TASK_UNDOING;
	t->tries = 0;
	journal_write(t, NULL, advance);
}

static struct step *step_in_work(struct task *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->steps[i].state == STEP_DOING ||
		    t->steps[i].state == STEP_UNDOING)
			return &t->steps[i];
	}

	return NULL;
}

static void step_written(struct task *t)
{
	fault_point(t->state == TASK_UNDOING ? "portal.undo.after"
					     : "portal.step.after");
	advance(t);
}

static void answered(int err, int status, const char *body, size_t len,
		     void *arg)
{
	struct task *t = arg;
	struct step *s = step_in_work(t);
	bool is_gone;

	t->call = mem_deref(t->call);
	t->is_busy = false;
	fault_point(t->state == TASK_UNDOING ? "portal.undo.answered"
					     : "portal.step.answered");

	if (err || status >= 500 || status == 429 || status == 408) {
		call_failed(t, s, unreachable(s, err ? err : EIO), true);
		return;
	}
	is_gone = status == 404 &&
		  (t->state == TASK_UNDOING ? !s->plan.before : !s->plan.after);
	if (status >= 300 && !is_gone) {
		call_failed(t, s, refusal(s, status, body, len), false);
		return;
	}

	t->tries = 0;
	s->state = t->state == TASK_UNDOING ? STEP_UNDONE : STEP_DONE;
	if (t->state == TASK_RUNNING)
		set_error(t, NULL);
	journal_write(t, s, step_written);
}

static int send_call(struct task *t, const struct step *s, const json_t *body,
		     const json_t *platform)
{
	char name[24], url[400], correlation[100];
	const char *const headers[] = { correlation, NULL };
	struct http_params params = { .url = url, .headers = headers };
	struct service_files files;
	const char *base;
	json_t *copy = NULL;
	int err;

	(void)snprintf(name, sizeof(name), "%s_url", s->plan.server);
	base = json_get_text(platform, name);
	if (!base)
		return EHOSTUNREACH;
	(void)snprintf(name, sizeof(name), "%s_token", s->plan.server);
	params.bearer = json_get_text(platform, name);
	params.timeout_ms = t->tasks->limits.call_ms;
	params.connect_ms = t->tasks->limits.call_ms;
	(void)snprintf(correlation, sizeof(correlation), "X-Correlation-Id: %s",
		       t->correlation);
	if (body) {
		copy = json_copy((json_t *)body);
		(void)json_object_set_new(copy, "generation",
					  json_integer(s->generation));
		params.method = "PUT";
		params.json = copy;
		(void)snprintf(url, sizeof(url), "%s/api/v1/%s/%s", base,
			       s->plan.kind, s->plan.object);
	}
	else {
		params.method = "DELETE";
		(void)snprintf(url, sizeof(url),
			       "%s/api/v1/%s/%s?generation=%lld", base,
			       s->plan.kind, s->plan.object,
			       (long long)s->generation);
	}
	err = service_http_params(&params, &files, t->tasks->portal->conf);
	if (!err)
		err = http_client_request(&t->call, t->tasks->portal->client,
					  &params, answered, t);
	json_decref(copy);

	return err;
}

/* The step in work is in the journal: say it to its server. */
static void call_server(struct task *t)
{
	struct step *s = step_in_work(t);
	bool undoes = t->state == TASK_UNDOING;
	json_t *platform = NULL;
	int err;

	assert(s);
	fault_point(undoes ? "portal.undo.written" : "portal.step.written");

	err = server_of(&platform, t, s);
	if (!err && !platform)
		err = EHOSTUNREACH;
	if (!err)
		err = send_call(t, s, undoes ? s->plan.before : s->plan.after,
				platform);
	json_decref(platform);
	if (err)
		call_failed(t, s, unreachable(s, err), true);
	else
		t->is_busy = true;
}

/* ---- from step to step ---- */

static void step_begin(struct task *t, struct step *s, enum step_state state)
{
	int64_t generation = 0;
	int err;

	if (s->state == state) {
		call_server(t);
		return;
	}
	fault_point(state == STEP_UNDOING ? "portal.undo.before"
					  : "portal.step.before");
	err = generation_next(&generation, t->tasks, s->plan.object);
	if (err) {
		log_error("task", "%s: no generation: %s", t->id,
			  strerror(err));
		t->tries++;
		wait_again(t);
		return;
	}
	s->state = state;
	s->generation = generation;
	journal_write(t, s, call_server);
}

static struct step *next_forward(struct task *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->steps[i].state != STEP_DONE)
			return &t->steps[i];
	}

	return NULL;
}

static struct step *next_back(struct task *t)
{
	for (uint32_t i = t->count; i-- > 0;) {
		if (t->steps[i].state != STEP_OPEN &&
		    t->steps[i].state != STEP_UNDONE)
			return &t->steps[i];
	}

	return NULL;
}

static void ended(struct task *t)
{
	struct tasks *tasks = t->tasks;

	fault_point("portal.commit.after");
	log_info("task", "%s %s %s %s correlation=%s", t->id, t->type,
		 t->object, task_state_name(t->state), t->correlation);
	answer_waiters(t);
	mem_deref(t);
	kick(tasks);
}

static void advance(struct task *t)
{
	struct step *s;

	if (t->is_busy || wheel_is_running(&t->timer))
		return;

	switch (t->state) {
	case TASK_RUNNING:
		s = next_forward(t);
		if (s)
			step_begin(t, s, STEP_DOING);
		else
			journal_commit(t, ended);
		break;

	case TASK_UNDOING:
		s = next_back(t);
		if (s)
			step_begin(t, s, STEP_UNDOING);
		else
			journal_rollback(t, ended);
		break;

	default: break;
	}
}

static void begin_running(struct task *t)
{
	if (has_parents(t)) {
		t->state = TASK_RUNNING;
		return;
	}
	set_error(t, json_pack("{s:s,s:i,s:s}", "code", "gone", "status", 409,
			       "detail",
			       "What this belongs to has been deleted or "
			       "never came to be."));
	t->state = TASK_UNDOING;
}

/* Let go on whatever may. */
static void kick(struct tasks *tasks)
{
	uint32_t busy = 0;
	struct le *le;

	for (le = tasks->open.head; le; le = le->next)
		busy += ((struct task *)le->data)->is_busy;

	for (le = tasks->open.head; le && busy < BUSY_MAX; le = le->next) {
		struct task *t = le->data;

		if (!t->is_started || t->is_busy ||
		    wheel_is_running(&t->timer) || t->state == TASK_FAILED)
			continue;
		if (t->state == TASK_QUEUED) {
			if (is_blocked(t))
				continue;
			begin_running(t);
		}
		if (t->state == TASK_WAITING)
			t->state = TASK_RUNNING;
		advance(t);
		busy++;
	}
}

/* ---- the beginning ---- */

static void begun(const struct store_result *result, void *arg)
{
	struct task *t = arg;
	struct tasks *tasks = t->tasks;

	if (result->err) {
		log_warn("task", "%s %s not begun: %s", t->type, t->object,
			 result->error.text);
		answer_refused(t, result->err);
		mem_deref(t);
		return;
	}
	fault_point("portal.begin.after");
	t->is_started = true;
	answer_begun(t);
	kick(tasks);
}

/* What is wrong with a plan; true if something is. */
static bool is_refused(struct plan *plan, struct http_request *req)
{
	json_t *errors = NULL;

	if (plan->err) {
		reply_error(req, plan->err);
		return true;
	}
	if (json_array_size(plan->errors)) {
		reply_invalid(req, json_incref(plan->errors));
		return true;
	}
	if (*plan->code) {
		if (*plan->field) {
			errors = json_array();
			kind_error(errors, plan->field, "duplicate", "%s",
				   plan->detail);
		}
		(void)http_reply_problem(req, 409, plan->code, plan->detail,
					 errors);
		return true;
	}

	return false;
}

static void take_key(struct task *t, struct http_request *req,
		     const struct caller *caller);

static int take_plan(struct task *t, struct plan *plan,
		     struct http_request *req)
{
	const struct caller *caller = plan->caller;

	id_make(t->id);
	t->made_ms = clock_wall_ms();
	(void)snprintf(t->type, sizeof(t->type), "%s", plan->type);
	(void)snprintf(t->kind, sizeof(t->kind), "%s", plan->kind);
	(void)snprintf(t->object, sizeof(t->object), "%s", plan->object);
	(void)snprintf(t->customer, sizeof(t->customer), "%s", plan->customer);
	(void)snprintf(t->who, sizeof(t->who), "%s", caller->name);
	(void)snprintf(t->role, sizeof(t->role), "%s", role_name(caller->role));
	(void)re_snprintf(t->address, sizeof(t->address), "%j", http_peer(req));
	(void)snprintf(t->correlation, sizeof(t->correlation), "%s",
		       http_correlation(req));
	take_key(t, req, caller);
	t->refs = json_incref(plan->refs);
	t->rows = json_incref(plan->rows);
	t->reserve = json_incref(plan->reserve);
	t->changes = json_incref(plan->changes);
	t->answer = json_incref(plan->answer);
	t->state = TASK_QUEUED;

	if (!plan->count)
		return 0;
	t->steps = mem_zalloc(plan->count * sizeof(*t->steps), NULL);
	if (!t->steps)
		return ENOMEM;
	for (uint32_t i = 0; i < plan->count; i++)
		t->steps[i].plan = plan->steps[i];
	t->count = plan->count;
	plan->count = 0; /* the bodies are the task's now */

	return 0;
}

void task_start(struct tasks *tasks, struct plan *plan,
		struct http_request *req)
{
	struct task *t = NULL;
	int err = 0;

	if (is_refused(plan, req))
		goto out;
	if (list_count(&tasks->open) >= OPEN_MAX) {
		(void)http_reply_problem(req, 503, "busy",
					 "Too many tasks wait already; try "
					 "again in a while.",
					 NULL);
		goto out;
	}

	t = task_alloc(tasks);
	err = t ? take_plan(t, plan, req) : ENOMEM;
	if (err)
		goto out;
	answer_later(t, req, plan->caller);
	err = journal_begin(t, plan, begun);

out:
	mem_deref(plan);
	if (!err)
		return;
	if (t && t->waiters.head)
		answer_refused(t, err);
	else
		reply_error(req, err);
	mem_deref(t);
}

/* ---- Idempotency-Key ---- */

static bool has_key(char key[240], struct http_request *req,
		    const struct caller *caller)
{
	struct span h = http_header(req, "Idempotency-Key");

	if (!h.p || !h.len || h.len > 128)
		return false;
	(void)snprintf(key, 240, "%s:%s:" SPAN_FMT, role_name(caller->role),
		       caller->id, SPAN_ARG(h));

	return true;
}

/* Method, path and body in one number. */
static void hash_request(char out[68], struct http_request *req)
{
	struct span method = http_method(req), body = http_body(req);
	struct mbuf *mb = mbuf_alloc(body.len + 256);

	out[0] = '\0';
	if (!mb)
		return;
	if (!mbuf_printf(mb, "%b %s\n", method.p, (size_t)method.len,
			 http_path(req)) &&
	    !mbuf_write_mem(mb, (const uint8_t *)(body.p ? body.p : ""),
			    body.len) &&
	    !mbuf_write_u8(mb, 0))
		token_hash(out, (const char *)mb->buf);
	mem_deref(mb);
}

static void take_key(struct task *t, struct http_request *req,
		     const struct caller *caller)
{
	if (has_key(t->key, req, caller))
		hash_request(t->body_hash, req);
}

static void refuse_other_body(struct http_request *req)
{
	(void)http_reply_problem(req, 409, "idempotency-key-reused",
				 "This Idempotency-Key was used with another "
				 "request; take a new one.",
				 NULL);
}

static bool repeated_in_store(struct tasks *tasks, struct http_request *req,
			      const struct caller *caller, const char *key,
			      const char *hash)
{
	struct store_rows *rows = NULL;
	struct task *t;
	json_t *row = NULL;
	bool is_answered = false;

	if (store_query(&rows, tasks->portal->store,
			"SELECT body_hash, task FROM idempotency "
			"WHERE idem_key = $1",
			STORE_ARGS(store_text(key))) ||
	    !rows_count(rows))
		goto out;

	if (strcmp(rows_text(rows, 0, 0), hash) != 0) {
		refuse_other_body(req);
		is_answered = true;
		goto out;
	}
	t = task_find(tasks, rows_text(rows, 0, 1));
	if (t) {
		answer_later(t, req, caller);
		is_answered = true;
		goto out;
	}
	/* what was undone has left nothing: the request begins anew */
	(void)record_get(&row, &tasks->portal->task_rows,
			 rows_text(rows, 0, 1));
	if (row && !strcmp(json_get_text(row, "state"), "done")) {
		answer_ended(tasks, req, row, caller->role);
		is_answered = true;
	}

out:
	json_decref(row);
	mem_deref(rows);
	return is_answered;
}

bool task_repeated(struct tasks *tasks, struct http_request *req,
		   const struct caller *caller)
{
	char key[240], hash[68];

	if (!has_key(key, req, caller))
		return false;
	hash_request(hash, req);

	for (struct le *le = tasks->open.head; le; le = le->next) {
		struct task *t = le->data;

		if (strcmp(t->key, key) != 0)
			continue;
		if (strcmp(t->body_hash, hash) != 0)
			refuse_other_body(req);
		else
			answer_later(t, req, caller);
		return true;
	}

	return repeated_in_store(tasks, req, caller, key, hash);
}

/* ---- routes ---- */

static void tasks_list(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct tasks *tasks = arg;

	record_reply_list(&tasks->portal->task_rows, req, caller->customer,
			  caller->role);
}

/* The row of the task in the path, if the caller may see it. */
static json_t *visible_row(struct tasks *tasks, struct http_request *req,
			   const struct caller *caller)
{
	const char *customer;
	json_t *row = NULL;
	int err;

	err = record_get(&row, &tasks->portal->task_rows,
			 http_param(req, "id"));
	if (err) {
		reply_error(req, err);
		return NULL;
	}
	customer = json_get_text(row, "customer");
	if (row && *caller->customer &&
	    (!customer || strcmp(customer, caller->customer) != 0)) {
		json_decref(row);
		row = NULL;
	}
	if (!row)
		reply_not_found(req, "task");

	return row;
}

static void task_get(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	json_t *row = visible_row(arg, req, caller);

	if (row)
		(void)http_reply_json(req, 200,
				      kind_view(&task_kind, row, caller->role));
	json_decref(row);
}

static void retried(struct task *t)
{
	advance(t);
}

static void task_retry(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct tasks *tasks = arg;
	json_t *row = visible_row(tasks, req, caller);
	struct task *t = row ? task_find(tasks, http_param(req, "id")) : NULL;

	if (!row)
		return;
	json_decref(row);
	if (!t || t->state == TASK_QUEUED) {
		(void)http_reply_problem(
			req, 409, "not-retryable",
			"This task has ended or has not begun; "
			"there is nothing to retry.",
			NULL);
		return;
	}
	if (t->state == TASK_FAILED) {
		t->state = is_oneway(t) ? TASK_RUNNING : TASK_UNDOING;
		t->tries = 0;
		journal_write(t, NULL, retried);
	}
	else if (wheel_is_running(&t->timer) && !t->is_busy) {
		wheel_stop(&t->timer);
		try_again(t);
	}
	answer_later(t, req, caller);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/tasks", "tasks", ACTION_LIST, tasks_list, 0,
	  "List tasks" },
	{ "GET", "/api/v1/tasks/{id}", "tasks", ACTION_READ, task_get, 0,
	  "Show a task" },
	{ "POST", "/api/v1/tasks/{id}/retry", "tasks", ACTION_RUN, task_retry,
	  0, "Go on with a task that has failed or waits for a server" },
};

int tasks_routes(struct tasks *tasks)
{
	struct router *r = tasks->portal->router;
	int err = router_kind(r, &task_kind);

	return err ? err
		   : router_routes(r, routes,
				   sizeof(routes) / sizeof(routes[0]), tasks);
}

uint32_t tasks_count(const struct tasks *tasks)
{
	return list_count(&tasks->open);
}

static void tasks_destructor(void *data)
{
	struct tasks *tasks = data;

	list_flush(&tasks->open);
}

void tasks_begin(struct tasks *tasks)
{
	kick(tasks);
}

int tasks_alloc(struct tasks **tp, struct portal *portal,
		const struct task_limits *limits)
{
	struct tasks *tasks = mem_zalloc(sizeof(*tasks), tasks_destructor);
	int err;

	if (!tasks)
		return ENOMEM;
	tasks->portal = portal;
	tasks->limits = *limits;
	err = journal_read(tasks);
	if (err)
		mem_deref(tasks);
	else
		*tp = tasks;

	return err;
}
