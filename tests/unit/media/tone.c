/* tone.c - tests of media/tone.h and in-band DTMF */
#include <math.h>

#include "media/dtmf.h"
#include "media/g711.h"
#include "media/tone.h"
#include "tests/unit/test.h"

static uint32_t seed = 1;

static int16_t noise(int16_t level)
{
	seed = seed * 1664525 + 1013904223;
	return (int16_t)((int32_t)(seed >> 16) % (2 * level + 1) - level);
}

static struct tone_heard hear_sine(double hz, int16_t level, int16_t hiss)
{
	struct tone_spec spec = { .hz = { hz, 0 }, .level = level };
	struct tone_gen g;
	int16_t pcm[TONE_WINDOW];
	uint8_t coded[TONE_WINDOW];

	tone_gen_init(&g, &spec);
	tone_gen_make(&g, pcm, 37); /* any phase */
	tone_gen_make(&g, pcm, TONE_WINDOW);
	for (int i = 0; hiss && i < TONE_WINDOW; i++)
		pcm[i] = (int16_t)(pcm[i] + noise(hiss));
	g711_encode(G711_ALAW, coded, pcm, TONE_WINDOW);
	g711_decode(G711_ALAW, pcm, coded, TONE_WINDOW);
	return tone_judge(pcm, TONE_WINDOW);
}

static void every_tone_is_measured(void)
{
	for (int hz = 150; hz <= 3400; hz += 7) {
		struct tone_heard h = hear_sine(hz, TONE_LEVEL, 0);

		CHECK_INT(h.kind, TONE_SINE);
		CHECK_INT(h.hz, hz);
	}
}

static void a_faint_tone_is_heard(void)
{
	struct tone_heard h = hear_sine(523, 300, 0);

	CHECK_INT(h.kind, TONE_SINE);
	CHECK_INT(h.hz, 523);
}

static void a_tone_among_noise_is_heard(void)
{
	for (int hz = 300; hz < 3000; hz += 50) {
		struct tone_heard h = hear_sine(hz, 8000, 6000);

		CHECK_INT(h.kind, TONE_SINE);
		CHECK(labs((long)h.hz - hz) <= 2);
	}
}

static void noise_alone_is_no_tone(void)
{
	for (int i = 0; i < 200; i++) {
		int16_t pcm[TONE_WINDOW];

		for (int k = 0; k < TONE_WINDOW; k++)
			pcm[k] = noise(8000);
		CHECK_INT(tone_judge(pcm, TONE_WINDOW).kind, TONE_MUSIC);
	}
}

static void line_noise_is_silence(void)
{
	int16_t pcm[TONE_WINDOW];

	for (int k = 0; k < TONE_WINDOW; k++)
		pcm[k] = noise(16);
	CHECK_INT(tone_judge(pcm, TONE_WINDOW).kind, TONE_SILENCE);
	CHECK_INT(tone_judge(pcm, 0).kind, TONE_SILENCE);
}

static void all_keys_are_told_apart(void)
{
	for (const char *key = "0123456789*#ABCD"; *key; key++) {
		struct tone_spec spec;
		struct tone_gen g;
		int16_t pcm[TONE_WINDOW];
		struct tone_heard h;

		CHECK(!dtmf_tone_spec(&spec, *key));
		tone_gen_init(&g, &spec);
		tone_gen_make(&g, pcm, TONE_WINDOW);
		h = tone_judge(pcm, TONE_WINDOW);
		CHECK_INT(h.kind, TONE_DTMF);
		CHECK_INT(h.digit, *key);
	}
}

static void one_of_a_set_is_recognised(void)
{
	const double set[] = { 440, 523, 660, 880 };
	struct tone_gen g;
	int16_t pcm[TONE_WINDOW];

	for (int i = 0; i < 4; i++) {
		tone_gen_sine(&g, set[i]);
		tone_gen_make(&g, pcm, TONE_WINDOW);
		CHECK_INT(tone_which(pcm, TONE_WINDOW, set, 4), i);
	}
	tone_gen_sine(&g, 1000);
	tone_gen_make(&g, pcm, TONE_WINDOW);
	CHECK_INT(tone_which(pcm, TONE_WINDOW, set, 4), -1);
	memset(pcm, 0, sizeof(pcm));
	CHECK_INT(tone_which(pcm, TONE_WINDOW, set, 4), -1);
}

