/* http_client.h - HTTP requests that never block the loop (libcurl)
 *
 * One client a process is enough: it keeps connections alive and runs any
 * number of calls.  No redirects are followed, no proxy of the environment is
 * used, only http and https.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <jansson.h>

#include "base/libre.h"

struct http_client;
struct http_call;

enum { HTTP_CLIENT_BODY_MAX_BYTES = 16777216 };

/** Zeroed fields take defaults.  All strings are copied. */
struct http_params {
	const char *method; /* "GET" */
	const char *url;
	const char *bearer; /* Authorization: Bearer ... */
	json_t *json;       /* body; borrowed */
	const void *body;   /* or raw octets, with content_type */
	size_t body_len;
	const char *content_type;
	const char *const *headers; /* "Name: value", NULL-terminated */
	uint32_t timeout_ms;        /* whole call; 10,000 */
	uint32_t connect_ms;        /* 3,000 */
	const char *ca_file;        /* https: NULL = the system's */
	const char *cert_file;      /* mutual TLS, PEM, or NULL */
	const char *key_file;
};

/**
 * The call has ended; comes once, never before http_client_request() returns.
 *
 * @param err    0 when an answer came, whatever its status; ECONNREFUSED,
 *               ETIMEDOUT, ECONNRESET, EPROTO (TLS or HTTP broken), EHOSTUNREACH
 *               (name), EFBIG (body over cap)
 * @param status HTTP status, 0 on err
 * @param body   NUL-terminated, valid during the call only
 */
typedef void(http_client_h)(int err, int status, const char *body, size_t len,
			    void *arg);

int http_client_alloc(struct http_client **cp);

/**
 * Start a request.
 *
 * @param callp  NULL if never cancelled.  Else set on success; the reference
 *               is the caller's: mem_deref() before the end cancels (no
 *               handler call), afterwards just releases
 * @return 0; EINVAL; ENOMEM
 */
int http_client_request(struct http_call **callp, struct http_client *client,
			const struct http_params *params, http_client_h *h,
			void *arg);

/** Calls in work. */
uint32_t http_client_calls(const struct http_client *client);

/** Field of the answer, valid inside the handler; NULL when absent. */
const char *http_call_header(const struct http_call *call, const char *name);

#endif
