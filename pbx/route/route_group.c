/* route_group.c - whom a group rings; see route_walk.h */
#include "pbx/route/code.h"
#include "pbx/route/cos.h"
#include "pbx/mail/mailbox.h"
#include "pbx/route/route_walk.h"
#include "pbx/route/settings_user.h"
#include "pbx/desk/twin.h"

static bool phone_is_busy(const struct phone *p)
{
	return phone_has_call(p);
}

/* The user whose phones ring for a member that forwards all calls. */
static struct user *member_follow(struct walk *w, const struct group *g,
				  struct user *u)
{
	for (int i = 0; g->follows_forwards && u && i < ROUTE_HOPS_MAX; i++) {
		const char *to = user_forward(u, FORWARD_ALWAYS);

		if (!to[0] || !walk_may_forward(w, u, to) ||
		    !route_permits(u, to))
			break;
		walk_note(w, "%s is tried because forward-always of member %s",
			  to, u->extension);
		u = directory_user_by_extension(w->caller->customer,
						span_of(to));
		if (u && !cos_may(u, COS_FORWARD_ACCEPT))
			u = NULL;
	}

	return u;
}

/* Add a member's phones; *busyp is set when the member talks. */
static void add_member(struct walk *w, const struct group *g, const char *id,
		       bool *busyp)
{
	struct phone *p = directory_phone(span_of(id));
	struct user *u = directory_user(span_of(id));
	uint32_t before = w->r->count;
	bool self = false;

	if (p && p->customer == w->caller->customer)
		walk_add_phone(w, p, &self);
	else if (u && u->customer == w->caller->customer)
		u = member_follow(w, g, u);
	else
		u = NULL;

	if (u && walk_has_dnd(u)) {
		walk_note(w, "%s is not to be disturbed: left out", u->name);
		return;
	}
	if (u && g->type == GROUP_EXTERNAL_TWIN)
		(void)walk_add_twin(w, u, true, &self);
	else if (u)
		walk_add_user(w, u, &self);

	*busyp |= self || (u && twin_is_busy(u));
	for (uint32_t i = before; i < w->r->count; i++)
		*busyp |= phone_is_busy(w->r->phones[i]);
}

bool walk_overflow(struct walk *w, const struct group *g)
{
	w->way->group[0] = '\0';
	if (!g->overflow[0] || !walk_leave(w, ROUTE_OVERFLOW, g->overflow))
		return false;

	walk_note(w, "%s is tried because nobody of %s took the call",
		  g->overflow, g->name);

	return true;
}

/* The next member who is free rings, or the overflow is tried. */
void walk_hunt(struct walk *w, struct group *g)
{
	struct routing *r = w->r;
	struct route_way *way = w->way;
	bool was_busy = false;

	while (way->tried < g->count) {
		uint8_t at = (uint8_t)((way->first + way->tried++) % g->count);
		bool is_busy = false;

		r->count = r->twin_count = 0;
		add_member(w, g, g->members[at].id, &is_busy);
		was_busy |= is_busy;
		if (is_busy) {
			walk_note(w, "member %u of %s is busy", at + 1,
				  g->name);
			continue;
		}
		if (!walk_any_registered(r)) {
			walk_note(w, "member %u of %s is not there", at + 1,
				  g->name);
			continue;
		}
		walk_note(w, "member %u of %s is next", at + 1, g->name);
		g->next = (uint8_t)((at + 1) % g->count);
		r->ring_s = g->ring_s;
		walk_copy(way->group, sizeof(way->group), g->id);
		return;
	}

	r->count = r->twin_count = 0;
	if (!walk_overflow(w, g))
		walk_refuse_why(r, was_busy ? ROUTE_BUSY : ROUTE_OVERFLOW);
}

