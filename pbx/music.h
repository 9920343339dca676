/* music.h - what a customer's callers hear while they are held
 *
 * A WAV file of the customer's own, DIR/pbx/music/ID.wav, set over REST:
 * PUT, GET and DELETE /api/v1/customers/ID/music.  Without one the media
 * server plays its melody.  Files are checked, written and read by a thread;
 * the answer to PUT comes when the file is on the disk.
 *
 * Source: CAL-3.
 */
#ifndef PBX_MUSIC_H
#define PBX_MUSIC_H

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

/** The customer is gone: so is its music. */
void music_forget(const char *customer);

#endif
