/* parser.h - a whole story, read before anything starts
 *
 * A story is a title line, then a cast, then steps.  What it needs of the
 * servers follows from its sentences.
 */
#ifndef STORY_PARSER_H
#define STORY_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/story/sentence.h"

enum { STORY_STEPS_MAX = 400, STORY_OCTETS_MAX = 131072 };

struct story {
	char *path;
	char *name;  /* file name without folder and ".call" */
	char *title; /* what `story "..."` says, or NULL */
	struct step *steps;
	size_t step_count;
	bool needs_all_servers;
	bool needs_pair;
};

/**
 * Parse a story.
 *
 * @param storyp Set on success only; drop with mem_deref()
 * @param path   Its file, for messages
 * @param text   Its text
 * @param error  Filled on failure: "PATH:LINE:COLUMN: what is wrong"
 * @param size   Of error
 *
 * @return 0, EBADMSG or ENOMEM
 */
int story_parse(struct story **storyp, const char *path, const char *text,
		char *error, size_t size);

/** Read and parse a file; errors as story_parse() or from reading. */
int story_load(struct story **storyp, const char *path, char *error,
	       size_t size);

#endif
