/* announce.h - words and tones for a call that would end with a status
 *
 * A feature access code that has done its work answers with a confirmation
 * tone and what it did; one that has not says why, and a reorder tone,
 * before the final status (early media).  Callers whose customer wants it
 * (field `announcements`) hear why a number cannot be called.  Without media
 * server, or without an offer to answer, the status comes alone.
 *
 * Source: domain/pbx.md 22; CAL-4, CAL-11.
 */
#ifndef PBX_ANNOUNCE_H
#define PBX_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/** A call is going to be refused: true when the caller is told by voice
 * first. */
bool announce_takes(struct call *call, uint16_t status, const char *cause);

#endif
