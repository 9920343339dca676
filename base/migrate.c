/* migrate.c - see migrate.h */
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/migrate.h"

enum { HASH_SIZE = 33 };

struct run {
	const struct migration *m;
	uint32_t number;
	char hash[HASH_SIZE];
};

static const char table_sql[] = "CREATE TABLE IF NOT EXISTS schema_version ("
				" version BIGINT NOT NULL PRIMARY KEY,"
				" name TEXT NOT NULL,"
				" hash TEXT NOT NULL,"
				" made_ms BIGINT NOT NULL);";

static void hash_text(char out[HASH_SIZE], const char *text)
{
	unsigned char hash[HASH_SIZE / 2];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text,
			   strlen(text), NULL, 0);
	sodium_bin2hex(out, HASH_SIZE, hash, sizeof(hash));
}

/* Lines for the other engine are left out, the mark of ours is cut. */
static int choose_lines(char **outp, const char *sql, bool is_postgres)
{
	const char *ours = is_postgres ? "-- pg:" : "-- sqlite:";
	const char *other = is_postgres ? "-- sqlite:" : "-- pg:";
	char *out = mem_zalloc(strlen(sql) + 2, NULL);
	size_t n = 0;

	if (!out)
		return ENOMEM;

	while (*sql) {
		size_t len = strcspn(sql, "\n");
		size_t skip = strncmp(sql, ours, strlen(ours)) ? 0
							       : strlen(ours);

		if (strncmp(sql, other, strlen(other))) {
			memcpy(out + n, sql + skip, len - skip);
			n += len - skip;
			out[n++] = '\n';
		}
		sql += len + (sql[len] == '\n');
	}

	*outp = out;
	return 0;
}

static int make_table(struct store_tx *tx, void *data)
{
	(void)data;
	return store_tx_script(tx, table_sql);
}

static int run_one(struct store_tx *tx, void *data)
{
	struct run *run = data;
	bool is_postgres = store_tx_is_postgres(tx);
	char *sql;
	int err;

	err = choose_lines(&sql, run->m->sql, is_postgres);
	if (err)
		return err;

	if (is_postgres)
		err = store_tx_script(tx, "SET LOCAL statement_timeout = 0");
	if (!err)
		err = store_tx_script(tx, sql);
	mem_deref(sql);
	if (err)
		return err;

	fault_point("store.migrate");
	return store_tx_run(tx, NULL,
			    "INSERT INTO schema_version "
			    "(version, name, hash, made_ms) "
			    "VALUES ($1, $2, $3, $4)",
			    STORE_ARGS(store_int(run->number),
				       store_text(run->m->name),
				       store_text(run->hash),
				       store_int((int64_t)clock_wall_ms())));
}

static int migrate_one(struct store *s, const struct migration *m,
		       uint32_t number)
{
	struct run *run;
	int err;

	run = mem_zalloc(sizeof(*run), NULL);
	if (!run)
		return ENOMEM;

	run->m = m;
	run->number = number;
	hash_text(run->hash, m->sql);
	err = store_call_now(s, run_one, run);
	if (err) {
		log_error("store", "migration %u (%s) failed: %s", number,
			  m->name, store_last_error(s)->text);
	}
	else {
		log_info("store", "schema is at version %u (%s)", number,
			 m->name);
	}

	mem_deref(run);
	return err;
}

/* What has run must be what the list says. */
static int compare(const struct store_rows *rows, const struct migration *list)
{
	for (uint32_t i = 0; i < rows_count(rows); i++) {
		char hash[HASH_SIZE];

		hash_text(hash, list[i].sql);
		if (rows_int(rows, i, 0) == i + 1 &&
		    !strcmp(rows_text(rows, i, 1), hash))
			continue;

		log_error("store", "migration %u (%s) was another when it ran",
			  i + 1, list[i].name);
		return ESTALE;
	}

	return 0;
}

int store_migrate(struct store *s, const struct migration *list, uint32_t count)
{
	struct store_rows *rows;
	uint32_t done;
	int err;

	if (!s || (count && !list))
		return EINVAL;

	err = store_call_now(s, make_table, NULL);
	if (!err) {
		err = store_query(&rows, s,
				  "SELECT version, hash FROM schema_version "
				  "ORDER BY version",
				  STORE_NO_ARGS);
	}
	if (err)
		return err;

	done = rows_count(rows);
	if (done > count) {
		log_error("store",
			  "the store is at version %u, this program knows %u",
			  done, count);
		err = EPROTONOSUPPORT;
	}
	else {
		err = compare(rows, list);
	}
	mem_deref(rows);

	for (uint32_t i = done; i < count && !err; i++)
		err = migrate_one(s, &list[i], i + 1);

	return err;
}

int store_version(struct store *s, uint32_t *versionp)
{
	int64_t version;
	int err;

	err = store_call_now(s, make_table, NULL);
	if (!err) {
		err = store_query_int(&version, s,
				      "SELECT MAX(version) "
				      "FROM schema_version",
				      STORE_NO_ARGS);
	}
	if (!err)
		*versionp = (uint32_t)version;

	return err;
}
