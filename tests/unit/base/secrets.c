/* secrets.c - tests of base/secrets.h, base/id.h and base/password.h */
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/libre.h"
#include "base/password.h"
#include "base/secrets.h"
#include "base/worker.h"
#include "tests/unit/test.h"

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void fresh_dir(void)
{
	fault_reset();
	if (dir[0])
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	snprintf(dir, sizeof(dir), "/tmp/holdfast-secrets-XXXXXX");
	CHECK(mkdtemp(dir));
	CHECK_INT(secrets_init(), 0);
}

static void ids_are_ordered_and_valid(void)
{
	char before[ID_SIZE];
	char id[ID_SIZE];

	id_make(before);
	for (int i = 0; i < 20000; i++) {
		id_make(id);
		CHECK(id_is_valid(id));
		CHECK(strcmp(before, id) < 0);
		memcpy(before, id, sizeof(id));
	}
	clock_move_ms(-5000);
	id_make(id);
	CHECK(strcmp(before, id) < 0);
	clock_move_ms(5000);
	CHECK(!id_is_valid("short"));
	CHECK(!id_is_valid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
	CHECK(!id_is_valid("01arz3ndektsv4rrffq69g5fau"));
	CHECK(!id_is_valid(NULL));
}

static void tokens_are_random_and_hashed(void)
{
	char a[TOKEN_SIZE];
	char b[TOKEN_SIZE];
	char hash[TOKEN_HASH_SIZE];

	token_make(a);
	token_make(b);
	CHECK_INT(strlen(a), 43);
	CHECK(strcmp(a, b) != 0);
	token_hash(hash, "abc");
	CHECK_STR(hash, "bddd813c634239723171ef3fee98579b"
			"94964e3bb1cb3e427262c8c068d52319");
	CHECK(secret_equal("same", "same"));
	CHECK(!secret_equal("same", "other"));
	CHECK(!secret_equal("same", NULL));
}

static void a_service_token_is_made_once(void)
{
	char a[TOKEN_SIZE];
	char b[TOKEN_SIZE];
	char path[128];
	struct stat st;
	FILE *f;

	fresh_dir();
	CHECK_INT(service_token_load(dir, "pbx", a), 0);
	CHECK_INT(service_token_load(dir, "pbx", b), 0);
	CHECK_STR(a, b);
	CHECK_INT(service_token_load(dir, "uc", b), 0);
	CHECK(strcmp(a, b) != 0);

	snprintf(path, sizeof(path), "%s/pbx/token", dir);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(chmod(path, 0644), 0);
	CHECK_INT(service_token_load(dir, "pbx", a), EPERM);
	CHECK_INT(chmod(path, 0600), 0);
	f = fopen(path, "w");
	fputs("too short\n", f);
	fclose(f);
	CHECK_INT(service_token_load(dir, "pbx", a), EINVAL);
}

static void sealed_secrets_open_only_in_their_place(void)
{
	struct key_file *k;
	char *sealed = NULL;
	char *again = NULL;
	char *open = NULL;

	fresh_dir();
	CHECK_INT(key_file_load(&k, dir), ENOENT);
	CHECK_INT(key_file_open(&k, dir), 0);
	CHECK_INT(secret_seal(&sealed, k, "phone1", "p\xc3\xa4ss"), 0);
	CHECK_INT(secret_seal(&again, k, "phone1", "p\xc3\xa4ss"), 0);
	CHECK(strcmp(sealed, again) != 0);
	CHECK_INT(secret_open(&open, k, "phone1", sealed), 0);
	CHECK_STR(open, "p\xc3\xa4ss");
	open = mem_deref(open);
	CHECK_INT(secret_open(&open, k, "phone2", sealed), EBADMSG);
	sealed[20] = sealed[20] == 'A' ? 'B' : 'A';
	CHECK_INT(secret_open(&open, k, "phone1", sealed), EBADMSG);
	CHECK_INT(secret_open(&open, k, "phone1", "1."), EBADMSG);
	CHECK_INT(secret_open(&open, k, "phone1", "1.AAAA"), EBADMSG);
	CHECK_INT(secret_open(&open, k, "phone1", "x.AAAA"), EBADMSG);
	CHECK_INT(secret_open(&open, k, "phone1", "1.!!"), EBADMSG);
	CHECK_INT(secret_open(&open, k, "phone1", NULL), EBADMSG);
	CHECK(!open);
	mem_deref(sealed);
	CHECK_INT(secret_seal(&sealed, k, "e", ""), 0);
	CHECK_INT(secret_open(&open, k, "e", sealed), 0);
	CHECK_STR(open, "");
	mem_deref(open);
	mem_deref(sealed);
	mem_deref(again);
	mem_deref(k);
}

static void keys_rotate(void)
{
	struct key_file *other;
	struct key_file *k;
	char *old = NULL;
	char *new = NULL;
	char *open = NULL;

	fresh_dir();
	CHECK_INT(key_file_open(&k, dir), 0);
	CHECK_INT(key_file_open(&other, dir), 0);
	CHECK_INT(secret_seal(&old, k, "c", "secret"), 0);
	CHECK(secret_is_fresh(k, old));
	CHECK_INT(key_file_rotate(k), 0);
	CHECK_INT(key_file_version(k), 2);
	CHECK(!secret_is_fresh(k, old));
	CHECK_INT(secret_seal(&new, k, "c", "secret"), 0);
	CHECK(!strncmp(new, "2.", 2));
	CHECK_INT(secret_open(&open, k, "c", old), 0);
	open = mem_deref(open);

	CHECK_INT(secret_open(&open, other, "c", new), ENOKEY);
	CHECK_INT(key_file_reload(other), 0);
	CHECK_INT(secret_open(&open, other, "c", new), 0);
	open = mem_deref(open);

	/* A failing disk leaves the old file and the old state. */
	fault_plan(FAULT_FAIL, "file.put", 1);
	CHECK_INT(key_file_rotate(k), EIO);
	CHECK_INT(key_file_version(k), 2);
	fault_reset();
	CHECK_INT(key_file_reload(k), 0);
	CHECK_INT(key_file_version(k), 2);

	CHECK_INT(key_file_prune(k, 2), 0);
	CHECK_INT(secret_open(&open, k, "c", old), ENOKEY);
	CHECK_INT(secret_open(&open, k, "c", new), 0);
	mem_deref(open);
	mem_deref(old);
	mem_deref(new);
	mem_deref(other);
	mem_deref(k);
}

static void a_damaged_or_open_key_file_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"1\n",
		"1:abcd\n",
		"0:00000000000000000000000000000000"
		"00000000000000000000000000000000\n",
		"1:0000000000000000000000000000000g"
		"00000000000000000000000000000000\n",
	};
	struct key_file *k = NULL;
	char path[128];

	fresh_dir();
	snprintf(path, sizeof(path), "%s/key", dir);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *f = fopen(path, "w");

		fputs(bad[i], f);
		fclose(f);
		chmod(path, 0600);
		CHECK_INT(key_file_open(&k, dir), EINVAL);
	}
	chmod(path, 0640);
	CHECK_INT(key_file_open(&k, dir), EPERM);
	CHECK_INT(key_file_create(&k, dir), EEXIST);
	CHECK(!k);
}

