/* wav.h - sound files: read strictly, write simply
 *
 * Reads RIFF WAVE of 8- and 16-bit linear, A-law and u-law, one or two
 * channels, at 8, 16, 24, 32 or 48 kHz, and gives 8 kHz mono, and 16 kHz where
 * the file has more.  A file may
 * come from anybody: every length is checked against what is there and the
 * whole against WAV_BYTES_MAX.  Writes mono 16-bit.
 */
#ifndef MEDIA_WAV_H
#define MEDIA_WAV_H

#include <stddef.h>
#include <stdint.h>

enum {
	WAV_BYTES_MAX = 128 * 1024 * 1024, /* an hour at 16 kHz */
	WAV_CHUNKS_MAX = 64,
};

/** A sound in memory; drop with mem_deref(). */
struct wav {
	int16_t *pcm;  /* 8 kHz mono */
	size_t count;  /* samples */
	int16_t *wide; /* the same at 16 kHz, twice as many; NULL when the file
			  has no more than 8 kHz */
};

/**
 * Take a WAV file apart.
 *
 * @param wp   Set on success only; one reference
 * @param whyp On EBADMSG a sentence that says what is wrong; may be NULL
 *
 * @return 0; EBADMSG; EFBIG; ENOMEM
 */
int wav_parse(struct wav **wp, const uint8_t *data, size_t length,
	      const char **whyp);

/** Length of a WAV file's sound by its head and size, in ms; 0 for none. */
uint64_t wav_length_ms(const char *path);

/** Read a WAV file.  As wav_parse(), or an errno of the file. */
int wav_load(struct wav **wp, const char *path, const char **whyp);

struct wav_writer;

/** Begin a file, replacing what is there; rate_hz of its samples.  0 or an
 * errno. */
int wav_writer_open(struct wav_writer **wp, const char *path, uint32_t rate_hz);

/** Append samples.  0; EFBIG at WAV_BYTES_MAX; an errno of the file. */
int wav_writer_add(struct wav_writer *w, const int16_t *pcm, size_t count);

/** Write the lengths into the head and close.  0 or an errno.  Dropping the
 * writer with mem_deref() does the same, without the answer. */
int wav_writer_close(struct wav_writer *w);

#endif
