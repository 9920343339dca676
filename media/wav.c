/* wav.c - see wav.h
 *
 * RIFF is a list of chunks; `fmt ` says what the octets of `data` mean.  The
 * sound is brought to 16-bit mono first, then a windowed-sinc low pass takes
 * every ratio-th sample.
 */
#include <math.h>
#include <stdio.h>

#include "base/libre.h"
#include "media/g711.h"
#include "media/tone.h"
#include "media/wav.h"

enum {
	FORMAT_LINEAR = 1,
	FORMAT_ALAW = 6,
	FORMAT_ULAW = 7,
	HEAD_BYTES = 44,
	TAPS_PER_RATIO = 16,
	RATIO_MAX = 6,
};

struct format {
	uint32_t code;
	uint32_t channels;
	uint32_t rate;
	uint32_t bits;
	uint32_t frame; /* octets of one sample of all channels */
};

struct wav_writer {
	FILE *file;
	uint32_t rate_hz;
	uint32_t bytes; /* of samples */
};

static uint32_t get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static void wav_destructor(void *data)
{
	struct wav *w = data;

	mem_deref(w->pcm);
	mem_deref(w->wide);
}

/* ---- reading ---- */

static const char *read_format(struct format *f, const uint8_t *p,
			       uint32_t length)
{
	if (length < 16)
		return "the fmt chunk is too short";

	f->code = get16(p);
	f->channels = get16(p + 2);
	f->rate = get32(p + 4);
	f->frame = get16(p + 12);
	f->bits = get16(p + 14);

	if (f->channels < 1 || f->channels > 2)
		return "only one or two channels can be read";
	if (f->code == FORMAT_LINEAR && f->bits != 8 && f->bits != 16)
		return "linear samples must have 8 or 16 bits";
	if ((f->code == FORMAT_ALAW || f->code == FORMAT_ULAW) && f->bits != 8)
		return "G.711 samples must have 8 bits";
	if (f->code != FORMAT_LINEAR && f->code != FORMAT_ALAW &&
	    f->code != FORMAT_ULAW)
		return "only linear, A-law and u-law can be read";
	if (f->rate < TONE_RATE_HZ || f->rate % TONE_RATE_HZ ||
	    f->rate / TONE_RATE_HZ > RATIO_MAX)
		return "the rate must be a multiple of 8000 up to 48000";
	if (f->frame != f->channels * f->bits / 8)
		return "the block length does not fit channels and bits";

	return NULL;
}

/* Find fmt and data; both must lie whole within the file. */
static const char *read_chunks(struct format *f, const uint8_t **datap,
			       uint32_t *lengthp, const uint8_t *p,
			       size_t length)
{
	bool has_format = false;
	size_t at = 12;

	if (length < 12 || memcmp(p, "RIFF", 4) != 0 ||
	    memcmp(p + 8, "WAVE", 4) != 0)
		return "this is not a WAV file";

	for (int n = 0; n < WAV_CHUNKS_MAX && length - at >= 8; n++) {
		const uint8_t *head = p + at;
		uint32_t size = get32(head + 4);

		at += 8;
		if (size > length - at)
			return "a chunk is longer than the file";
		if (!memcmp(head, "fmt ", 4)) {
			const char *why = read_format(f, p + at, size);

			if (why)
				return why;
			has_format = true;
		}
		else if (!memcmp(head, "data", 4)) {
			*datap = p + at;
			*lengthp = size;
			return has_format ? NULL
					  : "data comes before its format";
		}
		at += size;
		if (size % 2 && at < length)
			at++;
	}

	return "there is no data chunk";
}

static int32_t sample_at(const struct format *f, const uint8_t *p)
{
	int16_t pcm;

	switch (f->code) {
	case FORMAT_ALAW: g711_decode(G711_ALAW, &pcm, p, 1); return pcm;
	case FORMAT_ULAW: g711_decode(G711_ULAW, &pcm, p, 1); return pcm;
	default:
		return f->bits == 8 ? (p[0] - 128) * 256
				    : (int16_t)(uint16_t)get16(p);
	}
}

