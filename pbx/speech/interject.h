/* interject.h - a short sign for one party of a call
 *
 * Where the media server relays the call's speech the sign is said at once.
 * Where the speech goes directly it is brought through the media server for
 * the while: both phones are asked for it (re-INVITE), the sign is said, and
 * they are asked back.  A phone that does not want to be asked is left in
 * peace, and the party hears nothing.
 */
#ifndef PBX_INTERJECT_H
#define PBX_INTERJECT_H

struct leg;

/** Say a sound (media/server/sound.h) to a party, if that can be done now. */
void interject(struct leg *leg, const char *sound);

void interject_close(void);

#endif
