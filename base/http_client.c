/* http_client.c - libcurl's multi interface on the loop; see http_client.h
 *
 * curl tells which descriptors and which timeout it wants; we tell it what
 * happened.  A call's handler is never run from within http_client_request():
 * curl starts transfers from its timer.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "base/wheel.h"

struct http_client {
	CURLM *multi;
	struct wheel_timer timer;
	struct list calls;
	uint32_t count;
	bool is_closing;
};

/* One descriptor curl has us watch. */
struct watch {
	struct http_client *client;
	int fd;
};

struct http_call {
	struct le le;
	struct http_client *client; /* NULL when ended */
	CURL *easy;
	struct curl_slist *fields;
	struct mbuf *body; /* of the answer */
	char *sent;        /* body of the request */
	bool is_owned;     /* the caller has a reference too */
	bool is_over;      /* answer longer than the cap */
	http_client_h *h;
	void *arg;
	char why[CURL_ERROR_SIZE];
};

static void calls_ended(struct http_client *client);

static void timer_due(void *arg)
{
	struct http_client *client = mem_ref(arg);
	int running;

	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0,
				 &running);
	calls_ended(client);
	mem_deref(client);
}

static int timer_wanted(CURLM *multi, long ms, void *arg)
{
	struct http_client *client = arg;

	(void)multi;
	if (ms < 0)
		wheel_stop(&client->timer);
	else
		wheel_start(&client->timer, (uint64_t)ms, timer_due, client);

	return 0;
}

static void watch_ready(int flags, void *arg)
{
	struct watch *w = arg;
	struct http_client *client = mem_ref(w->client);
	int action = 0, running;

	if (flags & FD_READ)
		action |= CURL_CSELECT_IN;
	if (flags & FD_WRITE)
		action |= CURL_CSELECT_OUT;
	if (flags & FD_EXCEPT)
		action |= CURL_CSELECT_ERR;

	curl_multi_socket_action(client->multi, w->fd, action, &running);
	calls_ended(client);
	mem_deref(client);
}

static void watch_destructor(void *data)
{
	struct watch *w = data;

	if (w->fd >= 0)
		fd_close(w->fd);
}

static int watch_wanted(CURL *easy, curl_socket_t fd, int what, void *arg,
			void *watch)
{
	struct http_client *client = arg;
	struct watch *w = watch;
	int flags = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(client->multi, fd, NULL);
		mem_deref(w);
		return 0;
	}

	if (!w) {
		w = mem_zalloc(sizeof(*w), watch_destructor);
		if (!w)
			return -1;
		w->client = client;
		w->fd = fd;
		curl_multi_assign(client->multi, fd, w);
	}

	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		flags |= FD_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		flags |= FD_WRITE;

	return fd_listen(fd, flags, watch_ready, w) ? -1 : 0;
}

static int error_of(const struct http_call *call, CURLcode code)
{
	long os_error = 0;

	if (call->is_over)
		return EFBIG;

	switch (code) {
	case CURLE_OK: return 0;
	case CURLE_COULDNT_RESOLVE_HOST: return EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_error);
		return os_error ? (int)os_error : ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT: return ETIMEDOUT;
	case CURLE_OUT_OF_MEMORY: return ENOMEM;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE: return ECONNRESET;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: return EINVAL;
	default: return EPROTO;
	}
}

/* Take it from curl and the client; the client's reference is dropped. */
static void call_remove(struct http_call *call)
{
	struct http_client *client = call->client;

	if (!client)
		return;

	call->client = NULL;
	list_unlink(&call->le);
	--client->count;
	curl_multi_remove_handle(client->multi, call->easy);
}

static void call_end(struct http_call *call, CURLcode code)
{
	http_client_h *h = call->h;
	const int err = error_of(call, code);
	long status = 0;
	const char *body = "";
	size_t len = 0;

	if (!err) {
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		if (call->body && !mbuf_write_u8(call->body, 0)) {
			body = (const char *)call->body->buf;
			len = call->body->end - 1;
		}
	}
	else {
		log_debug("http-client", "call failed: %s",
			  call->why[0] ? call->why : curl_easy_strerror(code));
	}

	/* the client's reference lives on until the handler is through */
	mem_ref(call);
	call->h = NULL;
	call_remove(call);
	if (!call->is_owned)
		mem_deref(call);
	if (h)
		h(err, (int)status, body, len, call->arg);
	mem_deref(call);
}

static void calls_ended(struct http_client *client)
{
	CURLMsg *m;
	int left;

	while (!client->is_closing &&
	       (m = curl_multi_info_read(client->multi, &left))) {
		char *call = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
		call_end((struct http_call *)(void *)call, m->data.result);
	}
}

static void client_destructor(void *data)
{
	struct http_client *client = data;
	struct le *le;

	client->is_closing = true;
	while ((le = list_head(&client->calls))) {
		struct http_call *call = le->data;
		const bool is_owned = call->is_owned;

		call->h = NULL;
		call_remove(call);
		if (!is_owned)
			mem_deref(call);
	}
	curl_multi_cleanup(client->multi);
	wheel_stop(&client->timer);
}

