/* trace.c - fuzz what is shown of messages
 *
 * Masking changes no length and leaves no digest answer; every form of output
 * stays inside its buffer.
 */
#include "pbx/watch/trace_print.h"
#include "tests/fuzz/fuzz.h"

static char out[1 << 20];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_ladder ladder = { .count = 0 };
	struct trace_message m = { .time_us = 1, .is_sent = size & 1 };
	char *text = malloc(size + 1);
	uint64_t call_id, session;
	struct sip_out o;

	FUZZ_CHECK(text);
	if (size > TRACE_PACKET_MAX)
		size = TRACE_PACKET_MAX;
	memcpy(text, data, size);
	trace_mask(text, size);
	trace_keys(&call_id, &session, text, size);
	(void)sa_set_str(&m.source, "192.0.2.1", 5060);
	(void)sa_set_str(&m.target, size & 2 ? "2001:db8::1" : "192.0.2.2", 1);
	m.remote = m.is_sent ? m.target : m.source;
	m.text = (struct span){ text, (uint32_t)size };

	sip_out_init(&o, out, sizeof(out));
	trace_ladder_meet(&ladder, &m);
	trace_ladder_head(&o, &ladder);
	trace_ladder_line(&o, &ladder, &m);
	FUZZ_CHECK(!o.is_full);
	sip_out_init(&o, out, sizeof(out));
	trace_json(&o, &m, true);
	FUZZ_CHECK(!o.is_full);
	sip_out_init(&o, out, sizeof(out));
	trace_pcap_head(&o);
	trace_pcap(&o, &m);
	FUZZ_CHECK(!o.is_full && o.len >= TRACE_PCAP_HEAD + size);
	sip_out_init(&o, out, sizeof(out));
	trace_hep(&o, &m, (struct span){ NULL, 0 });
	FUZZ_CHECK(!o.is_full && o.len > size);
	free(text);
	return 0;
}
