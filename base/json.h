/* json.h - JSON from strangers, with limits
 *
 * jansson with a cap on octets and depth; keys given twice, NUL in strings
 * and anything after the value are refused.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
	JSON_DEPTH_MAX = 32,
	JSON_BYTES_MAX = 1048576,
	JSON_WHY_BYTES = 128,
};

/**
 * Read one JSON object or array.
 *
 * @param jp  Set on success; the caller's reference
 * @param s   The text, at most max octets
 * @param max Octets allowed, 0 = JSON_BYTES_MAX
 * @param why On EBADMSG a sentence with line and column; may be NULL
 *
 * @return 0; EFBIG; EBADMSG; ENOMEM
 */
int json_read(json_t **jp, struct span s, size_t max, char why[JSON_WHY_BYTES]);

/** Compact text, NUL-terminated, free with mem_deref(); NULL on failure. */
char *json_text(const json_t *json, size_t *lenp);

/** Text member, NULL when absent or not a string. */
const char *json_get_text(const json_t *object, const char *name);

/** Integer member, or `otherwise` when absent or no integer. */
int64_t json_get_int(const json_t *object, const char *name, int64_t otherwise);

/** Boolean member, or `otherwise`. */
bool json_get_bool(const json_t *object, const char *name, bool otherwise);

#endif
