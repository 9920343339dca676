/* permission.h - who may do what: role x object x action, in one table
 *
 * Every route of every server names its object and action; a route whose row
 * is missing here is refused when the program starts (model/route.h), so
 * nothing is ever served unlisted.  The table says whether a role may act on
 * such an object at all; which rows of it the caller sees is decided by the
 * tenant of the caller (struct caller).
 *
 * Source: design.md 4.9, CUS-28.
 */
#ifndef MODEL_PERMISSION_H
#define MODEL_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Who calls.  Bits, because field rows and the table hold sets of them. */
enum role {
	ROLE_NONE = 0,
	ROLE_ANYONE = 1 << 0,   /* not signed in                            */
	ROLE_SERVICE = 1 << 1,  /* another server, by its service token     */
	ROLE_PROVIDER = 1 << 2, /* administrator of the whole installation  */
	ROLE_CUSTOMER = 1 << 3, /* administrator of one customer            */
	ROLE_USER = 1 << 4,     /* a user, about themselves                 */
	ROLE_PEER = 1 << 5,     /* the other node of a pair, or its witness */
	ROLE_APPLICATION = 1 << 6, /* of a third party: its rights decide,
				      not this table (router_gate())       */
};

enum action {
	ACTION_LIST,
	ACTION_READ,
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_DELETE,
	ACTION_RUN, /* anything else a route does to the object */
	ACTION_COUNT,
};

/** One row: the roles that may do each action. */
struct permission {
	const char *object; /* "customers", "phones", ... */
	uint32_t roles[ACTION_COUNT];
};

/** The whole table, for tests and documents. */
const struct permission *permission_table(size_t *countp);

/** The row of an object, or NULL when there is none. */
const struct permission *permission_find(const char *object);

/** Whether a role may do this to such objects; false for unknown ones. */
bool permission_allows(enum role role, const char *object, enum action action);

/** "provider", "customer", ... for sessions, logs and audit. */
const char *role_name(enum role role);

/** The role of a name, or ROLE_NONE. */
enum role role_find(const char *name);

/** "list", "read", ... */
const char *action_name(enum action action);

#endif
