/* metrics.h - counters and gauges as tables; health and readiness
 *
 *   static struct metric metrics[] = {
 *     { "holdfast_calls_total", METRIC_COUNTER, "Calls begun" }, ... };
 *   metrics_add(metrics, 1);
 *   metric_count(&metrics[0], 1);
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct mbuf;

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
};

struct metric {
	const char *name; /* holdfast_... */
	enum metric_kind kind;
	const char *help;           /* NULL: as the row before (same name) */
	const char *labels;         /* `result="busy"` or NULL */
	int64_t (*read)(void *arg); /* instead of value, or NULL */
	void *arg;
	_Atomic int64_t value;
	struct metric *next; /* private */
};

/** Any thread. */
static inline void metric_count(struct metric *m, int64_t by)
{
	atomic_fetch_add_explicit(&m->value, by, memory_order_relaxed);
}

static inline void metric_set(struct metric *m, int64_t value)
{
	atomic_store_explicit(&m->value, value, memory_order_relaxed);
}

/** Put rows into /metrics; they must live as long as the process.  Adding the
 * same row twice does nothing. */
void metrics_add(struct metric *rows, size_t count);

/** A condition of /readyz, at most 16; `name` is shown when it is false. */
void ready_add(const char *name, bool (*is_ready)(void *arg), void *arg);

/** Write the Prometheus text (version 0.0.4).  0 or ENOMEM. */
int metrics_print(struct mbuf *mb);

/** Add /healthz, /readyz and /metrics, and the process's own metrics. */
int metrics_routes(struct http_server *srv);

#endif
