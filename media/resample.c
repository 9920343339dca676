/* resample.c - see resample.h
 *
 * Every second tap of a half-band filter is zero but the middle one, which is
 * a half: what is left are 16 taps, symmetric.
 */
#include <string.h>

#include "media/resample.h"

enum {
	PAIRS = 8,
	ONE = 1 << 15,
	MIDDLE = 15, /* of 31 */
	BLOCK = 640, /* samples at a time */
};

/* The taps beside the middle, outwards: a windowed sinc (Kaiser, beta 5),
 * made so that they sum to a quarter on each side. */
static const int16_t taps[PAIRS] = {
	10352, -3216, 1671, -954, 541, -287, 134, -49,
};

static int16_t clip(int32_t v)
{
	return (int16_t)(v > INT16_MAX   ? INT16_MAX
			 : v < INT16_MIN ? INT16_MIN
					 : v);
}

/* What came before, then this: RESAMPLE_HISTORY + count samples. */
static void remember(struct resample *r, int16_t *all, const int16_t *in,
		     size_t count)
{
	memcpy(all, r->history, sizeof(r->history));
	memcpy(all + RESAMPLE_HISTORY, in, count * sizeof(*in));
	memcpy(r->history, all + count, sizeof(r->history));
}

/* Sample 2i+1 lies between two of the old ones, eight on each side. */
static void up(struct resample *r, int16_t *out, const int16_t *in,
	       size_t count)
{
	int16_t all[RESAMPLE_HISTORY + BLOCK];

	remember(r, all, in, count);
	for (size_t i = 0; i < count; i++) {
		const int16_t *x = all + RESAMPLE_HISTORY + i - PAIRS;
		int32_t sum = ONE / 4;

		for (int k = 0; k < PAIRS; k++)
			sum += taps[k] * (x[-k] + x[k + 1]);
		out[2 * i] = x[0];
		out[2 * i + 1] = clip(sum / (ONE / 2));
	}
}

static void down(struct resample *r, int16_t *out, const int16_t *in,
		 size_t count)
{
	int16_t all[RESAMPLE_HISTORY + BLOCK];

	remember(r, all, in, count);
	for (size_t i = 0; i + 1 < count; i += 2) {
		const int16_t *x = all + RESAMPLE_HISTORY + i - MIDDLE;
		int32_t sum = ONE / 2 + x[0] * (ONE / 2);

		for (int k = 0; k < PAIRS; k++)
			sum += taps[k] * (x[-2 * k - 1] + x[2 * k + 1]);
		out[i / 2] = clip(sum / ONE);
	}
}

void resample_up(struct resample *r, int16_t *out, const int16_t *in,
		 size_t count)
{
	while (count) {
		size_t n = count < BLOCK ? count : BLOCK;

		up(r, out, in, n);
		in += n;
		out += 2 * n;
		count -= n;
	}
}

void resample_down(struct resample *r, int16_t *out, const int16_t *in,
		   size_t count)
{
	while (count > 1) {
		size_t n = count < BLOCK ? count : BLOCK;

		down(r, out, in, n);
		in += n;
		out += n / 2;
		count -= n;
	}
}
