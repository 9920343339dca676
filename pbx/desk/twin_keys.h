/* twin_keys.h - keys that somebody at an outside number presses in a call
 *
 * What they do is in twin.h.  The other party hears them, too.
 *
 * Source: domain/pbx.md 7.2.
 */
#ifndef PBX_TWIN_KEYS_H
#define PBX_TWIN_KEYS_H

#include <jansson.h>

/** The digits of a customer without own ones. */
#define TWIN_KEYS_PRESET "1234567"
enum { TWIN_KEYS = 7 };

struct customer;
struct leg;

/** A key of the party of this leg; passed over when that is nobody's outside
 * number, or the user's class has no such features. */
void twin_keys_pressed(struct leg *leg, char key);

/** What a key after * means at a customer's outside numbers: "hold",
 * "transfer", "conference", "swap", "handoff", "flash", "cancel"; or NULL. */
const char *twin_keys_name(const struct customer *c, char key);

/** Check a customer's own digits (field twin_keys): adds a field error. */
void twin_keys_check(const json_t *customer, json_t *errors);

void twin_keys_close(void);

#endif
