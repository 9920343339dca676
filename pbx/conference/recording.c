/* recording.c - see recording.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/key_file.h"
#include "base/log.h"
#include "base/store.h"
#include "base/wheel.h"
#include "pbx/conference/recording.h"
#include "pbx/speech/sound_row.h"

enum {
	WAV_HEAD = 44,
	OCTETS_A_MS = 16,
	SHORTEST_MS = 20,
	SWEEP_MS = 3600 * 1000,
	AGAIN_MS = 1000,
	DAY_MS = 24 * 3600 * 1000,
};

static struct {
	char dir[400];
	uint32_t days;
	struct store *store;
	struct table by_id;
	struct list all;
	struct wheel_timer sweep;
	struct wheel_timer again; /* what the disk has refused */
} recs;

static const char *const schema =
	"CREATE TABLE IF NOT EXISTS recordings (id TEXT PRIMARY KEY,"
	" customer TEXT NOT NULL, call TEXT NOT NULL, user TEXT NOT NULL,"
	" number TEXT NOT NULL, name TEXT NOT NULL, peer TEXT NOT NULL,"
	" peer_name TEXT NOT NULL, at_ms BIGINT NOT NULL,"
	" length_ms BIGINT NOT NULL, is_whole SMALLINT NOT NULL,"
	" is_dropped SMALLINT NOT NULL, marks TEXT NOT NULL)";

const struct list *recording_list(void)
{
	return &recs.all;
}

const char *recording_state(const struct recording *r)
{
	return r->is_whole ? "whole" : r->is_paused ? "paused" : "recording";
}

/* ---- files ---- */

void recording_file(const struct recording *r, char out[RECORDING_PATH])
{
	(void)snprintf(out, RECORDING_PATH, "pbx/recordings/%s/%s.wav",
		       r->customer, r->id);
}

static void path_of(const char *file, char out[RECORDING_PATH])
{
	int n = snprintf(out, RECORDING_PATH, "%s/%s", recs.dir, file);

	if (n < 0 || n >= RECORDING_PATH)
		out[0] = '\0';
}

void recording_path(const struct recording *r, char out[RECORDING_PATH])
{
	char file[RECORDING_PATH];

	recording_file(r, file);
	path_of(file, out);
}

static void file_remove(const char *file)
{
	char path[RECORDING_PATH];

	path_of(file, path);
	if (unlink(path) && errno != ENOENT)
		log_warn("recording", "%s: %s", path, strerror(errno));
}

static int make_folder(const char *customer)
{
	char file[RECORDING_PATH], path[RECORDING_PATH];

	(void)snprintf(file, sizeof(file), "pbx/recordings/%s", customer);
	path_of(file, path);

	return folder_make(path);
}

/* ---- objects ---- */

static void recording_destructor(void *data)
{
	struct recording *r = data;

	list_unlink(&r->le);
	table_remove(&recs.by_id, &r->by_id);
	json_decref(r->marks);
}

struct recording *recording_find(const char *id)
{
	struct span s = span_of(id ? id : "");
	struct table_entry *e = table_first(&recs.by_id, hash_span(0, s));

	for (; e; e = table_next(e)) {
		struct recording *r = CONTAINER_OF(e, struct recording, by_id);

		if (span_equal(span_of(r->id), s))
			return r;
	}

	return NULL;
}

static struct recording *add(const char *id)
{
	struct recording *r = mem_zalloc(sizeof(*r), recording_destructor);

	if (!r)
		return NULL;

	(void)snprintf(r->id, sizeof(r->id), "%s", id);
	r->marks = json_array();
	table_add(&recs.by_id, &r->by_id, hash_span(0, span_of(r->id)));
	list_append(&recs.all, &r->le, r);

	return r;
}

static int save(const struct recording *r);

static void save_again(void *arg)
{
	bool is_late = false;

	for (struct le *le = list_head(&recs.all); le; le = le->next) {
		struct recording *r = le->data;

		if (r->is_unsaved)
			r->is_unsaved = save(r) != 0;
		is_late = is_late || r->is_unsaved;
	}
	if (is_late)
		wheel_start(&recs.again, AGAIN_MS, save_again, arg);
}

/* arg: its id.  What the disk has refused is tried again while it is there:
 * a sound without row would be nobody's. */
static void saved(const struct store_result *result, void *arg)
{
	struct recording *r = result->err ? recording_find(arg) : NULL;

	if (result->err)
		log_error("recording", "%s is not on the disk: %s",
			  (const char *)arg, strerror(result->err));
	if (r && recs.store) {
		r->is_unsaved = true;
		if (!wheel_is_running(&recs.again))
			wheel_start(&recs.again, AGAIN_MS, save_again, NULL);
	}
	mem_deref(arg);
}

