/* manual.h - the language told from its table, for people and for man(1) */
#ifndef STORY_MANUAL_H
#define STORY_MANUAL_H

/** Print the sentences as plain text on stdout. */
void manual_list(void);

/** Print holdfast-story(7), which man/holdfast-story.7 must equal. */
void manual_page(void);

#endif
