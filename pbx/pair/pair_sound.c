/* pair_sound.c - see pair_sound.h */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "model/route.h"
#include "pbx/directory.h"
#include "pbx/speech/music.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_file.h"
#include "pbx/pair/pair_log.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/settings.h"

enum {
	NAME_BYTES = 300,
	PATH_BYTES = 1000,
	HASH_BYTES = 16,
	DEPTH_MAX = 3, /* folders below a root */
};

#define KIND   "sounds"
#define BESIDE ".pair" /* fetched, not in its place yet */

static struct {
	struct store *store;
	struct list fetches; /* struct fetch */
	bool is_open;
} sounds;

/* Files below these, in the node's folder. */
static const char *const roots[] = { "music", "mail", "prompts",
				     "announcements", "attendants" };

/* What a file is now. */
struct mark {
	int64_t at_ns;
	int64_t bytes;
};

struct fetch {
	struct le le;
	pair_fetched_h *done;
	void *arg;
};

/* ---- names ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len > n && !strcmp(text + len - n, end);
}

static bool is_in_root(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		size_t n = strlen(roots[i]);

		if (!strncmp(name, roots[i], n) && name[n] == '/')
			return true;
	}

	return false;
}

/* The name of one of ours: it comes from the other node, too. */
static bool is_sound(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	const char *last = name ? strrchr(name, '/') : NULL;

	if (!last || strlen(name) >= NAME_BYTES || name[strspn(name, plain)] ||
	    strstr(name, "/.") || strstr(name, "//") ||
	    !ends_with(name, ".wav") || !is_in_root(name) ||
	    !strncmp(name, "prompts/standard/", 17))
		return false;
	if (strncmp(name, "mail/", 5) != 0)
		return true;

	/* no messages, and none that is still recorded */
	return !strncmp(last, "/greeting", 9) &&
	       strcmp(last, "/greeting-new.wav") != 0 &&
	       strcmp(last, "/greeting-comment.wav") != 0;
}

static void id_of(const char *name, char id[DIRECTORY_ID_SIZE])
{
	unsigned char hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	(void)crypto_generichash(hash, sizeof(hash),
				 (const unsigned char *)name, strlen(name),
				 NULL, 0);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	(void)snprintf(id, DIRECTORY_ID_SIZE, "%.*s", DIRECTORY_ID_SIZE - 1,
		       hex);
}

static void path_of(const char *name, const char *end, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s/%s%s", pbx_settings.dir,
		       pbx_settings.folder, name, end);
}

static bool mark_of(const char *name, const char *end, struct mark *m)
{
	char path[PATH_BYTES];
	struct stat st;

	memset(m, 0, sizeof(*m));
	path_of(name, end, path);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	m->at_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	m->bytes = st.st_size;

	return true;
}

static void remove_file(const char *name, const char *end)
{
	char path[PATH_BYTES];

	path_of(name, end, path);
	(void)unlink(path);
}

static int put_in_place(const char *name)
{
	char from[PATH_BYTES], to[PATH_BYTES];

	path_of(name, BESIDE, from);
	path_of(name, "", to);

	return rename(from, to) ? errno : 0;
}

/* ---- our changes, for the log ---- */

/* The row keeps what the file was that is gone, so that one which a crash has
 * left is known. */
static int add_row(struct store_write *w, const char *id, const char *name,
		   const struct mark *m)
{
	return store_write_add(
		w,
		"INSERT INTO pair_sounds (id, name, at_ns, bytes, is_gone)"
		" VALUES ($1, $2, $3, $4, 0) ON CONFLICT (id)"
		" DO UPDATE SET at_ns = $3, bytes = $4, is_gone = 0",
		STORE_ARGS(store_text(id), store_text(name),
			   store_int(m->at_ns), store_int(m->bytes)));
}

static int add_gone(struct store_write *w, const char *id)
{
	return store_write_add(w,
			       "UPDATE pair_sounds SET is_gone = 1"
			       " WHERE id = $1",
			       STORE_ARGS(store_text(id)));
}

static void enter(const char *name, bool is_gone)
{
	char id[DIRECTORY_ID_SIZE];
	struct store_write *w = NULL;
	struct mark m;
	int err;

	if (!sounds.is_open || !is_sound(name))
		return;
	if (!is_gone && !mark_of(name, "", &m))
		return;

	id_of(name, id);
	err = store_write_alloc(&w, sounds.store);
	if (!err)
		err = is_gone ? add_gone(w, id) : add_row(w, id, name, &m);
	if (!err)
		err = pair_log_shared(w, KIND, id, is_gone);
	if (err)
		mem_deref(w);
	else
		err = store_write_send(w, NULL, NULL);
	if (err)
		log_error("pair", "sound %s: %s", name, strerror(err));
}

