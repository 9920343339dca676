/* http_request.c - one request and its answer; see http.h
 *
 * Life: read by its connection -> with the handler -> answered, or dropped
 * unanswered (500).  The handler's references keep it; the connection's
 * pointer to it is weak from the handler's call on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/http_private.h"
#include "base/json.h"
#include "base/log.h"
#include "base/problem.h"

static void request_destructor(void *data)
{
	struct http_request *req = data;

	if (req->conn && !req->is_answered) {
		log_warn("http", "request dropped without an answer path=%s",
			 req->path ? req->path : "?");
		http_error_answer(req->conn, 500,
				  "The server did not answer; report it with "
				  "the correlation id.");
	}

	mem_deref(req->bytes);
	mem_deref(req->body);
	mem_deref(req->path);
	for (uint32_t i = 0; i < HTTP_PARAMS_MAX; i++)
		mem_deref((void *)(uintptr_t)req->params[i].value);
	for (uint32_t i = 0; i < req->query_count; i++) {
		mem_deref((void *)(uintptr_t)req->query[i].name);
		mem_deref((void *)(uintptr_t)req->query[i].value);
	}
	mem_deref(req->query);
	mem_deref(req->fields);
	mem_deref(req->data);
}

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void correlation_make(char out[65])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t octets[16] = { 0 };
	ssize_t n;

	n = getrandom(octets, sizeof(octets), 0);
	(void)n;
	for (size_t i = 0; i < sizeof(octets); i++)
		out[i] = digits[octets[i] & 31];
	out[sizeof(octets)] = '\0';
}

static void correlation_choose(struct http_request *req)
{
	const struct span s = http_head_field(&req->head, "X-Correlation-Id");
	bool is_right = s.len >= 8 && s.len <= 64;

	for (uint32_t i = 0; is_right && i < s.len; i++)
		is_right = is_id_char(s.p[i]);

	if (!is_right) {
		correlation_make(req->correlation);
		return;
	}
	memcpy(req->correlation, s.p, s.len);
	req->correlation[s.len] = '\0';
}

/* Decoded copy; EBADMSG for a bad escape. */
static int copy_decoded(const char **outp, struct span s, bool is_form)
{
	char *text = mem_alloc((size_t)s.len + 1, NULL);
	int err;

	if (!text)
		return ENOMEM;

	err = http_decode(text, s, is_form);
	if (err)
		mem_deref(text);
	else
		*outp = text;

	return err;
}

static int params_decode(struct http_request *req)
{
	int err = 0;

	for (uint32_t i = 0; i < req->match.param_count && !err; i++)
		err = copy_decoded(&req->params[i].value,
				   req->match.params[i].value, false);

	return err;
}

int http_request_alloc(struct http_request **reqp, struct http_conn *c,
		       const char *p, size_t len, int *statusp)
{
	struct http_request *req;
	const char *path = NULL;
	size_t used;
	int err;

	*statusp = 500;
	req = mem_zalloc(sizeof(*req), request_destructor);
	if (!req)
		return ENOMEM;

	req->bytes = mem_alloc(len, NULL);
	if (!req->bytes) {
		err = ENOMEM;
		goto out;
	}
	memcpy(req->bytes, p, len);

	err = http_head_parse(&req->head, req->bytes, len, &used, statusp);
	if (err)
		goto out;

	*statusp = 400;
	err = copy_decoded(&path, req->head.path, false);
	if (err)
		goto out;
	req->path = (char *)(uintptr_t)path;

	http_route_find(&req->match, c->srv, req->head.method, req->head.path);
	err = params_decode(req);
	if (err)
		goto out;

	req->max_body = HTTP_BODY_DEFAULT_BYTES;
	if (req->match.route && req->match.route->max_body)
		req->max_body = req->match.route->max_body;

	req->begun_us = clock_mono_us();
	req->peer = c->peer;
	req->is_tls = c->sc != NULL;
	if (c->sc &&
	    tls_peer_common_name(c->sc, req->peer_name, sizeof(req->peer_name)))
		req->peer_name[0] = '\0';
	correlation_choose(req);

out:
	if (err) {
		mem_deref(req);
	}
	else {
		req->conn = c;
		*reqp = req;
	}

	return err;
}

