/* tone.h - sounds a telephone makes, and telling them apart again
 *
 * All sound is 16-bit linear at 8,000 samples a second.  A generator makes
 * one or two sines in a cadence; an ear is fed what was received and says
 * every 100 ms what it hears.  The ear needs no list of frequencies: it
 * finds the strongest sine by a Fourier transform and measures it to a
 * fraction of a hertz by its phase, so a test may give each phone any tone
 * of its own and the other's ear measures it.
 *
 * Source: style.md "alice and bob talk"; ITU-T Q.23/Q.24 (DTMF pairs);
 * ITU-T E.180: ringback is 440+480 Hz, busy 480+620 Hz.
 */
#ifndef MEDIA_TONE_H
#define MEDIA_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TONE_RATE_HZ = 8000,
	TONE_MIN_HZ = 100,
	TONE_MAX_HZ = 3600,
	TONE_WINDOW = 800, /* samples the ear judges at a time: 100 ms */
	TONE_FRAME = 160,  /* samples of one 20 ms packet */
	TONE_LEVEL = 8000, /* amplitude of one sine by default */
};

/** A sound: up to two sines, sounding on_ms and silent off_ms in turn. */
struct tone_spec {
	double hz[2];   /* 0: absent */
	uint32_t on_ms; /* 0: for ever */
	uint32_t off_ms;
	int16_t level; /* amplitude of each sine */
};

extern const struct tone_spec tone_ringback; /* 440+480, 2 s of 6 s */
extern const struct tone_spec tone_busy;     /* 480+620, 0.5 s of 1 s */

/** The state of a sound being made; zeroed memory is one at its start. */
struct tone_gen {
	struct tone_spec spec;
	double phase[2];
	uint64_t sample;
};

/** Begin a sound. */
void tone_gen_init(struct tone_gen *g, const struct tone_spec *spec);

/** Begin one steady sine. */
void tone_gen_sine(struct tone_gen *g, double hz);

/** Make the next count samples. */
void tone_gen_make(struct tone_gen *g, int16_t *pcm, size_t count);

/**
 * Power of one frequency in a stretch of sound, as a share of the whole.
 *
 * @return 0 (absent) to 1 (nothing else is there)
 */
double tone_share(const int16_t *pcm, size_t count, double hz);

/**
 * Which of a set of frequencies is heard.
 *
 * @param hz    The set
 * @param count Its size
 *
 * @return Index into hz, or -1 when none makes up half the sound
 */
int tone_which(const int16_t *pcm, size_t length, const double *hz,
	       size_t count);

enum tone_kind {
	TONE_SILENCE,
	TONE_SINE, /* one steady frequency */
	TONE_DTMF, /* a key's pair */
	TONE_RINGBACK,
	TONE_BUSY,
	TONE_MUSIC, /* anything else that is loud: music, speech */
};

/** What was heard. */
struct tone_heard {
	enum tone_kind kind;
	uint32_t hz; /* of a sine */
	char digit;  /* of DTMF: 0-9 A-D * # */
};

/** "silence", "tone", "dtmf", "ringback", "busy", "music". */
const char *tone_kind_name(enum tone_kind kind);

/** Judge one window by itself, without memory. */
struct tone_heard tone_judge(const int16_t *pcm, size_t count);

/** Told when what is heard changes; from within tone_ear_feed(). */
typedef void(tone_heard_h)(const struct tone_heard *heard, void *arg);

struct tone_ear {
	int16_t window[TONE_WINDOW];
	size_t fill;
	struct tone_heard now;  /* last reported */
	struct tone_heard next; /* candidate */
	uint32_t next_windows;  /* how long it has been heard */
	uint32_t quiet_windows; /* silence within a cadence */
	tone_heard_h *handler;
	void *arg;
};

/** Make an ear that hears silence. */
void tone_ear_init(struct tone_ear *e, tone_heard_h *handler, void *arg);

/** Feed sound; a change is reported once two windows agree on it. */
void tone_ear_feed(struct tone_ear *e, const int16_t *pcm, size_t count);

/** Feed silence: nothing has come for that long. */
void tone_ear_feed_silence(struct tone_ear *e, size_t count);

#endif
