/* key.h - the programmable keys of this phone
 *
 * The call controller says what they are, by the package ua-profile, and
 * again when an administrator changes them or somebody else logs in at the
 * phone; no uc server takes part.  A key with a busy lamp watches its number.
 *
 * Source: domain/pbx.md 7.1, 14; RFC 6080.
 */
#ifndef PHONE_KEY_H
#define PHONE_KEY_H

#include <jansson.h>

struct engine;
struct key_table;

/** Ask for them.  0 or an errno. */
int key_start(struct key_table **kp, struct engine *e);

/** What they are now, each with the state of its lamp or null: a new
 * reference. */
json_t *key_list(const struct key_table *t);

/** What a key dials: what its lamp suggests when it has one; a new string
 * (mem_deref) or NULL when it dials nothing. */
char *key_dials(const struct key_table *t, unsigned number);

/** What is dialled to take the call that rings at a number: a new string, or
 * NULL while the call controller has not said. */
char *key_pickup(const struct key_table *t, const char *number);

#endif
