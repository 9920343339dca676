/* g711.c - see g711.h */
#include "base/libre.h"

#include <rem/rem_g711.h>

#include "media/g711.h"

bool g711_is_payload_type(uint8_t pt)
{
	return pt == G711_ULAW || pt == G711_ALAW;
}

/* librem negates the sample, which INT16_MIN does not survive. */
static int16_t clamp(int16_t sample)
{
	return sample == INT16_MIN ? INT16_MIN + 1 : sample;
}

void g711_encode(uint8_t pt, uint8_t *out, const int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = pt == G711_ALAW ? g711_pcm2alaw(clamp(pcm[i]))
					 : g711_pcm2ulaw(clamp(pcm[i]));
	}
}

void g711_decode(uint8_t pt, int16_t *pcm, const uint8_t *in, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pcm[i] = pt == G711_ALAW ? g711_alaw2pcm(in[i])
					 : g711_ulaw2pcm(in[i]);
	}
}
