/* password.h - people's passwords, as argon2id hashes (t=2, 19 MiB)
 *
 * A hash costs about 8 ms of processor and 19 MiB, so it is done in a pool of
 * two threads (base/worker.h) whose queue is short: a flood of sign-ins gets
 * EBUSY (answer 503) instead of taking the machine.
 */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include <stdbool.h>

enum {
	PASSWORD_HASH_SIZE = 128,
	PASSWORD_MAX = 256, /* octets */
};

/** hash is NULL unless err is 0. */
typedef void(password_hash_h)(int err, const char *hash, void *arg);

/** err is 0 whether it matches or not; ENOMEM and the like otherwise. */
typedef void(password_verify_h)(int err, bool is_match, void *arg);

/** Hash in the pool.  0, EINVAL (empty or too long), EBUSY, ENOMEM. */
int password_hash(const char *password, password_hash_h *done, void *arg);

/**
 * Compare in the pool.
 *
 * @param hash As stored, or NULL for "no such user": then as much time is
 *             taken and the answer is no
 *
 * @return 0, EBUSY, ENOMEM; done is called only after 0
 */
int password_verify(const char *hash, const char *password,
		    password_verify_h *done, void *arg);

/** Hash here and now; for tools and start-up. */
int password_hash_now(char out[PASSWORD_HASH_SIZE], const char *password);

/** Compare here and now; for tools. */
bool password_verify_now(const char *hash, const char *password);

/** Stop the pool; at the program's end. */
void password_close(void);

#endif
