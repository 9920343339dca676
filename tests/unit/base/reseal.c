/* reseal.c - tests of base/reseal.h over an SQLite file */
#include <ftw.h>
#include <unistd.h>

#include "base/json.h"
#include "base/libre.h"
#include "base/loop.h"
#include "base/reseal.h"
#include "base/store.h"
#include "base/wheel.h"
#include "tests/unit/test.h"

static char dir[64];
static struct store *store;
static struct key_file *keys;
static struct wheel_timer poll_timer;
static uint32_t polls;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void set_up(void)
{
	char url[100];

	(void)snprintf(dir, sizeof(dir), "/tmp/holdfast-reseal-XXXXXX");
	CHECK(mkdtemp(dir));
	CHECK_INT(loop_init(), 0);
	CHECK_INT(secrets_init(), 0);
	CHECK_INT(key_file_open(&keys, dir), 0);
	(void)snprintf(url, sizeof(url), "sqlite:%s/t.db", dir);
	CHECK_INT(store_open(&store, url, STORE_NORMAL_SYNC), 0);
	CHECK_INT(store_exec_now(store, "CREATE TABLE t (id TEXT, v TEXT)",
				 STORE_NO_ARGS),
		  0);
}

static void tear_down(void)
{
	reseal_close();
	store = mem_deref(store);
	keys = mem_deref(keys);
	loop_close();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *id, const char *v)
{
	CHECK_INT(store_exec_now(store, "INSERT INTO t VALUES ($1, $2)",
				 STORE_ARGS(store_text(id), store_text(v))),
		  0);
}

static void poll_end(void *arg)
{
	(void)arg;
	if (reseal_version() || reseal_failures() || ++polls > 1000)
		loop_stop();
	else
		wheel_start(&poll_timer, 10, poll_end, NULL);
}

static void poll_sent(void *arg)
{
	(void)arg;
	if (store_pending(store) || reseal_version())
		loop_stop();
	else
		wheel_start(&poll_timer, 0, poll_sent, NULL);
}

/* One run, to its end. */
static void reseal_all(void)
{
	polls = 0;
	CHECK_INT(reseal_start(keys), 0);
	wheel_start(&poll_timer, 10, poll_end, NULL);
	CHECK_INT(loop_run(), 0);
	CHECK(polls <= 1000);
}

static json_t *sealed_object(const char *secret)
{
	char *text = NULL;
	json_t *json;

	CHECK_INT(secret_seal(&text, keys, "test", secret), 0);
	json = json_pack("{s:s}", "sealed", text);
	mem_deref(text);

	return json;
}

/* Rows with several secrets in lists and objects, more than a batch of them
 * under one key, and some rows without any. */
static void texts_within_json(void)
{
	static const struct reseal_column column = { "t", "id", "v", "test",
						     true };
	struct store_rows *rows = NULL;
	struct reseal *r = NULL;
	char *secret = NULL, *text;
	json_t *json;

	set_up();
	for (int i = 0; i < 3 * RESEAL_BATCH; i++) {
		json = json_pack("{s:[{s:o}],s:{s:o},s:s}", "list", "pin",
				 sealed_object("1234"), "in", "token",
				 sealed_object("abc"), "name", "1.x");
		text = json_text(json, NULL);
		put(i < 2 * RESEAL_BATCH ? "same" : "other", text);
		mem_deref(text);
		json_decref(json);
	}
	put("none", "{\"name\":\"1.x\"}");
	CHECK_INT(reseal_add(&r, store, &column), 0);
	CHECK_INT(key_file_rotate(keys), 0);
	reseal_all();
	CHECK_INT(reseal_version(), 2);

	CHECK_INT(key_file_prune(keys, 2), 0);
	CHECK_INT(store_query(&rows, store, "SELECT v FROM t ORDER BY id",
			      STORE_NO_ARGS),
		  0);
	CHECK_INT(rows_count(rows), 3 * RESEAL_BATCH + 1);
	CHECK_STR(rows_text(rows, 0, 0), "{\"name\":\"1.x\"}");
	for (uint32_t i = 1; i < rows_count(rows); i++) {
		const json_t *pin, *token;

		json = json_loads(rows_text(rows, i, 0), 0, NULL);
		pin = json_object_get(
			json_array_get(json_object_get(json, "list"), 0),
			"pin");
		token = json_object_get(json_object_get(json, "in"), "token");
		CHECK_INT(secret_open(&secret, keys, "test",
				      json_get_text(pin, "sealed")),
			  0);
		CHECK_STR(secret, "1234");
		secret = mem_deref(secret);
		CHECK_INT(secret_open(&secret, keys, "test",
				      json_get_text(token, "sealed")),
			  0);
		CHECK_STR(secret, "abc");
		secret = mem_deref(secret);
		json_decref(json);
	}
	mem_deref(rows);
	mem_deref(r);
	tear_down();
}

static void what_does_not_open_is_told(void)
{
	static const struct reseal_column column = { "t", "id", "v", NULL,
						     false };
	struct reseal *r = NULL;
	char *text = NULL;

	set_up();
	CHECK_INT(secret_seal(&text, keys, "b", "secret"), 0);
	put("a", text); /* sealed for another row */
	put("b", text);
	mem_deref(text);
	CHECK_INT(reseal_add(&r, store, &column), 0);
	CHECK_INT(key_file_rotate(keys), 0);
	reseal_all();
	CHECK_INT(reseal_version(), 0);
	CHECK_INT(reseal_failures(), 1);

	CHECK_INT(store_exec_now(store, "DELETE FROM t WHERE id = 'a'",
				 STORE_NO_ARGS),
		  0);
	reseal_all();
	CHECK_INT(reseal_version(), 2);
	mem_deref(r);
	tear_down();
}

static void a_column_may_go_in_the_middle(void)
{
	static const struct reseal_column column = { "t", "id", "v", "test",
						     false };
	struct reseal *r = NULL;
	char *text = NULL;

	set_up();
	for (int i = 0; i < 3 * RESEAL_BATCH; i++) {
		CHECK_INT(secret_seal(&text, keys, "test", "secret"), 0);
		put("x", text);
		text = mem_deref(text);
	}
	CHECK_INT(reseal_add(&r, store, &column), 0);
	CHECK_INT(key_file_rotate(keys), 0);
	CHECK_INT(reseal_start(keys), 0);
	wheel_start(&poll_timer, 0, poll_sent, NULL);
	CHECK_INT(loop_run(), 0);
	mem_deref(r);
	tear_down();
}

static const struct test tests[] = {
	{ "texts within JSON are sealed anew, whatever shares their key",
	  texts_within_json },
	{ "a secret that does not open is told and keeps the old key",
	  what_does_not_open_is_told },
	{ "a column that goes away in the middle takes its batch along",
	  a_column_may_go_in_the_middle },
};

TEST_MAIN("base/reseal", tests)
