/* presence.h - what people's phones do, as the pbx tells it
 *
 * States, strongest first: "busy" (a leg connected or held), "ringing" (one
 * alerting or initiated), "idle" (a phone is registered), "offline".  Kept in
 * memory only; a snapshot of the source makes it true again after a gap.
 * While a source is away its people are "unknown": it is said, not guessed.
 */
#ifndef UC_PRESENCE_H
#define UC_PRESENCE_H

#include <jansson.h>
#include <stdbool.h>

struct presence;

/** A user's state has changed; never called from within presence_state(). */
typedef void(presence_h)(const char *user, const char *state, void *arg);

int presence_alloc(struct presence **pp, presence_h *h, void *arg);

/** A leg as in a pbx "call" event ({"id","user","state",…}). */
void presence_leg(struct presence *p, const char *source, const json_t *leg);

/** A registration event ({"phone","user","registered"}). */
void presence_registration(struct presence *p, const char *source,
			   const json_t *registration);

/** All of a source anew, in one part or several: {"first":true,
 * "registrations":[…],"calls":[…],"last":true}.  What no part has named is
 * forgotten with the last; nobody is told of anything that only came and went
 * between the parts. */
void presence_snapshot(struct presence *p, const char *source,
		       const json_t *snapshot);

/** A source is lost (its people are unknown) or back. */
void presence_source(struct presence *p, const char *source, bool is_up);

/** Forget a user. */
void presence_forget(struct presence *p, const char *user);

/** "busy", "ringing", "idle", "offline" or "unknown". */
const char *presence_state(const struct presence *p, const char *user);

#endif