struct span http_method(const struct http_request *req)
{
	return req->head.method;
}

const char *http_path(const struct http_request *req)
{
	return req->path;
}

struct span http_target(const struct http_request *req)
{
	return req->head.target;
}

const char *http_param(const struct http_request *req, const char *name)
{
	for (uint32_t i = 0; i < req->match.param_count; i++) {
		if (span_equal(req->match.params[i].name, span_of(name)))
			return req->params[i].value;
	}

	return NULL;
}

/* One "name=value"; what cannot be decoded is left out. */
static void query_add(struct http_request *req, struct span pair)
{
	const char *eq = memchr(pair.p, '=', pair.len);
	struct span name = pair, value = { "", 0 };
	struct http_pair *out = &req->query[req->query_count];

	if (eq) {
		name.len = (uint32_t)(eq - pair.p);
		value.p = eq + 1;
		value.len = pair.len - name.len - 1;
	}
	if (!name.len || copy_decoded(&out->name, name, true))
		return;
	if (copy_decoded(&out->value, value, true)) {
		out->name = mem_deref((void *)(uintptr_t)out->name);
		return;
	}
	++req->query_count;
}

static void query_decode(struct http_request *req)
{
	struct span left = req->head.query;

	req->query = mem_zalloc(HTTP_QUERY_MAX * sizeof(*req->query), NULL);
	if (!req->query)
		return;

	while (left.len && req->query_count < HTTP_QUERY_MAX) {
		const char *amp = memchr(left.p, '&', left.len);
		struct span pair = left;

		if (amp)
			pair.len = (uint32_t)(amp - left.p);
		if (pair.len)
			query_add(req, pair);

		left.p += pair.len + (amp ? 1 : 0);
		left.len -= pair.len + (amp ? 1 : 0);
	}
}

bool http_query_at(const struct http_request *creq, uint32_t i,
		   const char **namep, const char **valuep)
{
	struct http_request *req = (struct http_request *)(uintptr_t)creq;

	if (!req->query)
		query_decode(req);
	if (i >= req->query_count)
		return false;

	*namep = req->query[i].name;
	*valuep = req->query[i].value;

	return true;
}

const char *http_query(const struct http_request *req, const char *name)
{
	const char *n, *v;

	for (uint32_t i = 0; http_query_at(req, i, &n, &v); i++) {
		if (!strcmp(n, name))
			return v;
	}

	return NULL;
}

struct span http_header(const struct http_request *req, const char *name)
{
	return http_head_field(&req->head, name);
}

struct span http_host(const struct http_request *req)
{
	return req->head.host;
}

struct span http_body(const struct http_request *req)
{
	if (!req->body)
		return (struct span){ "", 0 };

	return (struct span){ (const char *)req->body->buf,
			      (uint32_t)req->body->end };
}

const struct sa *http_peer(const struct http_request *req)
{
	return &req->peer;
}

bool http_is_tls(const struct http_request *req)
{
	return req->is_tls;
}

const char *http_peer_name(const struct http_request *req)
{
	return req->peer_name[0] ? req->peer_name : NULL;
}

struct span http_bearer(const struct http_request *req)
{
	struct span s = http_header(req, "Authorization");

	if (s.len < 8 || strncasecmp(s.p, "Bearer ", 7))
		return (struct span){ NULL, 0 };

	s.p += 7;
	s.len -= 7;
	while (s.len && s.p[0] == ' ') {
		++s.p;
		--s.len;
	}

	return s;
}

/* In one Cookie field: NAME=VALUE; NAME=VALUE */
static struct span cookie_find(struct span v, struct span name)
{
	while (v.len) {
		const char *semi = memchr(v.p, ';', v.len);
		struct span pair = v;

		if (semi)
			pair.len = (uint32_t)(semi - v.p);
		v.p += pair.len + (semi ? 1 : 0);
		v.len -= pair.len + (semi ? 1 : 0);

		while (pair.len && pair.p[0] == ' ') {
			++pair.p;
			--pair.len;
		}
		if (pair.len > name.len && pair.p[name.len] == '=' &&
		    !memcmp(pair.p, name.p, name.len))
			return (struct span){ pair.p + name.len + 1,
					      pair.len - name.len - 1 };
	}

