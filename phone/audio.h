/* audio.h - where a phone's voice comes from
 *
 * A device of this phone is one of `tone:HZ` (a steady sine, so that the
 * other's ear can measure it), `file:W` (a WAV file, over and over) or `none`
 * (silence).  Each call has a voice of its own position in it.
 */
#ifndef PHONE_AUDIO_H
#define PHONE_AUDIO_H

#include "base/libre.h"
#include "media/tone.h"

struct audio;

enum { AUDIO_WHY_BYTES = 256 };

/** A call's place in the device; zeroed memory begins. */
struct voice {
	struct tone_gen gen;
	size_t at; /* sample of the file */
	bool is_started;
};

/**
 * Open a device.
 *
 * @param ap   Set on success only; one reference
 * @param text "tone:440", "file:/tmp/a.wav", "none"
 * @param why  A sentence on failure
 *
 * @return 0; EINVAL; EBADMSG; an errno of the file
 */
int audio_open(struct audio **ap, const char *text, char why[AUDIO_WHY_BYTES]);

/** Take the next samples for a call. */
void audio_read(const struct audio *a, struct voice *v, int16_t *pcm,
		size_t count);

#endif
