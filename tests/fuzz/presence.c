/* presence.c - fuzz the presence documents that phones publish */
#include "pbx/watch/publication.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char note[PUBLICATION_NOTE_BYTES];
	char *text = malloc(size + 1);
	bool is_closed;

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	if (!publication_read((struct span){ text, (uint32_t)size }, &is_closed,
			      note)) {
		FUZZ_CHECK(strlen(note) < sizeof(note));
		for (const char *p = note; *p; p++)
			FUZZ_CHECK((uint8_t)*p >= ' ');
	}
	free(text);
	return 0;
}
