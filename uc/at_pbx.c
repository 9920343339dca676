/* at_pbx.c - see at_pbx.h */
#include <stdio.h>

#include "base/http.h"
#include "base/http_client.h"
#include "base/service.h"
#include "model/route.h"
#include "uc/at_pbx.h"
#include "uc/people.h"
#include "uc/source.h"

enum { RELAY_MS = 5000, CONNECT_MS = 2000, VERB_MAX = 15 };

struct at_pbx {
	struct uc *uc;
	struct http_client *client;
	struct list relayed; /* what waits for an answer */
};

struct relayed {
	struct le le;
	struct http_request *req;
	struct http_call *call;
};

static void at_pbx_destructor(void *data)
{
	struct at_pbx *a = data;

	list_flush(&a->relayed);
	mem_deref(a->client);
}

int at_pbx_alloc(struct at_pbx **ap, struct uc *uc)
{
	struct at_pbx *a = mem_zalloc(sizeof(*a), at_pbx_destructor);
	int err;

	if (!a)
		return ENOMEM;

	a->uc = uc;
	err = http_client_alloc(&a->client);
	if (err)
		mem_deref(a);
	else
		*ap = a;

	return err;
}

static void relayed_destructor(void *data)
{
	struct relayed *r = data;

	list_unlink(&r->le);
	mem_deref(r->call);
	mem_deref(r->req);
}

static void refuse_away(struct http_request *req)
{
	(void)http_reply_problem(
		req, 503, "pbx-away",
		"The call controller does not answer now; what is set there "
		"stays in force. Try again in a while.",
		NULL);
}

static void hand_header(struct relayed *r, const char *name)
{
	const char *value = http_call_header(r->call, name);

	if (value)
		(void)http_reply_header(r->req, name, "%s", value);
}

static void answered(int err, int status, const char *body, size_t len,
		     void *arg)
{
	struct relayed *r = arg;
	const char *type;

	/* our token was not taken: no matter of the user's */
	if (err || status == 401 || status == 403) {
		refuse_away(r->req);
		mem_deref(r);
		return;
	}

	hand_header(r, "Content-Range");
	hand_header(r, "Accept-Ranges");
	type = http_call_header(r->call, "Content-Type");
	(void)http_reply(r->req, status, len ? type : NULL, body, len);
	mem_deref(r);
}

void at_pbx_relay(struct at_pbx *a, struct http_request *req,
		  const char *customer, const char *path)
{
	struct span body = http_body(req), range = http_header(req, "Range");
	struct span method = http_method(req);
	struct span type = http_header(req, "Content-Type");
	char url[768], verb[VERB_MAX + 1], range_line[96], type_text[96];
	const char *headers[2] = { NULL, NULL };
	struct service_files files;
	struct relayed *r;
	struct http_params params = { .method = verb,
				      .url = url,
				      .timeout_ms = RELAY_MS,
				      .connect_ms = CONNECT_MS };
	const char *base = sources_pbx(a->uc->sources,
				       people_platform(a->uc->people, customer),
				       &params.bearer);

	if (!base) {
		refuse_away(req);
		return;
	}
	r = mem_zalloc(sizeof(*r), relayed_destructor);
	if (!r) {
		reply_error(req, ENOMEM);
		return;
	}

	(void)snprintf(url, sizeof(url), "%s%s", base, path);
	(void)snprintf(verb, sizeof(verb), "%.*s", (int)method.len, method.p);
	(void)snprintf(type_text, sizeof(type_text), "%.*s", (int)type.len,
		       type.p);
	if (range.len && range.len < 64) {
		(void)snprintf(range_line, sizeof(range_line), "Range: %.*s",
			       (int)range.len, range.p);
		headers[0] = range_line;
		params.headers = headers;
	}
	if (body.len) {
		params.body = body.p;
		params.body_len = body.len;
		params.content_type = type_text;
	}
	list_append(&a->relayed, &r->le, r);
	r->req = mem_ref(req);
	if (service_http_params(&params, &files, a->uc->conf) ||
	    http_client_request(&r->call, a->client, &params, answered, r)) {
		refuse_away(req);
		mem_deref(r);
	}
}
