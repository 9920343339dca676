/* tap.c - see tap.h */
#include "media/server/tap.h"

enum { TAP_START = 320 }; /* kept against jitter: 40 ms */

void tap_put(struct tap *t, const int16_t *pcm, size_t count)
{
	if (count > TAP_SAMPLES) {
		pcm += count - TAP_SAMPLES;
		count = TAP_SAMPLES;
	}
	if (t->fill + count > TAP_SAMPLES) {
		size_t gone = t->fill + count - TAP_SAMPLES;

		t->begin = (t->begin + gone) % TAP_SAMPLES;
		t->fill -= gone;
	}
	for (size_t i = 0; i < count; i++)
		t->pcm[(t->begin + t->fill + i) % TAP_SAMPLES] = pcm[i];
	t->fill += count;
	if (t->fill >= TAP_START)
		t->is_flowing = true;
}

bool tap_take(struct tap *t, int16_t *pcm, size_t count)
{
	size_t n = t->is_flowing ? min(count, t->fill) : 0;

	for (size_t i = 0; i < n; i++)
		pcm[i] = t->pcm[(t->begin + i) % TAP_SAMPLES];
	memset(pcm + n, 0, (count - n) * sizeof(*pcm));
	t->begin = (t->begin + n) % TAP_SAMPLES;
	t->fill -= n;
	if (n < count)
		t->is_flowing = false;

	return n > 0;
}
