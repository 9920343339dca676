/* rest.h - one REST request at a time, for tools that may wait
 *
 * Servers never use this: it blocks.  Every call is bounded by its own limit.
 * What was asked and answered can be kept as lines for a failure report.
 */
#ifndef CTL_REST_H
#define CTL_REST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** Whom to ask; both texts stay the caller's. */
struct rest {
	const char *url;   /* "http://127.0.0.1:8080", without final "/" */
	const char *token; /* bearer token, or NULL */
	const char *dir;   /* state folder with the certificates for https */
	unsigned limit_ms; /* per request; 0 = 5,000 */
	FILE *trace;       /* gets a line a request and answer, or NULL */
};

/** An answer; zero it first, rest_clear() afterwards. */
struct rest_answer {
	int status;       /* 0 when there was none */
	json_t *body;     /* or NULL when it is no JSON */
	char *text;       /* what came, NUL-terminated, or NULL */
	char detail[300]; /* why there is none, or the problem's sentence */
};

/**
 * Ask.
 *
 * @param method "GET", "POST", "PUT" or "DELETE"
 * @param path   "/api/v1/customers"
 * @param body   Reference taken over; NULL sends none
 *
 * @return Whether the status is 2xx
 */
bool rest_ask(const struct rest *r, struct rest_answer *a, const char *method,
	      const char *path, json_t *body);

void rest_clear(struct rest_answer *a);

/** Text member of the answer, or NULL. */
const char *rest_text(const struct rest_answer *a, const char *name);

/** Escape a value for a query; static buffer of four turns. */
const char *rest_escape(const char *value);

#endif
