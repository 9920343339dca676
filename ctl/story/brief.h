/* brief.h - prompts cut short, so that stories need not listen for minutes
 *
 * Of each prompt of the build its beginning is kept, which is what an ear
 * knows it by (ear.h).  A run of stories makes them once.
 */
#ifndef STORY_BRIEF_H
#define STORY_BRIEF_H

/** Make the folder.  NULL when there are no prompts or no room: the stories
 * then hear the whole ones. */
const char *brief_make(void);

/** The folder, or NULL. */
const char *brief_folder(void);

/** Remove it. */
void brief_remove(void);

#endif
