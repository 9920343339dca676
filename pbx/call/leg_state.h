/* leg_state.h - the states of a leg and what leads from one to the other
 *
 * Named as ECMA-269 (CSTA) names the states of a connection.  The table is
 * the only place where a state changes; it prints itself for logs, tests and
 * manuals.
 */
#ifndef PBX_LEG_STATE_H
#define PBX_LEG_STATE_H

#include "base/libre.h"

enum leg_state {
	LEG_NULL,      /* not yet, or no more */
	LEG_INITIATED, /* asked for, nobody rings yet */
	LEG_ALERTING,  /* rings; for the caller: hears it ring */
	LEG_CONNECTED,
	LEG_HELD,   /* this party has put the call on hold */
	LEG_QUEUED, /* waits in a queue (groups, parking) */
	LEG_FAILED, /* refused; the caller hears why */
	LEG_STATES,
};

enum leg_event {
	LEG_ASKED,     /* a call begins or is offered */
	LEG_RINGS,     /* the far phone rings */
	LEG_ANSWERED,  /* speech */
	LEG_HOLDS,     /* this party holds */
	LEG_RETRIEVES, /* and takes the call back */
	LEG_REFUSED,   /* busy, declined, not found ... */
	LEG_CLEARED,   /* hung up, cancelled, answered elsewhere */
	LEG_QUEUES,    /* a place in which somebody waits */
	LEG_EVENTS,
};

struct leg_transition {
	enum leg_state from;
	enum leg_event event;
	enum leg_state to;
};

/** State after an event, or LEG_STATES if the event means nothing there. */
enum leg_state leg_state_next(enum leg_state from, enum leg_event event);

/** "connected" ... as in events and CDRs. */
const char *leg_state_name(enum leg_state state);
const char *leg_event_name(enum leg_event event);

/** Print the whole table: `from event to` a line. */
int leg_state_print(struct re_printf *pf, void *unused);

#endif
