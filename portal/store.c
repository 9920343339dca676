/* store.c - see store.h
 *
 * Objects lie in tables made from their kinds (model/record.h); beside them
 * are the journal of tasks, the reservations of what must be unique, the
 * generations handed out, and who is signed in.
 *
 * A reservation is written in the same transaction as the task that needs it
 * and carries the task's id until that ends, so two requests can never both
 * win a number, a web id or a SIP user name.  The numbers of a customer are a
 * view of the reservations.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/migrate.h"
#include "base/outbox.h"
#include "base/reseal.h"
#include "model/kinds.h"
#include "portal/audit.h"
#include "portal/portal.h"
#include "portal/sealed.h"
#include "portal/store.h"
#include "portal/task.h"
#include "portal/pbx_object.h"
#include "portal/phone.h"

static const struct migration migrations[] = {
	{ "first tables",
	  "CREATE TABLE task_steps (\n"
	  " task TEXT NOT NULL,\n"
	  " n BIGINT NOT NULL,\n"
	  " server TEXT NOT NULL,\n"
	  " platform TEXT NOT NULL,\n"
	  " kind TEXT NOT NULL,\n"
	  " object TEXT NOT NULL,\n"
	  " state TEXT NOT NULL,\n"
	  " generation BIGINT NOT NULL,\n"
	  " before_body TEXT,\n"
	  " after_body TEXT,\n"
	  " PRIMARY KEY (task, n));\n"
	  "CREATE TABLE generations (\n"
	  " object TEXT NOT NULL PRIMARY KEY,\n"
	  " generation BIGINT NOT NULL);\n"
	  "CREATE TABLE reservations (\n"
	  " id TEXT NOT NULL PRIMARY KEY,\n"
	  " generation BIGINT NOT NULL,\n"
	  " scope TEXT NOT NULL,\n"
	  " customer TEXT NOT NULL,\n"
	  " value TEXT NOT NULL,\n"
	  " owner TEXT,\n"
	  " kind TEXT NOT NULL,\n"
	  " object TEXT NOT NULL,\n"
	  " task TEXT,\n"
	  " release TEXT,\n"
	  " UNIQUE (scope, customer, value));\n"
	  "CREATE INDEX reservations_object ON reservations (object);\n"
	  "CREATE INDEX reservations_task ON reservations (task);\n"
	  "CREATE INDEX reservations_release ON reservations (release);\n"
	  "CREATE VIEW numbers AS SELECT id, generation, customer,\n"
	  " value AS number, kind, object FROM reservations\n"
	  " WHERE scope = 'number';\n"
	  "CREATE TABLE idempotency (\n"
	  " idem_key TEXT NOT NULL PRIMARY KEY,\n"
	  " body_hash TEXT NOT NULL,\n"
	  " task TEXT NOT NULL,\n"
	  " made_ms BIGINT NOT NULL);\n"
	  "CREATE TABLE sessions (\n"
	  " token_hash TEXT NOT NULL PRIMARY KEY,\n"
	  " admin TEXT NOT NULL,\n"
	  " made_ms BIGINT NOT NULL,\n"
	  " ends_ms BIGINT NOT NULL);\n"
	  "CREATE INDEX sessions_admin ON sessions (admin);\n"
	  "CREATE TABLE links (\n"
	  " token_hash TEXT NOT NULL PRIMARY KEY,\n"
	  " admin TEXT NOT NULL,\n"
	  " ends_ms BIGINT NOT NULL);\n" },
};

enum { MIGRATION_COUNT = sizeof(migrations) / sizeof(migrations[0]) };

const struct record_table *portal_table(const struct portal *p,
					const char *plural)
{
	const struct record_table *const tables[] = {
		&p->platforms,   &p->customers, &p->users,  &p->phones,
		&p->deployments, &p->admins,    &p->groups,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!strcmp(tables[i]->kind->plural, plural))
			return tables[i];
	}
	for (size_t i = 0; i < PBX_OBJECTS; i++) {
		if (!strcmp(p->pbx_objects[i].kind->plural, plural))
			return &p->pbx_objects[i];
	}

	return NULL;
}

bool portal_has(const struct portal *p, const char *id)
{
	for (size_t i = 0; portal_kinds[i]; i++) {
		const char *plural = portal_kinds[i]->plural;
		int64_t n = 0;
		char sql[80];

		if (!portal_table(p, plural))
			continue;
		(void)snprintf(sql, sizeof(sql),
			       "SELECT COUNT(*) FROM \"%s\" WHERE id = $1",
			       plural);
		if (!store_query_int(&n, p->store, sql,
				     STORE_ARGS(store_text(id))) &&
		    n)
			return true;
	}

	return false;
}

static int open_table(struct portal *p, struct record_table *t,
		      const struct kind *kind)
{
	int err;

	*t = (struct record_table){ kind, p->store, p->keys };
	err = record_prepare(t);

	return err ? err : record_reseal(&p->sealed, t);
}

/* The journal's secrets lie inside JSON (portal/sealed.h). */
static int reseal_journal(struct portal *p)
{
	static const struct reseal_column columns[PORTAL_JOURNAL_COLUMNS] = {
		{ "task_steps", "task", "before_body", SEALED_CONTEXT, true },
		{ "task_steps", "task", "after_body", SEALED_CONTEXT, true },
		{ "tasks", "id", "rows", SEALED_CONTEXT, true },
	};
	int err = 0;

	for (size_t i = 0; !err && i < PORTAL_JOURNAL_COLUMNS; i++)
		err = reseal_add(&p->journal[i], p->store, &columns[i]);

	return err;
}

int portal_store_open(struct portal *p, const char *url)
{
	int err;

	err = store_open(&p->store, url, STORE_FULL_SYNC);
	if (!err)
		err = store_migrate(p->store, migrations, MIGRATION_COUNT);
	if (!err)
		err = open_table(p, &p->platforms, &platform_kind);
	if (!err)
		err = open_table(p, &p->customers, &customer_kind);
	if (!err)
		err = open_table(p, &p->users, &user_kind);
	if (!err)
		err = open_table(p, &p->phones, &phone_kind);
	if (!err)
		err = open_table(p, &p->groups, &group_kind);
	for (size_t i = 0; !err && i < PBX_OBJECTS; i++)
		err = open_table(p, &p->pbx_objects[i], pbx_object_kind(i));
	if (!err)
		err = open_table(p, &p->deployments, &portal_deployment_kind);
	if (!err)
		err = open_table(p, &p->admins, &admin_kind);
	if (!err)
		err = open_table(p, &p->task_rows, &task_kind);
	if (!err)
		err = open_table(p, &p->audit, &audit_kind);
	if (!err)
		err = reseal_journal(p);
	p->numbers = (struct record_table){ &number_kind, p->store, NULL };
	if (err)
		log_error("portal", "store does not open: %s", strerror(err));

	return err;
}
