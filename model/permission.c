/* permission.c - see permission.h
 *
 * Read a row as: list, read, create, update, delete, run.
 */
#include <string.h>

#include "model/permission.h"

#define NOONE       0u
#define OPEN        (ROLE_ANYONE | ANYBODY)
#define ANYBODY     (ROLE_SERVICE | ROLE_PROVIDER | ROLE_CUSTOMER | ROLE_USER)
#define SERVICE     ((uint32_t)ROLE_SERVICE)
#define PEER        ((uint32_t)ROLE_PEER)
#define APPLICATION ((uint32_t)ROLE_APPLICATION)
#define STAFF       (ROLE_SERVICE | ROLE_PROVIDER)
#define ADMIN       (STAFF | ROLE_CUSTOMER)

static const struct permission table[] = {
	/* what anybody may ask any server */
	{ "about", { NOONE, OPEN, NOONE, NOONE, NOONE, NOONE } },
	{ "health", { NOONE, OPEN, NOONE, NOONE, NOONE, NOONE } },
	{ "metrics", { NOONE, OPEN, NOONE, NOONE, NOONE, NOONE } },
	{ "openapi", { NOONE, OPEN, NOONE, NOONE, NOONE, NOONE } },
	{ "pages", { NOONE, OPEN, NOONE, NOONE, NOONE, NOONE } },

	/* sign-in: create = sign in, delete = sign out, run = one-time link */
	{ "sessions", { NOONE, ANYBODY, OPEN, NOONE, ANYBODY, OPEN } },
	{ "links", { NOONE, NOONE, SERVICE, NOONE, NOONE, OPEN } },

	/* the portal's objects; the pbx, uc and border serve some of the same
	 * names to the portal, which comes with their service token */
	{ "admins", { STAFF, STAFF, STAFF, STAFF, STAFF, NOONE } },
	{ "platforms", { STAFF, STAFF, STAFF, STAFF, STAFF, STAFF } },
	{ "customers", { ADMIN, ADMIN, STAFF, STAFF, STAFF, STAFF } },
	{ "users", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, ADMIN } },
	{ "phones", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, ADMIN } },
	{ "groups", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "trunks", { STAFF, STAFF, STAFF, STAFF, STAFF, NOONE } },
	{ "dids", { ADMIN, ADMIN, STAFF, STAFF, STAFF, NOONE } },
	{ "cpns", { ADMIN, ADMIN, STAFF, STAFF, STAFF, NOONE } },
	{ "cesids", { ADMIN, ADMIN, STAFF, STAFF, STAFF, NOONE } },
	{ "zones", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "outside_rules", { ADMIN, ADMIN, STAFF, STAFF, STAFF, NOONE } },
	{ "account_codes", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "applications", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, ADMIN } },
	{ "application", { NOONE, APPLICATION, NOONE, NOONE, NOONE, NOONE } },
	{ "attendants", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "schedules", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "conferences", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "user_settings",
	  { NOONE, ADMIN | ROLE_USER, NOONE, ADMIN | ROLE_USER, NOONE,
	    NOONE } },
	{ "cors", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "coses", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "hot_desks", { ADMIN, ADMIN, NOONE, ADMIN, ADMIN, NOONE } },
	{ "pins", { NOONE, ADMIN, NOONE, ADMIN, ADMIN, NOONE } },
	{ "sounds", { ADMIN, ADMIN, NOONE, ADMIN, ADMIN, NOONE } },
	{ "numbers", { ADMIN, ADMIN, NOONE, NOONE, NOONE, NOONE } },
	{ "tasks", { ADMIN, ADMIN, NOONE, NOONE, NOONE, ADMIN } },
	{ "audit", { ADMIN, ADMIN, NOONE, NOONE, NOONE, NOONE } },
	{ "mails", { STAFF, STAFF, NOONE, NOONE, NOONE, NOONE } },

	/* what the portal provisions and servers ask of each other */
	{ "deployments",
	  { SERVICE, SERVICE, SERVICE, SERVICE, SERVICE, OPEN } },
	{ "sources", { SERVICE, SERVICE, SERVICE, SERVICE, SERVICE, NOONE } },
	{ "upstreams", { SERVICE, SERVICE, SERVICE, SERVICE, SERVICE, NOONE } },
	{ "devices", { SERVICE, SERVICE, SERVICE, SERVICE, SERVICE, NOONE } },
	{ "service_modes", { NOONE, SERVICE, NOONE, SERVICE, NOONE, NOONE } },
	{ "conference_calls",
	  { SERVICE, SERVICE, SERVICE, NOONE, SERVICE, SERVICE } },
	{ "recordings", { SERVICE, SERVICE, NOONE, NOONE, SERVICE, SERVICE } },
	{ "cdrs", { SERVICE, SERVICE, NOONE, NOONE, NOONE, NOONE } },
	{ "calls", { SERVICE, SERVICE, SERVICE, NOONE, NOONE, SERVICE } },
	{ "callbacks", { SERVICE, NOONE, SERVICE, NOONE, SERVICE, NOONE } },
	{ "traces", { NOONE, SERVICE, NOONE, NOONE, NOONE, NOONE } },
	{ "registrations", { SERVICE, SERVICE, NOONE, NOONE, SERVICE, NOONE } },
	{ "mailboxes", { SERVICE, SERVICE, NOONE, SERVICE, SERVICE, NOONE } },
	{ "mailbox_settings",
	  { NOONE, SERVICE | ROLE_USER, NOONE, SERVICE | ROLE_USER, NOONE,
	    NOONE } },
	{ "voicemail",
	  { ROLE_USER, ROLE_USER, NOONE, ROLE_USER, ROLE_USER, NOONE } },
	{ "mailbox_classes", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "group_mailboxes", { ADMIN, ADMIN, ADMIN, ADMIN, ADMIN, NOONE } },
	{ "flows", { SERVICE, SERVICE, NOONE, NOONE, SERVICE, NOONE } },
	{ "leases", { NOONE, PEER | SERVICE, NOONE, NOONE, NOONE, PEER } },
	{ "pair", { NOONE, SERVICE, NOONE, NOONE, NOONE, PEER } },
	{ "settings", { SERVICE, SERVICE, NOONE, SERVICE, NOONE, NOONE } },

	/* what a user's client asks of the uc server; a client signs in with
	 * its token inside the first message, hence events are open */
	{ "events", { OPEN, OPEN, NOONE, NOONE, NOONE, OPEN } },
	{ "me", { NOONE, ROLE_USER, NOONE, ROLE_USER, NOONE, ROLE_USER } },
	{ "directory", { ROLE_USER, ROLE_USER, NOONE, NOONE, NOONE, NOONE } },
	{ "history", { ROLE_USER, ROLE_USER, NOONE, NOONE, ROLE_USER, NOONE } },
	{ "presence",
	  { ROLE_USER | SERVICE, ROLE_USER | SERVICE, NOONE, ROLE_USER, NOONE,
	    NOONE } },
};

