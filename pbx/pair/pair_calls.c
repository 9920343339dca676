/* pair_calls.c - see pair_calls.h */
#include "base/json.h"
#include "base/wheel.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference.h"
#include "pbx/feature/park.h"
#include "pbx/pair/pair_calls.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/trunk/outsider.h"
#include "pbx/trunk/trunk.h"
#include "pbx/pair/peer.h"

enum {
	TELL_MS = 20,
	AT_ONCE = 200, /* calls in a turn of the loop */
};

static struct {
	struct list dirty; /* struct call, pair_le */
	struct wheel_timer timer;
	bool is_read;  /* somebody reads us */
	bool owes_end; /* of all that were there */
} calls;

/* What the other node has decided it knows; not which trunk we took for it. */
static bool is_ours(const struct call *call)
{
	return !call->is_from_peer || call->outside;
}

static bool is_over(const struct leg *leg)
{
	return leg->state == LEG_NULL || leg->state == LEG_FAILED;
}

static json_t *leg_json(const struct leg *leg)
{
	const struct phone *p = leg->phone;
	const struct leg *peer = leg_peer(leg);
	const struct phone *other = peer ? peer->phone : NULL;
	bool is_taking = p && p->trunk && p->trunk != peer_trunk() &&
			 leg->is_counted;

	return json_pack("{s:i,s:i,s:s?,s:s?,s:s?,s:s?}", "n", leg->number,
			 "state", leg->state, "phone",
			 p && p->id[0] ? p->id : NULL, "peer",
			 other                      ? leg_shown_number(peer)
			 : leg == leg->call->caller ? leg->call->number
						    : NULL,
			 "peer_name", other ? leg_shown_name(peer) : NULL,
			 "trunk", is_taking ? p->trunk->id : NULL);
}

static void add_leg(json_t *legs, const struct leg *leg)
{
	if (leg && !is_over(leg))
		(void)json_array_append_new(legs, leg_json(leg));
}

static void add_park(json_t *json, const struct park *p)
{
	(void)json_object_set_new(json, "park", json_string(p->number));
	(void)json_object_set_new(json, "parker", json_string(p->parker));
	(void)json_object_set_new(json, "park_index", json_integer(p->index));
	(void)json_object_set_new(json, "park_ms",
				  json_integer((json_int_t)p->since_ms));
}

static json_t *call_json(const struct call *call)
{
	json_t *legs = json_array();
	json_t *json;

	if (call->state != CALL_OVER) {
		add_leg(legs, call->caller);
		for (struct le *le = list_head(&call->branches); le;
		     le = le->next)
			add_leg(legs, le->data);
	}
	json = json_pack("{s:s,s:s,s:s,s:b,s:o}", "type", "call", "id",
			 call->id, "customer", call->customer, "answered",
			 call->state == CALL_ANSWERED, "legs", legs);
	if (call->park)
		add_park(json, call->park);
	if (call->party && call->party->conference) {
		const struct conference *c = call->party->conference;

		(void)json_object_set_new(json, "conference",
					  json_string(c->id));
		(void)json_object_set_new(json, "room", json_string(c->room));
	}

	return json;
}

static void tell_call(struct call *call)
{
	bool is_live = call->state != CALL_OVER;

	list_unlink(&call->pair_le);
	if (!is_live && !call->is_told)
		return;
	pair_feed_tell(call_json(call));
	call->is_told = is_live;
}

static void tell(void *arg)
{
	struct le *le;

	(void)arg;

	for (unsigned n = 0; n < AT_ONCE && pair_feed_has_room(); n++) {
		le = list_head(&calls.dirty);
		if (!le)
			break;
		tell_call(le->data);
	}
	if (list_head(&calls.dirty)) {
		wheel_start(&calls.timer, TELL_MS, tell, NULL);
		return;
	}
	if (calls.owes_end)
		pair_feed_tell(
			json_pack("{s:s,s:s}", "type", "calls", "what", "end"));
	calls.owes_end = false;
}

void pair_calls_changed(struct call *call)
{
	if (!calls.is_read || !is_ours(call) || call->pair_le.list)
		return;

	list_append(&calls.dirty, &call->pair_le, call);
	if (!wheel_is_running(&calls.timer))
		wheel_start(&calls.timer, TELL_MS, tell, NULL);
}

void pair_calls_gone(struct call *call)
{
	list_unlink(&call->pair_le);
	if (!call->is_told || !calls.is_read)
		return;

	pair_feed_tell(json_pack("{s:s,s:s}", "type", "call", "id", call->id));
	call->is_told = false;
}

void pair_calls_all(void)
{
	calls.is_read = true;
	calls.owes_end = true;
	pair_feed_tell(
		json_pack("{s:s,s:s}", "type", "calls", "what", "begin"));
	for (struct le *le = list_head(call_list()); le; le = le->next)
		pair_calls_changed(le->data);
	wheel_stop(&calls.timer);
	wheel_start(&calls.timer, TELL_MS, tell, NULL);
}

void pair_calls_stop(void)
{
	wheel_stop(&calls.timer);
	calls.is_read = calls.owes_end = false;
	list_clear(&calls.dirty);
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		struct call *call = le->data;

		call->is_told = false;
	}
}
