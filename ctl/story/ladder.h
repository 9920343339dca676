/* ladder.h - what to show when a story fails
 *
 * The step, what was true instead, the SIP messages of its phones side by
 * side in order of time, the sentences between them, the trails of the calls,
 * what was asked of the servers, and where the logs lie.
 */
#ifndef STORY_LADDER_H
#define STORY_LADDER_H

#include <stdbool.h>
#include <stddef.h>

struct play;

/** Make the report of a failed play; its phones may still run. */
void report_make(char **reportp, struct play *p);

/** Whether no log of the folder tells of a sanitizer's find or a failed
 * assertion; else the line is copied to what. */
bool logs_are_clean(const char *dir, char *what, size_t size);

/** Remove a folder of ours and what is in it. */
void folder_remove(const char *path);

#endif
