/* ladder.h - what to show when a story fails
 *
 * The step, what was true instead, the SIP messages of its phones side by
 * side in order of time, what was asked of the servers, and where the logs
 * lie.
 */
#ifndef STORY_LADDER_H
#define STORY_LADDER_H

struct play;

/** Make the report of a failed play; its phones may still run. */
void report_make(char **reportp, struct play *p);

/** Remove a folder of ours and what is in it. */
void folder_remove(const char *path);

#endif
