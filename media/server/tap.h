/* tap.h - what a port hears, for somebody who mixes or records
 *
 * Keeps up to TAP_SAMPLES of what has come and not been taken; when more
 * comes the oldest goes, so that delay cannot grow.  Taken by the tick; what
 * has not come is silence.
 */
#ifndef MEDIA_SERVER_TAP_H
#define MEDIA_SERVER_TAP_H

#include "base/libre.h"

enum { TAP_SAMPLES = 960 }; /* 120 ms */

/** Zeroed memory is a tap on nothing. */
struct tap {
	struct le le; /* in its port's taps */
	int16_t pcm[TAP_SAMPLES];
	size_t begin;
	size_t fill;
	bool is_flowing; /* waits for two packets before it gives the first */
};

void tap_put(struct tap *t, const int16_t *pcm, size_t count);

/** Take count samples, silence where there is none.  False when all of it
 * is silence for want of packets. */
bool tap_take(struct tap *t, int16_t *pcm, size_t count);

#endif
