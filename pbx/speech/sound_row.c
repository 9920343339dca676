/* sound_row.c - see sound_row.h */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/wheel.h"
#include "pbx/speech/sound_row.h"

enum { AGAIN_MS = 1000, ID_BYTES = 64, PATH_BYTES = 1024 };

struct going {
	struct le le;
	struct wheel_timer again;
	struct store *store;
	const char *sql;
	char id[ID_BYTES];
	char path[PATH_BYTES];
};

static struct list all;

static void going_destructor(void *data)
{
	struct going *g = data;

	list_unlink(&g->le);
	wheel_stop(&g->again);
}

static void file_remove(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		log_warn("sound", "%s: %s", path, strerror(errno));
}

static void send_row(void *arg);

static void row_gone(const struct store_result *result, void *arg)
{
	struct going *g = arg;

	if (result->err) {
		wheel_start(&g->again, AGAIN_MS, send_row, g);
		return;
	}
	file_remove(g->path);
	mem_deref(g);
}

static void send_row(void *arg)
{
	struct going *g = arg;
	int err = store_write(g->store, row_gone, g, g->sql,
			      STORE_ARGS(store_text(g->id)));

	if (err)
		wheel_start(&g->again, AGAIN_MS, send_row, g);
}

int sound_row_remove(struct store *store, const char *sql, const char *id,
		     const char *path)
{
	struct going *g = mem_zalloc(sizeof(*g), going_destructor);

	if (!g)
		return ENOMEM;

	g->store = store;
	g->sql = sql;
	(void)snprintf(g->id, sizeof(g->id), "%s", id);
	(void)snprintf(g->path, sizeof(g->path), "%s", path);
	list_append(&all, &g->le, g);
	send_row(g);

	return 0;
}

void sound_row_close(const struct store *store)
{
	struct le *le = list_head(&all);

	while (le) {
		struct going *g = le->data;

		le = le->next;
		if (g->store == store)
			mem_deref(g);
	}
}

static void sweep_one(const char *path, const char *name,
		      sound_row_known_h *known)
{
	char id[ID_BYTES];
	size_t len = strlen(name);

	if (len <= 4 || len - 4 >= sizeof(id) ||
	    strcmp(name + len - 4, ".wav") != 0 ||
	    !strncmp(name, "greeting", 8))
		return;

	memcpy(id, name, len - 4);
	id[len - 4] = '\0';
	if (known(id))
		return;
	log_info("sound", "%s has no row: removed", path);
	file_remove(path);
}

void sound_row_sweep(const char *folder, unsigned depth,
		     sound_row_known_h *known)
{
	char path[PATH_BYTES];
	struct dirent *e;
	DIR *d = opendir(folder);

	while (d && (e = readdir(d))) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder,
				 e->d_name);

		if (e->d_name[0] == '.' || n < 0 || n >= (int)sizeof(path))
			continue;
		if (depth)
			sound_row_sweep(path, depth - 1, known);
		else
			sweep_one(path, e->d_name, known);
	}
	if (d)
		(void)closedir(d);
}
