/* log.h - one escaped line an event, to stderr or a file
 *
 * Form: `2026-11-22T02:15:09.123Z warn pbx reg sip_user=ab12 text`.
 * Everything that came from outside is escaped (no control octet, no quote
 * breaks a line), each line is cut at 2,000 octets and each call site is
 * limited to 20 lines a second, the rest counted.  Secrets are never passed
 * to it.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/** Per call site: lines in this second. */
struct log_site {
	uint64_t second;
	uint32_t lines;
	uint32_t dropped;
};

/** Name of this process in its lines ("pbx") and the least level written. */
void log_init(const char *program, enum log_level level);

void log_write(struct log_site *site, enum log_level level, const char *area,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define LOG_AT(level, area, ...)                                               \
	do {                                                                   \
		static struct log_site log_site_;                              \
		log_write(&log_site_, level, area, __VA_ARGS__);               \
	} while (0)

#define log_error(area, ...) LOG_AT(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  LOG_AT(LOG_LEVEL_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  LOG_AT(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) LOG_AT(LOG_LEVEL_DEBUG, area, __VA_ARGS__)

#endif
