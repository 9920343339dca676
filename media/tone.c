/* tone.c - see tone.h
 *
 * A window is weighed with a Hann curve, transformed (1,024 points), and its
 * two strongest peaks are measured: frequency by a parabola through the
 * logarithm of three neighbours 1 Hz apart, strength as share of the
 * window's power.  One strong peak is a sine, two are a key or a signal,
 * anything else that is loud is music.
 */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "media/dtmf.h"
#include "media/tone.h"

enum {
	FFT_POINTS = 1024,
	QUIET_RMS = 40,       /* below it is silence; full scale 32,767 */
	PEAK_APART_HZ = 30,   /* a second peak is at least that far off */
	CADENCE_WINDOWS = 45, /* ringback is silent 4 s */
	BUSY_WINDOWS = 7,     /* busy is silent 0.5 s */
	AGREE_WINDOWS = 2,
};

#define SINE_SHARE   0.55 /* of the power, for one sine */
#define PAIR_SHARE   0.60 /* of the power, for two together */
#define PAIR_BALANCE 0.15 /* the weaker of two against the stronger */
#define SINE_ALONE   0.25 /* the second peak against a lone sine */

const struct tone_spec tone_ringback = {
	.hz = { 440, 480 },
	.on_ms = 2000,
	.off_ms = 4000,
	.level = TONE_LEVEL,
};
const struct tone_spec tone_busy = {
	.hz = { 480, 620 },
	.on_ms = 500,
	.off_ms = 500,
	.level = TONE_LEVEL,
};

struct peak {
	double hz;
	double share;
};

/* ---- making ---- */

void tone_gen_init(struct tone_gen *g, const struct tone_spec *spec)
{
	memset(g, 0, sizeof(*g));
	g->spec = *spec;
}

void tone_gen_sine(struct tone_gen *g, double hz)
{
	struct tone_spec spec = { .hz = { hz, 0 }, .level = TONE_LEVEL };

	tone_gen_init(g, &spec);
}

static bool is_sounding(const struct tone_gen *g)
{
	uint64_t on = (uint64_t)g->spec.on_ms * TONE_RATE_HZ / 1000;
	uint64_t off = (uint64_t)g->spec.off_ms * TONE_RATE_HZ / 1000;

	return on == 0 || g->sample % (on + off) < on;
}

void tone_gen_make(struct tone_gen *g, int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++, g->sample++) {
		double sum = 0;

		for (int k = 0; k < 2; k++) {
			if (g->spec.hz[k] <= 0)
				continue;
			sum += sin(g->phase[k]) * g->spec.level;
			g->phase[k] += 2 * M_PI * g->spec.hz[k] / TONE_RATE_HZ;
			if (g->phase[k] > 2 * M_PI)
				g->phase[k] -= 2 * M_PI;
		}
		if (sum > INT16_MAX)
			sum = INT16_MAX;
		if (sum < INT16_MIN)
			sum = INT16_MIN;
		pcm[i] = is_sounding(g) ? (int16_t)lrint(sum) : 0;
	}
}

/* ---- measuring ---- */

double tone_share(const int16_t *pcm, size_t count, double hz)
{
	double turn = 2 * cos(2 * M_PI * hz / TONE_RATE_HZ);
	double s1 = 0, s2 = 0, all = 0, power;

	for (size_t i = 0; i < count; i++) {
		double s = pcm[i] + turn * s1 - s2;

		s2 = s1;
		s1 = s;
		all += (double)pcm[i] * pcm[i];
	}
	if (all <= 0 || count == 0)
		return 0;

	power = s1 * s1 + s2 * s2 - turn * s1 * s2;
	return fmin(2 * power / ((double)count * all), 1);
}

int tone_which(const int16_t *pcm, size_t length, const double *hz,
	       size_t count)
{
	double best = 0.5;
	int which = -1;

	for (size_t i = 0; i < count; i++) {
		double share = tone_share(pcm, length, hz[i]);

		if (share > best) {
			best = share;
			which = (int)i;
		}
	}

	return which;
}

