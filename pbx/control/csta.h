/* csta.h - events and causes of call control as ECMA-269 names them
 *
 * One table says which event a leg's arrow (leg_state.h) is, seen from whose
 * device; the states of a connection are those of leg_state.h.  Causes come
 * from how a call began, how it went on and how it ended.  The table is what
 * /api/v1/call-control answers and docs/call-control.md shows.
 *
 * Source: ECMA-269 17 (call control events), 12.2.15 (causes); CAL-4.
 */
#ifndef PBX_CSTA_H
#define PBX_CSTA_H

#include <jansson.h>

#include "pbx/call/leg_state.h"

struct call;
struct leg;

#define CSTA_EVENTS_TABLE(X)                                                   \
	X(NONE, "", "the state as it is, nothing new")                         \
	X(SERVICE_INITIATED, "service-initiated",                              \
	  "a phone is rung so that a call can be made for it")                 \
	X(ORIGINATED, "originated", "a phone has dialled")                     \
	X(NETWORK_REACHED, "network-reached", "a trunk is asked")              \
	X(DELIVERED, "delivered", "the called phone rings")                    \
	X(ESTABLISHED, "established", "answered")                              \
	X(HELD, "held", "this party holds")                                    \
	X(RETRIEVED, "retrieved", "and has taken the call back")               \
	X(QUEUED, "queued", "waits: parked, or for somebody busy")             \
	X(FAILED, "failed", "refused; the cause says why")                     \
	X(CONNECTION_CLEARED, "connection-cleared", "is in the call no more")  \
	X(DIVERTED, "diverted", "the call goes on to another number")          \
	X(TRANSFERRED, "transferred", "is with another party from now on")     \
	X(CONFERENCED, "conferenced", "is in a conference from now on")

#define CSTA_CAUSES_TABLE(X)                                                   \
	X(NORMAL, "normal")                                                    \
	X(NEW_CALL, "new-call")                                                \
	X(BUSY, "busy")                                                        \
	X(NOT_ANSWERED, "call-not-answered")                                   \
	X(CANCELLED, "call-cancelled")                                         \
	X(REJECTED, "call-rejected")                                           \
	X(BLOCKED, "blocked")                                                  \
	X(INVALID_DESTINATION, "invalid-destination")                          \
	X(NOT_OBTAINABLE, "destination-not-obtainable")                        \
	X(DO_NOT_DISTURB, "do-not-disturb")                                    \
	X(INCOMPATIBLE, "incompatible-destination")                            \
	X(CONGESTION, "network-congestion")                                    \
	X(FORWARD_IMMEDIATE, "call-forward-immediate")                         \
	X(FORWARD_BUSY, "call-forward-busy")                                   \
	X(FORWARD_NO_ANSWER, "call-forward-no-answer")                         \
	X(FORWARD, "call-forward")                                             \
	X(REDIRECTED, "redirected")                                            \
	X(DISTRIBUTED, "distributed")                                          \
	X(TRANSFER, "transfer")                                                \
	X(CONFERENCE, "conference")                                            \
	X(PARK, "park")                                                        \
	X(RECALL, "recall")                                                    \
	X(PICKUP, "call-pickup")                                               \
	X(CALL_BACK, "call-back")                                              \
	X(MAKE_CALL, "make-call")                                              \
	X(CAMP_ON, "camp-on")

#define CSTA_ENUM(NAME, ...) CSTA_##NAME,
enum csta_event { CSTA_EVENTS_TABLE(CSTA_ENUM) CSTA_EVENTS };
#undef CSTA_ENUM

#define CSTA_ENUM(NAME, ...) CSTA_CAUSE_##NAME,
enum csta_cause { CSTA_CAUSES_TABLE(CSTA_ENUM) CSTA_CAUSES };
#undef CSTA_ENUM

const char *csta_event_name(enum csta_event event);
const char *csta_cause_name(enum csta_cause cause);

/** The event that an arrow of this leg is; the leg is in its new state. */
enum csta_event csta_event_of(const struct leg *leg, enum leg_event arrow);

/** Why: of this leg's event. */
enum csta_cause csta_cause_of(const struct leg *leg, enum csta_event event);

/** Events, states and causes: new reference. */
json_t *csta_tables(void);

/** The parties of a call are told more than their state: it was transferred,
 * diverted, conferenced. */
void csta_tell(const struct call *call, enum csta_event event);

#endif
