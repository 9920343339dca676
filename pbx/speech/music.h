/* music.h - what a customer's callers hear while they are held
 *
 * A WAV file of the customer's own, DIR/pbx/music/ID.wav, set over REST:
 * PUT, GET and DELETE /api/v1/customers/ID/music.  Without one the media
 * server plays its melody.  Files are checked, written and read by a thread;
 * the answer to PUT comes when the file is on the disk.
 *
 * A zone (cpn.h) may have music of its own, /api/v1/zones/ID/music: it is what
 * somebody hears who is held from a phone in that zone.  A user may have, too
 * (/api/v1/users/ID/music): it is what those hear whom the user holds, where
 * the class of service says so.
 *
 * Source: CAL-3; domain/pbx.md 11.
 */
#ifndef PBX_MUSIC_H
#define PBX_MUSIC_H

#include <stdbool.h>

struct leg;
struct router;

enum {
	MUSIC_MAX_BYTES = 4 * 1024 * 1024, /* 4 minutes of 8 kHz, 16 bit */
	MUSIC_NAME_BYTES = 128,
};

/** Offer the routes, with the state folder. */
int music_start(struct router *router, const char *dir);
void music_close(void);

/** Name of the sound for this customer (media/server/sound.h). */
const char *music_of(const char *customer, char name[MUSIC_NAME_BYTES]);

/** The same for who is held by this leg: its user's own comes first,
 * then that of its phone's zone. */
const char *music_of_holder(const struct leg *by, char name[MUSIC_NAME_BYTES]);

/** Whether there is the customer, zone or user whose file this is, as ID.wav. */
bool music_has_owner(const char *file);

/** The customer is gone: so is its music. */
void music_forget(const char *customer);
void music_forget_zone(const char *zone);
void music_forget_user(const char *user);

#endif
