/* codec.c - tests of the codecs and of the way between 8 and 16 kHz */
#include <math.h>

#include "base/libre.h"
#include "media/codec.h"
#include "media/resample.h"
#include "media/tone.h"
#include "tests/unit/test.h"

enum { FRAMES = 50, SAMPLES = FRAMES * CODEC_FRAME_MAX };

static void make_sine(int16_t *pcm, size_t count, double hz, double rate)
{
	for (size_t i = 0; i < count; i++)
		pcm[i] = (int16_t)lrint(8000 *
					sin(2 * M_PI * hz * (double)i / rate));
}

/* How much of it is one sine, in dB over the rest; the first tenth left out. */
static double purity(const int16_t *pcm, size_t count, double hz, double rate)
{
	double re = 0, im = 0, all = 0, wanted;
	size_t first = count / 10;

	for (size_t i = first; i < count; i++) {
		double v = pcm[i];

		re += v * cos(2 * M_PI * hz * (double)i / rate);
		im += v * sin(2 * M_PI * hz * (double)i / rate);
		all += v * v;
	}
	wanted = 2 * (re * re + im * im) / (double)(count - first);

	return all > wanted ? 10 * log10(wanted / (all - wanted)) : 99;
}

/* Code and decode a sine; every tenth packet lost when told so. */
static size_t carry(const struct codec *codec, int16_t *out, double hz,
		    bool is_lossy)
{
	static int16_t in[SAMPLES];
	size_t frame = codec_frame(codec), n = 0;
	struct coder *a = NULL, *b = NULL;
	uint8_t octets[CODEC_OCTETS_MAX];
	int16_t pcm[CODEC_PCM_MAX];
	bool was_lost = false;

	make_sine(in, FRAMES * frame, hz, codec->is_wide ? 16000 : 8000);
	CHECK(!coder_open(&a, codec));
	CHECK(!coder_open(&b, codec));
	for (int i = 0; i < FRAMES; i++) {
		size_t length = coder_encode(a, octets, in + i * frame), got;

		CHECK(length > 0 && length <= CODEC_OCTETS_MAX);
		if (is_lossy && i % 10 == 9) {
			was_lost = true;
			continue;
		}
		if (was_lost) {
			got = coder_conceal(b, pcm, octets, length);
			CHECK_INT(got, frame);
			memcpy(out + n, pcm, got * sizeof(*out));
			n += got;
		}
		was_lost = false;
		got = coder_decode(b, pcm, octets, length);
		CHECK_INT(got, frame);
		memcpy(out + n, pcm, got * sizeof(*out));
		n += got;
	}
	mem_deref(a);
	mem_deref(b);

	return n;
}

static void a_tone_comes_through(void)
{
	static int16_t out[SAMPLES];
	static const double least[] = { 14, 25, 30, 30 };
	const struct codec *codec;

	for (unsigned i = 0; (codec = codec_at(i)); i++) {
		double rate = codec->is_wide ? 16000 : 8000;
		size_t n = carry(codec, out, 1004, false);
		double db = purity(out, n, 1004, rate);

		if (db < least[i])
			printf("%s: %.1f dB\n", codec->name, db);
		CHECK(db >= least[i]);
		if (!codec->is_wide)
			continue;
		n = carry(codec, out, 5200, false);
		db = purity(out, n, 5200, rate);
		if (db < 8)
			printf("%s at 5200 Hz: %.1f dB\n", codec->name, db);
		CHECK(db >= 8);
	}
	CHECK_INT(purity((int16_t[]){ 0, 0, 1, 2 }, 4, 1000, 8000) < 8, 1);
}

static void lost_packets_are_made_good(void)
{
	static int16_t out[SAMPLES];
	const struct codec *codec;

	for (unsigned i = 0; (codec = codec_at(i)); i++) {
		double rate = codec->is_wide ? 16000 : 8000;
		size_t n = carry(codec, out, 1000, true);

		CHECK_INT(n, (FRAMES - 1) * codec_frame(codec));
		CHECK(purity(out, n, 1000, rate) > 5);
	}
}

