/* cache.h - what a phone remembers, so that it starts while the uc is down
 *
 * A snapshot of account, directory, server's history, settings and stream
 * position in the state folder, with a keyed hash under the device's own
 * secret: one that was changed by hand, or belongs to another device, is not
 * believed.  Written half a second after the last change.
 *
 * Source: SIN-2, SIN-6; design.md section 6.
 */
#ifndef PHONE_CACHE_H
#define PHONE_CACHE_H

#include <jansson.h>

struct account;
struct cache;

/**
 * Open the snapshot of a folder; one that is missing, broken or not ours
 * begins empty (and says so in the log).
 */
int cache_open(struct cache **cp, const char *dir, const struct account *a);

/** A member of it, borrowed, or NULL. */
json_t *cache_get(const struct cache *c, const char *name);

/** Replace a member; takes the reference over. */
void cache_set(struct cache *c, const char *name, json_t *value);

/** Write now what is not written yet.  0 or an errno. */
int cache_flush(struct cache *c);

#endif
