/* mixer.h - a conference: each hears all the others
 *
 * Up to 32 ports; at each tick what they said is added up and each gets the
 * sum without itself, wide (16 kHz) as soon as one of them speaks so.  A muted
 * member only hears.
 */
#ifndef MEDIA_SERVER_MIXER_H
#define MEDIA_SERVER_MIXER_H

#include "media/server/port.h"

enum {
	MIXER_MEMBERS_MAX = 32,
	MIXERS_MAX = 250,
	MIXER_NAME_MAX = 64,
};

struct mixer;

/** Make one.  0; EEXIST; ENOSPC above MIXERS_MAX; ENOMEM. */
int mixer_open(struct mixer **mp, const char *name);

/** Its members fall back to their bridges. */
void mixer_close(struct mixer *m);
void mixers_close(void);

/** By name, or NULL. */
struct mixer *mixer_find(const char *name);

/** All: struct mixer, by the list's data. */
const struct list *mixer_list(void);

const char *mixer_name(const struct mixer *m);
uint32_t mixer_count(const struct mixer *m);
bool mixer_is_wide(const struct mixer *m);

/** Put a port in, or change whether it is muted; it leaves another mixer.
 * 0; ENOSPC; ENOMEM. */
int mixer_add(struct mixer *m, struct port *p, bool is_muted);

void mixer_remove(struct mixer *m, struct port *p);

/** Hear what all say together, until tap's port_untap(). */
void mixer_tap(struct mixer *m, struct tap *t);

#endif
