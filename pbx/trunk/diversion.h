/* diversion.h - where a call has been before, and what others are told of it
 *
 * A call that was diverted before it came here says so in Diversion, in
 * History-Info or in its Request-URI (target, cause).  That is believed of
 * trunks that are trusted and of the other node, of nobody else.  What is
 * believed counts as hops of the call's way: it chooses mailbox and greeting,
 * counts towards the limit, and a call does not come back to where it was.
 *
 * Phones see the whole way.  A trunk sees what its field `diversion` says,
 * DIVERSIONS_SENT_MAX hops at most, by numbers the outside knows; who
 * withholds its number is named to those only who are trusted.
 *
 * Source: RFC 5806, RFC 7044, RFC 4458; CAL-3, CAL-8.
 */
#ifndef PBX_DIVERSION_H
#define PBX_DIVERSION_H

#include "pbx/route/route.h"
#include "sip/build.h"

struct call;
struct trunk;

enum {
	DIVERSIONS_MAX = 10,     /* by name; the others are only counted */
	DIVERSIONS_SENT_MAX = 5, /* to a trunk: the first and the last ones */
};

/** Which headers a trunk is sent. */
enum diversion_style {
	DIVERSION_NONE,
	DIVERSION_DIVERSION,
	DIVERSION_HISTORY,
	DIVERSION_BOTH,
	DIVERSION_STYLES,
};

/** Where it was; the oldest comes first. */
struct diversion {
	struct route_hop hops[DIVERSIONS_MAX];
	uint8_t count;
	uint8_t unnamed; /* more diversions, which are only counted */
};

/** Of a trunk's field `diversion`; NULL is none. */
enum diversion_style diversion_style_of(const char *name);

/**
 * Read what an INVITE says; numbers are as it has them.
 *
 * @param d Filled; empty when it was not diverted
 */
void diversion_read(struct diversion *d, const struct sip_message *m);

/** Turn the numbers into those that the customer knows, through the trunk's
 * rules and the DIDs. */
void diversion_resolve(struct diversion *d, const struct trunk *t,
		       const struct customer *c);

/** Begin a way with what is believed. */
void diversion_begin(struct route_way *way, const struct diversion *d,
		     const struct customer *c);

/** Header lines for a phone: all of the way. */
void diversion_write(const struct route_way *way, struct sip_out *o);

/** The same for a trunk, as its field says.
 *
 * @param target URI it is sent to */
void diversion_write_trunk(const struct call *call, const struct trunk *t,
			   struct span target, struct sip_out *o);

#endif
