/* ws_frame.c - fuzz WebSocket frame heads, unmasking and UTF-8 */
#include <errno.h>
#include <string.h>

#include "base/ws_frame.h"
#include "tests/fuzz/fuzz.h"

static void frames_take(const uint8_t *data, size_t size, bool is_masked)
{
	size_t pos = 0;

	for (;;) {
		uint8_t head[WS_HEAD_MAX_BYTES], *copy;
		struct ws_frame f;
		uint16_t code = 0;
		int err;

		err = ws_frame_parse(&f, data + pos, size - pos, is_masked,
				     65536, &code);
		if (err) {
			FUZZ_CHECK(err == EAGAIN ||
				   (err == EBADMSG &&
				    (code == 1002 || code == 1009)));
			return;
		}
		FUZZ_CHECK(f.len <= 65536 && f.head_len <= WS_HEAD_MAX_BYTES);

		/* a minimal head is written as it was read */
		FUZZ_CHECK(ws_frame_write(head, f.opcode, f.is_final, f.len,
					  is_masked ? f.mask : NULL) ==
			   f.head_len);
		FUZZ_CHECK(!memcmp(head, data + pos, f.head_len));

		pos += f.head_len;
		if (f.len > size - pos)
			return;
		copy = malloc(f.len ? f.len : 1);
		if (!copy)
			return;
		memcpy(copy, data + pos, f.len);
		ws_mask(copy, f.len, f.mask, 0);
		(void)utf8_is_valid(copy, f.len);
		free(copy);
		pos += f.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	frames_take(data, size, true);
	frames_take(data, size, false);
	(void)utf8_is_valid(data, size);

	return 0;
}
