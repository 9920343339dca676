/* http_count.c - how many requests were answered how, and how fast
 *
 * The time runs from the whole head to the moment when the answer is handed
 * to the connection.  Rows "within" are cumulative, as buckets of a histogram
 * are: what took 3 ms is counted within 10, 100, 1,000 and 10,000.
 */
#include "base/http_private.h"
#include "base/metrics.h"

static struct metric classes[] = {
	{ "holdfast_http_answers_total", METRIC_COUNTER,
	  "HTTP answers by class of status; 1xx are WebSockets",
	  "class=\"1xx\"" },
	{ "holdfast_http_answers_total", METRIC_COUNTER, NULL,
	  "class=\"2xx\"" },
	{ "holdfast_http_answers_total", METRIC_COUNTER, NULL,
	  "class=\"3xx\"" },
	{ "holdfast_http_answers_total", METRIC_COUNTER, NULL,
	  "class=\"4xx\"" },
	{ "holdfast_http_answers_total", METRIC_COUNTER, NULL,
	  "class=\"5xx\"" },
};

static struct metric times[] = {
	{ "holdfast_http_within_total", METRIC_COUNTER,
	  "HTTP answers given within so many milliseconds", "ms=\"1\"" },
	{ "holdfast_http_within_total", METRIC_COUNTER, NULL, "ms=\"10\"" },
	{ "holdfast_http_within_total", METRIC_COUNTER, NULL, "ms=\"100\"" },
	{ "holdfast_http_within_total", METRIC_COUNTER, NULL, "ms=\"1000\"" },
	{ "holdfast_http_within_total", METRIC_COUNTER, NULL, "ms=\"10000\"" },
};

static struct metric sum = { "holdfast_http_microseconds_total", METRIC_COUNTER,
			     "Time all HTTP answers took together" };

enum { COUNT = sizeof(times) / sizeof(times[0]) };

void http_count(int status, uint64_t us)
{
	uint64_t limit_us = 1000;

	if (status >= 100 && status < 600)
		metric_count(&classes[status / 100 - 1], 1);
	metric_count(&sum, (int64_t)us);
	for (size_t i = 0; i < COUNT; i++, limit_us *= 10) {
		if (us <= limit_us)
			metric_count(&times[i], 1);
	}
}

void http_count_add(void)
{
	metrics_add(classes, sizeof(classes) / sizeof(classes[0]));
	metrics_add(times, COUNT);
	metrics_add(&sum, 1);
}
