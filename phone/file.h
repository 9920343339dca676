/* file.h - small files of a phone's state folder
 *
 * All are the user's alone (mode 0600 in folders of 0700) and are replaced
 * whole, so that a power cut leaves the old or the new one.
 */
#ifndef PHONE_FILE_H
#define PHONE_FILE_H

#include <stddef.h>

struct mbuf;

/** Read a whole file.  0; EFBIG beyond max octets; an errno. */
int file_read(struct mbuf **mbp, const char *path, size_t max);

/** Replace a file's contents.  0 or an errno. */
int file_replace(const char *path, const char *text, size_t length);

#endif