	return (struct span){ NULL, 0 };
}

struct span http_cookie(const struct http_request *req, const char *name)
{
	for (uint32_t i = 0; i < req->head.field_count; i++) {
		const struct http_field *f = &req->head.fields[i];
		struct span found;

		if (!span_equal_nocase(f->name, SPAN("Cookie")))
			continue;
		found = cookie_find(f->value, span_of(name));
		if (found.p)
			return found;
	}

	return (struct span){ NULL, 0 };
}

const char *http_correlation(const struct http_request *req)
{
	return req->correlation;
}

const struct http_route *http_route_of(const struct http_request *req)
{
	return req->match.route;
}

static bool is_json_type(struct span type)
{
	const char *semi = type.len ? memchr(type.p, ';', type.len) : NULL;

	if (semi)
		type.len = (uint32_t)(semi - type.p);
	while (type.len && type.p[type.len - 1] == ' ')
		--type.len;

	if (type.len > 5 && type.len < 64 &&
	    !strncasecmp(type.p + type.len - 5, "+json", 5))
		return true;

	return span_equal_nocase(type, SPAN("application/json"));
}

int http_request_json(struct http_request *req, json_t **jp)
{
	char why[JSON_WHY_BYTES];
	json_t *j;
	int err;

	if (!is_json_type(http_header(req, "Content-Type"))) {
		http_reply_problem(req, 415, "not-json",
				   "Send the body as application/json.", NULL);
		return EBADMSG;
	}

	err = json_read(&j, http_body(req), req->max_body, why);
	if (err) {
		http_reply_problem(req, 400, "malformed-json", why, NULL);
		return EBADMSG;
	}

	*jp = j;

	return 0;
}

void http_request_set_data(struct http_request *req, void *data)
{
	mem_deref(req->data);
	req->data = data;
}

void *http_request_data(const struct http_request *req)
{
	return req->data;
}

bool http_is_gone(const struct http_request *req)
{
	return req->is_gone;
}

void http_on_gone(struct http_request *req, http_h *h, void *arg)
{
	req->gone = h;
	req->gone_arg = arg;
}

bool http_is_answered(const struct http_request *req)
{
	return req->is_answered;
}

int http_reply_header(struct http_request *req, const char *name,
		      const char *fmt, ...)
{
	char value[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);

	if (n < 0 || (size_t)n >= sizeof(value))
		return EOVERFLOW;
	if (strpbrk(value, "\r\n"))
		return EINVAL;

	if (!req->fields)
		req->fields = mbuf_alloc(256);
	if (!req->fields)
		return ENOMEM;
	if (!strcasecmp(name, "Cache-Control"))
		req->has_cache_control = true;

	return mbuf_printf(req->fields, "%s: %s\r\n", name, value);
}

/* "Date: ..." renewed once a second. */
static const char *date_field(void)
{
	static char text[48];
	static time_t made;
	const time_t now = time(NULL);
	struct tm tm;

	if (now != made && gmtime_r(&now, &tm)) {
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		made = now;
	}

	return text;
}

static bool is_bodiless(int status)
{
	return status == 204 || status == 304 || status < 200;
}

