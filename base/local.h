/* local.h - lines of text between two processes of one machine
 *
 * A socket named by a file, for its owner only.  A link hands on one line at
 * a time and keeps what the other does not read yet, both up to a limit; it
 * never blocks the loop.  The path may be longer than a socket's name allows.
 */
#ifndef BASE_LOCAL_H
#define BASE_LOCAL_H

#include <stddef.h>

#include "base/span.h"

/**
 * Listen; a file left by a dead process is taken over.
 *
 * @param fdp Set on success: non-blocking, the caller's to close
 *
 * @return 0; EADDRINUSE when a living process listens there; an errno
 */
int local_listen(int *fdp, const char *path);

/** Connect; fdp is non-blocking.  0; ECONNREFUSED or ENOENT when nobody
 * listens; an errno. */
int local_connect(int *fdp, const char *path);

struct local_link;

/** A line without its end.  The handler may drop the link. */
typedef void(local_line_h)(struct span line, void *arg);

/** The link has ended: EPIPE by the other, EMSGSIZE a line too long, ENOBUFS
 * the other does not read.  Drop it here or later. */
typedef void(local_closed_h)(int err, void *arg);

struct local_limits {
	size_t line_max;   /* octets of a line that comes */
	size_t output_max; /* octets that wait to go */
};

/**
 * Make a link of a connected descriptor.
 *
 * @param lp Set on success; drop with mem_deref(), which calls nobody
 * @param fd The link's to close, on success only
 *
 * @return 0; EINVAL; ENOMEM
 */
int local_link_alloc(struct local_link **lp, int fd,
		     const struct local_limits *limits, local_line_h *line,
		     local_closed_h *closed, void *arg);

/** Send one line; its end is added.  0; ENOBUFS, ENOTCONN: the link ends (the
 * handler is told from the loop). */
int local_link_send(struct local_link *l, struct span line);

#endif
