/* secrets.h - tokens, the key file, and secrets kept encrypted
 *
 * Tokens are 256 random bits in base64url; only their hash is stored.
 * Secrets that must be read again (SIP passwords) are sealed with
 * XChaCha20-Poly1305 under the newest key of DIR/key, bound to a context (the
 * object's id), so that a sealed text copied to another row does not open.
 * The key file holds one line a key: version, colon, 64 hex digits.
 */
#ifndef BASE_SECRETS_H
#define BASE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

enum {
	TOKEN_SIZE = 44,      /* 43 base64url characters and NUL */
	TOKEN_HASH_SIZE = 65, /* 64 hex digits and NUL           */
	SECRET_MAX = 4096,    /* octets of a secret              */
};

struct key_file;

/** Must be called once by every program before the rest.  0 or EIO. */
int secrets_init(void);

/** Random octets from the system. */
void random_bytes(void *out, size_t size);

/** A new random token. */
void token_make(char out[TOKEN_SIZE]);

/** What is stored and looked up in its place: BLAKE2b-256, hex. */
void token_hash(char out[TOKEN_HASH_SIZE], const char *token);

/** Compare two texts in time that does not tell where they differ. */
bool secret_equal(const char *a, const char *b);

/** Overwrite memory in a way the compiler keeps. */
void secret_wipe(void *p, size_t size);

/**
 * Read DIR/NAME/token; the first to come makes it (mode 0600, folders too).
 *
 * @param dir  The installation's state folder
 * @param name "portal", "uc", "pbx" or "border"
 * @param out  43 characters and NUL
 *
 * @return 0; EPERM if others may read the file; EINVAL if it is damaged;
 *         another errno of the file system
 */
int service_token_load(const char *dir, const char *name, char out[TOKEN_SIZE]);

/**
 * Open DIR/key, making it (mode 0600, one key) when absent.
 *
 * @param kp Set on success; drop with mem_deref(), which wipes it
 *
 * @return 0; EPERM if others may read it; EINVAL if damaged; ...
 */
int key_file_open(struct key_file **kp, const char *dir);

/** Open it, ENOENT when absent. */
int key_file_load(struct key_file **kp, const char *dir);

/** Make it, EEXIST when there is one. */
int key_file_create(struct key_file **kp, const char *dir);

/** Add a newer key to the file and to k; old ones still decrypt. */
int key_file_rotate(struct key_file *k);

/** Read the file again after somebody else rotated it. */
int key_file_reload(struct key_file *k);

/** Version of the newest key. */
uint32_t key_file_version(const struct key_file *k);

/** The newest version before one, 0 = before the newest of all; 0 if there is
 * none. */
uint32_t key_file_older(const struct key_file *k, uint32_t version);

/** A copy for another thread. */
int key_file_copy(struct key_file **kp, const struct key_file *k);

/** Forget keys older than a version; when all rows are sealed anew. */
int key_file_prune(struct key_file *k, uint32_t oldest);

/**
 * Encrypt a secret.
 *
 * @param sealedp Text to store ("1.NONCE+BOX", base64url); mem_deref() it
 * @param context What it belongs to, e.g. the object's id
 * @param secret  Up to SECRET_MAX octets
 *
 * @return 0, EINVAL, ENOMEM
 */
int secret_seal(char **sealedp, const struct key_file *k, const char *context,
		const char *secret);

/**
 * Decrypt it.
 *
 * @param secretp NUL-terminated; wiped by its mem_deref()
 *
 * @return 0; EBADMSG if it or the context is not what was sealed; ENOKEY if
 *         its key version is not in the file; ENOMEM
 */
int secret_open(char **secretp, const struct key_file *k, const char *context,
		const char *sealed);

/** Whether it is sealed under the newest key. */
bool secret_is_fresh(const struct key_file *k, const char *sealed);

#endif