/* In place, radix 2, decimation in time. */
static void transform(double complex *v)
{
	for (unsigned i = 1, j = 0; i < FFT_POINTS; i++) {
		unsigned bit = FFT_POINTS >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			double complex t = v[i];

			v[i] = v[j];
			v[j] = t;
		}
	}

	for (unsigned size = 2; size <= FFT_POINTS; size <<= 1) {
		double complex step = cexp(-2 * I * M_PI / size);

		for (unsigned at = 0; at < FFT_POINTS; at += size) {
			double complex w = 1;

			for (unsigned k = 0; k < size / 2; k++) {
				double complex a = v[at + k];
				double complex b = v[at + k + size / 2] * w;

				v[at + k] = a + b;
				v[at + k + size / 2] = a - b;
				w *= step;
			}
		}
	}
}

/* Strength of one frequency in the weighed window. */
static double magnitude(const double *x, size_t count, double hz)
{
	double complex step = cexp(-2 * I * M_PI * hz / TONE_RATE_HZ);
	double complex turn = 1, sum = 0;

	for (size_t i = 0; i < count; i++) {
		sum += x[i] * turn;
		turn *= step;
	}

	return cabs(sum);
}

/* Climb to the top of the peak near hz. */
static struct peak measure(const double *x, size_t count, double hz,
			   double weighed_power)
{
	struct peak peak = { hz, 0 };
	double top = 0;

	for (int round = 0; round < 3; round++) {
		double a = log(magnitude(x, count, peak.hz - 1) + 1e-9);
		double b = log(magnitude(x, count, peak.hz) + 1e-9);
		double c = log(magnitude(x, count, peak.hz + 1) + 1e-9);
		double bend = a - 2 * b + c;
		double move = bend < 0 ? 0.5 * (a - c) / bend : 0;

		peak.hz += fmax(-4, fmin(4, move));
		top = b;
	}

	/* A sine of amplitude A has |X| = A/2 * sum(w) = A * count / 4, and
	 * weighed power A*A/2 * sum(w*w) = A*A * count * 3 / 16. */
	peak.share = fmin(exp(2 * top) * 3 / ((double)count * weighed_power),
			  1);
	return peak;
}

static unsigned strongest(const double complex *v, unsigned apart_from)
{
	unsigned apart = PEAK_APART_HZ * FFT_POINTS / TONE_RATE_HZ + 1;
	unsigned first = TONE_MIN_HZ * FFT_POINTS / TONE_RATE_HZ;
	unsigned last = TONE_MAX_HZ * FFT_POINTS / TONE_RATE_HZ;
	unsigned best = 0;

	for (unsigned i = first; i <= last; i++) {
		if (apart_from && i + apart > apart_from &&
		    i < apart_from + apart)
			continue;
		if (!best || cabs(v[i]) > cabs(v[best]))
			best = i;
	}

	return best;
}

/* ---- judging ---- */

static bool is_near(double hz, double want)
{
	return fabs(hz - want) <= want * 0.02;
}

static struct tone_heard judge_pair(double low, double high)
{
	struct tone_heard heard = { .kind = TONE_MUSIC };

	if (is_near(low, 440) && is_near(high, 480)) {
		heard.kind = TONE_RINGBACK;
	}
	else if (is_near(low, 480) && is_near(high, 620)) {
		heard.kind = TONE_BUSY;
	}
	else {
		heard.digit = dtmf_key_of_pair(low, high);
		if (heard.digit)
			heard.kind = TONE_DTMF;
	}

	return heard;
}

static struct tone_heard judge_peaks(struct peak one, struct peak two)
{
	struct tone_heard heard = { .kind = TONE_MUSIC };

	if (one.share + two.share >= PAIR_SHARE &&
	    two.share >= PAIR_BALANCE * one.share) {
		heard = judge_pair(fmin(one.hz, two.hz), fmax(one.hz, two.hz));
		if (heard.kind != TONE_MUSIC)
			return heard;
	}
	if (one.share >= SINE_SHARE && two.share < SINE_ALONE * one.share) {
		heard.kind = TONE_SINE;
		heard.hz = (uint32_t)lrint(one.hz);
	}

