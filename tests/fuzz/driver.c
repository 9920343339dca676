/* driver.c - run a fuzz target over files, each also cut short and with
 * single octets changed; for builds without libFuzzer
 */
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { SEED_MAX_BYTES = 1 << 20, CHANGES = 2000 };

static void seed_run(const uint8_t *p, size_t len)
{
	uint32_t state = 12345; /* the same changes at each run */
	uint8_t *copy;

	/* own blocks of the very length: a read past the end is seen */
	for (size_t n = 0; n <= len && n <= 4096; n++) {
		copy = malloc(n ? n : 1);
		if (!copy)
			abort();
		memcpy(copy, p, n);
		LLVMFuzzerTestOneInput(copy, n);
		free(copy);
	}

	copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	for (int i = 0; len && i < CHANGES; i++) {
		memcpy(copy, p, len);
		for (int k = 0; k <= i % 3; k++) {
			state = state * 1664525 + 1013904223;
			copy[(state >> 8) % len] = (uint8_t)(state >> 24);
		}
		LLVMFuzzerTestOneInput(copy, len);
	}
	LLVMFuzzerTestOneInput(p, len);
	free(copy);
}

int main(int argc, char *argv[])
{
	static uint8_t seed[SEED_MAX_BYTES];
	const char *name = strrchr(argv[0], '/');

	name = name ? name + 1 : argv[0];
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t len;

		if (!f) {
			printf("not ok %s: cannot read %s\n", name, argv[i]);
			return 1;
		}
		len = fread(seed, 1, sizeof(seed), f);
		(void)fclose(f);
		seed_run(seed, len);
	}

	printf("ok %s: %d seeds and their changes do no harm\n", name,
	       argc - 1);

	return 0;
}
