/* preface.h - words that callers of a number hear before it rings
 *
 * A DID or a group may have an announcement: early (before the call is
 * answered, where the caller's phone takes early media and does not insist on
 * reliable answers) or answered (the call is, then it is sent on).  The words
 * are a WAV file of the customer, else "please hold".  Calls that a forward
 * or an overflow brings hear none.  What cannot be said is left out: the call
 * rings at once.
 *
 *   PUT, GET, DELETE /api/v1/dids/ID/announcement, /api/v1/groups/ID/…
 *
 * Source: CAL-11.
 */
#ifndef PBX_PREFACE_H
#define PBX_PREFACE_H

#include <stdbool.h>

#include "model/route.h"

enum preface {
	PREFACE_NONE,
	PREFACE_EARLY,
	PREFACE_ANSWERED,
};

struct call;
struct kind;

int preface_start(struct router *router, const char *dir);

/** Of the field `announcement`. */
enum preface preface_of(const char *name);

/**
 * A call begins: whether something is said first; it goes on by itself then.
 *
 * @param number That is called, inside the customer
 * @param did    Id of the DID it came by, or NULL
 */
bool preface_takes(struct call *call, const char *number, const char *did);

/** An object is deleted: its file goes. */
void preface_forget(const struct kind *kind, const char *id);

#endif
