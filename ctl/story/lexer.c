/* lexer.c - see lexer.h */
#include <ctype.h>
#include <string.h>

#include "ctl/story/lexer.h"

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.:%+@*?/-", c)) ||
	       (unsigned char)c >= 0x80;
}

/* Copy a quoted text; returns what follows it or NULL when it never ends. */
static const char *take_text(const char *p, char **outp)
{
	char *out = *outp;

	for (p++; *p && *p != '"' && *p != '\n'; p++) {
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		*out++ = *p;
	}
	*out++ = '\0';
	*outp = out;

	return *p == '"' ? p + 1 : NULL;
}

/* Copy {...} or [...] with all in it; NULL when it never ends. */
static const char *take_fields(const char *p, char **outp)
{
	char *out = *outp;
	bool is_quoted = false;
	int depth = 0;

	do {
		if (!*p || *p == '\n')
			return NULL;
		if (is_quoted && *p == '\\' && p[1])
			*out++ = *p++;
		else if (*p == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted)
			depth += (*p == '{' || *p == '[') -
				 (*p == '}' || *p == ']');
		*out++ = *p++;
	} while (depth);
	*out++ = '\0';
	*outp = out;

	return p;
}

static const char *take_word(const char *p, char **outp)
{
	char *out = *outp;

	while (is_word_char(*p))
		*out++ = *p++;
	*out++ = '\0';
	*outp = out;

	return p;
}

const char *line_lex(struct token_line *tl, const char *line, int *columnp)
{
	const char *p = line;
	char *out = tl->buffer;

	*columnp = 1;
	if (strlen(line) > LINE_OCTETS_MAX)
		return "the line is too long";

	for (tl->count = 0;;) {
		struct token *t = &tl->token[tl->count];

		while (*p == ' ' || *p == '\t')
			p++;
		*t = (struct token){ TOKEN_END, (int)(p - line) + 1, "" };
		*columnp = t->column;
		if (!*p || *p == '#' || *p == '\n' || *p == '\r')
			return NULL;
		if (tl->count == LINE_TOKENS_MAX)
			return "the line has too many words";

		t->text = out;
		if (*p == '"') {
			t->kind = TOKEN_TEXT;
			p = take_text(p, &out);
			if (!p)
				return "the text has no closing quote";
		}
		else if (*p == '{' || *p == '[') {
			t->kind = TOKEN_FIELDS;
			p = take_fields(p, &out);
			if (!p)
				return "the fields have no closing brace";
		}
		else if (*p == ',') {
			t->kind = TOKEN_COMMA;
			t->text = ",";
			p++;
		}
		else if (is_word_char(*p)) {
			t->kind = TOKEN_WORD;
			p = take_word(p, &out);
		}
		else {
			return "this character has no meaning here";
		}
		tl->count++;
	}
}
