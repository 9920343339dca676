/* metrics.c - see metrics.h */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/http_private.h"
#include "base/libre.h"
#include "base/metrics.h"
#include "base/tls.h"
#include "base/wheel.h"

enum { READY_MAX = 16 };

static struct metric *first, **lastp = &first;

static struct {
	const char *name;
	bool (*is_ready)(void *arg);
	void *arg;
} conditions[READY_MAX];
static uint32_t condition_count;

static bool is_added(const struct metric *row)
{
	for (const struct metric *m = first; m; m = m->next) {
		if (m == row)
			return true;
	}

	return false;
}

void metrics_add(struct metric *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_added(&rows[i]))
			continue;
		rows[i].next = NULL;
		*lastp = &rows[i];
		lastp = &rows[i].next;
	}
}

void ready_add(const char *name, bool (*is_ready)(void *arg), void *arg)
{
	if (condition_count == READY_MAX || !name || !is_ready)
		return;

	conditions[condition_count].name = name;
	conditions[condition_count].is_ready = is_ready;
	conditions[condition_count].arg = arg;
	++condition_count;
}

int metrics_print(struct mbuf *mb)
{
	int err = 0;

	for (struct metric *m = first; m && !err; m = m->next) {
		const int64_t value = m->read ? m->read(m->arg)
					      : atomic_load(&m->value);

		if (m->help)
			err |= mbuf_printf(mb, "# HELP %s %s\n# TYPE %s %s\n",
					   m->name, m->help, m->name,
					   m->kind == METRIC_COUNTER ? "counter"
								     : "gauge");
		err |= mbuf_printf(mb, "%s%s%s%s %lld\n", m->name,
				   m->labels ? "{" : "",
				   m->labels ? m->labels : "",
				   m->labels ? "}" : "", (long long)value);
	}

	return err ? ENOMEM : 0;
}

static uint64_t started_ms;

static int64_t uptime_read(void *arg)
{
	(void)arg;

	return (int64_t)(wheel_now_ms() - started_ms) / 1000;
}

static int64_t cpu_read(void *arg)
{
	struct rusage u;

	(void)arg;
	if (getrusage(RUSAGE_SELF, &u))
		return 0;

	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000LL +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static int64_t memory_read(void *arg)
{
	long long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	(void)arg;
	if (!f)
		return 0;
	if (fscanf(f, "%lld %lld", &size, &resident) != 2)
		resident = 0;
	(void)fclose(f);

	return resident * sysconf(_SC_PAGESIZE);
}

static int64_t timers_read(void *arg)
{
	(void)arg;
	return wheel_count();
}

static int64_t days_read(void *arg)
{
	const int days = tls_days_left();

	(void)arg;

	return days == INT_MAX ? -1 : days;
}

static struct metric process_metrics[] = {
	{ "holdfast_uptime_seconds", METRIC_GAUGE, "Since this process began",
	  .read = uptime_read },
	{ "holdfast_cpu_milliseconds_total", METRIC_COUNTER,
	  "Processor time used", .read = cpu_read },
	{ "holdfast_resident_bytes", METRIC_GAUGE, "Memory in use",
	  .read = memory_read },
	{ "holdfast_timers", METRIC_GAUGE, "Timers that are pending",
	  .read = timers_read },
	{ "holdfast_certificate_days", METRIC_GAUGE,
	  "Days until the first server certificate expires, -1 without one",
	  .read = days_read },
};

static void health_get(struct http_request *req, void *arg)
{
	(void)arg;
	http_reply_json(req, 200, json_pack("{s:s}", "status", "alive"));
}

static void ready_get(struct http_request *req, void *arg)
{
	json_t *waits = json_array();

	(void)arg;
	for (uint32_t i = 0; i < condition_count; i++) {
		if (!conditions[i].is_ready(conditions[i].arg))
			(void)json_array_append_new(
				waits, json_string(conditions[i].name));
	}

	if (json_array_size(waits) == 0) {
		json_decref(waits);
		http_reply_json(req, 200,
				json_pack("{s:s}", "status", "ready"));
		return;
	}

	http_reply_json(req, 503,
			json_pack("{s:s, s:o}", "status", "not ready",
				  "waits_for", waits));
}

static void metrics_get(struct http_request *req, void *arg)
{
	struct mbuf *mb = mbuf_alloc(4096);

	(void)arg;
	if (!mb || metrics_print(mb))
		http_reply(req, 500, NULL, NULL, 0);
	else
		http_reply(req, 200, "text/plain; version=0.0.4", mb->buf,
			   mb->end);
	mem_deref(mb);
}

static const struct http_route routes[] = {
	{ "GET", "/healthz", health_get },
	{ "GET", "/readyz", ready_get },
	{ "GET", "/metrics", metrics_get },
};

int metrics_routes(struct http_server *srv)
{
	if (!started_ms)
		started_ms = wheel_now_ms();
	metrics_add(process_metrics,
		    sizeof(process_metrics) / sizeof(process_metrics[0]));

	http_count_add();

	return http_server_routes(srv, routes,
				  sizeof(routes) / sizeof(routes[0]), NULL);
}
