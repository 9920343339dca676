/* dialog_info.c - fuzz the documents of watched numbers */
#include "phone/dialog_info.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dialog_info d;

	if (dialog_info_parse(
		    &d, (struct span){ (const char *)data, (uint32_t)size }))
		return 0;

	FUZZ_CHECK(d.count <= DIALOG_INFO_MAX);
	for (uint32_t i = 0; i < d.count; i++) {
		const struct dialog_info_dialog *a = &d.dialog[i];

		FUZZ_CHECK(a->id[0] && strlen(a->id) < sizeof(a->id));
		FUZZ_CHECK(strlen(a->peer) < sizeof(a->peer));
		FUZZ_CHECK(strlen(a->name) < sizeof(a->name));
		FUZZ_CHECK(a->state <= DIALOG_TERMINATED);
	}

	return 0;
}