/* Below the node's own folder, or NULL. */
static const char *name_in(const char *file)
{
	size_t n = strlen(pbx_settings.folder);

	return !strncmp(file, pbx_settings.folder, n) && file[n] == '/'
		       ? file + n + 1
		       : NULL;
}

void pair_sound_changed(const char *file)
{
	const char *name = name_in(file);

	if (name)
		enter(name, false);
}

void pair_sound_gone(const char *file)
{
	const char *name = name_in(file);

	if (name)
		enter(name, true);
}

/* ---- the kind ---- */

/* The name of an id; false: there is none. */
static bool find(const char *id, char name[NAME_BYTES], bool *is_gone)
{
	struct store_rows *rows = NULL;
	bool is_known;

	if (!id || store_query(&rows, sounds.store,
			       "SELECT name, is_gone FROM pair_sounds"
			       " WHERE id = $1",
			       STORE_ARGS(store_text(id))))
		return false;
	is_known = rows_count(rows) > 0;
	if (is_known) {
		(void)snprintf(name, NAME_BYTES, "%s", rows_text(rows, 0, 0));
		*is_gone = rows_int(rows, 0, 1);
	}
	mem_deref(rows);

	return is_known;
}

static int64_t stamp_of(const char *id)
{
	int64_t stamp = 0;

	(void)pair_log_is_news(pair_kind_find(KIND), id, &stamp);

	return stamp;
}

static int kind_get(json_t **objectp, const char *id, void *arg)
{
	char name[NAME_BYTES];
	struct mark m;
	bool is_gone;

	(void)arg;
	*objectp = NULL;
	if (!find(id, name, &is_gone) || is_gone || !mark_of(name, "", &m))
		return 0;

	*objectp = json_pack("{s:s,s:I,s:I}", "name", name, "bytes",
			     (json_int_t)m.bytes, "stamp",
			     (json_int_t)stamp_of(id));

	return *objectp ? 0 : ENOMEM;
}

static void fetch_destructor(void *data)
{
	struct fetch *f = data;

	list_unlink(&f->le);
}

static void file_here(int err, void *arg)
{
	struct fetch *f = arg;
	pair_fetched_h *done = f->done;
	void *done_arg = f->arg;

	mem_deref(f);
	done(err, done_arg);
}

static int kind_fetch(const char *id, const json_t *object,
		      pair_fetched_h *done, void *arg)
{
	const char *name = json_get_text(object, "name");
	char own[DIRECTORY_ID_SIZE], from[80], path[PATH_BYTES];
	struct fetch *f;
	int err;

	if (!is_sound(name))
		return ECANCELED;
	id_of(name, own);
	if (strcmp(own, id) != 0)
		return ECANCELED;
	if (stamp_of(id) >= json_get_int(object, "stamp", INT64_MAX))
		return 0; /* what is here is as new, and stays */

	f = mem_zalloc(sizeof(*f), fetch_destructor);
	if (!f)
		return ENOMEM;
	f->done = done;
	f->arg = arg;
	list_append(&sounds.fetches, &f->le, f);
	(void)snprintf(from, sizeof(from), KIND "/%s", id);
	path_of(name, BESIDE, path);
	err = pair_file_fetch(from, path, file_here, f);
	if (err)
		mem_deref(f);

	return err ? err : EINPROGRESS;
}

static int kind_put(struct store_write *w, const char *id, const json_t *object,
		    int64_t stamp, void *arg)
{
	const char *name = json_get_text(object, "name");
	struct mark m;

	(void)stamp;
	(void)arg;
	if (!object)
		return add_gone(w, id);
	if (!mark_of(name, BESIDE, &m))
		(void)mark_of(name, "", &m);

	return add_row(w, id, name, &m);
}

/* Whose it is may have gone meanwhile. */
static bool has_owner(const char *name)
{
	char customer[NAME_BYTES] = "";

	if (!strncmp(name, "music/", 6))
		return music_has_owner(name + 6);
	if (sscanf(name, "mail/%299[^/]", customer) < 1 &&
	    sscanf(name, "prompts/%299[^/]", customer) < 1)
		return true;

	return directory_customer(span_of(customer)) != NULL;
}