/* All members ring at once. */
void walk_ring_members(struct walk *w, struct group *g)
{
	struct routing *r = w->r;
	bool is_busy = false;

	for (uint8_t i = 0; i < g->count; i++)
		add_member(w, g, g->members[i].id, &is_busy);

	if (is_busy && g->is_busy_with_one) {
		walk_note(w, "one of %s talks: the group is busy", g->name);
		if (!walk_overflow(w, g))
			walk_refuse_why(r, ROUTE_BUSY);
		return;
	}

	walk_note(w, "%s is %s %s: %u phones", r->number,
		  group_type_name((enum group_type)g->type), g->name, r->count);
	walk_copy(w->way->group, sizeof(w->way->group), g->id);
	if (!walk_any_registered(r) && walk_overflow(w, g))
		return;
	if (g->overflow[0])
		r->ring_s = g->ring_s;
	if (!r->count && !r->twin_count)
		walk_refuse_why(r, ROUTE_OVERFLOW);
}

/* What parks and retrieves is no number to ring. */
static void at_park(struct walk *w, const struct group *g)
{
	if (w->is_hop) {
		walk_note(w, "%s is a park group: nobody is rung", g->name);
		walk_refuse(w->r, 480, "Nobody There");
		return;
	}
	w->r->code = code_of_park_group();
	walk_copy(w->r->argument, sizeof(w->r->argument), g->number);
}

/* Where the call has been before it came here, the last that has one. */
static const struct mailbox *box_of_past(const struct walk *w)
{
	const struct route_way *way = w->way;

	for (uint8_t i = way->past; i-- > 0;) {
		const struct route_hop *hop = &way->hops[i];
		const struct mailbox *b = hop->is_outside
						  ? NULL
						  : mailbox_by_number(
							    w->caller->customer,
							    hop->number);

		if (b)
			return b;
	}

	return NULL;
}

/* The voice mail: one that is named, else that of who has sent the call, else
 * the caller asks for messages. */
void walk_at_voicemail(struct walk *w, const char *named)
{
	const struct customer *c = w->caller->customer;
	const struct route_way *way = w->way;
	const struct mailbox *b = NULL;
	struct routing *r = w->r;

	if (*named)
		b = mailbox_by_number(c, named);
	else if (way->hop_count == way->past)
		b = box_of_past(w);
	else
		b = mailbox_by_number(c, way->hops[way->hop_count - 1].number);
	if (!b && (*named || way->hop_count > way->past)) {
		walk_note(w, "%s has no mailbox",
			  *named ? named
				 : way->hops[way->hop_count - 1].number);
		walk_refuse(r, 404, "No Such Mailbox");
		return;
	}
	r->is_voicemail = true;
	walk_copy(r->mailbox, sizeof(r->mailbox), b ? b->user : "");
	if (b)
		walk_note(w, "the voice mail of %s answers", b->name);
	else
		walk_note(w, "the voice mail is asked for messages");
}

static void at_page(struct walk *w, const struct group *g)
{
	if (w->is_hop) {
		walk_note(w, "%s is a page group: nobody is rung", g->name);
		walk_refuse(w->r, 480, "Nobody There");
		return;
	}
	w->r->code = code_of_page_group();
	walk_copy(w->r->argument, sizeof(w->r->argument), g->number);
}

void walk_at_group(struct walk *w, struct group *g)
{
	if (g->type == GROUP_VOICE_MAIL) {
		walk_at_voicemail(w, "");
		return;
	}
	if (g->type == GROUP_PAGE) {
		at_page(w, g);
		return;
	}
	if (g->type == GROUP_PARK) {
		at_park(w, g);
		return;
	}
	if (!walk_visit(w, g->id, g->name) ||
	    walk_reroute(w, g->reroute, g->name, NULL))
		return;

	if (!group_is_hunt(g)) {
		walk_ring_members(w, g);
		return;
	}

	walk_note(w, "%s is %s %s of %u members", w->r->number,
		  group_type_name((enum group_type)g->type), g->name, g->count);
	w->way->tried = 0;
	w->way->first = g->type == GROUP_HUNT_CIRCULAR && g->count
				? g->next % g->count
				: 0;
	walk_hunt(w, g);
}
