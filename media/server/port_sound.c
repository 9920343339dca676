/* port_sound.c - see port_sound.h */
#include "base/libre.h"
#include "media/g711.h"
#include "media/rtp.h"
#include "media/server/port_sound.h"
#include "media/server/tap.h"

void port_sound_init(struct port_sound *s)
{
	s->payload = G711_ULAW;
	s->codec = codec_static(G711_ULAW);
}

void port_sound_close(struct port_sound *s)
{
	s->out = mem_deref(s->out);
	s->in = mem_deref(s->in);
}

const struct codec *port_sound_codec(const struct port_sound *s,
				     uint8_t payload)
{
	for (uint32_t i = 0; i < s->format_count; i++) {
		if (s->formats[i].payload == payload)
			return s->formats[i].codec;
	}

	return codec_static(payload);
}

/* The coder for a codec: a new one when it is another. */
static struct coder *coder_for(struct coder **cp, const struct codec *codec)
{
	if (*cp && coder_codec(*cp) == codec)
		return *cp;

	*cp = mem_deref(*cp);
	(void)coder_open(cp, codec);

	return *cp;
}

/* ---- speaking ---- */

size_t port_sound_make(struct port_sound *s, uint8_t *out, const int16_t *pcm,
		       bool is_wide)
{
	struct coder *c = coder_for(&s->out, s->codec);
	int16_t other[CODEC_FRAME_MAX];

	if (!c)
		return 0;
	if (s->codec->is_wide && !is_wide) {
		resample_up(&s->spoken, other, pcm, CODEC_FRAME_MAX / 2);
		pcm = other;
	}
	else if (!s->codec->is_wide && is_wide) {
		resample_down(&s->spoken, other, pcm, CODEC_FRAME_MAX);
		pcm = other;
	}

	return coder_encode(c, out, pcm);
}

/* ---- hearing ---- */

static void put(struct port_sound *s, const struct list *taps,
		const int16_t *pcm, size_t count)
{
	const bool is_wide = coder_codec(s->in)->is_wide;
	int16_t other[2 * CODEC_PCM_MAX];
	size_t other_count = 0;
	struct le *le;

	for (le = list_head(taps); le; le = le->next) {
		struct tap *t = le->data;

		if (t->is_wide == is_wide) {
			tap_put(t, pcm, count);
			continue;
		}
		if (!other_count && is_wide) {
			resample_down(&s->heard, other, pcm, count);
			other_count = count / 2;
		}
		else if (!other_count) {
			resample_up(&s->heard, other, pcm, count);
			other_count = 2 * count;
		}
		tap_put(t, other, other_count);
	}
}

void port_sound_hear(struct port_sound *s, const struct rtp_in *in,
		     const struct list *taps)
{
	const struct codec *codec = port_sound_codec(s, in->pt);
	struct coder *c = codec ? coder_for(&s->in, codec) : NULL;
	uint32_t lost = min(in->lost, (uint32_t)CODEC_LOST_MAX);
	int16_t pcm[CODEC_PCM_MAX];
	size_t n;

	if (!c || in->is_late)
		return;

	while (lost--) {
		n = coder_conceal(c, pcm, lost ? NULL : in->payload,
				  in->length);
		if (n)
			put(s, taps, pcm, n);
	}
	n = coder_decode(c, pcm, in->payload, in->length);
	if (n)
		put(s, taps, pcm, n);
}
