/* key_file.c - DIR/key and DIR/NAME/token: small private files
 *
 * A file is written beside its place, synced and renamed (or linked, where
 * the first to come wins), so that it is whole or absent after a crash.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/key_file.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/secrets.h"

enum {
	KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	KEYS_MAX = 100,
	LINE_SIZE = 11 + 2 * KEY_SIZE + 2,
	FILE_SIZE = KEYS_MAX * LINE_SIZE,
};

struct key {
	uint32_t version;
	unsigned char octets[KEY_SIZE];
};

struct key_file {
	char path[PATH_MAX];
	uint32_t count;
	struct key keys[KEYS_MAX]; /* oldest first */
};

/* ---- files ---- */

int folder_make(const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return ENAMETOOLONG;

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return errno;
		*p = '/';
	}

	return mkdir(copy, 0700) && errno != EEXIST ? errno : 0;
}

static int sync_folder_of(const char *path)
{
	char copy[PATH_MAX];
	int err = 0;
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;

	if (fsync(fd))
		err = errno;
	close(fd);
	return err;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		data += n;
		size -= (size_t)n;
	}

	return fsync(fd) ? errno : 0;
}

int file_put(const char *path, const void *data, size_t size, int is_new)
{
	char beside[PATH_MAX];
	int err;
	int fd;

	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >=
	    (int)sizeof(beside))
		return ENAMETOOLONG;

	fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return errno;

	err = fault_fails("file.put");
	if (!err)
		err = write_all(fd, data, size);
	close(fd);

	if (!err && is_new)
		err = link(beside, path) ? errno : 0;
	else if (!err)
		err = rename(beside, path) ? errno : 0;
	if (err || is_new)
		unlink(beside);

	return err ? err : sync_folder_of(path);
}

int file_get(char *out, size_t size, const char *path)
{
	struct stat st;
	ssize_t n;
	int err = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;

	if (fstat(fd, &st))
		err = errno;
	else if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
		err = EPERM;
	else if ((size_t)st.st_size >= size)
		err = EFBIG;
	if (err)
		goto out;

	n = read(fd, out, size - 1);
	if (n < 0)
		err = errno;
	else
		out[n] = '\0';

out:
	close(fd);
	return err;
}

/* ---- service tokens ---- */

static int make_token(const char *path)
{
	char line[TOKEN_SIZE + 1];
	int err;

	token_make(line);
	line[TOKEN_SIZE - 1] = '\n';
	err = file_put(path, line, TOKEN_SIZE, true);
	secret_wipe(line, sizeof(line));
	return err == EEXIST ? 0 : err;
}

int service_token_load(const char *dir, const char *name, char out[TOKEN_SIZE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789-_";
	char path[PATH_MAX];
	char text[TOKEN_SIZE + 8];
	int err;

	if (!dir || !name || !out || sodium_init() < 0 ||
	    snprintf(path, sizeof(path), "%s/%s", dir, name) >=
		    (int)sizeof(path) - 8)
		return EINVAL;

	err = folder_make(path);
	if (err)
		return err;

	snprintf(path, sizeof(path), "%s/%s/token", dir, name);
	err = file_get(text, sizeof(text), path);
	if (err == ENOENT) {
		err = make_token(path);
		if (!err)
			err = file_get(text, sizeof(text), path);
	}
	if (err)
		return err;

	text[strcspn(text, "\r\n")] = '\0';
	if (strlen(text) != TOKEN_SIZE - 1 ||
	    strspn(text, letters) != TOKEN_SIZE - 1)
		return EINVAL;

	memcpy(out, text, TOKEN_SIZE);
	return 0;
}

/* ---- keys ---- */

static void key_file_destructor(void *data)
{
	struct key_file *k = data;

	sodium_memzero(k, sizeof(*k));
}

static int parse_line(struct key_file *k, const char *line, size_t len)
{
	uint32_t before = k->count ? k->keys[k->count - 1].version : 0;
	struct key *key = &k->keys[k->count];
	unsigned long version;
	size_t got;
	char *end;

	if (k->count >= KEYS_MAX)
		return E2BIG;

	version = strtoul(line, &end, 10);
	if (end == line || *end != ':' || version <= before ||
	    version > UINT32_MAX)
		return EINVAL;

	end++;
	if (len - (size_t)(end - line) != 2 * KEY_SIZE ||
	    sodium_hex2bin(key->octets, KEY_SIZE, end, 2 * KEY_SIZE, NULL, &got,
			   NULL) ||
	    got != KEY_SIZE)
		return EINVAL;

	key->version = (uint32_t)version;
	k->count++;
	return 0;
}

static int parse(struct key_file *k, const char *text)
{
	int err = 0;

	k->count = 0;
	while (*text && !err) {
		size_t len = strcspn(text, "\n");

		if (len)
			err = parse_line(k, text, len);
		text += len + (text[len] == '\n');
	}

	return !err && !k->count ? EINVAL : err;
}

static int save(const struct key_file *k, int is_new)
{
	char text[FILE_SIZE];
	size_t n = 0;
	int err;

	for (uint32_t i = 0; i < k->count; i++) {
		char hex[2 * KEY_SIZE + 1];

		sodium_bin2hex(hex, sizeof(hex), k->keys[i].octets, KEY_SIZE);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%u:%s\n",
				      k->keys[i].version, hex);
		sodium_memzero(hex, sizeof(hex));
	}

	err = file_put(k->path, text, n, is_new);
	sodium_memzero(text, sizeof(text));
	return err;
}

