/* route.h - whom a dialled number rings
 *
 * One engine for every call: who calls, what was dialled, out comes the list
 * of phones to ring or the answer the caller gets, with the reason in the
 * trail.  Numbers mean something inside the caller's customer only: an
 * extension rings the phones of its user, a directory number its phone lines.
 *
 * Source: design.md section 5; CAL-2, CAL-3.
 */
#ifndef PBX_ROUTE_H
#define PBX_ROUTE_H

#include "pbx/directory.h"
#include "pbx/trail.h"

enum {
	ROUTE_HOPS_MAX = 20, /* times one call may be routed */
};

/** Where a call goes. */
struct routing {
	uint16_t status;   /* 0, or the final answer: nobody is rung */
	const char *cause; /* phrase that goes with status */
	struct user *user; /* whom the number belongs to, or NULL */
	uint32_t count;
	struct phone *phones[DIRECTORY_PHONES_MAX];
	char number[DIRECTORY_NUMBER_MAX + 1]; /* as dialled, cleaned */
};

/**
 * Route a dialled number.
 *
 * @param r       Filled
 * @param caller  The authenticated phone; it does not ring itself
 * @param dialled User part of the Request-URI, unescaped
 * @param hops    How often this call has been routed before
 * @param trail   Gets what was decided and why; may be NULL
 */
void route_number(struct routing *r, const struct phone *caller,
		  struct span dialled, uint32_t hops, struct trail *trail);

#endif
