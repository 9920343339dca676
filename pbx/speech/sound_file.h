/* sound_file.h - WAV files below the state folder, got and given by REST
 *
 * Read and written in a thread.  A file is sent whole or (Range: bytes=) a
 * part of it; one that is taken is checked, flushed and put in its place
 * whole or not at all.
 */
#ifndef PBX_SOUND_FILE_H
#define PBX_SOUND_FILE_H

#include <stdint.h>

#include "base/span.h"

struct http_request;

enum { SOUND_FILE_TAKE_MAX = 16 * 1024 * 1024 - 4096 };

int sound_files_start(const char *dir);
void sound_files_close(void);

/** Answer with a file; what names it in a 404. */
void sound_send(struct http_request *req, const char *file, const char *what);

/** It is in its place: answer the request. */
typedef void(sound_taken_h)(struct http_request *req, void *arg);

/**
 * Take the body of a request as a file; faults are answered here.
 *
 * @param file  Below the state folder; its folder is made
 * @param max_s Longest in seconds; 0: as long as the body may be
 * @param arg   mem object: a reference is kept; or NULL
 */
void sound_take(struct http_request *req, const char *file, uint32_t max_s,
		sound_taken_h *h, void *arg);

/** Write a file whole and on the disk, or not at all; for threads.
 *
 * @param part Its name while it is written
 */
int sound_write(const char *path, const char *part, struct span body);

/**
 * Write one file of the sounds of two (from, then after), in a thread.
 *
 * @param h Called with 0 or an errno and the length in ms
 */
typedef void(sound_joined_h)(int err, uint64_t ms, void *arg);
int sound_join(const char *to, const char *from, const char *after,
	       sound_joined_h *h, void *arg);

#endif
