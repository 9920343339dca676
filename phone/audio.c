/* audio.c - see audio.h */
#include <stdio.h>
#include <stdlib.h>

#include "media/wav.h"
#include "phone/audio.h"

struct audio {
	double hz;       /* of tone: */
	struct wav *wav; /* of file: */
};

static void audio_destructor(void *data)
{
	struct audio *a = data;

	mem_deref(a->wav);
}

static int open_tone(struct audio *a, const char *text, char *why)
{
	char *end = NULL;
	double hz = strtod(text, &end);

	if (end == text || *end || !(hz >= TONE_MIN_HZ && hz <= TONE_MAX_HZ)) {
		snprintf(why, AUDIO_WHY_BYTES,
			 "tone:%s: the frequency must be %d to %d Hz", text,
			 TONE_MIN_HZ, TONE_MAX_HZ);
		return EINVAL;
	}
	a->hz = hz;
	return 0;
}

static int open_file(struct audio *a, const char *path, char *why)
{
	const char *fault = NULL;
	int err = wav_load(&a->wav, path, &fault);

	if (!err && !a->wav->count) {
		fault = "there is no sound in it";
		err = EBADMSG;
	}
	if (err)
		snprintf(why, AUDIO_WHY_BYTES, "%s: %s", path,
			 fault ? fault : strerror(err));
	return err;
}

int audio_open(struct audio **ap, const char *text, char why[AUDIO_WHY_BYTES])
{
	struct audio *a;
	int err = 0;

	a = mem_zalloc(sizeof(*a), audio_destructor);
	if (!a)
		return ENOMEM;

	if (!strncmp(text, "tone:", 5)) {
		err = open_tone(a, text + 5, why);
	}
	else if (!strncmp(text, "file:", 5)) {
		err = open_file(a, text + 5, why);
	}
	else if (strcmp(text, "none") != 0) {
		snprintf(why, AUDIO_WHY_BYTES,
			 "%s: this phone's sound can be tone:HZ, file:W.wav "
			 "or none",
			 text);
		err = EINVAL;
	}

	if (err)
		mem_deref(a);
	else
		*ap = a;
	return err;
}

void audio_read(const struct audio *a, struct voice *v, int16_t *pcm,
		size_t count)
{
	if (a->hz > 0) {
		if (!v->is_started)
			tone_gen_sine(&v->gen, a->hz);
		v->is_started = true;
		tone_gen_make(&v->gen, pcm, count);
		return;
	}

	memset(pcm, 0, count * sizeof(*pcm));
	for (size_t i = 0; a->wav && i < count; i++) {
		pcm[i] = a->wav->pcm[v->at];
		v->at = (v->at + 1) % a->wav->count;
	}
}
