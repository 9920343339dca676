/* route_forward.c - a call leaves a number for another one; see route_walk.h */
#include "pbx/route/cor.h"
#include "pbx/route/cos.h"
#include "pbx/route/mode.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/route/route_walk.h"
#include "pbx/route/settings_user.h"

static bool is_visited(const struct route_way *way, const char *id)
{
	for (uint8_t i = 0; i < way->visits; i++) {
		if (!strcmp(way->visited[i], id))
			return true;
	}

	return false;
}

/* Remember a user or group; false when the call has been there. */
bool walk_visit(struct walk *w, const char *id, const char *name)
{
	struct route_way *way = w->way;

	if (is_visited(way, id)) {
		walk_note(w,
			  "the call has been at %s before: it goes no further",
			  name);
		walk_refuse_why(w->r, w->why);
		return false;
	}
	if (way->visits < ROUTE_HOPS_MAX)
		walk_copy(way->visited[way->visits++], DIRECTORY_ID_SIZE, id);

	return true;
}

/* Leave the number that the call is at for another one. */
bool walk_leave(struct walk *w, enum route_why why, const char *to)
{
	struct route_way *way = w->way;
	struct route_hop *hop;

	if (way->hop_count + way->unnamed >= ROUTE_HOPS_MAX) {
		walk_note(w, "routed %u times: a loop",
			  way->hop_count + way->unnamed);
		return false;
	}

	hop = &way->hops[way->hop_count++];
	memcpy(hop->number, way->number, sizeof(hop->number));
	hop->why = (uint8_t)why;
	walk_copy(w->next, sizeof(w->next), to);
	w->is_hop = true;
	w->why = (uint8_t)why;
	way->user[0] = '\0';
	way->group[0] = '\0';
	way->sender[0] = '\0';
	way->is_line = false;
	way->is_delayed = false;

	return true;
}

/* out gets it without the prefix for outside. */
static bool leads_outside(const struct customer *c, const char *number,
			  char out[DIRECTORY_NUMBER_MAX + 1])
{
	struct span n = span_of(number);

	return !group_by_number(c, n) && !directory_user_by_extension(c, n) &&
	       !directory_phone_by_number(c, n) &&
	       outside_number(c, number, out);
}

bool route_leads_outside(const struct customer *c, const char *number)
{
	char out[DIRECTORY_NUMBER_MAX + 1];

	return leads_outside(c, number, out);
}

bool route_permits(const struct user *payer, const char *number)
{
	char out[DIRECTORY_NUMBER_MAX + 1];

	if (!payer)
		return true;

	return leads_outside(payer->customer, number, out)
		       ? cor_permits_outside(payer, out)
		       : cor_permits(payer, number);
}

bool route_may_forward(const struct user *u, const char *number)
{
	return cos_may(u, route_leads_outside(u->customer, number)
				  ? COS_FORWARD_EXTERNAL
				  : COS_FORWARD);
}

/* The same, and the trail says so. */
bool walk_may_forward(struct walk *w, const struct user *u, const char *to)
{
	if (route_may_forward(u, to))
		return true;

	walk_note(w, "%s may not forward calls to %s", u->name, to);

	return false;
}

/* A user's forward, if the user may; past the limit the call ends. */
bool walk_forward(struct walk *w, const struct user *u, enum route_why why,
		  const char *to)
{
	if (!to[0])
		return false;
	if (w->way->is_final) {
		walk_note(w, "the call is not forwarded again");
		return false;
	}
	if (!walk_may_forward(w, u, to))
		return false;
	if (!walk_leave(w, why, to)) {
		walk_refuse(w->r, 482, "Loop Detected");
		return true;
	}

	w->payer = u;
	w->way->is_final = cos_may(u, COS_NO_CHAIN);
	if (why == ROUTE_ALWAYS)
		walk_copy(w->way->sender, sizeof(w->way->sender), u->id);
	walk_note(w, "%s is tried because %s of %s", to, route_why_name(why),
		  w->way->hops[w->way->hop_count - 1].number);

	return true;
}

/* A user's forward when busy; when the call came by somebody's forward
 * always, that one's is second. */
bool walk_forward_busy(struct walk *w, const struct user *u)
{
	const struct user *sender = directory_user(span_of(w->way->sender));

	if (walk_forward(w, u, ROUTE_BUSY, user_forward(u, FORWARD_BUSY)))
		return true;
	if (!sender || !cos_may(sender, COS_REROUTE_BUSY))
		return false;

	w->way->sender[0] = '\0';

	return walk_forward(w, sender, ROUTE_BUSY,
			    user_forward(sender, FORWARD_BUSY));
}

/* A user's or group's calls go elsewhere in this service mode; who gets them
 * may call it.  True when the call has left. */
bool walk_reroute(struct walk *w, const char to[][DIRECTORY_NUMBER_MAX + 1],
		  const char *name, const struct user *payer)
{
	const char *number = to[w->way->mode];

	if (!number[0] || !strcmp(number, phone_shown_number(w->caller)))
		return false;
	if (!walk_leave(w, ROUTE_MODE, number)) {
		walk_refuse(w->r, 482, "Loop Detected");
		return true;
	}

	if (payer)
		w->payer = payer;
	walk_note(w, "%s is tried: calls of %s go there in %s service", number,
		  name, service_mode_name((enum service_mode)w->way->mode));

	return true;
}