	return heard;
}

struct tone_heard tone_judge(const int16_t *pcm, size_t count)
{
	struct tone_heard silence = { .kind = TONE_SILENCE };
	double complex v[FFT_POINTS] = { 0 };
	double x[FFT_POINTS];
	double power = 0, weighed = 0;
	unsigned one, two;

	if (count > FFT_POINTS)
		count = FFT_POINTS;
	for (size_t i = 0; i < count; i++) {
		double w = 0.5 -
			   0.5 * cos(2 * M_PI * (double)i / (double)count);

		x[i] = pcm[i] * w;
		v[i] = x[i];
		power += (double)pcm[i] * pcm[i];
		weighed += x[i] * x[i];
	}
	if (count < 2 || power / (double)count < QUIET_RMS * QUIET_RMS ||
	    weighed <= 0)
		return silence;

	transform(v);
	one = strongest(v, 0);
	two = strongest(v, one);
	return judge_peaks(
		measure(x, count, (double)one * TONE_RATE_HZ / FFT_POINTS,
			weighed),
		measure(x, count, (double)two * TONE_RATE_HZ / FFT_POINTS,
			weighed));
}

const char *tone_kind_name(enum tone_kind kind)
{
	static const char *const names[] = {
		[TONE_SILENCE] = "silence", [TONE_SINE] = "tone",
		[TONE_DTMF] = "dtmf",       [TONE_RINGBACK] = "ringback",
		[TONE_BUSY] = "busy",       [TONE_MUSIC] = "music",
	};

	return names[kind];
}

/* ---- the ear ---- */

void tone_ear_init(struct tone_ear *e, tone_heard_h *handler, void *arg)
{
	memset(e, 0, sizeof(*e));
	e->handler = handler;
	e->arg = arg;
}

static bool is_same(const struct tone_heard *a, const struct tone_heard *b)
{
	if (a->kind != b->kind || a->digit != b->digit)
		return false;

	return a->hz <= b->hz + 2 && b->hz <= a->hz + 2;
}

/* Whether this silence belongs to the cadence of what is heard. */
static bool is_cadence(struct tone_ear *e, const struct tone_heard *heard)
{
	uint32_t limit = e->now.kind == TONE_RINGBACK ? CADENCE_WINDOWS
			 : e->now.kind == TONE_BUSY   ? BUSY_WINDOWS
						      : 0;

	if (heard->kind != TONE_SILENCE) {
		e->quiet_windows = 0;
		return false;
	}

	return ++e->quiet_windows < limit;
}

static void take_window(struct tone_ear *e)
{
	struct tone_heard heard = tone_judge(e->window, TONE_WINDOW);

	if (is_cadence(e, &heard))
		return;

	if (is_same(&heard, &e->now)) {
		e->next_windows = 0;
		return;
	}
	if (e->next_windows && is_same(&heard, &e->next)) {
		e->next_windows++;
	}
	else {
		e->next = heard;
		e->next_windows = 1;
	}
	if (e->next_windows < AGREE_WINDOWS)
		return;

	e->now = heard;
	e->next_windows = 0;
	if (e->handler)
		e->handler(&e->now, e->arg);
}

void tone_ear_feed(struct tone_ear *e, const int16_t *pcm, size_t count)
{
	while (count) {
		size_t n = TONE_WINDOW - e->fill;

		if (n > count)
			n = count;
		memcpy(e->window + e->fill, pcm, n * sizeof(*pcm));
		e->fill += n;
		pcm += n;
		count -= n;
		if (e->fill == TONE_WINDOW) {
			e->fill = 0;
			take_window(e);
		}
	}
}

void tone_ear_feed_silence(struct tone_ear *e, size_t count)
{
	static const int16_t zero[TONE_FRAME];

	while (count) {
		size_t n = count < TONE_FRAME ? count : TONE_FRAME;

		tone_ear_feed(e, zero, n);
		count -= n;
	}
}