static int key_file_alloc(struct key_file **kp, const char *dir)
{
	struct key_file *k;

	if (!kp || !dir || sodium_init() < 0 || strlen(dir) > PATH_MAX - 16)
		return EINVAL;

	k = mem_zalloc(sizeof(*k), key_file_destructor);
	if (!k)
		return ENOMEM;

	snprintf(k->path, sizeof(k->path), "%s/key", dir);
	*kp = k;
	return 0;
}

int key_file_reload(struct key_file *k)
{
	struct key_file *read;
	char text[FILE_SIZE];
	int err;

	if (!k)
		return EINVAL;

	read = mem_zalloc(sizeof(*read), key_file_destructor);
	if (!read)
		return ENOMEM;

	err = file_get(text, sizeof(text), k->path);
	if (!err)
		err = parse(read, text);
	sodium_memzero(text, sizeof(text));
	if (!err) {
		memcpy(k->keys, read->keys, sizeof(k->keys));
		k->count = read->count;
	}

	mem_deref(read);
	return err;
}

int key_file_load(struct key_file **kp, const char *dir)
{
	struct key_file *k;
	int err;

	err = key_file_alloc(&k, dir);
	if (err)
		return err;

	err = key_file_reload(k);
	if (err)
		mem_deref(k);
	else
		*kp = k;

	return err;
}

int key_file_create(struct key_file **kp, const char *dir)
{
	struct key_file *k;
	int err;

	err = key_file_alloc(&k, dir);
	if (err)
		return err;

	k->count = 1;
	k->keys[0].version = 1;
	randombytes_buf(k->keys[0].octets, KEY_SIZE);
	err = folder_make(dir);
	if (!err)
		err = save(k, true);

	if (err)
		mem_deref(k);
	else
		*kp = k;

	return err;
}

int key_file_open(struct key_file **kp, const char *dir)
{
	int err = key_file_load(kp, dir);

	if (err != ENOENT)
		return err;

	err = key_file_create(kp, dir);
	return err == EEXIST ? key_file_load(kp, dir) : err;
}

int key_file_rotate(struct key_file *k)
{
	struct key *key;
	int err;

	err = key_file_reload(k);
	if (err)
		return err;
	if (k->count >= KEYS_MAX)
		return E2BIG;

	key = &k->keys[k->count];
	key->version = k->keys[k->count - 1].version + 1;
	randombytes_buf(key->octets, KEY_SIZE);
	k->count++;

	err = save(k, false);
	if (err) {
		k->count--;
		sodium_memzero(key, sizeof(*key));
	}

	return err;
}

int key_file_prune(struct key_file *k, uint32_t oldest)
{
	uint32_t drop = 0;
	int err;

	err = key_file_reload(k);
	if (err)
		return err;

	while (drop + 1 < k->count && k->keys[drop].version < oldest)
		drop++;
	if (!drop)
		return 0;

	k->count -= drop;
	memmove(k->keys, k->keys + drop, k->count * sizeof(k->keys[0]));
	sodium_memzero(k->keys + k->count, drop * sizeof(k->keys[0]));
	return save(k, false);
}

uint32_t key_file_version(const struct key_file *k)
{
	return k->keys[k->count - 1].version;
}

uint32_t key_file_older(const struct key_file *k, uint32_t version)
{
	for (uint32_t i = k->count; i--;) {
		if (k->keys[i].version <
		    (version ? version : key_file_version(k)))
			return k->keys[i].version;
	}

	return 0;
}

int key_file_copy(struct key_file **kp, const struct key_file *k)
{
	struct key_file *copy;

	if (!kp || !k)
		return EINVAL;

	copy = mem_zalloc(sizeof(*copy), key_file_destructor);
	if (!copy)
		return ENOMEM;

	memcpy(copy, k, sizeof(*copy));
	*kp = copy;
	return 0;
}

const unsigned char *key_file_find(const struct key_file *k, uint32_t version)
{
	for (uint32_t i = 0; i < k->count; i++) {
		if (k->keys[i].version == version)
			return k->keys[i].octets;
	}

	return NULL;
}
