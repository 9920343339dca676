/* codec.h - how speech is coded: one table, and coders made of its rows
 *
 * G.711, G.722 and Opus.  A coder has the state of both ways of one stream:
 * 20 ms are coded at a time, whatever comes is decoded.  Samples are 16-bit
 * linear at 8 kHz (narrow) or 16 kHz (wide).  G.722 counts its RTP timestamps
 * at 8 kHz all the same, an error of RFC 1890 that stays.
 *
 * Source: RFC 3551 section 4.5, RFC 7587; ITU-T G.711, G.722.
 */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CODEC_NARROW_HZ = 8000,
	CODEC_WIDE_HZ = 16000,
	CODEC_PTIME_MS = 20,
	CODEC_FRAME_MAX = 320,  /* samples of 20 ms */
	CODEC_PCM_MAX = 3008,   /* samples of any packet */
	CODEC_OCTETS_MAX = 400, /* of 20 ms */
	CODEC_OPUS_PT = 96,     /* payload type that we offer */
	CODEC_LOST_MAX = 3,     /* packets made good one after the other */
};

struct codec {
	const char *name;  /* of a=rtpmap, any case */
	uint8_t payload;   /* static, or what we offer */
	uint32_t clock_hz; /* of a=rtpmap and timestamps */
	uint8_t channels;  /* of a=rtpmap */
	bool is_wide;      /* its samples are at CODEC_WIDE_HZ */
	const char *fmtp;  /* that we say, or NULL */
};

/** By name and clock, or NULL. */
const struct codec *codec_find(const char *name, uint32_t clock_hz);

/** By a static payload type, or NULL. */
const struct codec *codec_static(uint8_t payload);

/** Row of the table, best sound first; NULL behind the last. */
const struct codec *codec_at(unsigned i);

/** Samples of 20 ms. */
size_t codec_frame(const struct codec *codec);

/** How far RTP timestamps move in 20 ms. */
uint32_t codec_step(const struct codec *codec);

struct coder;

/** Make one.  One reference.  0; ENOMEM. */
int coder_open(struct coder **cp, const struct codec *codec);

const struct codec *coder_codec(const struct coder *c);

/**
 * Code 20 ms.
 *
 * @param out CODEC_OCTETS_MAX octets
 * @param pcm codec_frame() samples
 *
 * @return Octets; 0 when it could not
 */
size_t coder_encode(struct coder *c, uint8_t *out, const int16_t *pcm);

/**
 * Decode a payload.
 *
 * @param pcm CODEC_PCM_MAX samples
 *
 * @return Samples; 0 for what is no such payload
 */
size_t coder_decode(struct coder *c, int16_t *pcm, const uint8_t *in,
		    size_t length);

/**
 * Make good a lost packet: what the decoder guesses, or the last sound
 * fading.
 *
 * @param pcm  CODEC_PCM_MAX samples
 * @param next Payload after the lost one, which may tell of it; or NULL
 *
 * @return Samples: as many as the last packet had; 0 before the first
 */
size_t coder_conceal(struct coder *c, int16_t *pcm, const uint8_t *next,
		     size_t length);

#endif
