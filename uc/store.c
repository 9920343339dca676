/* store.c - see store.h */
#include <errno.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/migrate.h"
#include "base/outbox.h"
#include "uc/store.h"

static const struct migration migrations[] = {
	{ "first tables",
	  "CREATE TABLE password (\n"
	  " user_id TEXT NOT NULL PRIMARY KEY,\n"
	  " hash TEXT NOT NULL,\n"
	  " changed_ms BIGINT NOT NULL);\n"
	  "CREATE TABLE device_token (\n"
	  " hash TEXT NOT NULL PRIMARY KEY,\n"
	  " user_id TEXT NOT NULL,\n"
	  " phone_id TEXT,\n"
	  " client TEXT NOT NULL,\n"
	  " made_ms BIGINT NOT NULL);\n"
	  "CREATE INDEX device_token_user ON device_token (user_id);\n"
	  "CREATE TABLE session (\n"
	  " hash TEXT NOT NULL PRIMARY KEY,\n"
	  " user_id TEXT NOT NULL,\n"
	  " made_ms BIGINT NOT NULL,\n"
	  " ends_ms BIGINT NOT NULL);\n"
	  "CREATE INDEX session_by_user ON session (user_id);\n"
	  "CREATE TABLE deploy_link (\n"
	  " hash TEXT NOT NULL PRIMARY KEY,\n"
	  " deployment_id TEXT NOT NULL UNIQUE,\n"
	  " user_id TEXT NOT NULL,\n"
	  " phone_id TEXT,\n"
	  " client TEXT NOT NULL,\n"
	  " made_ms BIGINT NOT NULL,\n"
	  " ends_ms BIGINT NOT NULL,\n"
	  " used_ms BIGINT);\n"
	  "CREATE TABLE cursor_of (\n"
	  " source TEXT NOT NULL PRIMARY KEY,\n"
	  " epoch TEXT NOT NULL,\n"
	  " seq BIGINT NOT NULL);\n"
	  "CREATE TABLE stream_state (\n"
	  " epoch TEXT NOT NULL PRIMARY KEY);\n"
	  "CREATE TABLE stream_event (\n"
	  " seq BIGINT NOT NULL PRIMARY KEY,\n"
	  " user_id TEXT NOT NULL,\n"
	  " kind TEXT NOT NULL,\n"
	  " data TEXT NOT NULL,\n"
	  " made_ms BIGINT NOT NULL);\n"
	  "CREATE INDEX stream_event_user ON stream_event (user_id, seq);\n" },
	{ "mails that wait", OUTBOX_MIGRATION },
};

int uc_store_open(struct store **sp, const char *url)
{
	struct store *s = NULL;
	int err;

	err = store_open(&s, url, STORE_FULL_SYNC);
	if (err)
		return err;

	err = store_migrate(s, migrations,
			    sizeof(migrations) / sizeof(migrations[0]));
	if (err) {
		log_error("store", "migration: %s", store_last_error(s)->text);
		mem_deref(s);
		return err;
	}

	*sp = s;
	return 0;
}

int uc_store_forget_user(struct store_write *w, const char *user)
{
	static const char *const statements[] = {
		"DELETE FROM password WHERE user_id = $1",
		"DELETE FROM device_token WHERE user_id = $1",
		"DELETE FROM session WHERE user_id = $1",
		"DELETE FROM deploy_link WHERE user_id = $1",
		"DELETE FROM stream_event WHERE user_id = $1",
		"DELETE FROM history WHERE \"user\" = $1",
	};
	int err = 0;

	for (size_t i = 0;
	     i < sizeof(statements) / sizeof(statements[0]) && !err; i++) {
		err = store_write_add(w, statements[i],
				      STORE_ARGS(store_text(user)));
	}

	return err;
}
