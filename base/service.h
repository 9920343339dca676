/* service.h - what every server program does the same way
 *
 * Reads the configuration, opens key file and service token, makes the HTTP
 * server with /healthz, /readyz and /metrics, lets the program start, listens
 * (plain on loopback; with TLS elsewhere, where the service token is taken
 * only with a certificate of the installation) and runs the loop until a signal.
 * SIGHUP reads certificates and keys again and seals stored secrets under the
 * newest key (reseal.h, also at start); certificates that run low are
 * renewed daily.
 */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/secrets.h"
#include "base/text.h"

struct http_params;
struct http_server;
struct tls;

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

/** What a server shows to, and demands of, the other servers beyond loopback:
 * DIR/tls/ca.pem and its own DIR/tls/NAME.{pem,key}. */
struct service_files {
	char ca[512];
	char cert[512];
	char key[512];
};

/** 0; ENAMETOOLONG. */
int service_files(struct service_files *f, const struct conf *conf);

/** Context for ws_connect() to another server of the installation.  Make it
 * anew for each connection: the files may have been renewed. */
int service_tls_client(struct tls **tlsp, const struct conf *conf);

/**
 * Fill in the files of a call to another server of the installation; they
 * mean nothing to a plain http URL.
 *
 * @param f Room for the names, kept until http_client_request() returns
 */
int service_http_params(struct http_params *params, struct service_files *f,
			const struct conf *conf);

/** The whole main() of a server; returns its exit code. */
int service_main(const struct service_program *program, int argc, char *argv[]);

#endif