static void kind_after(const char *id, json_t *object, void *arg)
{
	const char *name = json_get_text(object, "name");
	char was[NAME_BYTES];
	bool is_gone;

	(void)arg;
	if (object && has_owner(name)) {
		int err = put_in_place(name);

		if (err && err != ENOENT) /* a later one has put it there */
			log_error("pair", "%s: %s", name, strerror(err));
	}
	else if (object) {
		remove_file(name, BESIDE);
	}
	else if (find(id, was, &is_gone)) {
		remove_file(was, "");
	}
}

/* ---- for the other node ---- */

static void get_sound(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	char name[NAME_BYTES], path[PATH_BYTES];
	bool is_gone;

	(void)caller;
	(void)arg;
	if (!find(http_param(req, "id"), name, &is_gone) || is_gone) {
		reply_not_found(req, "sound");
		return;
	}
	path_of(name, "", path);
	pair_file_send(req, path, "sound");
}

static const struct route routes[] = {
	{ "GET", "/api/v1/pair/sounds/{id}", "pair", ACTION_RUN, get_sound, 0,
	  "A sound that was uploaded or recorded, for the other node" },
};

/* ---- what the log does not know ---- */

static void settle_row(const char *name, const struct mark *was, bool is_gone)
{
	struct mark m;
	bool is_there;

	if (mark_of(name, BESIDE, &m) && !is_gone && m.at_ns == was->at_ns &&
	    m.bytes == was->bytes)
		(void)put_in_place(name);
	is_there = mark_of(name, "", &m);
	if (!is_there && !is_gone)
		enter(name, true);
	else if (is_there && (m.at_ns != was->at_ns || m.bytes != was->bytes))
		enter(name, false);
	else if (is_there && is_gone)
		remove_file(name, "");
}

static void settle_rows(void)
{
	struct store_rows *rows = NULL;

	if (store_query(&rows, sounds.store,
			"SELECT name, at_ns, bytes, is_gone FROM pair_sounds",
			STORE_NO_ARGS))
		return;
	for (uint32_t i = 0; i < rows_count(rows); i++) {
		const struct mark was = { rows_int(rows, i, 1),
					  rows_int(rows, i, 2) };

		settle_row(rows_text(rows, i, 0), &was, rows_int(rows, i, 3));
	}
	mem_deref(rows);
}

static void settle_file(const char *name)
{
	char id[DIRECTORY_ID_SIZE], was[NAME_BYTES];
	bool is_gone;

	if (ends_with(name, ".wav" BESIDE) || ends_with(name, ".wav.new")) {
		remove_file(name, "");
		return;
	}
	if (!is_sound(name))
		return;
	id_of(name, id);
	if (!find(id, was, &is_gone))
		enter(name, false);
}

static void settle_folder(const char *folder, unsigned depth)
{
	char path[PATH_BYTES], name[NAME_BYTES];
	const struct dirent *e;
	struct stat st;
	DIR *d;

	path_of(folder, "", path);
	d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' ||
		    snprintf(name, sizeof(name), "%s/%s", folder, e->d_name) >=
			    (int)sizeof(name))
			continue;
		path_of(name, "", path);
		if (lstat(path, &st))
			continue;
		if (S_ISREG(st.st_mode))
			settle_file(name);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			settle_folder(name, depth + 1);
	}
	(void)closedir(d);
}

void pair_sound_settle(void)
{
	if (!sounds.is_open)
		return;

	settle_rows();
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		settle_folder(roots[i], 1);
}

/* ---- life ---- */

int pair_sound_start(struct router *router, struct store *store)
{
	static const struct pair_kind kind = {
		.name = KIND,
		.is_shared = true,
		.get = kind_get,
		.fetch = kind_fetch,
		.put = kind_put,
		.after = kind_after,
		.all_sql = "SELECT id FROM pair_sounds WHERE is_gone = 0",
	};
	int err;

	if (pair_role() == PAIR_ALONE)
		return 0;

	sounds.store = mem_ref(store);
	list_init(&sounds.fetches);
	err = store_exec_now(
		store,
		"CREATE TABLE IF NOT EXISTS pair_sounds (id TEXT PRIMARY KEY,"
		" name TEXT NOT NULL, at_ns BIGINT NOT NULL,"
		" bytes BIGINT NOT NULL, is_gone SMALLINT NOT NULL)",
		STORE_NO_ARGS);
	if (!err)
		err = router_routes(router, routes, ARRAY_SIZE(routes), NULL);
	if (!err)
		err = pair_kind_add(&kind);
	sounds.is_open = !err;

	return err;
}

void pair_sound_close(void)
{
	sounds.is_open = false;
	list_flush(&sounds.fetches);
	sounds.store = mem_deref(sounds.store);
}
