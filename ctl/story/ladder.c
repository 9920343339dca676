/* ladder.c - see ladder.h */
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "base/libre.h"
#include "ctl/story/ladder.h"
#include "ctl/story/play.h"

enum {
	RUNGS_MAX = 4000, /* read */
	RUNGS_SHOWN = 60, /* the last ones */
	API_SHOWN = 4000, /* octets */
	CALLS_SHOWN = 3,
};

struct rung {
	int64_t time_us;
	const struct device *device;
	bool is_sent;
	char first_line[80];
	char call_id[16];
	bool is_register;
};

struct ladder {
	size_t count;
	struct rung rung[RUNGS_MAX];
};

/* Value of a header of a SIP message, cut short. */
static void header_copy(char *out, size_t size, const char *text,
			const char *name)
{
	const char *p = strcasestr(text, name);

	out[0] = '\0';
	if (!p)
		return;
	p += strlen(name);
	p += strspn(p, " :\t");
	(void)snprintf(out, size, "%.*s", (int)strcspn(p, "\r\n@"), p);
}

static void rung_add(struct ladder *l, const struct device *d,
		     const json_t *line)
{
	const char *text = json_string_value(json_object_get(line, "text"));
	const char *way = json_string_value(json_object_get(line, "direction"));
	struct rung *r = &l->rung[l->count];
	char cseq[40];

	if (!text || !way || l->count == RUNGS_MAX)
		return;
	l->count++;
	r->time_us = json_integer_value(json_object_get(line, "time_us"));
	r->device = d;
	r->is_sent = !strcmp(way, "sent");
	header_copy(cseq, sizeof(cseq), text, "\ncseq");
	header_copy(r->call_id, sizeof(r->call_id), text, "\ncall-id");
	r->is_register = strstr(cseq, "REGISTER") != NULL;
	(void)snprintf(r->first_line, sizeof(r->first_line), "%.*s%s%s%s",
		       (int)min(strcspn(text, "\r\n"), (size_t)50), text,
		       strncmp(text, "SIP/2.0", 7) ? "" : " (",
		       strncmp(text, "SIP/2.0", 7) ? "" : cseq,
		       strncmp(text, "SIP/2.0", 7) ? "" : ")");
}

static void trace_read(struct ladder *l, const struct play *p,
		       const struct device *d)
{
	char path[400], *text = NULL;
	size_t size = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/log/%s-%s.trace", p->dir,
		       d->person->name, d->kind);
	f = fopen(path, "re");
	while (f && getline(&text, &size, f) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		rung_add(l, d, line);
		json_decref(line);
	}
	free(text);
	if (f)
		(void)fclose(f);
}

