/* service.h - what every server program does the same way
 *
 * Reads the configuration, opens key file and service token, makes the HTTP
 * server with /healthz, /readyz and /metrics, lets the program start, listens
 * (plain on loopback, with TLS elsewhere) and runs the loop until a signal.
 * SIGHUP reads certificates and keys again.
 */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/secrets.h"
#include "base/text.h"

struct http_server;

struct service {
	struct conf *conf;
	struct key_file *keys;
	struct http_server *http;
	char token[TOKEN_SIZE]; /* the service token */
	char url[128];          /* where others reach us, no final slash */
};

struct service_program {
	const char *name;   /* "uc"; names its folder and files, too */
	uint16_t rest_port; /* offset from the port base */
	const struct setting *settings;
	size_t settings_count;
	const struct text *texts;
	size_t texts_count;

	/**
	 * Make what the program is, before the first request can come.
	 *
	 * @param statep Dropped with mem_deref() at the end, after the HTTP
	 *               server
	 */
	int (*start)(struct service *service, void **statep);
};

/** The whole main() of a server; returns its exit code. */
int service_main(const struct service_program *program, int argc, char *argv[]);

#endif
