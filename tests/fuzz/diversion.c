/* diversion.c - fuzz what an INVITE says of where it was */
#include "pbx/trunk/diversion.h"
#include "sip/privacy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_message m;
	struct diversion d;
	char *text = malloc(size + 1);

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	if (!sip_message_parse(&m, text, size, NULL)) {
		(void)sip_privacy(&m);
		diversion_read(&d, &m);
		FUZZ_CHECK(d.count <= DIVERSIONS_MAX);
		for (uint8_t i = 0; i < d.count; i++)
			FUZZ_CHECK(d.hops[i].number[0] &&
				   d.hops[i].why < ROUTE_WHYS);
	}
	free(text);
	return 0;
}
