/* server.h - stop, start and look at one supervised server
 *
 * Works through the files of DIR/run that the supervisor watches
 * (ctl/supervise.h); needs no connection to it.
 */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include <sys/types.h>

#include "ctl/layout.h"

enum { SERVER_LIMIT_MS = 15000 };

/** Process id from its pid file, 0 when it is down. */
pid_t server_pid(const char *dir, const char *name);

/** Process id of the supervisor, 0 when none runs. */
pid_t server_supervisor(const char *dir);

/** Keep it down and wait until it is.  0; ESRCH when no supervisor runs;
 * ETIMEDOUT. */
int server_stop(const char *dir, const char *name);

/** Bring it back and wait until it is ready.  As server_stop(). */
int server_start(const struct layout *l, const char *name);

/** Whether it says that it is ready, by /readyz or over its socket.
 * why gets a sentence when it is not. */
bool server_is_ready(const struct layout *l, const char *name, char *why,
		     size_t size);

/** Wait until /readyz of the server says yes.  0 or ETIMEDOUT. */
int server_wait_ready(const struct layout *l, const char *name,
		      unsigned limit_ms);

/** Read one number of a server's /metrics.  0; ENOENT without such a row;
 * EHOSTUNREACH. */
int server_metric(const struct layout *l, const char *name, const char *metric,
		  int64_t *valuep);

#endif
