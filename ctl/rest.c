/* rest.c - see rest.h */
#include <curl/curl.h>

#include "base/libre.h"
#include "base/tls.h"
#include "base/wheel.h"
#include "ctl/rest.h"

enum { ANSWER_OCTETS_MAX = 8 * 1024 * 1024 };

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
	struct mbuf *mb = arg;
	size_t n = size * count;

	if (mb->end + n > ANSWER_OCTETS_MAX ||
	    mbuf_write_mem(mb, (void *)data, n))
		return 0;

	return n;
}

static struct curl_slist *headers_make(const struct rest *r, bool has_body)
{
	struct curl_slist *list = NULL;
	char line[512];

	list = curl_slist_append(list, "Accept: application/json, "
				       "application/problem+json");
	if (has_body)
		list = curl_slist_append(list,
					 "Content-Type: application/json");
	if (r->token) {
		(void)snprintf(line, sizeof(line), "Authorization: Bearer %s",
			       r->token);
		list = curl_slist_append(list, line);
	}

	return list;
}

/* The problem's sentence, with the first field error's behind it. */
static void take_detail(struct rest_answer *a)
{
	const char *text = rest_text(a, "detail");
	json_t *first = json_array_get(json_object_get(a->body, "errors"), 0);
	const char *field = json_string_value(json_object_get(first, "field"));
	const char *why = json_string_value(json_object_get(first, "detail"));

	if (!text)
		text = rest_text(a, "title");
	if (field && why)
		(void)snprintf(a->detail, sizeof(a->detail), "%s (%s: %s)",
			       text ? text : "", field, why);
	else
		(void)snprintf(a->detail, sizeof(a->detail), "%s",
			       text ? text : "no explanation");
}

static void trace_write(const struct rest *r, const char *method,
			const char *path, const char *body,
			const struct rest_answer *a, const struct mbuf *mb)
{
	if (!r->trace)
		return;
	(void)fprintf(r->trace, "%llu.%03llu %s %s%s %s\n    -> %d %.*s\n",
		      (unsigned long long)(wheel_now_ms() / 1000),
		      (unsigned long long)(wheel_now_ms() % 1000), method,
		      r->url, path, body ? body : "", a->status,
		      (int)min(mb->end, (size_t)2000),
		      mb->buf ? (const char *)mb->buf : "");
	(void)fflush(r->trace);
}

/* Of the installation's own CA, and with a certificate of ours: the servers
 * take their token only so. */
static int tls_use(CURL *curl, const struct rest *r)
{
	char file[512];
	int err;

	if (!r->dir || strncmp(r->url, "https:", 6) != 0)
		return 0;
	err = tls_make_files(r->dir, "ctl", NULL);
	if (err)
		return err;
	(void)snprintf(file, sizeof(file), "%.480s/tls/ca.pem", r->dir);
	curl_easy_setopt(curl, CURLOPT_CAINFO, file);
	(void)snprintf(file, sizeof(file), "%.480s/tls/ctl.pem", r->dir);
	curl_easy_setopt(curl, CURLOPT_SSLCERT, file);
	(void)snprintf(file, sizeof(file), "%.480s/tls/ctl.key", r->dir);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, file);

	return 0;
}

static void perform(const struct rest *r, struct rest_answer *a,
		    const char *method, const char *path, const char *body)
{
	struct curl_slist *headers = headers_make(r, body != NULL);
	struct mbuf *mb = mbuf_alloc(1024);
	CURL *curl = curl_easy_init();
	char url[1024];
	CURLcode code;
	long status = 0;

	if (!curl || !mb)
		goto out;
	(void)snprintf(url, sizeof(url), "%s%s", r->url, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, mb);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			 (long)(r->limit_ms ? r->limit_ms : 5000));
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);

	if (tls_use(curl, r)) {
		(void)snprintf(a->detail, sizeof(a->detail),
			       "no certificate in %.200s/tls", r->dir);
		goto out;
	}
	code = curl_easy_perform(curl);
	if (code) {
		(void)snprintf(a->detail, sizeof(a->detail), "%.150s: %s", url,
			       curl_easy_strerror(code));
	}
	else {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		a->status = (int)status;
		a->body = json_loadb((const char *)mb->buf, mb->end,
				     JSON_DECODE_ANY, NULL);
		a->text = mem_deref(a->text);
		(void)re_sdprintf(&a->text, "%b", mb->buf, mb->end);
		if (status >= 400)
			take_detail(a);
	}
	trace_write(r, method, path, body, a, mb);

out:
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	mem_deref(mb);
}

bool rest_ask(const struct rest *r, struct rest_answer *a, const char *method,
	      const char *path, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	rest_clear(a);
	(void)snprintf(a->detail, sizeof(a->detail), "out of memory");
	if (!body || text)
		perform(r, a, method, path, text);
	free(text);
	json_decref(body);

	return a->status >= 200 && a->status < 300;
}

void rest_clear(struct rest_answer *a)
{
	json_decref(a->body);
	mem_deref(a->text);
	memset(a, 0, sizeof(*a));
}

const char *rest_text(const struct rest_answer *a, const char *name)
{
	return json_string_value(json_object_get(a->body, name));
}

const char *rest_escape(const char *value)
{
	static char buffer[4][400];
	static unsigned turn;
	char *out = buffer[turn++ % 4], *start = out;

	for (; *value && out < start + 395; value++) {
		unsigned char c = (unsigned char)*value;

		if (c > 0x20 && c < 0x7f && !strchr("%&#+=?/[]\"", c))
			*out++ = (char)c;
		else
			out += snprintf(out, 4, "%%%02X", c);
	}
	*out = '\0';

	return start;
}
