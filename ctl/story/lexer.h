/* lexer.h - a line of a story, cut into words
 *
 * A word is letters, digits and any of _ . : % + @ * ? / -; "..." is a text
 * (\" and \\ inside); {...} and [...] are fields (fields.h); a comma stands
 * alone; # begins a comment.
 */
#ifndef STORY_LEXER_H
#define STORY_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
	TOKEN_WORD,
	TOKEN_TEXT,
	TOKEN_FIELDS, /* with its braces */
	TOKEN_COMMA,
	TOKEN_END,
};

enum {
	LINE_TOKENS_MAX = 64,
	LINE_OCTETS_MAX = 1024,
};

struct token {
	enum token_kind kind;
	int column;       /* of its first character, from 1 */
	const char *text; /* in the line's own buffer, without quotes */
};

/** The tokens of one line, ended by a TOKEN_END that count leaves out. */
struct token_line {
	size_t count;
	struct token token[LINE_TOKENS_MAX + 1];
	char buffer[2 * LINE_OCTETS_MAX];
};

/**
 * Cut a line into tokens.
 *
 * @param tl      Filled; an empty or comment line has count 0
 * @param line    The line, with or without its newline
 * @param columnp Set when the line is bad: where
 *
 * @return NULL, or a sentence that says what is wrong at *columnp
 */
const char *line_lex(struct token_line *tl, const char *line, int *columnp);

#endif
