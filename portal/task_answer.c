/* task_answer.c - who waits for a task, and what they are told */
#include <stdio.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "portal/task_private.h"

enum { WAIT_MAX_S = 120 };

struct waiter {
	struct le le;
	struct http_request *req;
	struct task *task;
	uint32_t role;
	uint32_t wait_s;
	struct wheel_timer timer;
};

static void waiter_destructor(void *data)
{
	struct waiter *w = data;

	wheel_stop(&w->timer);
	list_unlink(&w->le);
	mem_deref(w->req);
}

static bool is_creation(const char *type)
{
	return !strncmp(type, "create-", 7);
}

static json_t *phone_secret(const json_t *phone)
{
	return json_pack("{s:O,s:O,s:O,s:O,s:O}", "id",
			 json_object_get(phone, "id"), "type",
			 json_object_get(phone, "type"), "number",
			 json_object_get(phone, "number"), "sip_user",
			 json_object_get(phone, "sip_user"), "sip_secret",
			 json_object_get(phone, "sip_secret"));
}

static json_t *phones_of(const struct portal *p, const char *user)
{
	struct store_rows *rows = NULL;
	json_t *list = json_array();

	if (store_query(&rows, p->store,
			"SELECT id FROM phones WHERE \"user\" = $1 ORDER BY id",
			STORE_ARGS(store_text(user))))
		return list;
	for (uint32_t i = 0; i < rows_count(rows); i++) {
		json_t *phone = NULL;

		(void)record_get(&phone, &p->phones, rows_text(rows, i, 0));
		if (phone)
			(void)json_array_append_new(list, phone_secret(phone));
		json_decref(phone);
	}
	mem_deref(rows);

	return list;
}

/* The creation's answer alone tells the SIP secrets. */
static void add_secrets(const struct portal *p, json_t *answer,
			const char *type, const char *object)
{
	if (!strcmp(type, "create-phone")) {
		json_t *phone = NULL;

		(void)record_get(&phone, &p->phones, object);
		if (phone)
			(void)json_object_update_new(answer,
						     phone_secret(phone));
		json_decref(phone);
	}
	else if (!strcmp(type, "create-user")) {
		(void)json_object_set_new(answer, "phones",
					  phones_of(p, object));
	}
}

static void answer_started(struct http_request *req, const struct task *t)
{
	json_t *answer;

	answer = json_pack("{s:s,s:s}", "task", t->id, "object", t->object);
	if (is_creation(t->type))
		add_secrets(t->tasks->portal, answer, t->type, t->object);
	(void)json_object_update(answer, t->answer);
	(void)json_object_set_new(answer, "object", json_string(t->object));
	(void)http_reply_header(req, "Location", "/api/v1/tasks/%s", t->id);
	(void)http_reply_json(req, 202, answer);
}

void answer_problem(struct http_request *req, const json_t *error,
		    const char *task)
{
	int status = (int)json_get_int(error, "status", 503);
	const char *code = json_get_text(error, "code");
	const char *detail = json_get_text(error, "detail");

	(void)http_reply_header(req, "Location", "/api/v1/tasks/%s", task);
	(void)http_reply_problem(req, status, code ? code : "task-failed",
				 detail ? detail : "The task has failed.",
				 json_incref(json_object_get(error, "errors")));
}

static void answer_object(struct http_request *req, const struct portal *p,
			  const json_t *row, uint32_t role)
{
	const char *type = json_get_text(row, "type");
	const char *id = json_get_text(row, "object");
	const char *task = json_get_text(row, "id");
	const struct record_table *table = portal_table(
		p, json_get_text(row, "kind"));
	json_t *object = NULL, *view;

	if (table)
		(void)record_get(&object, table, id);
	if (!object) {
		/* deleted, now or by a later task */
		(void)http_reply(req, 204, NULL, NULL, 0);
		return;
	}

	view = kind_view(table->kind, object, role);
	(void)json_object_set_new(view, "task", json_string(task));
	if (is_creation(type))
		add_secrets(p, view, type, id);
	(void)json_object_update(view, json_object_get(row, "answer"));
	(void)http_reply_header(req, "Location", "/api/v1/%s/%s",
				table->kind->plural, id);
	(void)http_reply_json(req, is_creation(type) ? 201 : 200, view);
	json_decref(object);
}

void answer_ended(struct tasks *tasks, struct http_request *req,
		  const json_t *row, uint32_t role)
{
	const char *state = json_get_text(row, "state");

	if (state && !strcmp(state, "done"))
		answer_object(req, tasks->portal, row, role);
	else
		answer_problem(req, json_object_get(row, "error"),
			       json_get_text(row, "id"));
}

static void waited_enough(void *arg)
{
	struct waiter *w = arg;
	struct task *t = w->task;

	answer_started(w->req, t);
	mem_deref(w);
}

void answer_later(struct task *t, struct http_request *req,
		  const struct caller *caller)
{
	const char *text = http_query(req, "wait");
	long wait_s = text ? strtol(text, NULL, 10) : 0;
	struct waiter *w = mem_zalloc(sizeof(*w), waiter_destructor);

	if (!w) {
		reply_error(req, ENOMEM);
		return;
	}
	w->req = mem_ref(req);
	w->task = t;
	w->role = caller->role;
	w->wait_s = wait_s < 0            ? 0
		    : wait_s > WAIT_MAX_S ? WAIT_MAX_S
					  : (uint32_t)wait_s;
	list_append(&t->waiters, &w->le, w);
	if (t->state == TASK_FAILED)
		answer_waiters(t);
	else if (t->is_started)
		answer_begun(t);
}

void answer_begun(struct task *t)
{
	struct le *le = t->waiters.head;

	while (le) {
		struct waiter *w = le->data;

		le = le->next;
		if (!w->wait_s)
			waited_enough(w);
		else if (!wheel_is_running(&w->timer))
			wheel_start(&w->timer, 1000ull * w->wait_s,
				    waited_enough, w);
	}
}

void answer_waiters(struct task *t)
{
	json_t *row;

	if (!t->waiters.head)
		return;

	row = json_pack("{s:s,s:s,s:s,s:s,s:s,s:O?,s:O*}", "id", t->id, "type",
			t->type, "kind", t->kind, "object", t->object, "state",
			task_state_name(t->state), "error", t->error, "answer",
			t->answer);
	while (t->waiters.head) {
		struct waiter *w = t->waiters.head->data;

		answer_ended(t->tasks, w->req, row, w->role);
		mem_deref(w);
	}
	json_decref(row);
}

void answer_refused(struct task *t, int err)
{
	while (t->waiters.head) {
		struct waiter *w = t->waiters.head->data;

		if (err == EEXIST)
			(void)http_reply_problem(
				w->req, 409, "duplicate",
				"Another request has just taken the same "
				"name or number; choose another.",
				NULL);
		else
			reply_error(w->req, err);
		mem_deref(w);
	}
}