static int by_time(const void *a, const void *b)
{
	const struct rung *x = a, *y = b;

	return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

/* What was said between two moments, so that the messages stand under the
 * sentence that they belong to. */
static void steps_print(struct mbuf *mb, const struct play *p, int64_t from_us,
			int64_t to_us)
{
	for (size_t i = 0; i < p->story->step_count; i++) {
		const struct step *s = &p->story->steps[i];

		if (p->begun_us[i] && p->begun_us[i] >= from_us &&
		    p->begun_us[i] < to_us)
			(void)mbuf_printf(mb, "  %d: %s\n", s->line, s->text);
	}
}

static void ladder_print(struct mbuf *mb, struct ladder *l,
			 const struct play *p)
{
	int64_t last_us;

	size_t first = 0, shown = 0;

	qsort(l->rung, l->count, sizeof(l->rung[0]), by_time);
	for (size_t i = l->count; i > 0 && shown < RUNGS_SHOWN; i--) {
		first = i - 1;
		if (!l->rung[i - 1].is_register)
			shown++;
	}
	(void)mbuf_printf(mb, "  SIP, as the phones saw it:\n");
	last_us = first < l->count ? l->rung[first].time_us : 0;
	for (size_t i = first; i < l->count; i++) {
		const struct rung *r = &l->rung[i];
		int64_t ms = (r->time_us - l->rung[first].time_us) / 1000;

		if (r->is_register)
			continue;
		steps_print(mb, p, last_us, r->time_us);
		last_us = r->time_us;
		(void)mbuf_printf(mb, "  %6lld ms  %8s %-7s %s  %-58s %s\n",
				  (long long)ms, r->device->person->name,
				  r->device->kind, r->is_sent ? "-->" : "<--",
				  r->first_line, r->call_id);
	}
	steps_print(mb, p, last_us, INT64_MAX);
}

static void trail_print(struct mbuf *mb, const json_t *trail)
{
	const json_t *item;
	size_t i;

	json_array_foreach(trail, i, item)
	{
		const char *what = json_string_value(
			json_object_get(item, "what"));

		(void)mbuf_printf(mb, "      %s\n", what ? what : "");
	}
}

/* Why the pbx did what it did: the calls that go on, and the last records. */
static void pbx_print(struct mbuf *mb, const struct play *p)
{
	struct rest_answer a = { 0 }, t = { 0 };
	struct rest r = p->pbx;
	const json_t *item, *items;
	char path[120];
	size_t i, n;

	r.limit_ms = 1000;
	if (!r.url || !rest_ask(&r, &a, "GET", "/api/v1/calls", NULL))
		goto out;
	items = json_object_get(a.body, "items");
	json_array_foreach(items, i, item)
	{
		const char *id = json_string_value(json_object_get(item, "id"));

		(void)snprintf(path, sizeof(path), "/api/v1/calls/%s/trail",
			       id ? id : "");
		if (id && rest_ask(&r, &t, "GET", path, NULL)) {
			(void)mbuf_printf(mb, "  a call that goes on:\n");
			trail_print(mb, json_object_get(t.body, "items"));
		}
		rest_clear(&t);
	}
	rest_clear(&a);
	if (!rest_ask(&r, &a, "GET", "/api/v1/cdrs", NULL))
		goto out;
	items = json_object_get(a.body, "items");
	n = json_array_size(items);
	json_array_foreach(items, i, item)
	{
		const char *result = json_string_value(
			json_object_get(item, "result"));

		if (i + CALLS_SHOWN < n)
			continue;
		(void)mbuf_printf(mb, "  a call that is over, %s:\n",
				  result ? result : "");
		trail_print(mb, json_object_get(item, "trail"));
	}

out:
	rest_clear(&a);
}

/* What the phone said last, oldest first. */
static void phone_print(struct mbuf *mb, const struct device *d)
{
	const struct handset *h = d->handset;

	if (!h) {
		(void)mbuf_printf(mb, "  %s's %s does not run\n",
				  d->person->name, d->kind);
		return;
	}
	(void)mbuf_printf(mb, "  %s's %s said last:\n", d->person->name,
			  d->kind);
	for (unsigned i = h->events < 8 ? 0 : h->events - 8; i < h->events; i++)
		(void)mbuf_printf(mb, "      %s\n", h->last_events[i % 8]);
}

static void api_print(struct mbuf *mb, const struct play *p)
{
	char path[300], text[API_SHOWN + 1];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/api.log", p->dir);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fseek(f, -API_SHOWN, SEEK_END))
		(void)fseek(f, 0, SEEK_SET);
	n = fread(text, 1, API_SHOWN, f);
	text[n] = '\0';
	(void)fclose(f);
	if (n)
		(void)mbuf_printf(mb, "  API, the end of it:\n%s\n", text);
}

void report_make(char **reportp, struct play *p)
{
	struct ladder *l = mem_zalloc(sizeof(*l), NULL);
	struct mbuf *mb = mbuf_alloc(8192);

	if (!l || !mb)
		goto out;
	if (p->step)
		(void)mbuf_printf(mb, "%s:%d: %s\n  but %s\n", p->story->path,
				  p->step->line, p->step->text, p->why);
	else
		(void)mbuf_printf(mb, "%s: %s\n", p->story->path, p->why);
	for (size_t i = 0; i < p->people; i++) {
		for (size_t k = 0; k < p->person[i].devices; k++) {
			trace_read(l, p, &p->person[i].device[k]);
			phone_print(mb, &p->person[i].device[k]);
		}
	}
	ladder_print(mb, l, p);
	pbx_print(mb, p);
	api_print(mb, p);
	(void)mbuf_printf(mb, "  logs and state: %s (log/, up.log, api.log)\n",
			  p->dir);
	mbuf_set_pos(mb, 0);
	(void)mbuf_strdup(mb, reportp, mb->end);

out:
	mem_deref(l);
	mem_deref(mb);
}

/* What a program says before it goes wrong (I12). */
static bool is_alarm(const char *line)
{
	static const char *const words[] = {
		"ERROR: AddressSanitizer",
		"ERROR: LeakSanitizer",
		"runtime error: ",
		"WARNING: ThreadSanitizer",
		"Assertion `",
		"stack smashing",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strstr(line, words[i]))
			return true;
	}

	return false;
}

static bool log_is_clean(const char *path, char *what, size_t size)
{
	char *line = NULL;
	size_t room = 0;
	bool ok = true;
	FILE *f = fopen(path, "re");

	while (ok && f && getline(&line, &room, f) > 0) {
		if (!is_alarm(line))
			continue;
		ok = false;
		(void)snprintf(what, size, "%.200s in %.200s", line, path);
	}
	free(line);
	if (f)
		(void)fclose(f);

	return ok;
}

bool logs_are_clean(const char *dir, char *what, size_t size)
{
	char folder[300], path[600];
	struct dirent *e;
	bool ok = true;
	DIR *d;

	(void)snprintf(folder, sizeof(folder), "%s/log", dir);
	d = opendir(folder);
	while (ok && d && (e = readdir(d))) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (strstr(e->d_name, ".log"))
			ok = log_is_clean(path, what, size);
	}
	if (d)
		(void)closedir(d);
	(void)snprintf(path, sizeof(path), "%s/up.log", dir);

	return ok && log_is_clean(path, what, size);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void folder_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
