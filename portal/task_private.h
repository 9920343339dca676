/* task_private.h - a task between task.c, task_journal.c and task_answer.c */
#ifndef PORTAL_TASK_PRIVATE_H
#define PORTAL_TASK_PRIVATE_H

#include "base/http_client.h"
#include "base/id.h"
#include "base/wheel.h"
#include "portal/task.h"

enum task_state {
	TASK_QUEUED,
	TASK_RUNNING,
	TASK_WAITING,
	TASK_DONE,
	TASK_UNDOING,
	TASK_UNDONE,
	TASK_FAILED,
};

enum step_state {
	STEP_OPEN,
	STEP_DOING,
	STEP_DONE,
	STEP_UNDOING,
	STEP_UNDONE,
};

struct step {
	struct plan_step plan; /* owns before and after */
	enum step_state state;
	int64_t generation;
};

struct task;

typedef void(task_next_h)(struct task *t);

struct task {
	struct le le; /* of tasks->open, in order of birth */
	struct tasks *tasks;
	char id[ID_SIZE];
	char type[32];
	char kind[24];
	char object[48];
	char customer[48];
	enum task_state state;
	struct step *steps;
	uint32_t count;
	uint32_t tries; /* of the step in work */
	json_t *refs;
	json_t *rows;
	json_t *reserve;
	json_t *changes;
	json_t *answer; /* of the request alone, never written down */
	json_t *error; /* why it waits, or was undone */
	char who[128];
	char role[16];
	char address[64];
	char correlation[72];
	char key[240]; /* Idempotency-Key with its owner, or empty */
	char body_hash[68];
	uint64_t made_ms;

	bool is_started; /* its first write is durable          */
	bool is_busy;    /* a write or a call is under way      */
	struct wheel_timer timer;
	struct step *written; /* step of the journal entry in work */
	task_next_h *next;    /* what comes after that entry       */
	struct http_call *call;
	struct list waiters;
};

struct tasks {
	struct portal *portal;
	struct task_limits limits;
	struct list open;
	uint32_t running;
};

const char *task_state_name(enum task_state state);
bool task_state_find(enum task_state *statep, const char *name);
const char *step_state_name(enum step_state state);

/* task_journal.c */
/** Write task, steps, rows and reservations; done tells. */
int journal_begin(struct task *t, const struct plan *plan, store_done_h *done);
/** Write the task's state and one step (or NULL), then call next. */
void journal_write(struct task *t, struct step *step, task_next_h *next);
/** Write the end: rows and reservations as they are to be. */
void journal_commit(struct task *t, task_next_h *next);
void journal_rollback(struct task *t, task_next_h *next);
/** Read all open tasks into the list. */
int journal_read(struct tasks *tasks);
/** The generation to hand out next for an object. */
int generation_next(int64_t *generationp, struct tasks *tasks,
		    const char *object);

/* task_answer.c */
/** Have a request answered when the task is written down, or at its end when
 * it has ?wait=. */
void answer_later(struct task *t, struct http_request *req,
		  const struct caller *caller);
/** The task is written down: 202 to who does not wait. */
void answer_begun(struct task *t);
/** The task has ended: answer all that wait. */
void answer_waiters(struct task *t);
/** It could not be written down. */
void answer_refused(struct task *t, int err);
/** Answer about a task that has ended, from its row. */
void answer_ended(struct tasks *tasks, struct http_request *req,
		  const json_t *row, uint32_t role);
/** The problem of an undone or failed task. */
void answer_problem(struct http_request *req, const json_t *error,
		    const char *task);

/* task.c */
struct task *task_alloc(struct tasks *tasks);
struct task *task_find(const struct tasks *tasks, const char *id);

#endif
