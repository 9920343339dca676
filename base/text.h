/* text.h - what people read, in English and French
 *
 * Each program has a catalogue, an array of struct text, added once at start.
 * A text has named parameters in braces, the same in both languages; "{{" is
 * a brace.  text_check() is called by a unit test on every catalogue.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *key; /* "mail.deploy.subject"; unique in the program */
	const char *en;
	const char *fr;
};

struct text_arg {
	const char *name;
	const char *value; /* NULL is as empty */
};

/** Texts of base itself (errors every server may answer). */
extern const struct text base_texts[];
extern const size_t base_texts_count;

/** Make a catalogue known; it is not copied.  0, EEXIST, ENOMEM. */
int text_add(const struct text *texts, size_t count);

/** Forget all catalogues; at the program's end. */
void text_close(void);

/** "en" or "fr" out of anything ("fr-CA", "de", NULL, Accept-Language). */
const char *text_language(const char *wanted);

/** A text without parameters filled in; the key itself when unknown. */
const char *text_get(const char *language, const char *key);

/**
 * Fill in a text.
 *
 * @param outp Set on success; mem_deref() it
 * @param args Ends with a NULL name
 */
int text_fill(char **outp, const char *language, const char *key,
	      const struct text_arg *args);

/** As text_fill(), into a buffer, cut at its size on a character's border. */
void text_put(char *out, size_t size, const char *language, const char *key,
	      const struct text_arg *args);

#define TEXT_ARGS(...)                                                         \
	((const struct text_arg[]){ __VA_ARGS__, { NULL, NULL } })

/**
 * What is wrong with a catalogue: a missing text, parameters that differ, an
 * unclosed brace, a key twice.
 *
 * @param why Set to a sentence about the first fault
 */
bool text_check(const struct text *texts, size_t count, char *why,
		size_t why_size);

#endif
