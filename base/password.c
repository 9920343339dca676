/* password.c - see password.h
 *
 * The pool starts with the first question.  A password is copied into its
 * job and wiped with it.
 */
#include <sodium.h>
#include <stdio.h>

#include "base/libre.h"
#include "base/password.h"
#include "base/secrets.h"
#include "base/worker.h"

enum {
	OPERATIONS = 2,
	MEMORY_BYTES = 19 * 1024 * 1024,
	THREADS = 2,
	QUEUE = 64,
};

struct question {
	char password[PASSWORD_MAX + 1];
	char hash[PASSWORD_HASH_SIZE];
	bool has_hash;
	bool is_match;
	int err;
	password_hash_h *hash_done;
	password_verify_h *verify_done;
	void *arg;
};

static struct worker_pool *pool;

static void question_destructor(void *data)
{
	struct question *q = data;

	secret_wipe(q->password, sizeof(q->password));
}

static bool is_usable(const char *password)
{
	size_t len = password ? strlen(password) : 0;

	return len > 0 && len <= PASSWORD_MAX;
}

int password_hash_now(char out[PASSWORD_HASH_SIZE], const char *password)
{
	if (!is_usable(password))
		return EINVAL;
	if (sodium_init() < 0)
		return EIO;

	return crypto_pwhash_str_alg(out, password, strlen(password),
				     OPERATIONS, MEMORY_BYTES,
				     crypto_pwhash_ALG_ARGON2ID13)
		       ? ENOMEM
		       : 0;
}

bool password_verify_now(const char *hash, const char *password)
{
	if (!hash || !is_usable(password) || sodium_init() < 0)
		return false;

	return !crypto_pwhash_str_verify(hash, password, strlen(password));
}

static int question_alloc(struct question **qp, const char *password)
{
	struct question *q;
	int err = 0;

	if (!pool)
		err = worker_pool_alloc(&pool, THREADS, QUEUE);
	if (err)
		return err;

	q = mem_zalloc(sizeof(*q), question_destructor);
	if (!q)
		return ENOMEM;

	snprintf(q->password, sizeof(q->password), "%s", password);
	*qp = q;
	return 0;
}

static void work_hash(void *arg)
{
	struct question *q = arg;

	q->err = password_hash_now(q->hash, q->password);
}

static void hash_is_done(void *arg)
{
	struct question *q = arg;

	q->hash_done(q->err, q->err ? NULL : q->hash, q->arg);
	mem_deref(q);
}

int password_hash(const char *password, password_hash_h *done, void *arg)
{
	struct question *q;
	int err;

	if (!is_usable(password) || !done)
		return EINVAL;

	err = question_alloc(&q, password);
	if (err)
		return err;

	q->hash_done = done;
	q->arg = arg;
	err = worker_give(pool, work_hash, hash_is_done, q);
	if (err)
		mem_deref(q);

	return err;
}

static void work_verify(void *arg)
{
	struct question *q = arg;

	/* Nobody's password takes as long as somebody's. */
	if (q->has_hash)
		q->is_match = password_verify_now(q->hash, q->password);
	else
		password_hash_now(q->hash, q->password);
}

static void verify_is_done(void *arg)
{
	struct question *q = arg;

	q->verify_done(0, q->is_match, q->arg);
	mem_deref(q);
}

int password_verify(const char *hash, const char *password,
		    password_verify_h *done, void *arg)
{
	struct question *q;
	int err;

	if (!done)
		return EINVAL;

	/* What cannot be a password takes its time as well, and is wrong. */
	if (!is_usable(password)) {
		password = "-";
		hash = NULL;
	}

	err = question_alloc(&q, password);
	if (err)
		return err;

	q->has_hash = hash != NULL;
	snprintf(q->hash, sizeof(q->hash), "%s", hash ? hash : "");
	q->verify_done = done;
	q->arg = arg;
	err = worker_give(pool, work_verify, verify_is_done, q);
	if (err)
		mem_deref(q);

	return err;
}

void password_close(void)
{
	pool = mem_deref(pool);
}
