/* rest.h - one HTTP request from a test whose server runs in the same loop */
#ifndef TEST_REST_H
#define TEST_REST_H

#include <jansson.h>

#include "base/http_client.h"
#include "base/loop.h"
#include "tests/unit/test.h"

struct rest {
	struct http_client *client;
	char url[64]; /* "http://127.0.0.1:PORT" */
	char token[128];
	const char *const *headers;
	int err;
	int status;
	json_t *json; /* the answer, NULL when empty */
};

static inline void rest_answered(int err, int status, const char *body,
				 size_t len, void *arg)
{
	struct rest *r = arg;

	r->err = err;
	r->status = status;
	r->json = len ? json_loadb(body, len, JSON_DECODE_ANY, NULL) : NULL;
	loop_stop();
}

/* Send text as the body; the status, 0 when no answer came. */
static inline int rest_send(struct rest *r, const char *method,
			    const char *path, const char *body)
{
	char url[600];
	struct http_params params = {
		.method = method,
		.url = url,
		.bearer = *r->token ? r->token : NULL,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.content_type = body ? "application/json" : NULL,
		.headers = r->headers,
	};

	snprintf(url, sizeof(url), "%s%s", r->url, path);
	json_decref(r->json);
	r->json = NULL;
	r->status = 0;
	CHECK(!http_client_request(NULL, r->client, &params, rest_answered, r));
	CHECK(!loop_run());

	return r->status;
}

/* A text of the answer: "code", or of its first field error: "field". */
static inline const char *rest_text(const struct rest *r, const char *name)
{
	const json_t *v = json_object_get(r->json, name);

	if (!v)
		v = json_object_get(
			json_array_get(json_object_get(r->json, "errors"), 0),
			name);

	return json_string_value(v);
}

/* Code of the first field error. */
static inline const char *rest_field_code(const struct rest *r)
{
	return json_string_value(json_object_get(
		json_array_get(json_object_get(r->json, "errors"), 0), "code"));
}

#endif