static int answer_write(struct mbuf *mb, const struct http_request *req,
			int status, const char *ctype, const void *body,
			size_t len, bool must_close)
{
	int err;

	err = mbuf_printf(mb, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
			  problem_title(status), date_field());
	if (!is_bodiless(status))
		err |= mbuf_printf(mb, "Content-Length: %zu\r\n", len);
	if (ctype && !is_bodiless(status))
		err |= mbuf_printf(mb, "Content-Type: %s\r\n", ctype);
	err |= mbuf_write_str(mb, "X-Content-Type-Options: nosniff\r\n");
	if (req) {
		if (!req->has_cache_control)
			err |= mbuf_write_str(mb,
					      "Cache-Control: no-store\r\n");
		if (req->fields)
			err |= mbuf_write_mem(mb, req->fields->buf,
					      req->fields->end);
		err |= mbuf_printf(mb, "X-Correlation-Id: %s\r\n",
				   req->correlation);
	}
	if (must_close)
		err |= mbuf_write_str(mb, "Connection: close\r\n");
	else if (req && req->head.minor == 0)
		err |= mbuf_write_str(mb, "Connection: keep-alive\r\n");
	err |= mbuf_write_str(mb, "\r\n");

	if (len && !is_bodiless(status) &&
	    !(req && span_equal(req->head.method, SPAN("HEAD"))))
		err |= mbuf_write_mem(mb, body, len);
	mb->pos = 0;

	return err ? ENOMEM : 0;
}

int http_reply(struct http_request *req, int status, const char *ctype,
	       const void *body, size_t len)
{
	struct http_conn *c;
	struct mbuf *mb;
	bool must_close;
	int err;

	if (!req || status < 200 || status > 599 || (len && !body))
		return EINVAL;
	if (req->is_answered)
		return EALREADY;

	req->is_answered = true;
	req->gone = NULL;
	c = req->conn;
	if (!c)
		return ENOTCONN;

	http_count(len > HTTP_REPLY_MAX_BYTES ? 500 : status,
		   clock_mono_us() - req->begun_us);
	must_close = c->must_close || !req->head.keep_alive ||
		     c->srv->is_draining;
	mb = mbuf_alloc(512 + len);
	if (!mb)
		err = ENOMEM;
	else if (len > HTTP_REPLY_MAX_BYTES)
		err = answer_write(mb, req, 500, NULL, NULL, 0, must_close);
	else
		err = answer_write(mb, req, status, ctype, body, len,
				   must_close);

	/* without memory for the answer the connection is simply cut */
	req->conn = NULL;
	c->req = NULL;
	if (err)
		mb = mem_deref(mb);
	(void)http_conn_answer(c, mb, must_close);
	mem_deref(mb);

	return err;
}

int http_reply_json(struct http_request *req, int status, json_t *json)
{
	char *text;
	size_t len;
	int err;

	text = json ? json_text(json, &len) : NULL;
	json_decref(json);
	if (!text)
		return http_reply(req, 500, NULL, NULL, 0);

	err = http_reply(req, status,
			 status >= 400 ? PROBLEM_TYPE : "application/json",
			 text, len);
	mem_deref(text);

	return err;
}

int http_reply_problem(struct http_request *req, int status, const char *code,
		       const char *detail, json_t *errors)
{
	return http_reply_json(
		req, status,
		problem_make(status, code, detail, errors, req->correlation));
}

static const char *status_code_name(int status)
{
	switch (status) {
	case 400: return "malformed-request";
	case 408: return "too-slow";
	case 413: return "body-too-large";
	case 414: return "target-too-long";
	case 417: return "unknown-expectation";
	case 431: return "head-too-large";
	case 501: return "unknown-transfer-coding";
	case 505: return "unknown-version";
	default: return "internal-error";
	}
}

void http_error_answer(struct http_conn *c, int status, const char *detail)
{
	char correlation[65];
	struct mbuf *mb = NULL;
	json_t *j = NULL;
	char *text = NULL;
	size_t len;

	http_count(status, 0);
	/* its correlation id: the request's, when there is one */
	correlation_make(correlation);
	j = problem_make(status, status_code_name(status), detail, NULL,
			 c->req ? c->req->correlation : correlation);
	text = json_text(j, &len);
	if (!text)
		goto out;

	mb = mbuf_alloc(1024);
	if (mb && answer_write(mb, NULL, status, PROBLEM_TYPE, text, len, true))
		mb = mem_deref(mb);

out:
	/* NULL cuts the connection */
	c->req = NULL;
	(void)http_conn_answer(c, mb, true);
	mem_deref(mb);
	mem_deref(text);
	json_decref(j);
}
