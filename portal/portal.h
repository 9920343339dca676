/* portal.h - what the files of the portal share */
#ifndef PORTAL_H
#define PORTAL_H

#include <jansson.h>

#include "base/http_client.h"
#include "base/libre.h"
#include "base/store.h"
#include "model/pbx_kinds.h"
#include "model/record.h"
#include "model/route.h"

struct conf;
struct key_file;
struct outbox;
struct reseal;
struct sessions;
struct tasks;

#define PORTAL_AND_ONE(plural, kind, one, has_extension) +1

enum {
	PORTAL_JOURNAL_COLUMNS = 3,
	PBX_OBJECTS = 0 PBX_OBJECT_KINDS(PORTAL_AND_ONE),
};

struct portal {
	struct conf *conf;
	const char *dir;
	char url[160]; /* where people reach us, for links */
	struct store *store;
	struct key_file *keys;
	struct http_server *http;
	struct http_client *client;
	struct router *router;
	struct sessions *sessions;
	struct tasks *tasks;
	struct list probes; /* of servers, in flight */

	/* what is kept, a table each */
	struct record_table platforms;
	struct record_table customers;
	struct record_table users;
	struct record_table phones;
	struct record_table groups;
	struct record_table pbx_objects[PBX_OBJECTS];
	struct record_table deployments;
	struct record_table numbers; /* a view of the reservations */
	struct record_table admins;
	struct record_table task_rows;
	struct record_table audit;

	/* columns that follow the key file */
	struct list sealed;
	struct reseal *journal[PORTAL_JOURNAL_COLUMNS];
};

/** The table of a kind that tasks work on, or NULL. */
const struct record_table *portal_table(const struct portal *p,
					const char *plural);

/** Whether an object of that id is there, of whatever kind. */
bool portal_has(const struct portal *p, const char *id);

#endif
