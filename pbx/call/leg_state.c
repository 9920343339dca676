/* leg_state.c - see leg_state.h */
#include "pbx/call/leg_state.h"

static const struct leg_transition table[] = {
	{ LEG_NULL, LEG_ASKED, LEG_INITIATED },
	{ LEG_NULL, LEG_QUEUES, LEG_QUEUED },
	{ LEG_INITIATED, LEG_RINGS, LEG_ALERTING },
	{ LEG_INITIATED, LEG_ANSWERED, LEG_CONNECTED },
	{ LEG_INITIATED, LEG_REFUSED, LEG_FAILED },
	{ LEG_INITIATED, LEG_CLEARED, LEG_NULL },
	{ LEG_ALERTING, LEG_ANSWERED, LEG_CONNECTED },
	{ LEG_ALERTING, LEG_REFUSED, LEG_FAILED },
	{ LEG_ALERTING, LEG_CLEARED, LEG_NULL },
	{ LEG_CONNECTED, LEG_HOLDS, LEG_HELD },
	{ LEG_CONNECTED, LEG_CLEARED, LEG_NULL },
	{ LEG_HELD, LEG_RETRIEVES, LEG_CONNECTED },
	{ LEG_HELD, LEG_CLEARED, LEG_NULL },
	{ LEG_QUEUED, LEG_RINGS, LEG_ALERTING },
	{ LEG_QUEUED, LEG_ANSWERED, LEG_CONNECTED },
	{ LEG_QUEUED, LEG_REFUSED, LEG_FAILED },
	{ LEG_QUEUED, LEG_CLEARED, LEG_NULL },
	{ LEG_FAILED, LEG_CLEARED, LEG_NULL },
};

static const char *const state_names[LEG_STATES] = {
	"null", "initiated", "alerting", "connected",
	"held", "queued",    "failed",
};

static const char *const event_names[LEG_EVENTS] = {
	"asked",     "rings",   "answered", "holds",
	"retrieves", "refused", "cleared",  "queues",
};

enum leg_state leg_state_next(enum leg_state from, enum leg_event event)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].from == from && table[i].event == event)
			return table[i].to;
	}

	return LEG_STATES;
}

const char *leg_state_name(enum leg_state state)
{
	return state < LEG_STATES ? state_names[state] : "?";
}

const char *leg_event_name(enum leg_event event)
{
	return event < LEG_EVENTS ? event_names[event] : "?";
}

int leg_state_print(struct re_printf *pf, void *unused)
{
	int err = 0;

	(void)unused;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		err |= re_hprintf(pf, "%s %s %s\n",
				  leg_state_name(table[i].from),
				  leg_event_name(table[i].event),
				  leg_state_name(table[i].to));

	return err;
}
