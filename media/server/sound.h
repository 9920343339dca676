/* sound.h - sounds in memory, by name
 *
 * A name is a WAV file below the state folder ("pbx/music/ID.wav"), "melody"
 * (music for waiting, of our own making), "ringback", "busy", "tone:HZ", or
 * one of the signs "joined", "left", "page", "recording", "camp-on": two short tones.
 * Files are read by a thread and shared by all who play them; one that has
 * changed is read again when it is next asked for.
 */
#ifndef MEDIA_SERVER_SOUND_H
#define MEDIA_SERVER_SOUND_H

#include <stddef.h>
#include <stdint.h>

struct sound;

enum {
	SOUND_NAME_MAX = 200,
	SOUND_FILE_MAX_BYTES = 32 * 1024 * 1024,
	SOUND_CACHE_MAX = 64 * 1024 * 1024, /* octets of all */
};

/**
 * Told when a sound is there.
 *
 * @param sound NULL on failure; borrowed, mem_ref() to keep
 * @param err   0; ENOENT; EBADMSG no WAV; EFBIG; ENOSPC
 */
typedef void(sound_h)(struct sound *sound, int err, void *arg);

/** Prepare, with the state folder. */
int sounds_init(const char *dir);
void sounds_close(void);

/**
 * Get a sound.  The handler is called from the loop, never before return.
 *
 * @param arg Ours on success: dropped after the handler, or without it at the
 *            end
 *
 * @return 0; EINVAL for a name that is none; EBUSY; ENOMEM
 */
int sound_get(const char *name, sound_h *handler, void *arg);

const char *sound_name(const struct sound *s);

/** Samples at 8 kHz. */
const int16_t *sound_pcm(const struct sound *s, size_t *countp);

/** The same at 16 kHz, twice as many, or NULL where there is no more in it. */
const int16_t *sound_wide(const struct sound *s);

#endif
