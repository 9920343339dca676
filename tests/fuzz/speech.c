/* speech.c - fuzz what is in a packet: each codec's decoder, and SRTP
 *
 * A decoder gives no more samples than there is room for; what nobody
 * protected is never opened, and an opened packet is not longer than it came.
 */
#include <string.h>

#include "base/libre.h"
#include "media/codec.h"
#include "media/rtp.h"
#include "media/secure.h"
#include "tests/fuzz/fuzz.h"

static void decode(const struct codec *codec, const uint8_t *data, size_t size)
{
	static int16_t pcm[CODEC_PCM_MAX];
	struct coder *c = NULL;

	if (coder_open(&c, codec))
		return;
	FUZZ_CHECK(coder_decode(c, pcm, data, size) <= CODEC_PCM_MAX);
	FUZZ_CHECK(coder_conceal(c, pcm, data, size) <= CODEC_PCM_MAX);
	FUZZ_CHECK(coder_conceal(c, pcm, NULL, 0) <= CODEC_PCM_MAX);
	FUZZ_CHECK(coder_decode(c, pcm, data, size / 2) <= CODEC_PCM_MAX);
	mem_deref(c);
}

static void open_secure(const char *suite, const uint8_t *data, size_t size)
{
	static const uint8_t key[SECURE_KEY_MAX] = { 1, 2, 3 };
	uint8_t copy[RTP_PACKET_MAX + 1 + SECURE_MORE_MAX];
	struct secure *s = NULL;
	size_t n = size;

	if (secure_open(&s, suite, key, false))
		return;
	secure_goes_on(s);
	memcpy(copy, data, size);
	if (!secure_open_packet(s, copy, &n))
		FUZZ_CHECK(n < size);
	n = size;
	memcpy(copy, data, size);
	if (!secure_open_report(s, copy, &n))
		FUZZ_CHECK(n < size);
	mem_deref(s);

	s = NULL;
	if (secure_open(&s, suite, key, true))
		return;
	n = size;
	memcpy(copy, data, size);
	if (!secure_protect(s, copy, &n))
		FUZZ_CHECK(n > size && n <= size + SECURE_MORE_MAX);
	n = size;
	memcpy(copy, data, size);
	if (!secure_protect_report(s, copy, &n))
		FUZZ_CHECK(n > size && n <= size + SECURE_MORE_MAX);
	mem_deref(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec *codec;
	size_t pick;

	if (!size || size > RTP_PACKET_MAX)
		return 0;

	/* one of them an input: making an Opus decoder is slow */
	pick = (data[size - 1] + size) % 6;
	codec = codec_at((unsigned)pick);
	if (codec)
		decode(codec, data, size);
	else
		open_secure(pick == 4 ? "AES_CM_128_HMAC_SHA1_80"
				      : "AEAD_AES_256_GCM",
			    data, size);

	return 0;
}
