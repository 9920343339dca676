/* csta.c - see csta.h */
#include "pbx/call/call.h"
#include "pbx/feature/campon.h"
#include "pbx/control/csta.h"
#include "pbx/watch/event.h"
#include "pbx/route/forward.h"
#include "pbx/trunk/outsider.h"
#include "pbx/transfer/transfer.h"

static const char *const event_names[CSTA_EVENTS] = {
#define NAME(name, text, help) text,
	CSTA_EVENTS_TABLE(NAME)
#undef NAME
};

static const char *const event_help[CSTA_EVENTS] = {
#define HELP(name, text, help) help,
	CSTA_EVENTS_TABLE(HELP)
#undef HELP
};

static const char *const cause_names[CSTA_CAUSES] = {
#define NAME(name, text) text,
	CSTA_CAUSES_TABLE(NAME)
#undef NAME
};

/* Whose device an event is seen from. */
enum side {
	SIDE_CALLER = 1 << 0,
	SIDE_CALLEE = 1 << 1,
	SIDE_TRUNK = 1 << 2, /* a callee outside */
	SIDE_ANY = SIDE_CALLER | SIDE_CALLEE | SIDE_TRUNK,
};

static const struct {
	uint8_t arrow; /* enum leg_event */
	uint8_t sides;
	uint8_t event; /* enum csta_event */
} table[] = {
	{ LEG_ASKED, SIDE_CALLER, CSTA_ORIGINATED },
	{ LEG_ASKED, SIDE_TRUNK, CSTA_NETWORK_REACHED },
	{ LEG_RINGS, SIDE_ANY, CSTA_DELIVERED },
	{ LEG_ANSWERED, SIDE_ANY, CSTA_ESTABLISHED },
	{ LEG_HOLDS, SIDE_ANY, CSTA_HELD },
	{ LEG_RETRIEVES, SIDE_ANY, CSTA_RETRIEVED },
	{ LEG_QUEUES, SIDE_ANY, CSTA_QUEUED },
	{ LEG_REFUSED, SIDE_ANY, CSTA_FAILED },
	{ LEG_CLEARED, SIDE_ANY, CSTA_CONNECTION_CLEARED },
};

const char *csta_event_name(enum csta_event event)
{
	return event < CSTA_EVENTS ? event_names[event] : "";
}

const char *csta_cause_name(enum csta_cause cause)
{
	return cause < CSTA_CAUSES ? cause_names[cause] : "";
}

enum csta_event csta_event_of(const struct leg *leg, enum leg_event arrow)
{
	uint8_t side = leg == leg->call->caller  ? SIDE_CALLER
		       : outsider_is(leg->phone) ? SIDE_TRUNK
						 : SIDE_CALLEE;

	if (arrow == LEG_ASKED && side == SIDE_CALLEE &&
	    transfer_shown(leg->call))
		return CSTA_SERVICE_INITIATED;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].arrow == arrow && table[i].sides & side)
			return (enum csta_event)table[i].event;
	}

	return CSTA_NONE;
}

/* ---- causes ---- */

static enum csta_cause cause_of_status(uint16_t status)
{
	switch (status) {
	case 486:
	case 600: return CSTA_CAUSE_BUSY;
	case 403:
	case 433: return CSTA_CAUSE_BLOCKED;
	case 404:
	case 484: return CSTA_CAUSE_INVALID_DESTINATION;
	case 408: return CSTA_CAUSE_NOT_ANSWERED;
	case 480: return CSTA_CAUSE_NOT_OBTAINABLE;
	case 487: return CSTA_CAUSE_CANCELLED;
	case 415:
	case 488: return CSTA_CAUSE_INCOMPATIBLE;
	case 603: return CSTA_CAUSE_REJECTED;
	default:
		return status >= 500 ? CSTA_CAUSE_CONGESTION
				     : CSTA_CAUSE_NORMAL;
	}
}

static enum csta_cause cause_of_result(uint8_t result)
{
	switch (result) {
	case CALL_RESULT_BUSY: return CSTA_CAUSE_BUSY;
	case CALL_RESULT_NO_ANSWER: return CSTA_CAUSE_NOT_ANSWERED;
	case CALL_RESULT_CANCELLED: return CSTA_CAUSE_CANCELLED;
	case CALL_RESULT_DECLINED: return CSTA_CAUSE_REJECTED;
	default: return CSTA_CAUSE_NORMAL;
	}
}

static enum csta_cause cause_of_hop(uint8_t why)
{
	switch (why) {
	case ROUTE_ALWAYS: return CSTA_CAUSE_FORWARD_IMMEDIATE;
	case ROUTE_DND: return CSTA_CAUSE_DO_NOT_DISTURB;
	case ROUTE_BUSY: return CSTA_CAUSE_FORWARD_BUSY;
	case ROUTE_NO_ANSWER: return CSTA_CAUSE_FORWARD_NO_ANSWER;
	case ROUTE_REDIRECTED: return CSTA_CAUSE_REDIRECTED;
	case ROUTE_OVERFLOW: return CSTA_CAUSE_DISTRIBUTED;
	default: return CSTA_CAUSE_FORWARD;
	}
}

enum csta_cause csta_cause_of(const struct leg *leg, enum csta_event event)
{
	const struct call *call = leg->call;
	const struct route_way *way = forward_way(call);

	switch (event) {
	case CSTA_FAILED: return cause_of_status(leg->status);
	case CSTA_CONNECTION_CLEARED:
		return call->state == CALL_OVER ? cause_of_result(call->result)
						: CSTA_CAUSE_NORMAL;
	case CSTA_TRANSFERRED: return CSTA_CAUSE_TRANSFER;
	case CSTA_CONFERENCED: return CSTA_CAUSE_CONFERENCE;
	case CSTA_SERVICE_INITIATED: return CSTA_CAUSE_MAKE_CALL;
	case CSTA_QUEUED:
		return call->park ? CSTA_CAUSE_PARK : CSTA_CAUSE_CAMP_ON;
	default: break;
	}

	if (call->cause)
		return (enum csta_cause)call->cause;
	if (way && way->hop_count)
		return cause_of_hop(way->hops[way->hop_count - 1].why);

	return event == CSTA_HELD || event == CSTA_RETRIEVED
		       ? CSTA_CAUSE_NORMAL
		       : CSTA_CAUSE_NEW_CALL;
}

/* ---- told ---- */

void csta_tell(const struct call *call, enum csta_event event)
{
	event_csta(call->caller, event);
	for (struct le *le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (leg->state != LEG_NULL && leg->state != LEG_FAILED &&
		    leg->phone)
			event_csta(leg, event);
	}
}

json_t *csta_tables(void)
{
	json_t *events = json_array(), *states = json_array();
	json_t *causes = json_array();

	for (int i = 1; i < CSTA_EVENTS; i++)
		(void)json_array_append_new(
			events, json_pack("{s:s, s:s}", "event", event_names[i],
					  "means", event_help[i]));
	for (int i = 0; i < LEG_STATES; i++)
		(void)json_array_append_new(
			states, json_string(leg_state_name((enum leg_state)i)));
	for (int i = 0; i < CSTA_CAUSES; i++)
		(void)json_array_append_new(causes,
					    json_string(cause_names[i]));

	return json_pack("{s:o, s:o, s:o}", "events", events, "states", states,
			 "causes", causes);
}
