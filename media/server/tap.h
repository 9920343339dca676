/* tap.h - what a port hears, for somebody who mixes or records
 *
 * Keeps up to 120 ms of what has come and not been taken; when more comes the
 * oldest goes, so that delay cannot grow.  Taken by the tick; what has not
 * come is silence.  Who taps says whether it wants it wide (16 kHz).
 */
#ifndef MEDIA_SERVER_TAP_H
#define MEDIA_SERVER_TAP_H

#include "base/libre.h"

enum {
	TAP_SAMPLES = 960, /* 120 ms, narrow */
	TAP_SAMPLES_MAX = 2 * TAP_SAMPLES,
};

/** Zeroed memory is a tap on nothing. */
struct tap {
	struct le le; /* in its port's taps */
	int16_t pcm[TAP_SAMPLES_MAX];
	size_t begin;
	size_t fill;
	bool is_wide;
	bool is_flowing; /* waits for two packets before it gives the first */
};

/** Wide or narrow from now on; what it has is dropped when that is new. */
void tap_set_wide(struct tap *t, bool is_wide);

void tap_put(struct tap *t, const int16_t *pcm, size_t count);

/** Take count samples, silence where there is none.  False when all of it
 * is silence for want of packets. */
bool tap_take(struct tap *t, int16_t *pcm, size_t count);

#endif
