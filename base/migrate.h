/* migrate.h - bring a store to the program's schema
 *
 * A program has a list of migrations, numbered by their place from 1; each is
 * SQL text run in one transaction with its row in schema_version.  A line
 * beginning "-- pg:" or "-- sqlite:" is run on that engine only.  Landed
 * migrations are never changed: their hash is stored and compared.
 */
#ifndef BASE_MIGRATE_H
#define BASE_MIGRATE_H

#include <stdint.h>

#include "base/store.h"

struct migration {
	const char *name;
	const char *sql; /* statements, each ending with ";" at a line's end */
};

/**
 * Run what is missing.
 *
 * @return 0; EPROTONOSUPPORT if the store is newer than the program; ESTALE
 *         if a migration that has run was different; or the store's error
 */
int store_migrate(struct store *s, const struct migration *list,
		  uint32_t count);

/** Version a store is at; 0 for an empty one. */
int store_version(struct store *s, uint32_t *versionp);

#endif
