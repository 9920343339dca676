/* plan.h - what a task is going to do, all of it known before it begins
 *
 * A plan is put together from a request: the portal's rows it touches, the
 * values it reserves, the objects of other servers it puts or deletes, in
 * order, each with what was there before.  task_start() writes it down and
 * carries it out.  A failure while planning is kept in the plan, so only the
 * end needs to be looked at.
 */
#ifndef PORTAL_PLAN_H
#define PORTAL_PLAN_H

#include <jansson.h>

#include "model/route.h"
#include "portal/portal.h"

/** What happens to a row of the portal. */
enum row_change {
	ROW_CREATE,
	ROW_CHANGE,
	ROW_DELETE,
};

/** One object of one server. */
struct plan_step {
	char server[8]; /* "pbx", "uc", "border" */
	char platform[48];
	char kind[24]; /* collection there */
	char object[48];
	json_t *before; /* body without generation; NULL: did not exist */
	json_t *after;  /* NULL: deleted                                */
};

struct plan {
	struct portal *portal;
	const struct caller *caller;
	char type[32]; /* "create-customer" */
	char kind[24]; /* of the object the task is about */
	char object[48];
	char customer[48]; /* whose task it is; may be empty */
	json_t *refs;      /* [[id, writes],...] */
	json_t *rows;      /* [{"kind","id","change","object"},...] */
	json_t *reserve;   /* [[scope, customer, value, owner, kind, id],...] */
	json_t *release;   /* [[scope, customer, value],...] */
	json_t *changes;   /* for the audit */
	json_t *answer;    /* said once, in the task's answer: a token */
	json_t *errors;    /* field errors: 422 */
	struct plan_step *steps;
	uint32_t count;
	uint32_t size;
	int err;

	/* a conflict: 409 */
	char code[40];
	char detail[300];
	char field[48];
};

/** Begin a plan; drop it with mem_deref(). */
int plan_alloc(struct plan **pp, struct portal *portal,
	       const struct caller *caller, const char *type, const char *kind,
	       const char *object, const char *customer);

/** The task must come after earlier tasks that write this record (and, when
 * it writes it itself, after those that read it). */
void plan_ref(struct plan *plan, const char *id, bool writes);

/** A row of the portal; object is borrowed, for ROW_DELETE only its id. */
void plan_row(struct plan *plan, const char *kind, enum row_change change,
	      const json_t *object);

/** An object of a server; before and after are taken over. */
void plan_step(struct plan *plan, const char *server, const char *platform,
	       const char *kind, const char *id, json_t *before, json_t *after);

/**
 * Take a value that must be unique.  If it is taken, the plan has a conflict.
 *
 * @param field    Named in the error
 * @param scope    "web_id", "login", "number", "sip_user", "name"
 * @param customer Within which it is unique; "" = the installation
 * @param owner    Customer it belongs to, for the text; may be NULL
 * @param kind     "users"; with id: who holds it
 */
void plan_reserve(struct plan *plan, const char *field, const char *scope,
		  const char *customer, const char *value, const char *owner,
		  const char *kind, const char *id);

/** Give a value back when the task is done. */
void plan_release(struct plan *plan, const char *scope, const char *customer,
		  const char *value);

/** The first conflict counts. */
void plan_conflict(struct plan *plan, const char *field, const char *code,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** Add a field error. */
void plan_error(struct plan *plan, const char *field, const char *code,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
