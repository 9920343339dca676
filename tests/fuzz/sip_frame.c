/* sip_frame.c - fuzz stream framing: pieces make the same frames as a whole */
#include "sip/frame.h"
#include "tests/fuzz/fuzz.h"

struct log {
	uint32_t count, sum;
};

static void frames_take(struct log *log, const char *p, size_t size,
			size_t step)
{
	struct sip_framer f = { .max_bytes = 4096 };
	size_t start = 0, have = 0;

	while (have < size) {
		have = size - have < step ? size : have + step;
		for (;;) {
			struct span message;
			struct sip_message m;
			size_t used;
			enum sip_frame kind = sip_frame_next(
				&f, p + start, have - start, &used, &message);

			FUZZ_CHECK(used <= have - start);
			if (kind == SIP_FRAME_MORE)
				break;
			log->count++;
			log->sum = log->sum * 31 + kind * 7 + message.len;
			if (kind == SIP_FRAME_BAD) {
				struct sip_fault fault;

				sip_frame_fault(&m, message, &fault);
				FUZZ_CHECK(fault.status >= 400);
				return;
			}
			FUZZ_CHECK(used > 0);
			/* both parsers agree where a good message ends */
			if (kind == SIP_FRAME_MESSAGE &&
			    !sip_message_parse(&m, message.p, message.len,
					       NULL))
				FUZZ_CHECK(m.len == message.len);
			start += used;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log whole = { 0 }, single = { 0 }, seven = { 0 };

	frames_take(&whole, (const char *)data, size, size ? size : 1);
	frames_take(&single, (const char *)data, size, 1);
	frames_take(&seven, (const char *)data, size, 7);
	FUZZ_CHECK(whole.count == single.count && whole.sum == single.sum);
	FUZZ_CHECK(whole.count == seven.count && whole.sum == seven.sum);

	return 0;
}