static void concealing_ends(void)
{
	const struct codec *codec;

	for (unsigned i = 0; (codec = codec_at(i)); i++) {
		uint8_t octets[CODEC_OCTETS_MAX];
		int16_t pcm[CODEC_PCM_MAX] = { 0 };
		struct coder *c = NULL;
		size_t n;

		CHECK(!coder_open(&c, codec));
		CHECK_INT(coder_conceal(c, pcm, NULL, 0), 0);
		n = coder_encode(c, octets, pcm);
		CHECK_INT(coder_decode(c, pcm, octets, n), codec_frame(codec));
		for (int k = 0; k < CODEC_LOST_MAX; k++)
			CHECK_INT(coder_conceal(c, pcm, NULL, 0),
				  codec_frame(codec));
		CHECK_INT(coder_conceal(c, pcm, NULL, 0), 0);
		mem_deref(c);
	}
}

static void the_table_is_searched(void)
{
	CHECK(codec_find("OPUS", 48000) == codec_at(0));
	CHECK(codec_find("g722", 8000) == codec_static(9));
	CHECK(!codec_find("opus", 8000));
	CHECK(!codec_find("GSM", 8000));
	CHECK(!codec_static(96));
	CHECK_STR(codec_static(8)->name, "PCMA");
	CHECK_INT(codec_step(codec_at(0)), 960);
	CHECK_INT(codec_step(codec_static(9)), 160);
	CHECK_INT(codec_frame(codec_static(9)), 320);
}

static void rubbish_is_survived(void)
{
	const struct codec *codec;
	uint32_t seed = 1;

	for (unsigned i = 0; (codec = codec_at(i)); i++) {
		int16_t pcm[CODEC_PCM_MAX];
		uint8_t octets[1500];
		struct coder *c = NULL;

		CHECK(!coder_open(&c, codec));
		CHECK_INT(coder_decode(c, pcm, octets, 0), 0);
		for (int n = 0; n < 300; n++) {
			size_t length = (size_t)n * 5;

			for (size_t k = 0; k < length; k++) {
				seed = seed * 1103515245 + 12345;
				octets[k] = (uint8_t)(seed >> 16);
			}
			CHECK(coder_decode(c, pcm, octets, length) <=
			      CODEC_PCM_MAX);
			(void)coder_conceal(c, pcm, octets, length);
		}
		mem_deref(c);
	}
}

static void up_and_down_again(void)
{
	static int16_t narrow[8000], wide[16000], back[8000];
	struct resample up = { { 0 } }, down = { { 0 } };

	make_sine(narrow, 8000, 1000, 8000);
	for (int i = 0; i < 8000; i += 160) {
		resample_up(&up, wide + 2 * i, narrow + i, 160);
		resample_down(&down, back + i, wide + 2 * i, 320);
	}
	CHECK(purity(wide, 16000, 1000, 16000) > 45);
	CHECK(purity(back, 8000, 1000, 8000) > 45);

	/* what does not fit below 4 kHz is gone, not folded */
	memset(&down, 0, sizeof(down));
	make_sine(wide, 16000, 5500, 16000);
	resample_down(&down, back, wide, 16000);
	CHECK(purity(back, 8000, 2500, 8000) < 10 || abs(back[4000]) < 40);
	for (int i = 100; i < 8000; i++)
		CHECK(abs(back[i]) < 40);
}

static const struct test tests[] = {
	{ "a tone comes through each codec", a_tone_comes_through },
	{ "lost packets are made good", lost_packets_are_made_good },
	{ "concealing ends when nothing comes any more", concealing_ends },
	{ "codecs are found by name and payload type", the_table_is_searched },
	{ "rubbish is survived", rubbish_is_survived },
	{ "8 kHz to 16 kHz and back", up_and_down_again },
};

TEST_MAIN("media/codec", tests)
