/* log.c - see log.h */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { LINE_MAX_BYTES = 2000, LINES_PER_SECOND = 20 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

static char program_name[32] = "holdfast";
static enum log_level least = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_level level)
{
	snprintf(program_name, sizeof(program_name), "%s", program);
	least = level;
}

/* Copy text, each octet that could break or colour a line as \xNN. */
static size_t escape(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p >= 0x20 && *p != 0x7f) {
			if (n + 1 >= size)
				break;
			out[n++] = (char)*p;
			continue;
		}

		if (n + 4 >= size)
			break;
		snprintf(out + n, 5, "\\x%02x", *p);
		n += 4;
	}

	out[n] = '\0';
	return n;
}

static bool is_over_limit(struct log_site *site, uint64_t second,
			  uint32_t *droppedp)
{
	*droppedp = 0;

	if (site->second != second) {
		*droppedp = site->dropped;
		site->second = second;
		site->lines = 0;
		site->dropped = 0;
	}

	if (site->lines >= LINES_PER_SECOND) {
		site->dropped++;
		return true;
	}

	site->lines++;
	return false;
}

void log_write(struct log_site *site, enum log_level level, const char *area,
	       const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	char safe[LINE_MAX_BYTES];
	char line[LINE_MAX_BYTES + 160];
	struct timespec now;
	struct tm tm;
	uint32_t dropped;
	size_t n;
	va_list ap;

	if (level > least)
		return;

	clock_gettime(CLOCK_REALTIME, &now);
	if (is_over_limit(site, (uint64_t)now.tv_sec, &dropped))
		return;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	escape(safe, sizeof(safe), text);

	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ %s %s %s %s",
			      now.tv_nsec / 1000000, level_names[level],
			      program_name, area, safe);
	if (dropped && n < sizeof(line) - 40) {
		n += (size_t)snprintf(line + n, sizeof(line) - n,
				      " (%u like it dropped)", dropped);
	}
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';

	/* One write a line, so that processes sharing a file do not mix. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
