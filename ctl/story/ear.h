/* ear.h - prompts, recognised in what a phone has heard
 *
 * A phone keeps all it hears as samples (holdfast-phone(1), --ear).  A prompt
 * is known by its first second and a half: what is spoken before it does not
 * matter, nor a packet lost, and nobody need hear a long one to its end.
 */
#ifndef STORY_EAR_H
#define STORY_EAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wav;

/** Samples by which a prompt is known. */
enum { EAR_PART = 12000 };

/**
 * Look for a sound in what was heard.
 *
 * @param file  The phone's
 * @param fromp In: where to begin, in samples.  Out: behind the sound when it
 *              was found, else where to look again once more is heard
 * @param sound What to look for
 *
 * @return Whether it is there
 */
bool ear_has(const char *file, size_t *fromp, const struct wav *sound);

/** Samples heard so far. */
size_t ear_length(const char *file);

/** Name the prompts of a folder that are in what was heard from a place on,
 * in order of their names: for the report of a failure. */
void ear_name_all(const char *file, size_t from, const char *folder, char *out,
		  size_t size);

#endif