static void sealing_survives_each_allocation_failing(void)
{
	struct key_file *k;
	uint32_t n;

	fresh_dir();
	CHECK_INT(key_file_create(&k, dir), 0);
	mem_deref(k);
	for (n = 1; n < 20; n++) {
		char *sealed = NULL;
		char *open = NULL;
		int err;

		k = NULL;
		fault_plan(FAULT_FAIL, "alloc", n);
		err = key_file_open(&k, dir);
		if (!err)
			err = secret_seal(&sealed, k, "c", "s");
		if (!err)
			err = secret_open(&open, k, "c", sealed);
		fault_reset();
		mem_deref(open);
		mem_deref(sealed);
		mem_deref(k);
		if (!err)
			break;
		CHECK_INT(err, ENOMEM);
	}
	CHECK(n > 3 && n < 20);
}

/* ---- passwords ---- */

static char stored[PASSWORD_HASH_SIZE];
static int verdicts;
static int matches;

static void hashed(int err, const char *hash, void *arg)
{
	(void)arg;
	CHECK_INT(err, 0);
	snprintf(stored, sizeof(stored), "%s", hash);
	re_cancel();
}

static void verified(int err, bool is_match, void *arg)
{
	int *waiting = arg;

	CHECK_INT(err, 0);
	verdicts++;
	matches += is_match;
	if (!--*waiting)
		re_cancel();
}

