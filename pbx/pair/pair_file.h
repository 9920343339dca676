/* pair_file.h - files from one node of a pair to the other
 *
 * GET /api/v1/pair/NAME of the other node, with the pair's token: the answer
 * has the file and its checksum (X-Holdfast-Sum).  What was fetched is in its
 * place whole and flushed, or not at all.  Files are read and written in a
 * thread.
 *
 * Source: CAL-10; docs/decisions/014.
 */
#ifndef PBX_PAIR_FILE_H
#define PBX_PAIR_FILE_H

#include "pbx/pair/pair_log.h"

struct http_request;

int pair_files_start(void);
void pair_files_close(void);

/**
 * Fetch a file.
 *
 * @param name Behind /api/v1/pair/
 * @param path Where it goes; its folder is made
 * @param done Called later, and not after pair_files_close()
 */
int pair_file_fetch(const char *name, const char *path, pair_fetched_h *done,
		    void *arg);

/** Answer the other node with a file; what names it in a 404. */
void pair_file_send(struct http_request *req, const char *path,
		    const char *what);

#endif
