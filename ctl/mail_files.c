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
};

/* One sound; greetings belong to no message. */
static void add_file(struct walk *w, const char *name)
{
	size_t len = strlen(name), end = strlen(w->path);
	struct wav *wav = NULL;

	if (len <= ENDING || strcmp(name + len - ENDING, ".wav") != 0 ||
	    !strncmp(name, "greeting", 8))
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

/* mail/CUSTOMER/USER/ID.wav: depth 0 lists customers, 2 sounds. */
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
		if (depth == 2) {
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

int mail_files_make(sqlite3 *db, const char *dir)
{
	struct walk w = { .insert = NULL };

	if (sqlite3_exec(db,
			 "CREATE TEMP TABLE mail_files (customer, user, id,"
			 " length_ms)",
			 NULL, NULL, NULL) ||
	    sqlite3_prepare_v2(db,
			       "INSERT INTO mail_files VALUES (?1, ?2, ?3, ?4)",
			       -1, &w.insert, NULL))
		return ENOMEM;

	(void)snprintf(w.path, sizeof(w.path), "%.500s/pbx/mail", dir);
	walk(&w, 0);
	(void)sqlite3_finalize(w.insert);

	return 0;
}
