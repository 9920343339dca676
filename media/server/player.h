/* player.h - a sound that a port sends: once or for ever
 *
 * While it plays, the port's party hears it and not its peer.  At the end of
 * a sound played once the controllers are told and the bridge is heard again.
 */
#ifndef MEDIA_SERVER_PLAYER_H
#define MEDIA_SERVER_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

struct port;
struct sound;

/**
 * Begin, in place of what it plays now.
 *
 * @param sound A reference is kept
 *
 * @return 0; ENOMEM
 */
int player_start(struct port *p, struct sound *sound, bool is_loop);

/** Stop without telling; harmless when nothing plays. */
void player_stop(struct port *p);

/** Name of the sound that it plays, or NULL. */
const char *player_sound(const struct port *p);

#endif
