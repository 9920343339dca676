/* codec.c - see codec.h */
#include <opus/opus.h>
#include <spandsp/telephony.h>
#include <spandsp/g722.h>

#include "base/libre.h"
#include "media/codec.h"
#include "media/g711.h"

enum {
	G722_BITS = 64000,
	OPUS_BITS = 24000,
	OPUS_COMPLEXITY = 4,
	OPUS_LOSS = 5, /* per cent that we code for */
};

struct coder {
	const struct codec *codec;
	const struct kind *kind;
	g722_encode_state_t *g722_out;
	g722_decode_state_t *g722_in;
	OpusEncoder *opus_out;
	OpusDecoder *opus_in;
	size_t last_count;             /* samples of the last packet decoded */
	uint32_t lost;                 /* made good since */
	int16_t last[CODEC_FRAME_MAX]; /* the end of what was decoded */
};

static const struct codec codecs[] = {
	{ "opus", CODEC_OPUS_PT, 48000, 2, true,
	  "maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1" },
	{ "G722", 9, 8000, 1, true, NULL },
	{ "PCMU", G711_ULAW, 8000, 1, false, NULL },
	{ "PCMA", G711_ALAW, 8000, 1, false, NULL },
};

/* ---- how each works ---- */

static size_t g711_out(struct coder *c, uint8_t *out, const int16_t *pcm)
{
	size_t count = codec_frame(c->codec);

	g711_encode(c->codec->payload, out, pcm, count);

	return count;
}

static size_t g711_in(struct coder *c, int16_t *pcm, const uint8_t *in,
		      size_t length)
{
	length = min(length, (size_t)CODEC_PCM_MAX);
	g711_decode(c->codec->payload, pcm, in, length);

	return length;
}

static size_t g722_out(struct coder *c, uint8_t *out, const int16_t *pcm)
{
	int n;

	if (!c->g722_out)
		c->g722_out = g722_encode_init(NULL, G722_BITS, 0);
	if (!c->g722_out)
		return 0;
	n = g722_encode(c->g722_out, out, pcm, (int)codec_frame(c->codec));

	return n > 0 ? (size_t)n : 0;
}

static size_t g722_in(struct coder *c, int16_t *pcm, const uint8_t *in,
		      size_t length)
{
	int n;

	if (!c->g722_in)
		c->g722_in = g722_decode_init(NULL, G722_BITS, 0);
	if (!c->g722_in)
		return 0;
	length = min(length, (size_t)CODEC_PCM_MAX / 2);
	n = g722_decode(c->g722_in, pcm, in, (int)length);

	return n > 0 ? (size_t)n : 0;
}

static size_t opus_out(struct coder *c, uint8_t *out, const int16_t *pcm)
{
	int n, err;

	if (!c->opus_out) {
		c->opus_out = opus_encoder_create(CODEC_WIDE_HZ, 1,
						  OPUS_APPLICATION_VOIP, &err);
		if (!c->opus_out)
			return 0;
		(void)opus_encoder_ctl(c->opus_out,
				       OPUS_SET_BITRATE(OPUS_BITS));
		(void)opus_encoder_ctl(c->opus_out,
				       OPUS_SET_COMPLEXITY(OPUS_COMPLEXITY));
		(void)opus_encoder_ctl(c->opus_out, OPUS_SET_INBAND_FEC(1));
		(void)opus_encoder_ctl(c->opus_out,
				       OPUS_SET_PACKET_LOSS_PERC(OPUS_LOSS));
	}
	n = opus_encode(c->opus_out, pcm, (int)codec_frame(c->codec), out,
			CODEC_OCTETS_MAX);

	return n > 0 ? (size_t)n : 0;
}

static bool opus_ready(struct coder *c)
{
	int err;

	if (!c->opus_in)
		c->opus_in = opus_decoder_create(CODEC_WIDE_HZ, 1, &err);

	return c->opus_in;
}

static size_t opus_take(struct coder *c, int16_t *pcm, const uint8_t *in,
			size_t length)
{
	int n;

	if (!length || !opus_ready(c))
		return 0;
	n = opus_decode(c->opus_in, in, (opus_int32)length, pcm, CODEC_PCM_MAX,
			0);

	return n > 0 ? (size_t)n : 0;
}