enum { TABLE_COUNT = sizeof(table) / sizeof(table[0]) };

static const struct {
	enum role role;
	const char *name;
} roles[] = {
	{ ROLE_ANYONE, "anyone" },
	{ ROLE_SERVICE, "service" },
	{ ROLE_PROVIDER, "provider" },
	{ ROLE_CUSTOMER, "customer" },
	{ ROLE_USER, "user" },
	{ ROLE_PEER, "peer" },
	{ ROLE_APPLICATION, "application" },
};

enum { ROLE_COUNT = sizeof(roles) / sizeof(roles[0]) };

const struct permission *permission_table(size_t *countp)
{
	if (countp)
		*countp = TABLE_COUNT;

	return table;
}

const struct permission *permission_find(const char *object)
{
	for (size_t i = 0; object && i < TABLE_COUNT; i++) {
		if (!strcmp(table[i].object, object))
			return &table[i];
	}

	return NULL;
}

bool permission_allows(enum role role, const char *object, enum action action)
{
	const struct permission *p = permission_find(object);

	if (!p || (unsigned)action >= ACTION_COUNT)
		return false;

	return (p->roles[action] & (uint32_t)role) != 0;
}

const char *role_name(enum role role)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (roles[i].role == role)
			return roles[i].name;
	}

	return "none";
}

enum role role_find(const char *name)
{
	for (size_t i = 0; name && i < ROLE_COUNT; i++) {
		if (!strcmp(roles[i].name, name))
			return roles[i].role;
	}

	return ROLE_NONE;
}

const char *action_name(enum action action)
{
	static const char *const names[ACTION_COUNT] = {
		"list", "read", "create", "update", "delete", "run",
	};

	return (unsigned)action < ACTION_COUNT ? names[action] : "none";
}
