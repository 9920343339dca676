/* tls_files.c - makes the CA and the servers' certificates; see tls.h
 *
 * Each file is written beside its place and renamed, key before certificate;
 * a lock file lets several servers start at once.
 */
#define USE_OPENSSL 1
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/log.h"
#include "base/net.h"
#include "base/tls.h"

enum { PATH_BYTES = 512, NAMES_BYTES = 512 };

#define OWN_ISSUER "Holdfast installation CA"

static int path_make(char out[PATH_BYTES], const char *dir, const char *name,
		     const char *end)
{
	const int n = snprintf(out, PATH_BYTES, "%s/tls/%s%s", dir, name, end);

	return n < 0 || n >= PATH_BYTES ? ENAMETOOLONG : 0;
}

static X509 *cert_read(const char *file)
{
	FILE *f = fopen(file, "re");
	X509 *cert;

	if (!f)
		return NULL;

	cert = PEM_read_X509(f, NULL, NULL, NULL);
	(void)fclose(f);

	return cert;
}

static EVP_PKEY *key_read(const char *file)
{
	FILE *f = fopen(file, "re");
	EVP_PKEY *key;

	if (!f)
		return NULL;

	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	(void)fclose(f);

	return key;
}

/* Write to FILE.new and rename; key or certificate, the other is NULL. */
static int pem_write(const char *file, EVP_PKEY *key, X509 *cert)
{
	char fresh[PATH_BYTES + 8];
	FILE *f = NULL;
	int fd, err = 0;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", file);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	f = fdopen(fd, "w");
	if (!f) {
		err = errno;
		(void)close(fd);
		return err;
	}

	if (key &&
	    PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1)
		err = EPROTO;
	if (cert && PEM_write_X509(f, cert) != 1)
		err = EPROTO;
	if (fflush(f) || fsync(fd))
		err = err ? err : errno;
	if (fclose(f))
		err = err ? err : errno;
	if (!err && rename(fresh, file))
		err = errno;
	if (err)
		(void)unlink(fresh);

	return err;
}

static bool extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);

	return ok;
}

static bool serial_set(X509 *cert)
{
	uint8_t octets[16];
	BIGNUM *n;
	bool ok;

	if (getrandom(octets, sizeof(octets), 0) != sizeof(octets))
		return false;

	octets[0] &= 0x7f;
	n = BN_bin2bn(octets, sizeof(octets), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);

	return ok;
}

/* A certificate without extensions and signature.  It is valid from an hour
 * ago: clocks differ. */
static X509 *cert_begin(EVP_PKEY *key, const char *name, int days)
{
	X509 *cert = X509_new();
	X509_NAME *subject;

	if (!cert)
		return NULL;

	subject = X509_get_subject_name(cert);
	if (X509_set_version(cert, 2) != 1 || !serial_set(cert) ||
	    !X509_gmtime_adj(X509_getm_notBefore(cert), -3600) ||
	    !X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * days) ||
	    X509_set_pubkey(cert, key) != 1 ||
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
				       (const unsigned char *)name, -1, -1,
				       0) != 1) {
		X509_free(cert);
		return NULL;
	}

	return cert;
}

static int ca_make(const char *cert_file, const char *key_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? cert_begin(key, OWN_ISSUER, TLS_CA_DAYS) : NULL;
	int err = EPROTO;

	if (!cert ||
	    X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
	    !extension_add(cert, cert, NID_basic_constraints,
			   "critical,CA:TRUE,pathlen:0") ||
	    !extension_add(cert, cert, NID_key_usage,
			   "critical,keyCertSign,cRLSign") ||
	    !extension_add(cert, cert, NID_subject_key_identifier, "hash") ||
	    !X509_sign(cert, key, EVP_sha256()))
		goto out;

	err = pem_write(key_file, key, NULL);
	if (!err)
		err = pem_write(cert_file, NULL, cert);

out:
	X509_free(cert);
	EVP_PKEY_free(key);

	return err;
}

/* localhost, both loopbacks, and the address listened on. */
static void names_make(char out[NAMES_BYTES], const char *listen)
{
	uint8_t octets[16];
	size_t len;

	len = (size_t)snprintf(out, NAMES_BYTES,
			       "DNS:localhost,IP:127.0.0.1,IP:::1");
	if (!listen || !listen[0] || strlen(listen) > 64)
		return;

	if (inet_pton(AF_INET, listen, octets) == 1 ||
	    inet_pton(AF_INET6, listen, octets) == 1)
		(void)snprintf(out + len, NAMES_BYTES - len, ",IP:%s", listen);
	else if (strspn(listen, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		 strlen(listen))
		(void)snprintf(out + len, NAMES_BYTES - len, ",DNS:%s", listen);
}

/* The names of the certificate that is renewed, or the usual ones. */
static bool names_add(X509 *cert, X509 *ca, X509 *old, const char *names)
{
	const int at = old ? X509_get_ext_by_NID(old, NID_subject_alt_name, -1)
			   : -1;

	if (at >= 0)
		return X509_add_ext(cert, X509_get_ext(old, at), -1) == 1;

	return extension_add(cert, ca, NID_subject_alt_name, names);
}

static int cert_make(const char *cert_file, const char *key_file,
		     const char *name, const char *listen, X509 *ca,
		     EVP_PKEY *ca_key)
{
	X509 *old = listen ? NULL : cert_read(cert_file);
	char names[NAMES_BYTES];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? cert_begin(key, name, TLS_CERT_DAYS) : NULL;
	int err = EPROTO;

	names_make(names, listen);
	if (!cert ||
	    X509_set_issuer_name(cert, X509_get_subject_name(ca)) != 1 ||
	    !extension_add(cert, ca, NID_basic_constraints,
			   "critical,CA:FALSE") ||
	    !extension_add(cert, ca, NID_key_usage,
			   "critical,digitalSignature") ||
	    !extension_add(cert, ca, NID_ext_key_usage,
			   "serverAuth,clientAuth") ||
	    !extension_add(cert, ca, NID_subject_key_identifier, "hash") ||
	    !extension_add(cert, ca, NID_authority_key_identifier, "keyid") ||
	    !names_add(cert, ca, old, names) ||
	    !X509_sign(cert, ca_key, EVP_sha256()))
		goto out;

	err = pem_write(key_file, key, NULL);
	if (!err)
		err = pem_write(cert_file, NULL, cert);

out:
	X509_free(old);
	X509_free(cert);
	EVP_PKEY_free(key);

	return err;
}

static int days_left(const X509 *cert)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) !=
	    1)
		return -1;

	return days < 0 || seconds < 0 ? -1 : days;
}

