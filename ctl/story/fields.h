/* fields.h - fields in braces, as a story writes them
 *
 * JSON that is easy on the reader: names and words stand without quotes,
 * "@alice" stands for an id.  {number: 2100, members: [@alice, @bob.desk]}
 */
#ifndef STORY_FIELDS_H
#define STORY_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Read a value: an object, a list, a number, true, false, null or a word.
 *
 * @return New reference, or NULL when the text is none
 */
json_t *fields_parse(const char *text);

/** The id that "@name" stands for, or NULL. */
typedef const char *(fields_id_h)(const char *name, void *arg);

/**
 * Put ids where references stand, however deep.
 *
 * @param valuep  Value to change in place
 * @param unknown Set to the name nobody knows; part of the value
 *
 * @return Whether every name was known
 */
bool fields_resolve(json_t **valuep, fields_id_h *id, void *arg,
		    const char **unknown);

/** Call for each "@name" in a text; false as soon as the function is. */
bool fields_each_name(const char *text,
		      bool (*known)(const char *name, void *arg), void *arg);

/**
 * Whether a value is as wanted: of an object each field that is wanted, of a
 * list each item in any place, of a scalar its text.
 */
bool fields_hold(const json_t *wanted, const json_t *value);

#endif
