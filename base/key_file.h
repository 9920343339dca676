/* key_file.h - the keys themselves, for base/secrets.c only */
#ifndef BASE_KEY_FILE_H
#define BASE_KEY_FILE_H

#include <stddef.h>
#include <stdint.h>

struct key_file;

/** The 32 octets of a version, or NULL. */
const unsigned char *key_file_find(const struct key_file *k, uint32_t version);

/**
 * Put a whole file in place at once, mode 0600, durable.
 *
 * @param is_new Never replace one: EEXIST
 */
int file_put(const char *path, const void *data, size_t size, int is_new);

/** Read a small file nobody else may read.  0; EPERM; EFBIG; errno. */
int file_get(char *out, size_t size, const char *path);

/** Make a folder and those above it, mode 0700. */
int folder_make(const char *path);

#endif
