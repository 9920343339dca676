/* sentence.h - what may be said: one row a sentence
 *
 * A pattern is words, SLOTS in capitals, `a|b` for either word and `[...]`
 * for what may be left out.  WHO and the end of any sentence may carry "on
 * DEVICE", the end also "within TIME".  From the rows come the parser, its
 * error messages, `holdfast story --list` and the language's manual page.
 */
#ifndef STORY_SENTENCE_H
#define STORY_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/story/lexer.h"

/** What a word of a pattern in capitals accepts. */
#define SLOTS(X)                                                                   \
	X(WHO, "a person of the cast")                                             \
	X(OTHER, "another person of the cast")                                     \
	X(NAME, "a new person's name")                                             \
	X(CUSTOMER, "a customer of the cast")                                      \
	X(WEBID, "a new customer's name")                                          \
	X(NUMBER, "digits that are dialled; in quotes where there is a #")         \
	X(COUNT, "a count")                                                        \
	X(TIME, "a time, such as 5s or 300ms")                                     \
	X(TEXT, "a text in quotes")                                                \
	X(FEATURES, "features of a phone (hold, mute, ...), commas between")       \
	X(DEVICES,                                                                 \
	  "devices with commas between, perhaps \"through border\", \"over tls\"") \
	X(DEVICE, "desk, desktop, mobile or web")                                  \
	X(SERVER, "uc, pbx, portal or border")                                     \
	X(DIGITS, "telephone keys")                                                \
	X(KIND, "a kind of object of the pbx, such as group or did")               \
	X(OBJECT, "a name for an object, a person, alice.desk or a customer")      \
	X(MADE, "the name of an object, a person, alice.desk or a customer")       \
	X(FIELDS, "fields in braces, such as {number: 2100, user: @alice}")        \
	X(FIELD, "name of a field, dots lead into it")                             \
	X(VALUE, "one word, a text in quotes or a list in brackets")               \
	X(PATH, "a path below /api/v1/, perhaps in quotes; @alice is her id")      \
	X(WORD, "one word")

enum slot {
#define SLOT_ENUM(name, help) SLOT_##name,
	SLOTS(SLOT_ENUM)
#undef SLOT_ENUM
		SLOTS_ALL,
};

enum { CHOICES_MAX = 3 };

struct play;
struct step;

/** Do or look; true when it is so.  False after play_fail() said why not. */
typedef bool(step_h)(struct play *p, const struct step *s);

enum sentence_kind {
	SENTENCE_TITLE,
	SENTENCE_CAST,
	SENTENCE_ACT,
	SENTENCE_SENSE,
	SENTENCE_WORLD,
};

enum sentence_need {
	NEEDS_NOTHING,
	NEEDS_ALL_SERVERS, /* portal, uc and border beside the pbx */
	NEEDS_PAIR,        /* a secondary pbx and a witness */
};

struct sentence {
	enum sentence_kind kind;
	const char *pattern;
	const char *help;
	step_h *run;
	enum sentence_need need;
	bool is_anywhere; /* before, among and after the cast */
};

/** The words a story has made known so far. */
struct known {
	char name[32][32];
	size_t names;
	char customer[16][32];
	size_t customers;
	char object[64][32];
	size_t objects;
};

/** What one line said. */
struct step {
	const struct sentence *sentence;
	int line;
	char *text;                /* the line as written, trimmed */
	char *slot[SLOTS_ALL];     /* texts of its slots, or NULL */
	char *choice[CHOICES_MAX]; /* words taken of its "a|b" */
	uint32_t within_ms;        /* 0 where not said */
};

/** Why a line was not understood. */
struct sentence_error {
	int column;
	char detail[400];
};

/** All sentences, in the order of the manual. */
extern const struct sentence sentences[];
extern const size_t sentence_count;

/**
 * Find the sentence that a line says and fill the step's slots.
 *
 * @param s     Step to fill: sentence, slot, within_ms
 * @param known Words known so far; names the line declares are added
 * @param tl    The line
 * @param e     Filled on failure, with the nearest known word
 *
 * @return 0, EBADMSG when no sentence fits, or ENOMEM
 */
int sentence_match(struct step *s, struct known *known,
		   const struct token_line *tl, struct sentence_error *e);

/** How many single edits make one word the other. */
size_t word_distance(const char *a, const char *b);

#endif
