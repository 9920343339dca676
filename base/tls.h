/* tls.h - certificates of an installation and contexts made from them
 *
 * First start makes DIR/tls/ca.pem + ca.key (EC P-256) and for each server
 * NAME.pem + NAME.key with localhost, 127.0.0.1, ::1 and the listen address as
 * alternative names.  Own certificates are renewed when fewer than 30 days
 * are left; those the operator put there are never overwritten.
 *
 * Source: design.md section 4.13.
 */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include "base/libre.h"

enum {
	TLS_CA_DAYS = 3650,
	TLS_CERT_DAYS = 397,
	TLS_ALARM_DAYS = 30,
};

/**
 * Make what is missing of CA and certificate.  Safe against several servers
 * starting at once (lock file).
 *
 * @param dir    State folder
 * @param name   Server, "pbx"
 * @param listen Address text to put in the certificate, NULL or "" for none
 * @return 0; errno of a file operation; EPROTO when OpenSSL fails
 */
int tls_make_files(const char *dir, const char *name, const char *listen);

/** What a server wants of a client's certificate. */
enum tls_client {
	TLS_CLIENT_FREE,   /* nothing */
	TLS_CLIENT_NEEDED, /* no connection without one of our CA */
	TLS_CLIENT_ASKED,  /* none is fine, but one shown must be of our CA */
};

/**
 * Server context from DIR/tls/NAME.{pem,key}, for http_server_listen() and
 * SIP: TLS 1.2 or later, buffers released when idle.  tls_reload() renews it
 * in place; connections keep what they have.
 *
 */
int tls_server_ctx(struct tls **tlsp, const char *dir, const char *name,
		   enum tls_client client);

/**
 * Client context that verifies chain and host, and shows DIR/tls/NAME.pem.
 *
 * @param ca_file  PEM to trust; NULL = the system's store
 * @param host     Name or numeric address the certificate must hold; NULL =
 *                 given per connection, tls_client_start()
 * @param cert     PEM of the client certificate, NULL for none
 * @param key      Its key
 */
int tls_client_ctx(struct tls **tlsp, const char *ca_file, const char *host,
		   const char *cert, const char *key);

/**
 * tls_start_tcp() for a client: verifies that the certificate holds this name
 * or numeric address, whatever tls_client_ctx() was given; sends a name as
 * SNI.
 *
 * @param tls  From tls_client_ctx()
 * @param tc   Not yet connected
 */
int tls_client_start(struct tls_conn **scp, struct tls *tls,
		     struct tcp_conn *tc, const char *host);

/** Read the files of all living server contexts again.  A broken file leaves
 * that context as it was and is the result. */
int tls_reload(void);

/** Days until the first of the living server certificates expires (alarm and
 * metric); INT_MAX when there is none. */
int tls_days_left(void);

/** Log an alarm for certificates with fewer than TLS_ALARM_DAYS, renew our
 * own; call daily (it needs no loop). */
void tls_check_expiry(void);

/** Days left of one PEM certificate file; -1 when unreadable. */
int tls_file_days_left(const char *file);

#endif