static void passwords_are_checked_in_the_pool(void)
{
	int waiting = 4;

	CHECK_INT(password_hash("", hashed, NULL), EINVAL);
	CHECK_INT(password_hash("correct horse", hashed, NULL), 0);
	CHECK(!stored[0]);
	re_main(NULL);
	CHECK(!strncmp(stored, "$argon2id$v=19$m=19456,t=2,", 27));
	CHECK(password_verify_now(stored, "correct horse"));
	CHECK(!password_verify_now(stored, "correct hors"));

	verdicts = matches = 0;
	CHECK_INT(password_verify(stored, "correct horse", verified, &waiting),
		  0);
	CHECK_INT(password_verify(stored, "wrong", verified, &waiting), 0);
	CHECK_INT(password_verify(NULL, "correct horse", verified, &waiting),
		  0);
	CHECK_INT(password_verify(stored, "", verified, &waiting), 0);
	re_main(NULL);
	CHECK_INT(verdicts, 4);
	CHECK_INT(matches, 1);
}

static void a_flood_of_passwords_is_told_busy(void)
{
	int waiting = 0;
	int busy = 0;

	for (int i = 0; i < 100; i++) {
		int err = password_verify(stored, "x", verified, &waiting);

		if (err)
			CHECK_INT(err, EBUSY);
		busy += err != 0;
		waiting += !err;
	}
	CHECK(busy > 0 && waiting >= 64);
	re_main(NULL);
	CHECK_INT(waiting, 0);
	password_close();
}

/* ---- worker pool ---- */

static void sleep_a_little(void *arg)
{
	(void)arg;
	usleep(2000);
}

static void count_done(void *arg)
{
	(void)arg;
	verdicts++;
}

static void given_destructor(void *data)
{
	(void)data;
	matches++;
}

static void a_dropped_pool_calls_nobody(void)
{
	struct worker_pool *p;

	CHECK_INT(worker_pool_alloc(&p, 0, 1), EINVAL);
	CHECK_INT(worker_pool_alloc(&p, 2, 100), 0);
	verdicts = 0;
	for (int i = 0; i < 20; i++)
		CHECK_INT(worker_run(p, sleep_a_little, count_done, NULL), 0);
	for (int i = 0; i < 20; i++)
		CHECK_INT(worker_give(p, sleep_a_little, count_done,
				      mem_zalloc(1, given_destructor)),
			  0);
	CHECK_INT(worker_pending(p), 40);
	matches = 0;
	mem_deref(p);
	CHECK_INT(verdicts, 0);
	CHECK_INT(matches, 20);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct test tests[] = {
	{ "ids are ordered and valid", ids_are_ordered_and_valid },
	{ "tokens are random, their hash is not",
	  tokens_are_random_and_hashed },
	{ "a service token is made once and kept private",
	  a_service_token_is_made_once },
	{ "sealed secrets open only in their place",
	  sealed_secrets_open_only_in_their_place },
	{ "keys rotate, old secrets still open", keys_rotate },
	{ "a damaged or readable key file is refused",
	  a_damaged_or_open_key_file_is_refused },
	{ "sealing survives each allocation failing",
	  sealing_survives_each_allocation_failing },
	{ "passwords are checked in the pool",
	  passwords_are_checked_in_the_pool },
	{ "a flood of passwords is told busy",
	  a_flood_of_passwords_is_told_busy },
	{ "a dropped pool calls nobody", a_dropped_pool_calls_nobody },
	{ "the folder is removed", remove_dir },
};

TEST_MAIN("base/secrets", tests)
