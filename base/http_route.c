/* http_route.c - which row of the tables takes a path; see http.h */
#include <stdio.h>

#include "base/http_private.h"

/* Cut the first segment off a path that begins with '/'. */
static struct span segment_take(struct span *path)
{
	struct span s = { path->p + 1, 0 };

	while (s.len + 1 < path->len && s.p[s.len] != '/')
		++s.len;

	path->p += s.len + 1;
	path->len -= s.len + 1;

	return s;
}

static bool is_param(struct span segment)
{
	return segment.len > 2 && segment.p[0] == '{' &&
	       segment.p[segment.len - 1] == '}';
}

static void param_add(struct http_match *m, struct span name, struct span value)
{
	m->params[m->param_count].name = name;
	m->params[m->param_count].value = value;
	++m->param_count;
}

/* -1 no match, else the number of segments that are not literal, where the
 * rest "*" weighs most. */
static int row_match(struct http_match *m, const struct http_route *r,
		     struct span path)
{
	struct span pattern = span_of(r->path);
	int loose = 0;

	m->param_count = 0;
	while (pattern.len) {
		const struct span want = segment_take(&pattern);
		struct span got;

		if (want.len == 1 && want.p[0] == '*') {
			if (!path.len)
				return -1;
			got.p = path.p + 1;
			got.len = path.len - 1;
			param_add(m, want, got);
			return loose + 100;
		}
		if (!path.len)
			return -1;

		got = segment_take(&path);
		if (is_param(want)) {
			if (!got.len)
				return -1;
			param_add(m, (struct span){ want.p + 1, want.len - 2 },
				  got);
			++loose;
		}
		else if (!span_equal(want, got)) {
			return -1;
		}
	}

	return path.len ? -1 : loose;
}

static bool is_method(const struct http_route *r, struct span method)
{
	if (span_equal(span_of(r->method), method))
		return true;

	return span_equal(method, SPAN("HEAD")) && !strcmp(r->method, "GET");
}

static void allow_add(struct http_match *m, const char *method)
{
	const size_t len = strlen(m->allow);

	m->is_known_path = true;
	if (http_list_has(span_of(m->allow), method))
		return;

	snprintf(m->allow + len, sizeof(m->allow) - len, "%s%s",
		 len ? ", " : "", method);
}

void http_route_find(struct http_match *m, const struct http_server *srv,
		     struct span method, struct span path)
{
	struct http_match try = { 0 };
	int best = -1;
	struct le *le;

	memset(m, 0, sizeof(*m));
	if (!path.len || path.p[0] != '/')
		return;

	LIST_FOREACH(&srv->routes, le) {
		const struct http_routes *table = le->data;

		for (size_t i = 0; i < table->count; i++) {
			const struct http_route *r = &table->rows[i];
			const int loose = row_match(&try, r, path);

			if (loose < 0)
				continue;
			allow_add(m, r->method);
			if (!is_method(r, method) ||
			    (best >= 0 && loose >= best))
				continue;

			best = loose;
			m->route = r;
			m->arg = table->arg;
			m->param_count = try.param_count;
			memcpy(m->params, try.params, sizeof(m->params));
		}
	}
}

bool http_route_is_right(const struct http_route *r)
{
	struct span pattern;
	uint32_t params = 0;

	if (!r->method || !r->handler || !r->path || r->path[0] != '/')
		return false;

	pattern = span_of(r->path);
	while (pattern.len) {
		const struct span s = segment_take(&pattern);

		if (is_param(s) || (s.len == 1 && s.p[0] == '*'))
			++params;
	}

	return params <= HTTP_PARAMS_MAX;
}