static int save(const struct recording *r)
{
	char *marks = json_dumps(r->marks, JSON_COMPACT);
	char *id = mem_zalloc(sizeof(r->id), NULL);
	int err = ENOMEM;

	if (id) {
		memcpy(id, r->id, sizeof(r->id));
		err = store_write(
			recs.store, saved, id,
			"INSERT INTO recordings (id, customer, call, user,"
			" number, name, peer, peer_name, at_ms, length_ms,"
			" is_whole, is_dropped, marks) VALUES ($1, $2, $3, $4,"
			" $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT"
			" (id) DO UPDATE SET length_ms = $10, is_whole = $11,"
			" is_dropped = $12, marks = $13",
			STORE_ARGS(store_text(r->id), store_text(r->customer),
				   store_text(r->call), store_text(r->user),
				   store_text(r->number), store_text(r->name),
				   store_text(r->peer),
				   store_text(r->peer_name),
				   store_int((int64_t)r->at_ms),
				   store_int((int64_t)r->length_ms),
				   store_int(r->is_whole),
				   store_int(r->is_dropped),
				   store_text(marks ? marks : "[]")));
	}
	if (err)
		mem_deref(id);
	free(marks);

	return err;
}

static void update(struct recording *r)
{
	int err = save(r);

	if (!err)
		return;
	log_error("recording", "%s: %s", r->id, strerror(err));
	r->is_unsaved = true;
	if (!wheel_is_running(&recs.again))
		wheel_start(&recs.again, AGAIN_MS, save_again, NULL);
}

int recording_begin(struct recording **rp, const struct recording *like)
{
	char id[ID_SIZE];
	struct recording *r;
	int err = make_folder(like->customer);

	if (err)
		return err;
	id_make(id);
	r = add(id);
	if (!r)
		return ENOMEM;

	memcpy(r->customer, like->customer, sizeof(r->customer));
	memcpy(r->call, like->call, sizeof(r->call));
	memcpy(r->user, like->user, sizeof(r->user));
	memcpy(r->number, like->number, sizeof(r->number));
	memcpy(r->name, like->name, sizeof(r->name));
	memcpy(r->peer, like->peer, sizeof(r->peer));
	memcpy(r->peer_name, like->peer_name, sizeof(r->peer_name));
	r->at_ms = clock_wall_ms();
	err = save(r);
	if (err) {
		mem_deref(r);
		return err;
	}
	recording_mark(r, "started");
	*rp = r;

	return 0;
}

void recording_mark(struct recording *r, const char *what)
{
	if (json_array_size(r->marks) >= RECORDING_MARKS_MAX)
		return;

	json_array_append_new(r->marks, json_pack("{s:I, s:s}", "at_ms",
						  (json_int_t)clock_wall_ms(),
						  "what", what));
	update(r);
}

void recording_delete(struct recording *r)
{
	char path[RECORDING_PATH];
	int err;

	recording_path(r, path);
	err = sound_row_remove(recs.store,
			       "DELETE FROM recordings WHERE id = $1", r->id,
			       path);
	if (err)
		log_error("recording", "%s: %s", r->id, strerror(err));
	mem_deref(r);
}

void recording_end(struct recording *r, uint64_t length_ms, bool is_good)
{
	if (r->is_whole)
		return;
	if (!is_good || r->is_dropped || length_ms < SHORTEST_MS) {
		log_info("recording", "%s of call %s is not kept", r->id,
			 r->call);
		recording_delete(r);
		return;
	}

	r->is_whole = true;
	r->length_ms = length_ms;
	recording_mark(r, "ended");
}

void recordings_forget(const char *customer)
{
	struct le *le = list_head(&recs.all);

	while (le) {
		struct recording *r = le->data;

		le = le->next;
		if (!strcmp(r->customer, customer) && r->is_whole)
			recording_delete(r);
	}
}

/* ---- what an earlier life has left ---- */

static void settle(struct recording *r)
{
	char path[RECORDING_PATH], file[RECORDING_PATH + 8];
	struct stat st;

	recording_path(r, path);
	if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_size > WAV_HEAD) {
		recording_end(r,
			      (uint64_t)(st.st_size - WAV_HEAD) / OCTETS_A_MS,
			      true);
		return;
	}
	(void)snprintf(file, sizeof(file), "pbx/recordings/%s/%s.wav.part",
		       r->customer, r->id);
	file_remove(file);
	recording_end(r, 0, false);
}

