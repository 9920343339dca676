/* twin_keys.h - keys that somebody at an outside number presses in a call
 *
 * What they do is in twin.h.  The other party hears them, too.
 *
 * Source: domain/pbx.md 7.2.
 */
#ifndef PBX_TWIN_KEYS_H
#define PBX_TWIN_KEYS_H

struct leg;

/** A key of the party of this leg; passed over when that is nobody's outside
 * number, or the user's class has no such features. */
void twin_keys_pressed(struct leg *leg, char key);

void twin_keys_close(void);

#endif
