/* json.c - see json.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/libre.h"

/* Deepest nesting of brackets outside strings: looked at before jansson
 * recurses into them. */
static uint32_t json_depth(struct span s)
{
	uint32_t depth = 0, deepest = 0;
	bool in_string = false;

	for (uint32_t i = 0; i < s.len; i++) {
		const char c = s.p[i];

		if (in_string) {
			if (c == '\\')
				++i;
			else if (c == '"')
				in_string = false;
		}
		else if (c == '"') {
			in_string = true;
		}
		else if (c == '{' || c == '[') {
			if (++depth > deepest)
				deepest = depth;
		}
		else if ((c == '}' || c == ']') && depth) {
			--depth;
		}
	}

	return deepest;
}

int json_read(json_t **jp, struct span s, size_t max, char why[JSON_WHY_BYTES])
{
	json_error_t e;
	json_t *j;

	if (!jp)
		return EINVAL;

	if (s.len > (max ? max : JSON_BYTES_MAX)) {
		if (why)
			snprintf(why, JSON_WHY_BYTES,
				 "The text is longer than %zu octets.",
				 max ? max : (size_t)JSON_BYTES_MAX);
		return EFBIG;
	}

	if (json_depth(s) > JSON_DEPTH_MAX) {
		if (why)
			snprintf(why, JSON_WHY_BYTES,
				 "The value is nested more than %d deep.",
				 JSON_DEPTH_MAX);
		return EBADMSG;
	}

	j = json_loadb(s.p ? s.p : "", s.len, JSON_REJECT_DUPLICATES, &e);
	if (!j) {
		if (why)
			snprintf(why, JSON_WHY_BYTES,
				 "Line %d, column %d: %.80s.", e.line, e.column,
				 e.text);
		return EBADMSG;
	}

	*jp = j;

	return 0;
}

char *json_text(const json_t *json, size_t *lenp)
{
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
	size_t len, size = 1024;
	char *text = mem_alloc(size + 1, NULL);

	if (!text || !json)
		goto fail;

	len = json_dumpb(json, text, size, flags);
	if (!len)
		goto fail;

	if (len > size) {
		mem_deref(text);
		text = mem_alloc(len + 1, NULL);
		if (!text || json_dumpb(json, text, len, flags) != len)
			goto fail;
	}

	text[len] = '\0';
	if (lenp)
		*lenp = len;

	return text;

fail:
	mem_deref(text);

	return NULL;
}

const char *json_get_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int64_t json_get_int(const json_t *object, const char *name, int64_t otherwise)
{
	const json_t *j = json_object_get(object, name);

	return json_is_integer(j) ? json_integer_value(j) : otherwise;
}

bool json_get_bool(const json_t *object, const char *name, bool otherwise)
{
	const json_t *j = json_object_get(object, name);

	return json_is_boolean(j) ? json_is_true(j) : otherwise;
}
