/* http_head.c - fuzz the HTTP head parser, chunks and escapes */
#include <errno.h>

#include "base/http_head.h"
#include "tests/fuzz/fuzz.h"

static void spans_lie_inside(const struct http_head *h, const char *p,
			     size_t used)
{
	FUZZ_CHECK(h->field_count <= HTTP_HEAD_MAX_FIELDS);
	for (uint32_t i = 0; i < h->field_count; i++) {
		const struct http_field *f = &h->fields[i];

		FUZZ_CHECK(f->name.p >= p && f->name.len);
		FUZZ_CHECK(f->value.p + f->value.len <= p + used);
	}
}

static void body_take(const char *p, size_t len)
{
	struct http_chunks c = { 0 };
	size_t pos = 0, used;
	struct span data;

	while (!http_chunks_take(&c, p + pos, len - pos, &used, &data) &&
	       used) {
		FUZZ_CHECK(used <= len - pos && data.len <= used);
		pos += used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct http_head h;
	size_t used = 0;
	int status, err;

	err = http_head_parse(&h, p, size, &used, &status);
	if (!err) {
		char *text = malloc(h.path.len + 1);

		FUZZ_CHECK(used <= size && used <= HTTP_HEAD_MAX_BYTES);
		FUZZ_CHECK(!(h.is_chunked && h.has_length));
		spans_lie_inside(&h, p, used);
		if (text && !http_decode(text, h.path, false))
			FUZZ_CHECK(strlen(text) <= h.path.len);
		free(text);
		body_take(p + used, size - used);
	}
	else {
		FUZZ_CHECK(err == EAGAIN || err == EBADMSG);
		FUZZ_CHECK(status >= 400 && status < 600);
	}

	if (!http_head_parse_response(&h, p, size, &used))
		spans_lie_inside(&h, p, used);
	body_take(p, size);

	return 0;
}