static size_t opus_guess(struct coder *c, int16_t *pcm, const uint8_t *next,
			 size_t length)
{
	bool is_told = next && length;
	int n;

	n = opus_decode(c->opus_in, is_told ? next : NULL,
			is_told ? (opus_int32)length : 0, pcm,
			(int)c->last_count, is_told);

	return n > 0 ? (size_t)n : 0;
}

static const struct kind {
	size_t (*out)(struct coder *c, uint8_t *out, const int16_t *pcm);
	size_t (*in)(struct coder *c, int16_t *pcm, const uint8_t *in,
		     size_t length);
	size_t (*guess)(struct coder *c, int16_t *pcm, const uint8_t *next,
			size_t length);
} kinds[ARRAY_SIZE(codecs)] = {
	{ opus_out, opus_take, opus_guess },
	{ g722_out, g722_in, NULL },
	{ g711_out, g711_in, NULL },
	{ g711_out, g711_in, NULL },
};

/* ---- the table ---- */

const struct codec *codec_at(unsigned i)
{
	return i < ARRAY_SIZE(codecs) ? &codecs[i] : NULL;
}

const struct codec *codec_find(const char *name, uint32_t clock_hz)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		if (!strcasecmp(codecs[i].name, name) &&
		    codecs[i].clock_hz == clock_hz)
			return &codecs[i];
	}

	return NULL;
}

const struct codec *codec_static(uint8_t payload)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		if (codecs[i].payload == payload && payload < CODEC_OPUS_PT)
			return &codecs[i];
	}

	return NULL;
}

size_t codec_frame(const struct codec *codec)
{
	return (codec->is_wide ? CODEC_WIDE_HZ : CODEC_NARROW_HZ) / 1000 *
	       CODEC_PTIME_MS;
}

uint32_t codec_step(const struct codec *codec)
{
	return codec->clock_hz / 1000 * CODEC_PTIME_MS;
}

/* ---- coders ---- */

static void coder_destructor(void *data)
{
	struct coder *c = data;

	if (c->g722_out)
		(void)g722_encode_free(c->g722_out);
	if (c->g722_in)
		(void)g722_decode_free(c->g722_in);
	if (c->opus_out)
		opus_encoder_destroy(c->opus_out);
	if (c->opus_in)
		opus_decoder_destroy(c->opus_in);
}

int coder_open(struct coder **cp, const struct codec *codec)
{
	struct coder *c = mem_zalloc(sizeof(*c), coder_destructor);

	if (!c)
		return ENOMEM;
	c->codec = codec;
	c->kind = &kinds[codec - codecs];
	*cp = c;

	return 0;
}

const struct codec *coder_codec(const struct coder *c)
{
	return c->codec;
}

size_t coder_encode(struct coder *c, uint8_t *out, const int16_t *pcm)
{
	return c->kind->out(c, out, pcm);
}

size_t coder_decode(struct coder *c, int16_t *pcm, const uint8_t *in,
		    size_t length)
{
	size_t n = c->kind->in(c, pcm, in, length);
	size_t kept = min(n, codec_frame(c->codec));

	if (!n)
		return 0;
	if (!c->kind->guess)
		memcpy(c->last, pcm + n - kept, kept * sizeof(*pcm));
	c->last_count = n;
	c->lost = 0;

	return n;
}

/* The last 20 ms again, each time half as loud. */
static size_t fade(struct coder *c, int16_t *pcm)
{
	size_t frame = min(codec_frame(c->codec), c->last_count);

	for (size_t i = 0; i < c->last_count; i++) {
		c->last[i % frame] = (int16_t)(c->last[i % frame] / 2);
		pcm[i] = c->last[i % frame];
	}

	return c->last_count;
}

size_t coder_conceal(struct coder *c, int16_t *pcm, const uint8_t *next,
		     size_t length)
{
	if (!c->last_count || c->lost >= CODEC_LOST_MAX)
		return 0;

	c->lost++;
	if (c->kind->guess)
		return c->kind->guess(c, pcm, next, length);

	return fade(c, pcm);
}
