/* resample.h - between 8 and 16 kHz, a stretch at a time
 *
 * A half-band filter of 31 taps: what lies above 3.4 kHz is lost on the way
 * down, nothing comes in above 4.6 kHz on the way up.  The delay is 1 ms.
 */
#ifndef MEDIA_RESAMPLE_H
#define MEDIA_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum { RESAMPLE_HISTORY = 30 };

/** One stream one way; zeroed memory is one that has heard silence. */
struct resample {
	int16_t history[RESAMPLE_HISTORY];
};

/** From 8 to 16 kHz: out has twice as many samples as in. */
void resample_up(struct resample *r, int16_t *out, const int16_t *in,
		 size_t count);

/** From 16 to 8 kHz: out has half as many samples as in; an odd one at the
 * end is dropped. */
void resample_down(struct resample *r, int16_t *out, const int16_t *in,
		   size_t count);

#endif
