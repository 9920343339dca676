/* source.h - read the events of a pbx, from where we stopped
 *
 * A source is a pbx the portal told us of.  We connect to it, give it our
 * cursor (epoch, number) and get what we missed, or a snapshot.  The cursor
 * is stored in the transaction that applies an event, so each call record
 * counts once, whatever dies.  The pbx never waits for us.
 *
 * Source: design.md 4.4.
 */
#ifndef UC_SOURCE_H
#define UC_SOURCE_H

#include <jansson.h>
#include <stdbool.h>

#include "uc/uc.h"

struct sources;

int sources_alloc(struct sources **sp, struct uc *uc);

/** Read from this pbx, or from its new address ({"id","url","token"}). */
int sources_put(struct sources *s, const json_t *source);

/** Read from it no more. */
void sources_drop(struct sources *s, const char *id);

/**
 * Where the pbx of a platform group is.
 *
 * @param platform Its id; with one pbx only, that one whatever it is
 * @param tokenp   Set to our token there; as the address valid this turn
 *
 * @return Its address, or NULL
 */
const char *sources_pbx(const struct sources *s, const char *platform,
			const char **tokenp);

/** Whether all sources are connected (ready with none). */
bool sources_are_up(const struct sources *s);

#endif