static int16_t mono_at(const struct format *f, const uint8_t *data, size_t i)
{
	int32_t sum = 0;

	for (uint32_t c = 0; c < f->channels; c++)
		sum += sample_at(f, data + i * f->frame + c * f->bits / 8);

	return (int16_t)(sum / (int32_t)f->channels);
}

/* Low pass at 0.9 of the new Nyquist frequency, Hann window; sums to 1. */
static size_t make_filter(double *taps, uint32_t ratio)
{
	size_t count = TAPS_PER_RATIO * ratio + 1;
	double middle = (double)(count - 1) / 2, sum = 0;

	for (size_t i = 0; i < count; i++) {
		double t = ((double)i - middle) * 0.9 / ratio;
		double sinc = t == 0 ? 1 : sin(M_PI * t) / (M_PI * t);

		taps[i] = sinc * (0.5 + 0.5 * cos(M_PI * ((double)i - middle) /
						  (middle + 1)));
		sum += taps[i];
	}
	for (size_t i = 0; i < count; i++)
		taps[i] /= sum;

	return count;
}

/* Every ratio-th sample of what is below its half: out_count of them. */
static void resample(int16_t *out, size_t out_count, const int16_t *in,
		     size_t count, uint32_t ratio)
{
	double taps[TAPS_PER_RATIO * RATIO_MAX + 1];
	size_t length = make_filter(taps, ratio), half = length / 2;

	for (size_t i = 0; i < out_count; i++) {
		double sum = 0;

		for (size_t k = 0; k < length; k++) {
			size_t at = i * ratio + k;

			if (at >= half && at - half < count)
				sum += taps[k] * in[at - half];
		}
		if (sum > INT16_MAX)
			sum = INT16_MAX;
		if (sum < INT16_MIN)
			sum = INT16_MIN;
		out[i] = (int16_t)lrint(sum);
	}
}

static int convert(struct wav *w, const struct format *f, const uint8_t *data,
		   uint32_t length)
{
	uint32_t ratio = f->rate / TONE_RATE_HZ;
	size_t count = length / f->frame;
	int16_t *mono;

	mono = mem_zalloc((count + 1) * sizeof(*mono), NULL);
	if (!mono)
		return ENOMEM;
	for (size_t i = 0; i < count; i++)
		mono[i] = mono_at(f, data, i);

	w->count = count / ratio;
	if (ratio == 1) {
		w->pcm = mono;
		return 0;
	}

	w->pcm = mem_zalloc((w->count + 1) * sizeof(*w->pcm), NULL);
	if (w->pcm)
		resample(w->pcm, w->count, mono, count, ratio);
	if (ratio == 2) {
		w->wide = mono;
		return w->pcm ? 0 : ENOMEM;
	}
	if (w->pcm && ratio % 2 == 0) {
		w->wide = mem_zalloc((2 * w->count + 1) * sizeof(*w->wide),
				     NULL);
		if (w->wide)
			resample(w->wide, 2 * w->count, mono, count, ratio / 2);
	}
	mem_deref(mono);
	return w->pcm ? 0 : ENOMEM;
}

int wav_parse(struct wav **wp, const uint8_t *data, size_t length,
	      const char **whyp)
{
	struct format format = { 0 };
	const uint8_t *sound = NULL;
	uint32_t bytes = 0;
	struct wav *w = NULL;
	const char *why;
	int err;

	if (length > WAV_BYTES_MAX)
		return EFBIG;

	why = read_chunks(&format, &sound, &bytes, data, length);
	if (why) {
		if (whyp)
			*whyp = why;
		return EBADMSG;
	}

	w = mem_zalloc(sizeof(*w), wav_destructor);
	if (!w)
		return ENOMEM;
	err = convert(w, &format, sound, bytes);
	if (err)
		mem_deref(w);
	else
		*wp = w;

	return err;
}

