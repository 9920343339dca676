/* provision.h - objects a server keeps on the portal's word
 *
 * Gives a kind its routes on the server that keeps it:
 *
 *   GET    /api/v1/KIND            list (model/record.h)
 *   GET    /api/v1/KIND/ID         object, 404
 *   PUT    /api/v1/KIND/ID         {"generation":N,fields} -> 201, 200
 *   DELETE /api/v1/KIND/ID?generation=N            -> 204, also when absent
 *
 * Object and generation are stored in one transaction.  A generation below
 * the stored one, or not above a tombstone's, is 409 stale-generation, so a
 * server that was only hung cannot bring back what has been undone.  The same
 * generation with the same body changes nothing and answers 200, with another
 * body 409 generation-conflict.  A reference to an object this server should
 * have and has not is 422; deleting what others refer to is 409 in-use;
 * a second object with a unique value is 409 duplicate-FIELD ("sip_user" ->
 * duplicate-sip-user).
 *
 * Changes of one object come one after the other; the hooks run on the loop.
 *
 * Source: design.md 4.3 and 7.
 */
#ifndef MODEL_PROVISION_H
#define MODEL_PROVISION_H

#include <jansson.h>

#include "base/store.h"
#include "model/route.h"
#include "model/record.h"

struct provision;

/** One change on its way. */
struct provision_change {
	const struct kind *kind;
	const char *id;
	const json_t *before; /* stored now; NULL: did not exist          */
	json_t *object;       /* to be; NULL: deleted.  before() may set
				 fields of it that clients cannot          */

	int64_t generation;

	/* for a before() that refuses */
	int status;       /* preset 409                                    */
	char code[40];    /* "duplicate-sip-user"                          */
	char detail[256]; /* what to do                                   */
	json_t *errors;   /* field errors, status 422; taken over          */
};

/** All optional. */
struct provision_hooks {
	/** Decide, before anything is written.  0, or non-zero to refuse
	 * with the change's status, code and detail. */
	int (*before)(struct provision_change *change, void *arg);

	/** Add statements to the same transaction. */
	int (*write)(struct store_write *w,
		     const struct provision_change *change, void *arg);

	/** It is durable; comes before the answer leaves.  Not called for
	 * requests that changed nothing. */
	void (*after)(const struct provision_change *change, void *arg);

	/** Add live values to an object that is about to be answered. */
	void (*view)(json_t *object, void *arg);
};

/**
 * Make the engine.
 *
 * @param pp    Set on success; drop with mem_deref() before store and router
 * @param keys  Seals fields of type FIELD_SECRET; may be NULL without any
 */
int provision_alloc(struct provision **pp, struct router *router,
		    struct store *store, const struct key_file *keys);

/**
 * Serve a kind; makes its table.  Referred kinds first.
 *
 * @param kind  Must outlive the engine
 * @param hooks Copied; NULL without any
 * @param arg   Handed to the hooks
 *
 * @return 0; EPERM if the permission table lacks it; the store's errno
 */
int provision_kind_add(struct provision *p, const struct kind *kind,
		       const struct provision_hooks *hooks, void *arg);

/** The kind's table, to walk its objects at start; NULL if not added. */
const struct record_table *provision_table(const struct provision *p,
					   const char *plural);

/** Add to a write that an object was deleted with this generation; for a
 * server that follows another one. */
int provision_bury(struct store_write *w, const char *plural, const char *id,
		   int64_t generation);

/**
 * Write an object from inside the server (a user's own change of what the
 * server owns), keeping its generation; goes through write and after hooks.
 *
 * @param object Full object with "id"; reference taken over
 * @param done   Called once it is durable; may be NULL
 */
int provision_set(struct provision *p, const char *plural, json_t *object,
		  store_done_h *done, void *arg);

#endif
