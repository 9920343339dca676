/* route_walk.h - one walk through numbers, inside the routing engine
 *
 * For route*.c only.  A walk is at a number; who is found there rings, is
 * refused, or sends it to the next one (next), until somebody rings or nobody
 * is left.
 */
#ifndef PBX_ROUTE_WALK_H
#define PBX_ROUTE_WALK_H

#include "pbx/route/group.h"
#include "pbx/route/route.h"

/* One walk through numbers, until somebody rings or nobody is left. */
struct walk {
	struct routing *r;
	struct route_way *way;
	const struct phone *caller;
	const struct user *payer; /* whose privileges count */
	struct trail *trail;
	char next[DIRECTORY_NUMBER_MAX + 1]; /* "" at the end */
	bool is_hop; /* next comes from a forward, not from the caller */
	uint8_t why; /* of the hop: enum route_why */
};

/** What was decided, for the trail. */
void walk_note(const struct walk *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Nobody is rung: the final answer and its phrase. */
void walk_refuse(struct routing *r, uint16_t status, const char *cause);

/** The same, as a reason has it. */
void walk_refuse_why(struct routing *r, enum route_why why);

/** Copy a number or id. */
void walk_copy(char *out, size_t size, const char *text);

/** Remember a user or group; false, refused, when the call has been there. */
bool walk_visit(struct walk *w, const char *id, const char *name);

/** Leave the number that the call is at for another one; false past the limit. */
bool walk_leave(struct walk *w, enum route_why why, const char *to);

/** Whether a user may forward there; the trail says when not. */
bool walk_may_forward(struct walk *w, const struct user *u, const char *to);

/** Follow a user's forward, if the user may; past the limit the call is refused. False when it does not lead on. */
bool walk_forward(struct walk *w, const struct user *u, enum route_why why,
		  const char *to);

/** A user's forward when busy, then that of who sent the call. */
bool walk_forward_busy(struct walk *w, const struct user *u);

/** Calls go elsewhere in this service mode: true when they do. */
bool walk_reroute(struct walk *w, const char to[][DIRECTORY_NUMBER_MAX + 1],
		  const char *name, const struct user *payer);

/** One more phone rings; *self is set when it is the caller. */
void walk_add_phone(struct walk *w, struct phone *p, bool *self);

/** The user's outside number rings, too; true when it alone does. */
bool walk_add_twin(struct walk *w, struct user *u, bool is_always, bool *self);

/** All phones of a user that ring with it. */
void walk_add_user(struct walk *w, struct user *u, bool *self);

/** Not to be disturbed, by class or setting. */
bool walk_has_dnd(const struct user *u);

/** Whether somebody can hear it. */
bool walk_any_registered(const struct routing *r);

/** Where a group sends what nobody takes; false when nowhere. */
bool walk_overflow(struct walk *w, const struct group *g);

/** The next free member rings, or the overflow is tried. */
void walk_hunt(struct walk *w, struct group *g);

/** All members ring. */
void walk_ring_members(struct walk *w, struct group *g);

/** The voice mail answers: of who is named, or who sent the call. */
void walk_at_voicemail(struct walk *w, const char *named);

/** The call is at a group, a user, a line. */
void walk_at_group(struct walk *w, struct group *g);
void walk_at_user(struct walk *w, struct user *u, struct group *g);
void walk_at_line(struct walk *w, struct phone *p);

#endif
