/* wav.c - fuzz sound files
 *
 * A refusal has a sentence; what is accepted is no longer than the file.
 */
#include "base/libre.h"
#include "media/wav.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct wav *w = NULL;
	int err = wav_parse(&w, data, size, &why);

	FUZZ_CHECK(err == 0 || err == EBADMSG || err == EFBIG);
	FUZZ_CHECK(err != EBADMSG || why);
	FUZZ_CHECK(err || w->count <= size);
	mem_deref(w);
	return 0;
}
