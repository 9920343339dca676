/* tls.c - contexts over the files of tls_files.c; see tls.h
 *
 * Living server contexts stand in a list so that tls_reload() finds them.  A
 * context belongs to libre; we hold it through a small object that the list
 * keeps until nobody else holds the context.
 */
#define USE_OPENSSL 1
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/tls.h"

enum { PATH_BYTES = 512 };

struct tls_entry {
	struct le le;
	struct tls *tls;
	char cert[PATH_BYTES];
	char key[PATH_BYTES];
	char dir[PATH_BYTES];
	char name[64];
};

static struct list entries;

static void entry_destructor(void *data)
{
	struct tls_entry *e = data;

	list_unlink(&e->le);
	mem_deref(e->tls);
}

/* Forget contexts that only we still hold. */
static void entries_sweep(void)
{
	struct le *le = list_head(&entries);

	while (le) {
		struct tls_entry *e = le->data;

		le = le->next;
		if (mem_nrefs(e->tls) == 1)
			mem_deref(e);
	}
}

static int openssl_failed(const char *what)
{
	char text[160] = "";
	const unsigned long code = ERR_get_error();

	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	log_debug("tls", "%s: %s", what, text);

	return EPROTO;
}

static int files_use(SSL_CTX *ctx, const char *cert, const char *key)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return openssl_failed("certificate");
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return openssl_failed("key");
	if (SSL_CTX_check_private_key(ctx) != 1)
		return openssl_failed("key and certificate");

	return 0;
}

static int context_alloc(struct tls **tlsp, SSL_CTX **ctxp)
{
	struct tls *tls;
	SSL_CTX *ctx;
	int err;

	err = tls_alloc(&tls, TLS_METHOD_SSLV23, NULL, NULL);
	if (err)
		return err;

	ctx = tls_openssl_context(tls);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
		mem_deref(tls);
		return openssl_failed("versions");
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	*tlsp = tls;
	*ctxp = ctx;

	return 0;
}

static int client_ask(SSL_CTX *ctx, const char *dir, enum tls_client client)
{
	int mode = SSL_VERIFY_PEER;
	char ca[PATH_BYTES];

	if (snprintf(ca, sizeof(ca), "%s/tls/ca.pem", dir) >= (int)sizeof(ca))
		return ENAMETOOLONG;
	if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
		return openssl_failed("ca.pem");

	SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(ca));
	if (client == TLS_CLIENT_NEEDED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, NULL);

	return 0;
}

int tls_server_ctx(struct tls **tlsp, const char *dir, const char *name,
		   enum tls_client client)
{
	struct tls_entry *e;
	SSL_CTX *ctx;
	int err;

	if (!tlsp || !dir || !name)
		return EINVAL;

	entries_sweep();
	e = mem_zalloc(sizeof(*e), entry_destructor);
	if (!e)
		return ENOMEM;

	if (snprintf(e->cert, sizeof(e->cert), "%s/tls/%s.pem", dir, name) >=
		    (int)sizeof(e->cert) ||
	    snprintf(e->key, sizeof(e->key), "%s/tls/%s.key", dir, name) >=
		    (int)sizeof(e->key) ||
	    snprintf(e->name, sizeof(e->name), "%s", name) >=
		    (int)sizeof(e->name)) {
		err = ENAMETOOLONG;
		goto out;
	}
	(void)snprintf(e->dir, sizeof(e->dir), "%s", dir);

	err = context_alloc(&e->tls, &ctx);
	if (err)
		goto out;
	/* sessions are resumed by ticket; a context shared by many servers
	 * needs a name for them when clients show certificates */
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"hf", 2);
	err = files_use(ctx, e->cert, e->key);
	if (!err && client != TLS_CLIENT_FREE)
		err = client_ask(ctx, dir, client);

out:
	if (err) {
		mem_deref(e);
	}
	else {
		list_append(&entries, &e->le, e);
		*tlsp = mem_ref(e->tls);
	}

	return err;
}

/* The name or numeric address that the certificate must hold. */
static int host_demand(X509_VERIFY_PARAM *param, const char *host)
{
	struct sa sa;

	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!sa_set_str(&sa, host, 0))
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? 0
								       : EPROTO;

	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 ? 0 : EPROTO;
}

int tls_client_ctx(struct tls **tlsp, const char *ca_file, const char *host,
		   const char *cert, const char *key)
{
	struct tls *tls;
	SSL_CTX *ctx;
	int err, ok;

	if (!tlsp || (cert && !key))
		return EINVAL;

	err = context_alloc(&tls, &ctx);
	if (err)
		return err;

	ok = ca_file ? SSL_CTX_load_verify_locations(ctx, ca_file, NULL)
		     : SSL_CTX_set_default_verify_paths(ctx);
	if (ok != 1) {
		err = openssl_failed("authorities");
		goto out;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (host)
		err = host_demand(SSL_CTX_get0_param(ctx), host);
	if (!err && cert)
		err = files_use(ctx, cert, key);

out:
	if (err)
		mem_deref(tls);
	else
		*tlsp = tls;

	return err;
}

int tls_client_start(struct tls_conn **scp, struct tls *tls,
		     struct tcp_conn *tc, const char *host)
{
	X509_VERIFY_PARAM *param;
	struct sa sa;
	int err;

	if (!scp || !tls || !tc || !host)
		return EINVAL;

	/* the connection copies the context's parameters when it is made; that
	 * is the one way libre leaves to an address */
	param = SSL_CTX_get0_param(tls_openssl_context(tls));
	X509_VERIFY_PARAM_set1_host(param, NULL, 0);
	X509_VERIFY_PARAM_set1_ip(param, NULL, 0);
	err = host_demand(param, host);
	if (err)
		return err;

	err = tls_start_tcp(scp, tls, tc, 0);
	if (err)
		return err;

	return sa_set_str(&sa, host, 0) ? tls_set_servername(*scp, host) : 0;
}

int tls_reload(void)
{
	struct le *le;
	int result = 0;

	entries_sweep();
	LIST_FOREACH(&entries, le) {
		const struct tls_entry *e = le->data;
		SSL_CTX *try = SSL_CTX_new(TLS_method());
		int err = try ? files_use(try, e->cert, e->key) : ENOMEM;

		/* tried on another one first: a broken pair must not leave
		 * half of itself in the context that serves */
		SSL_CTX_free(try);
		if (!err)
			err = files_use(tls_openssl_context(e->tls), e->cert,
					e->key);
		if (err) {
			log_error("tls", "cannot reload file=%s", e->cert);
			result = err;
		}
	}

	return result;
}

int tls_days_left(void)
{
	int least = INT_MAX;
	struct le *le;

	entries_sweep();
	LIST_FOREACH(&entries, le) {
		const struct tls_entry *e = le->data;
		const int days = tls_file_days_left(e->cert);

		if (days < least)
			least = days;
	}

	return least;
}

void tls_check_expiry(void)
{
	bool is_renewed = false;
	struct le *le;

	entries_sweep();
	LIST_FOREACH(&entries, le) {
		const struct tls_entry *e = le->data;
		int days = tls_file_days_left(e->cert);

		if (days >= TLS_ALARM_DAYS)
			continue;
		if (!tls_make_files(e->dir, e->name, NULL)) {
			days = tls_file_days_left(e->cert);
			is_renewed = is_renewed || days >= TLS_ALARM_DAYS;
		}
		if (days < TLS_ALARM_DAYS)
			log_error("tls",
				  "alarm: certificate expires in %d days "
				  "file=%s",
				  days, e->cert);
	}

	if (is_renewed)
		(void)tls_reload();
}
