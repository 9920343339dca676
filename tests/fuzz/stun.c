/* stun.c - fuzz STUN on the SIP port */
#include "sip/stun.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[SIP_STUN_MAX_BYTES];
	struct sip_stun s, again;
	struct sa source;
	size_t n;

	if (sip_stun_parse(&s, data, size))
		return 0;

	FUZZ_CHECK(sip_stun_is(data, size));
	(void)sa_set_str(&source, size & 4 ? "192.0.2.1" : "2001:db8::1", 5060);
	n = sip_stun_answer(out, sizeof(out), &s, &source);
	FUZZ_CHECK(!n == (s.kind != SIP_STUN_REQUEST));
	if (!n)
		return 0;
	FUZZ_CHECK(!sip_stun_parse(&again, out, n));
	if (!s.unknown)
		FUZZ_CHECK(again.has_mapped &&
			   sa_cmp(&again.mapped, &source, SA_ALL));

	return 0;
}
