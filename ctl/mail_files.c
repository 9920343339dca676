/* mail_files.c - see mail_files.h */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/libre.h"
#include "ctl/mail_files.h"
#include "media/wav.h"

enum { NAME_BYTES = 256, ENDING = 4 /* ".wav" */ };

struct walk {
	sqlite3_stmt *insert;
	char path[1200];
	char customer[NAME_BYTES];
	char user[NAME_BYTES];
	bool is_flat;       /* no folder of a user */
	bool are_greetings; /* the others are left out, and the reverse */
};

/* One sound; greetings belong to no message. */
static void add_file(struct walk *w, const char *name)
{
	size_t len = strlen(name), end = strlen(w->path);
	struct wav *wav = NULL;

	if (len <= ENDING || strcmp(name + len - ENDING, ".wav") != 0 ||
	    (!w->is_flat && !strncmp(name, "greeting", 8)) != w->are_greetings)
		return;

	(void)snprintf(w->path + end, sizeof(w->path) - end, "/%s", name);
	(void)sqlite3_bind_text(w->insert, 1, w->customer, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(w->insert, 2, w->user, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(w->insert, 3, name, (int)(len - ENDING),
				SQLITE_STATIC);
	if (wav_load(&wav, w->path, NULL))
		(void)sqlite3_bind_null(w->insert, 4);
	else
		(void)sqlite3_bind_int64(w->insert, 4,
					 (sqlite3_int64)wav->count / 8);
	mem_deref(wav);
	(void)sqlite3_step(w->insert);
	(void)sqlite3_reset(w->insert);
	w->path[end] = '\0';
}

/* Depth 0 lists customers, the last one sounds. */
static void walk(struct walk *w, int depth)
{
	size_t end = strlen(w->path);
	struct dirent *e;
	DIR *d = opendir(w->path);

	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (depth == (w->is_flat ? 1 : 2)) {
			add_file(w, e->d_name);
			continue;
		}
		(void)snprintf(depth ? w->user : w->customer, NAME_BYTES, "%s",
			       e->d_name);
		(void)snprintf(w->path + end, sizeof(w->path) - end, "/%s",
			       e->d_name);
		walk(w, depth + 1);
		w->path[end] = '\0';
	}
	(void)closedir(d);
}

/* FOLDER/CUSTOMER/USER/ID.wav, or flat: FOLDER/CUSTOMER/ID.wav */
static int table_make(sqlite3 *db, const char *dir, const char *folder,
		      const char *table, struct walk w)
{
	char sql[200];
	int err;

	(void)snprintf(sql, sizeof(sql),
		       "CREATE TEMP TABLE %s (customer, user, id, length_ms)",
		       table);
	err = sqlite3_exec(db, sql, NULL, NULL, NULL);
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO %s VALUES (?1, ?2, ?3, ?4)", table);
	if (err || sqlite3_prepare_v2(db, sql, -1, &w.insert, NULL))
		return ENOMEM;

	(void)snprintf(w.path, sizeof(w.path), "%.500s/pbx/%s", dir, folder);
	walk(&w, 0);
	(void)sqlite3_finalize(w.insert);

	return 0;
}

int mail_files_make(sqlite3 *db, const char *dir)
{
	int err = table_make(db, dir, "mail", "mail_files",
			     (struct walk){ .is_flat = false });

	if (!err)
		err = table_make(db, dir, "mail", "greeting_files",
				 (struct walk){ .are_greetings = true });
	if (!err)
		err = table_make(db, dir, "recordings", "recording_files",
				 (struct walk){ .is_flat = true });

	return err ? err
		   : table_make(db, dir, "attendants", "attendant_files",
				(struct walk){ .is_flat = true });
}
