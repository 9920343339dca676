/* wav.c - tests of media/wav.h */
#include <errno.h>
#include <unistd.h>

#include "base/libre.h"
#include "media/tone.h"
#include "media/wav.h"
#include "tests/unit/test.h"

static void put(uint8_t *p, uint32_t v, int octets)
{
	for (int i = 0; i < octets; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* A file of one 440 Hz sine; returns its length. */
static size_t make(uint8_t *out, uint32_t code, uint32_t channels,
		   uint32_t rate, uint32_t bits, size_t frames)
{
	uint32_t frame = channels * bits / 8;
	size_t bytes = frames * frame;
	struct tone_gen g;

	memset(out, 0, 44);
	memcpy(out, "RIFF", 4);
	put(out + 4, (uint32_t)bytes + 36, 4);
	memcpy(out + 8, "WAVEfmt ", 8);
	put(out + 16, 16, 4);
	put(out + 20, code, 2);
	put(out + 22, channels, 2);
	put(out + 24, rate, 4);
	put(out + 28, rate * frame, 4);
	put(out + 32, frame, 2);
	put(out + 34, bits, 2);
	memcpy(out + 36, "data", 4);
	put(out + 40, (uint32_t)bytes, 4);

	tone_gen_sine(&g, 440.0 * 8000 / rate);
	for (size_t i = 0; i < frames; i++) {
		int16_t pcm;

		tone_gen_make(&g, &pcm, 1);
		for (uint32_t c = 0; c < channels; c++) {
			uint8_t *p = out + 44 + i * frame + c * bits / 8;

			if (bits == 8)
				*p = (uint8_t)(pcm / 256 + 128);
			else
				put(p, (uint16_t)pcm, 2);
		}
	}

	return 44 + bytes;
}

static void linear_files_keep_their_tone(void)
{
	static const uint32_t rates[] = { 8000, 16000, 24000, 32000, 48000 };
	static uint8_t file[44 + 48000 * 4];

	for (size_t r = 0; r < 5; r++) {
		for (uint32_t ch = 1; ch <= 2; ch++) {
			for (uint32_t bits = 8; bits <= 16; bits += 8) {
				struct wav *w = NULL;
				struct tone_heard h;
				size_t n = make(file, 1, ch, rates[r], bits,
						rates[r]);

				CHECK(!wav_parse(&w, file, n, NULL));
				CHECK_INT(w->count, 8000);
				h = tone_judge(w->pcm + 4000, TONE_WINDOW);
				CHECK_INT(h.kind, TONE_SINE);
				CHECK_INT(h.hz, 440);
				CHECK(!w->wide == (rates[r] % 16000 != 0));
				if (w->wide) { /* judged as if at 8 kHz */
					h = tone_judge(w->wide + 8000,
						       TONE_WINDOW);
					CHECK_INT(h.kind, TONE_SINE);
					CHECK_INT(h.hz, 220);
				}
				mem_deref(w);
			}
		}
	}
}

static void hostile_files_are_refused(void)
{
	static const struct {
		size_t at;
		uint32_t value;
		int octets;
	} rows[] = {
		{ 0, 0x46464952 + 1, 4 }, /* no RIFF */
		{ 16, 0xffffffff, 4 },    /* endless fmt */
		{ 16, 4, 4 },             /* short fmt */
		{ 20, 3, 2 },             /* floating point */
		{ 22, 0, 2 },             /* no channel */
		{ 22, 3, 2 },             /* three */
		{ 24, 44100, 4 },         /* no integer ratio */
		{ 24, 0, 4 },             /* no rate */
		{ 24, 8000000, 4 },       /* absurd rate */
		{ 32, 0, 2 },             /* frame of nothing */
		{ 32, 1, 2 },             /* frame too small */
		{ 34, 24, 2 },            /* bits */
		{ 40, 0xfffffff0, 4 },    /* endless data */
		{ 40, 8001 * 2, 4 },      /* longer than the file */
	};
	static uint8_t file[44 + 16000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wav *w = NULL;
		const char *why = NULL;
		size_t n = make(file, 1, 1, 8000, 16, 8000);

		put(file + rows[i].at, rows[i].value, rows[i].octets);
		CHECK_INT(wav_parse(&w, file, n, &why), EBADMSG);
		CHECK(why && !w);
	}
}

static void any_truncation_is_refused(void)
{
	static uint8_t file[44 + 400];
	size_t n = make(file, 1, 1, 8000, 16, 200);

	for (size_t i = 0; i < n; i++) {
		struct wav *w = NULL;
		uint8_t *exact = malloc(i ? i : 1);

		memcpy(exact, file, i);
		CHECK_INT(wav_parse(&w, exact, i, NULL), EBADMSG);
		free(exact);
	}
}

static void what_is_written_is_read(void)
{
	char path[] = "/tmp/holdfast-wav-XXXXXX";
	struct wav_writer *writer = NULL;
	struct wav *w = NULL;
	struct tone_gen g;
	int16_t pcm[1000];

	CHECK(close(mkstemp(path)) == 0);
	tone_gen_sine(&g, 1000);
	tone_gen_make(&g, pcm, 1000);
	CHECK(!wav_writer_open(&writer, path, TONE_RATE_HZ));
	CHECK(!wav_writer_add(writer, pcm, 1000));
	CHECK(!wav_writer_close(writer));
	CHECK_INT(wav_writer_add(writer, pcm, 1), EBADF);
	mem_deref(writer);
	CHECK(!wav_load(&w, path, NULL));
	unlink(path);
	CHECK_INT(w->count, 1000);
	CHECK(!memcmp(w->pcm, pcm, sizeof(pcm)));
	mem_deref(w);
	w = NULL;
	CHECK_INT(wav_load(&w, path, NULL), ENOENT);
}

static const struct test tests[] = {
	{ "linear files of any rate keep their tone",
	  linear_files_keep_their_tone },
	{ "hostile files are refused with a sentence",
	  hostile_files_are_refused },
	{ "any truncation is refused", any_truncation_is_refused },
	{ "what is written is read again", what_is_written_is_read },
};

TEST_MAIN("media/wav", tests)