int tls_file_days_left(const char *file)
{
	X509 *cert = file ? cert_read(file) : NULL;
	const int days = cert ? days_left(cert) : -1;

	X509_free(cert);

	return days;
}

/* Whether a certificate holds the name or address that is listened on. */
static bool holds(X509 *cert, const char *listen)
{
	if (!listen || !listen[0])
		return true;

	return X509_check_ip_asc(cert, listen, 0) == 1 ||
	       X509_check_host(cert, listen, 0, 0, NULL) == 1;
}

/* A pair of ours has run low, or lacks the address, or is half there.  The
 * operator's own (another issuer) is left alone. */
static bool needs_making(const char *cert_file, const char *key_file,
			 const char *listen, X509 *ca)
{
	X509 *cert = cert_read(cert_file);
	EVP_PKEY *key = key_read(key_file);
	bool needs = true;

	/* a damaged file may be the operator's, and the key beside it the
	 * only one */
	if (!cert && !access(cert_file, F_OK)) {
		log_error("tls", "not a certificate file=%s", cert_file);
		needs = false;
	}
	else if (cert && X509_NAME_cmp(X509_get_issuer_name(cert),
				       X509_get_subject_name(ca)))
		needs = false;
	else if (cert && key)
		needs = days_left(cert) < TLS_ALARM_DAYS ||
			!holds(cert, listen) ||
			X509_check_private_key(cert, key) != 1;

	X509_free(cert);
	EVP_PKEY_free(key);

	return needs;
}

/* The CA's key may have been taken off the machine: then certificates are not
 * made here any more, which is no error while they are there. */
static int pair_make(const char *dir, const char *name, const char *listen)
{
	char ca_file[PATH_BYTES], ca_key_file[PATH_BYTES];
	char cert_file[PATH_BYTES], key_file[PATH_BYTES];
	EVP_PKEY *ca_key = NULL;
	X509 *ca = NULL;
	int err;

	err = path_make(ca_file, dir, "ca", ".pem");
	err = err ? err : path_make(ca_key_file, dir, "ca", ".key");
	err = err ? err : path_make(cert_file, dir, name, ".pem");
	err = err ? err : path_make(key_file, dir, name, ".key");
	if (err)
		return err;

	if (access(ca_file, F_OK)) {
		err = ca_make(ca_file, ca_key_file);
		if (err)
			return err;
		log_info("tls", "made the installation's CA file=%s", ca_file);
	}

	ca = cert_read(ca_file);
	if (!ca)
		return EPROTO;
	if (!needs_making(cert_file, key_file, listen, ca))
		goto out;

	ca_key = key_read(ca_key_file);
	if (!ca_key || X509_check_private_key(ca, ca_key) != 1) {
		err = EPROTO;
		goto out;
	}
	err = cert_make(cert_file, key_file, name, listen, ca, ca_key);
	if (!err)
		log_info("tls", "made a certificate file=%s", cert_file);

out:
	X509_free(ca);
	EVP_PKEY_free(ca_key);

	return err;
}

static int folder_make(const char *dir)
{
	char path[PATH_BYTES];

	if (mkdir(dir, 0700) && errno != EEXIST)
		return errno;
	if (snprintf(path, sizeof(path), "%s/tls", dir) >= (int)sizeof(path))
		return ENAMETOOLONG;

	return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

int tls_make_files(const char *dir, const char *name, const char *listen)
{
	char lock[PATH_BYTES], address[64];
	struct sa sa;
	int err, fd;

	if (!dir || !name || !name[0] || strpbrk(name, "/."))
		return EINVAL;

	/* every address is no name to be known by */
	if (listen && !sa_set_str(&sa, listen, 0) && sa_is_any(&sa)) {
		net_reachable(&sa, NULL);
		(void)re_snprintf(address, sizeof(address), "%j", &sa);
		listen = address;
	}

	err = folder_make(dir);
	if (err)
		return err;
	err = path_make(lock, dir, "lock", "");
	if (err)
		return err;

	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	err = flock(fd, LOCK_EX) ? errno : pair_make(dir, name, listen);
	(void)close(fd);

	return err;
}