int http_client_alloc(struct http_client **cp)
{
	static bool is_ready;
	struct http_client *client;

	if (!cp)
		return EINVAL;

	if (!is_ready && curl_global_init(CURL_GLOBAL_DEFAULT))
		return ENOMEM;
	is_ready = true;

	client = mem_zalloc(sizeof(*client), client_destructor);
	if (!client)
		return ENOMEM;

	client->multi = curl_multi_init();
	if (!client->multi) {
		mem_deref(client);
		return ENOMEM;
	}

	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 16L);

	*cp = client;

	return 0;
}

static size_t body_received(char *p, size_t size, size_t count, void *arg)
{
	struct http_call *call = arg;
	const size_t n = size * count;

	if (!call->body)
		call->body = mbuf_alloc(n + 1);
	if (!call->body)
		return 0;
	if (call->body->end + n > HTTP_CLIENT_BODY_MAX_BYTES) {
		call->is_over = true;
		return 0;
	}

	return mbuf_write_mem(call->body, (const uint8_t *)p, n) ? 0 : n;
}

static void call_destructor(void *data)
{
	struct http_call *call = data;

	call_remove(call);
	if (call->easy)
		curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->fields);
	mem_deref(call->body);
	mem_deref(call->sent);
}

static int field_add(struct http_call *call, const char *line)
{
	struct curl_slist *all;

	if (strpbrk(line, "\r\n"))
		return EINVAL;

	all = curl_slist_append(call->fields, line);
	if (!all)
		return ENOMEM;

	call->fields = all;

	return 0;
}

static int fields_set(struct http_call *call, const struct http_params *p)
{
	char line[4096];
	int err = 0;

	if (p->bearer) {
		if (snprintf(line, sizeof(line), "Authorization: Bearer %s",
			     p->bearer) >= (int)sizeof(line))
			return EINVAL;
		err |= field_add(call, line);
	}
	if (p->json) {
		err |= field_add(call, "Content-Type: application/json");
	}
	else if (p->body && p->content_type) {
		snprintf(line, sizeof(line), "Content-Type: %s",
			 p->content_type);
		err |= field_add(call, line);
	}
	for (size_t i = 0; p->headers && p->headers[i]; i++)
		err |= field_add(call, p->headers[i]);

	/* no round trip before a body, which ours are too short for */
	err |= field_add(call, "Expect:");
	if (!err)
		curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->fields);

	return err;
}

static int body_set(struct http_call *call, const struct http_params *p)
{
	size_t len = p->body_len;

	if (p->json) {
		call->sent = json_text(p->json, &len);
		if (!call->sent)
			return ENOMEM;
	}
	else if (p->body) {
		call->sent = mem_alloc(len + 1, NULL);
		if (!call->sent)
			return ENOMEM;
		memcpy(call->sent, p->body, len);
	}
	else if (!p->method ||
		 (strcmp(p->method, "POST") && strcmp(p->method, "PUT"))) {
		return 0;
	}

	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)(call->sent ? len : 0));
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS,
			 call->sent ? call->sent : "");

	return 0;
}

static void tls_set(struct http_call *call, const struct http_params *p)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (p->ca_file) {
		curl_easy_setopt(e, CURLOPT_CAINFO, p->ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (p->cert_file)
		curl_easy_setopt(e, CURLOPT_SSLCERT, p->cert_file);
	if (p->key_file)
		curl_easy_setopt(e, CURLOPT_SSLKEY, p->key_file);
}

static void call_set(struct http_call *call, const struct http_params *p)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, (char *)(void *)call);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->why);
	curl_easy_setopt(e, CURLOPT_URL, p->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
			 p->timeout_ms ? (long)p->timeout_ms : 10000L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
			 p->connect_ms ? (long)p->connect_ms : 3000L);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_received);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "holdfast/" HOLDFAST_VERSION);
	if (p->method && !strcmp(p->method, "HEAD"))
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	else if (p->method)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, p->method);
}

int http_client_request(struct http_call **callp, struct http_client *client,
			const struct http_params *p, http_client_h *h,
			void *arg)
{
	struct http_call *call;
	int err;

	if (!client || !p || !p->url || !h)
		return EINVAL;

	call = mem_zalloc(sizeof(*call), call_destructor);
	if (!call)
		return ENOMEM;

	call->h = h;
	call->arg = arg;
	call->is_owned = callp != NULL;
	call->easy = curl_easy_init();
	if (!call->easy) {
		err = ENOMEM;
		goto out;
	}

	err = body_set(call, p);
	if (err)
		goto out;
	call_set(call, p);
	tls_set(call, p);
	err = fields_set(call, p);
	if (err)
		goto out;

	if (curl_multi_add_handle(client->multi, call->easy)) {
		err = ENOMEM;
		goto out;
	}
	call->client = client;
	list_append(&client->calls, &call->le, call);
	++client->count;

out:
	if (err)
		mem_deref(call);
	else if (callp)
		*callp = call;

	return err;
}

uint32_t http_client_calls(const struct http_client *client)
{
	return client->count;
}

const char *http_call_header(const struct http_call *call, const char *name)
{
	struct curl_header *field;

	if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &field))
		return NULL;

	return field->value;
}
