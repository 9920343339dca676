/* fuzz.h - what a fuzz target provides; 0 always, a fault aborts */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A claim that holds for every input. */
#define FUZZ_CHECK(claim)                                                      \
	do {                                                                   \
		if (!(claim))                                                  \
			abort();                                               \
	} while (0)

#endif
