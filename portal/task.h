/* task.h - changes that span servers, durable and undone when they fail
 *
 * Life of a task: queued -> running (-> waiting) -> done, or
 * running -> undoing -> undone, or undoing -> failed -> (retry) undoing.
 *
 * Before each call to a server the journal says what is about to be done with
 * which generation, after it that it is done.  A portal that was killed takes
 * up each task where the journal ends: the step in doubt is sent again as it
 * was, which changes nothing if it had arrived.  Undoing a step sends what
 * was there before, or a deletion, with a higher generation, so that the
 * first request is refused should it still be executed later.
 *
 * A deletion that has come to the users of the uc server is not undone but
 * tried on, and failed -> (retry) running: what uc owns of a user (password,
 * history) the portal could not give back.
 *
 * "waiting" is a task that waits for an earlier one on the same records, or
 * for a server that does not answer; "error" says which.
 *
 * Source: design.md 4.3; CUS-20, PLT-4.
 */
#ifndef PORTAL_TASK_H
#define PORTAL_TASK_H

#include "model/kind.h"
#include "portal/plan.h"

struct tasks;

extern const struct kind task_kind; /* "tasks" */

/** Bounds of trying; a test shortens them. */
struct task_limits {
	uint32_t call_ms;    /* one call to a server            */
	uint32_t do_tries;   /* of a step before all is undone  */
	uint32_t undo_tries; /* of an undo before it is failed  */
};

/** Read all open tasks of the store. */
int tasks_alloc(struct tasks **tp, struct portal *portal,
		const struct task_limits *limits);

/** Go on with what was read; once everything else is there. */
void tasks_begin(struct tasks *t);

/** Add the routes of tasks. */
int tasks_routes(struct tasks *t);

/**
 * Write a plan down, carry it out and answer the request: what is wrong with
 * the plan (422, 409), or 202, or with ?wait=SECONDS its end.
 *
 * Honours Idempotency-Key, of which `body` is the request's body.
 *
 * @param plan The reference is taken over
 */
void task_start(struct tasks *t, struct plan *plan, struct http_request *req);

/**
 * Answer a request that carries an Idempotency-Key already used.
 *
 * @return true if it has been answered
 */
bool task_repeated(struct tasks *t, struct http_request *req,
		   const struct caller *caller);

/** An open task that works on a record, or NULL: its id. */
const char *task_of(const struct tasks *t, const char *object);

/** Whether an open task holds this reservation; fills in who. */
bool task_holds(const struct tasks *t, const char *scope, const char *customer,
		const char *value, const json_t **entryp);

/** Open tasks, for metrics. */
uint32_t tasks_count(const struct tasks *t);

#endif
