/* outsider.h - the other end of a trunk, seen as a phone
 *
 * A leg belongs to a phone; one that leads over a trunk belongs to an
 * outsider: a phone without credentials and bindings, made for one call,
 * with the number and name that the outside shows.  The calls on a trunk,
 * and those of a customer with the outside, are counted by their outsiders.
 */
#ifndef PBX_OUTSIDER_H
#define PBX_OUTSIDER_H

#include "pbx/directory.h"

struct call;

/** What an outsider is made of. */
struct outsider {
	struct customer *customer;
	struct trunk *trunk; /* a reference is taken */
	const char *number;  /* "" or NULL: withheld */
	const char *name;    /* or NULL */
	bool has_language;   /* of the number it calls */
	bool is_french;
	const char *twin; /* id of the user whose number it is, or NULL */
	bool is_proved;   /* that is certain */
};

/** Make one; the leg it is for keeps the reference.  0 or ENOMEM. */
int outsider_alloc(struct phone **pp, const struct outsider *o);

/** Whether a phone is one; NULL is none. */
bool outsider_is(const struct phone *p);

enum { OUTSIDER_ROUND_MAX = 8 };

/**
 * Whether a call from outside that is sent on to a number outside goes in a
 * circle: that number may lead back here, by networks that begin each time
 * with all hops, and one call would become as many as there is room for.  So
 * many calls from outside may ring one number outside at a time.
 */
bool outsider_goes_round(const struct call *call, const char *number);

/** Legs that take up the trunk, or the customer's share of the outside, at both
 * nodes of a pair as far as the other one tells. */
uint32_t outsider_trunk_calls(const struct trunk *trunk);
uint32_t outsider_customer_calls(const struct customer *c);

#endif