void recordings_settle(void)
{
	struct le *le = list_head(&recs.all);

	while (le) {
		struct recording *r = le->data;

		le = le->next;
		if (!r->is_whole && !r->goes_on)
			settle(r);
	}
}

static void sweep(void *arg)
{
	uint64_t now = clock_wall_ms();
	uint64_t age = (uint64_t)recs.days * DAY_MS;
	struct le *le = list_head(&recs.all);

	(void)arg;
	while (le) {
		struct recording *r = le->data;

		le = le->next;
		if (r->is_whole && r->at_ms + age < now)
			recording_delete(r);
	}
	wheel_start(&recs.sweep, SWEEP_MS, sweep, NULL);
}

/* ---- life ---- */

static void text(char *out, size_t size, const struct store_rows *rows,
		 uint32_t i, uint32_t column)
{
	const char *value = rows_text(rows, i, column);

	(void)re_snprintf(out, size, "%s", value ? value : "");
}

static void take_row(const struct store_rows *rows, uint32_t i)
{
	struct recording *r = add(rows_text(rows, i, 0));
	json_t *marks;

	if (!r)
		return;
	text(r->customer, sizeof(r->customer), rows, i, 1);
	text(r->call, sizeof(r->call), rows, i, 2);
	text(r->user, sizeof(r->user), rows, i, 3);
	text(r->number, sizeof(r->number), rows, i, 4);
	text(r->name, sizeof(r->name), rows, i, 5);
	text(r->peer, sizeof(r->peer), rows, i, 6);
	text(r->peer_name, sizeof(r->peer_name), rows, i, 7);
	r->at_ms = (uint64_t)rows_int(rows, i, 8);
	r->length_ms = (uint64_t)rows_int(rows, i, 9);
	r->is_whole = rows_int(rows, i, 10);
	r->is_dropped = rows_int(rows, i, 11);
	marks = json_loads(rows_text(rows, i, 12), 0, NULL);
	if (json_is_array(marks)) {
		const char *last = json_get_text(
			json_array_get(marks, json_array_size(marks) - 1),
			"what");

		r->is_paused = last && !strcmp(last, "paused");
		json_decref(r->marks);
		r->marks = json_incref(marks);
	}
	json_decref(marks);
}

static int load(void)
{
	char last[DIRECTORY_ID_SIZE] = "";
	uint32_t count;

	do {
		struct store_rows *rows = NULL;
		int err = store_query(
			&rows, recs.store,
			"SELECT id, customer, call, user, number, name, peer,"
			" peer_name, at_ms, length_ms, is_whole, is_dropped,"
			" marks FROM recordings WHERE id > $1 ORDER BY id"
			" LIMIT 1000",
			STORE_ARGS(store_text(last)));

		if (err)
			return err;
		count = rows_count(rows);
		for (uint32_t i = 0; i < count; i++)
			take_row(rows, i);
		if (count)
			(void)snprintf(last, sizeof(last), "%s",
				       rows_text(rows, count - 1, 0));
		mem_deref(rows);
	} while (count == 1000);

	return 0;
}

static bool is_known(const char *id)
{
	return recording_find(id) != NULL;
}

static void remove_strays(void)
{
	char path[RECORDING_PATH];

	path_of("pbx/recordings", path);
	sound_row_sweep(path, 1, is_known);
}

int recordings_start(const char *dir, uint32_t days)
{
	char url[500];
	int err;

	if (strlen(dir) >= sizeof(recs.dir))
		return ENAMETOOLONG;
	(void)snprintf(recs.dir, sizeof(recs.dir), "%s", dir);
	recs.days = days;
	list_init(&recs.all);
	err = table_init(&recs.by_id, 1024);
	if (err)
		return err;

	(void)snprintf(url, sizeof(url), "sqlite:%s/pbx/recordings.db", dir);
	err = store_open(&recs.store, url, STORE_FULL_SYNC);
	if (!err)
		err = store_exec_now(recs.store, schema, STORE_NO_ARGS);
	if (!err)
		err = load();
	if (!err)
		remove_strays();
	if (err)
		log_error("recording", "cannot open recordings.db: %s",
			  strerror(err));
	else if (days)
		sweep(NULL);

	return err;
}

void recordings_close(void)
{
	const struct store *store;

	wheel_stop(&recs.sweep);
	store = recs.store;
	recs.store = mem_deref(recs.store);
	sound_row_close(store);
	wheel_stop(&recs.again);
	list_flush(&recs.all);
	table_close(&recs.by_id);
}
