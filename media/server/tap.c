/* tap.c - see tap.h */
#include "media/server/tap.h"

enum { TAP_START = 320 }; /* kept against jitter: 40 ms, narrow */

void tap_set_wide(struct tap *t, bool is_wide)
{
	if (t->is_wide == is_wide)
		return;

	t->is_wide = is_wide;
	t->fill = 0;
	t->is_flowing = false;
}

void tap_put(struct tap *t, const int16_t *pcm, size_t count)
{
	const size_t size = t->is_wide ? TAP_SAMPLES_MAX : TAP_SAMPLES;

	if (count > size) {
		pcm += count - size;
		count = size;
	}
	if (t->fill + count > size) {
		size_t gone = t->fill + count - size;

		t->begin = (t->begin + gone) % TAP_SAMPLES_MAX;
		t->fill -= gone;
	}
	for (size_t i = 0; i < count; i++)
		t->pcm[(t->begin + t->fill + i) % TAP_SAMPLES_MAX] = pcm[i];
	t->fill += count;
	if (t->fill >= (t->is_wide ? 2 * TAP_START : TAP_START))
		t->is_flowing = true;
}

bool tap_take(struct tap *t, int16_t *pcm, size_t count)
{
	size_t n = t->is_flowing ? min(count, t->fill) : 0;

	for (size_t i = 0; i < n; i++)
		pcm[i] = t->pcm[(t->begin + i) % TAP_SAMPLES_MAX];
	memset(pcm + n, 0, (count - n) * sizeof(*pcm));
	t->begin = (t->begin + n) % TAP_SAMPLES_MAX;
	t->fill -= n;
	if (n < count)
		t->is_flowing = false;

	return n > 0;
}