static struct tone_heard heard[32];
static int heard_count;

static void note(const struct tone_heard *h, void *arg)
{
	(void)arg;
	if (heard_count < 32)
		heard[heard_count++] = *h;
}

static void feed_sound(struct tone_ear *e, const struct tone_spec *spec, int ms)
{
	struct tone_gen g;
	int16_t pcm[TONE_FRAME];

	tone_gen_init(&g, spec);
	for (int i = 0; i < ms / 20; i++) {
		tone_gen_make(&g, pcm, TONE_FRAME);
		tone_ear_feed(e, pcm, TONE_FRAME);
	}
}

static void an_ear_reports_each_change_once(void)
{
	struct tone_spec sine = { .hz = { 440, 0 }, .level = 8000 };
	struct tone_spec other = { .hz = { 600, 0 }, .level = 8000 };
	struct tone_ear e;

	heard_count = 0;
	tone_ear_init(&e, note, NULL);
	tone_ear_feed_silence(&e, 4000);
	CHECK_INT(heard_count, 0);
	feed_sound(&e, &sine, 1000);
	feed_sound(&e, &other, 1000);
	tone_ear_feed_silence(&e, 4000);
	CHECK_INT(heard_count, 3);
	CHECK_INT(heard[0].hz, 440);
	CHECK_INT(heard[1].hz, 600);
	CHECK_INT(heard[2].kind, TONE_SILENCE);
}

static void a_cadence_is_one_sound(void)
{
	struct tone_ear e;

	heard_count = 0;
	tone_ear_init(&e, note, NULL);
	feed_sound(&e, &tone_ringback, 20000);
	CHECK_INT(heard_count, 1);
	CHECK_INT(heard[0].kind, TONE_RINGBACK);
	feed_sound(&e, &tone_busy, 5000);
	CHECK_INT(heard_count, 2);
	CHECK_INT(heard[1].kind, TONE_BUSY);
	tone_ear_feed_silence(&e, 16000);
	CHECK_INT(heard_count, 3);
	CHECK_INT(heard[2].kind, TONE_SILENCE);
}

static void lost_packets_leave_the_tone(void)
{
	struct tone_spec sine = { .hz = { 440, 0 }, .level = 8000 };
	struct tone_gen g;
	struct tone_ear e;
	int16_t pcm[TONE_FRAME];

	heard_count = 0;
	tone_ear_init(&e, note, NULL);
	tone_gen_init(&g, &sine);
	for (int i = 0; i < 500; i++) {
		tone_gen_make(&g, pcm, TONE_FRAME);
		if (i % 17 == 3)
			memset(pcm, 0, sizeof(pcm));
		tone_ear_feed(&e, pcm, TONE_FRAME);
	}
	CHECK_INT(heard_count, 1);
	CHECK(labs((long)heard[0].hz - 440) <= 2);
}

static const struct test tests[] = {
	{ "every tone from 150 to 3400 Hz is measured to the hertz",
	  every_tone_is_measured },
	{ "a faint tone is heard", a_faint_tone_is_heard },
	{ "a tone among noise is heard", a_tone_among_noise_is_heard },
	{ "noise alone is no tone", noise_alone_is_no_tone },
	{ "line noise is silence", line_noise_is_silence },
	{ "all sixteen keys are told apart in band", all_keys_are_told_apart },
	{ "one frequency of a set is recognised", one_of_a_set_is_recognised },
	{ "an ear reports each change once", an_ear_reports_each_change_once },
	{ "a cadence is one sound", a_cadence_is_one_sound },
	{ "lost packets leave the tone", lost_packets_leave_the_tone },
};

TEST_MAIN("media/tone", tests)