static int read_all(struct mbuf *mb, FILE *file)
{
	uint8_t part[16384];
	size_t n;
	int err;

	while ((n = fread(part, 1, sizeof(part), file)) > 0) {
		if (mb->end + n > WAV_BYTES_MAX)
			return EFBIG;
		err = mbuf_write_mem(mb, part, n);
		if (err)
			return err;
	}

	return ferror(file) ? EIO : 0;
}

int wav_load(struct wav **wp, const char *path, const char **whyp)
{
	struct mbuf *mb = NULL;
	FILE *file;
	int err;

	file = fopen(path, "rbe");
	if (!file)
		return errno;

	mb = mbuf_alloc(65536);
	if (!mb) {
		err = ENOMEM;
		goto out;
	}
	err = read_all(mb, file);
	if (err)
		goto out;
	err = wav_parse(wp, mb->buf, mb->end, whyp);

out:
	fclose(file);
	mem_deref(mb);
	return err;
}

uint64_t wav_length_ms(const char *path)
{
	uint8_t head[HEAD_BYTES];
	FILE *file = fopen(path, "rbe");
	uint32_t rate = 0; /* octets a second */
	long end = 0;

	if (!file)
		return 0;
	if (fread(head, sizeof(head), 1, file) == 1 &&
	    !memcmp(head, "RIFF", 4) && !fseek(file, 0, SEEK_END)) {
		rate = get32(head + 28);
		end = ftell(file);
	}
	fclose(file);

	return rate && end > HEAD_BYTES
		       ? (uint64_t)(end - HEAD_BYTES) * 1000 / rate
		       : 0;
}

/* ---- writing ---- */

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static int write_head(struct wav_writer *w)
{
	uint8_t h[HEAD_BYTES] = "RIFF....WAVEfmt \x10\0\0\0\1\0\1\0"
				"............data";

	put32(h + 4, w->bytes + HEAD_BYTES - 8);
	put32(h + 24, w->rate_hz);
	put32(h + 28, w->rate_hz * 2);
	h[32] = 2;
	h[34] = 16;
	h[33] = 0;
	h[35] = 0;
	put32(h + 40, w->bytes);

	if (fseek(w->file, 0, SEEK_SET))
		return errno;
	return fwrite(h, sizeof(h), 1, w->file) == 1 ? 0 : EIO;
}

static void writer_destructor(void *data)
{
	(void)wav_writer_close(data);
}

int wav_writer_open(struct wav_writer **wp, const char *path, uint32_t rate_hz)
{
	struct wav_writer *w;
	int err = 0;

	w = mem_zalloc(sizeof(*w), writer_destructor);
	if (!w)
		return ENOMEM;

	w->rate_hz = rate_hz;
	w->file = fopen(path, "wbe");
	if (!w->file) {
		err = errno;
		goto out;
	}
	err = write_head(w);

out:
	if (err)
		mem_deref(w);
	else
		*wp = w;

	return err;
}

int wav_writer_add(struct wav_writer *w, const int16_t *pcm, size_t count)
{
	if (!w->file)
		return EBADF;
	if (count > (WAV_BYTES_MAX - w->bytes) / 2)
		return EFBIG;

	for (size_t i = 0; i < count; i++) {
		uint16_t u = (uint16_t)pcm[i];
		uint8_t two[2] = { (uint8_t)u, (uint8_t)(u >> 8) };

		if (fwrite(two, 2, 1, w->file) != 1)
			return EIO;
		w->bytes += 2;
	}

	return 0;
}

int wav_writer_close(struct wav_writer *w)
{
	int err;

	if (!w->file)
		return 0;

	err = write_head(w);
	if (fclose(w->file) && !err)
		err = errno;
	w->file = NULL;
	return err;
}
