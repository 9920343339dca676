/* route.c - see route.h */
#include <stdarg.h>
#include <stdio.h>

#include "pbx/attendant.h"
#include "pbx/code.h"
#include "pbx/cor.h"
#include "pbx/group.h"
#include "pbx/mailbox.h"
#include "pbx/mode.h"
#include "pbx/hidden.h"
#include "pbx/hotdesk.h"
#include "pbx/outside_rules.h"
#include "pbx/outsider.h"
#include "pbx/route.h"
#include "pbx/settings_user.h"
#include "pbx/twin.h"
#include "pbx/voicemail.h"

/* One walk through numbers, until somebody rings or nobody is left. */
struct walk {
	struct routing *r;
	struct route_way *way;
	const struct phone *caller;
	const struct user *payer; /* whose privileges count */
	struct trail *trail;
	char next[DIRECTORY_NUMBER_MAX + 1]; /* "" at the end */
	bool is_hop; /* next comes from a forward, not from the caller */
	uint8_t why; /* of the hop: enum route_why */
};

static const struct {
	const char *name;
	uint16_t status;
	const char *cause;
} whys[ROUTE_WHYS] = {
	[ROUTE_ALWAYS] = { "forward-always", 480, "Forwarded to Nobody" },
	[ROUTE_DND] = { "do-not-disturb", 480, "Do Not Disturb" },
	[ROUTE_BUSY] = { "forward-busy", 486, "Busy Here" },
	[ROUTE_NO_ANSWER] = { "forward-no-answer", 480, "No Answer" },
	[ROUTE_NOT_REGISTERED] = { "forward-not-registered", 480,
				   "Not Registered" },
	[ROUTE_REDIRECTED] = { "redirection", 480, "Redirected to Nobody" },
	[ROUTE_OVERFLOW] = { "overflow", 480, "No Member Answers" },
	[ROUTE_MODE] = { "service-mode", 480, "Not in This Service Mode" },
	[ROUTE_DECLINED] = { "refusal", 603, "Decline" },
};

const char *route_why_name(enum route_why why)
{
	return why < ROUTE_WHYS ? whys[why].name : "?";
}

uint16_t route_why_status(enum route_why why)
{
	return why < ROUTE_WHYS ? whys[why].status : 480;
}

static void note(const struct walk *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void note(const struct walk *w, const char *fmt, ...)
{
	char line[TRAIL_ENTRY_BYTES];
	va_list ap;

	if (!w->trail)
		return;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	trail_add(w->trail, "%s", line);
}

static void refuse(struct routing *r, uint16_t status, const char *cause)
{
	r->status = status;
	r->cause = cause;
	r->count = r->twin_count = 0;
}

static void refuse_why(struct routing *r, enum route_why why)
{
	refuse(r, whys[why].status, whys[why].cause);
}

/* Digits, *, # and a leading +; blanks and the marks that people write
 * between digits are dropped.  False when it is no number. */
static bool number_clean(char *out, struct span dialled)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dialled.len; i++) {
		char c = dialled.p[i];

		if (c == ';') /* user parameters */
			break;
		if (c == '-' || c == '.' || c == '(' || c == ')' || c == ' ')
			continue;
		if (!((c >= '0' && c <= '9') || c == '*' || c == '#' ||
		      (c == '+' && n == 0)))
			return false;
		if (n >= DIRECTORY_NUMBER_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';

	return n > 0;
}

static void copy(char *out, size_t size, const char *text)
{
	(void)re_snprintf(out, size, "%s", text);
}

/* ---- going on ---- */

static bool is_visited(const struct route_way *way, const char *id)
{
	for (uint8_t i = 0; i < way->visits; i++) {
		if (!strcmp(way->visited[i], id))
			return true;
	}

	return false;
}

/* Remember a user or group; false when the call has been there. */
static bool visit(struct walk *w, const char *id, const char *name)
{
	struct route_way *way = w->way;

	if (is_visited(way, id)) {
		note(w, "the call has been at %s before: it goes no further",
		     name);
		refuse_why(w->r, w->why);
		return false;
	}
	if (way->visits < ROUTE_HOPS_MAX)
		copy(way->visited[way->visits++], DIRECTORY_ID_SIZE, id);

	return true;
}

/* Leave the number that the call is at for another one. */
static bool leave(struct walk *w, enum route_why why, const char *to)
{
	struct route_way *way = w->way;
	struct route_hop *hop;

	if (way->hop_count >= ROUTE_HOPS_MAX) {
		note(w, "routed %u times: a loop", way->hop_count);
		return false;
	}

	hop = &way->hops[way->hop_count++];
	memcpy(hop->number, way->number, sizeof(hop->number));
	hop->why = (uint8_t)why;
	copy(w->next, sizeof(w->next), to);
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
static bool may_forward(struct walk *w, const struct user *u, const char *to)
{
	if (route_may_forward(u, to))
		return true;

	note(w, "%s may not forward calls to %s", u->name, to);

	return false;
}

/* A user's forward, if the user may; past the limit the call ends. */
static bool forward(struct walk *w, const struct user *u, enum route_why why,
		    const char *to)
{
	if (!to[0])
		return false;
	if (w->way->is_final) {
		note(w, "the call is not forwarded again");
		return false;
	}
	if (!may_forward(w, u, to))
		return false;
	if (!leave(w, why, to)) {
		refuse(w->r, 482, "Loop Detected");
		return true;
	}

	w->payer = u;
	w->way->is_final = cos_may(u, COS_NO_CHAIN);
	if (why == ROUTE_ALWAYS)
		copy(w->way->sender, sizeof(w->way->sender), u->id);
	note(w, "%s is tried because %s of %s", to, whys[why].name,
	     w->way->hops[w->way->hop_count - 1].number);

	return true;
}

/* A user's forward when busy; when the call came by somebody's forward
 * always, that one's is second. */
static bool forward_busy(struct walk *w, const struct user *u)
{
	const struct user *sender = directory_user(span_of(w->way->sender));

	if (forward(w, u, ROUTE_BUSY, user_forward(u, FORWARD_BUSY)))
		return true;
	if (!sender || !cos_may(sender, COS_REROUTE_BUSY))
		return false;

	w->way->sender[0] = '\0';

	return forward(w, sender, ROUTE_BUSY,
		       user_forward(sender, FORWARD_BUSY));
}

/* ---- whom a user rings ---- */

static void add_phone(struct walk *w, struct phone *p, bool *self)
{
	struct routing *r = w->r;

	if (p == w->caller) {
		*self = true;
		return;
	}
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->phones[i] == p)
			return;
	}
	if (r->count < DIRECTORY_PHONES_MAX)
		r->phones[r->count++] = p;
}

static bool is_chosen(const struct user *u, const struct phone *p)
{
	const struct user_settings *s = u->settings;

	if (phone_guest(p) == u) /* where somebody sits it rings */
		return true;
	if (!s || !s->device_count)
		return p->rings_with_user;

	for (uint8_t i = 0; i < s->device_count; i++) {
		if (!strcmp(s->devices[i], p->id))
			return true;
	}

	return false;
}

/* The user's outside number rings, too; true when it alone does. */
static bool add_twin(struct walk *w, struct user *u, bool is_always, bool *self)
{
	struct routing *r = w->r;
	char number[DIRECTORY_NUMBER_MAX + 1];
	const char *why;

	if (!twin_is_on(u) && !is_always)
		return false;
	if (!strcmp(w->caller->twin, u->id)) {
		*self = true;
		return false;
	}
	why = twin_bar(u, number);
	if (why || r->twin_count >= ROUTE_TWINS_MAX) {
		note(w, "%s is not called outside: %s", u->name,
		     why ? why : "too many");
		return false;
	}
	r->twins[r->twin_count++] = u;
	note(w, "%s is called outside, too", u->name);

	return u->rings_outside_alone;
}

static void add_user(struct walk *w, struct user *u, bool *self)
{
	if (add_twin(w, u, false, self))
		return;
	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		struct phone *p = le->data;

		if (!is_chosen(u, p))
			continue;
		if (phone_guest(p))
			note(w, "%s is logged in at phone %s", u->name,
			     p->number);
		add_phone(w, p, self);
	}
}

/* Where the user is logged in is in no group's list of members. */
static void add_guest(struct walk *w, struct user *u)
{
	struct phone *p = hotdesk_of(u);
	bool self = false;

	if (p)
		add_phone(w, p, &self);
}

static bool is_on_phone(const struct user *u)
{
	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		const struct phone *p = le->data;

		if (phone_has_call(p))
			return true;
	}

	return false;
}

static bool takes_one_call(const struct user *u)
{
	return (u->settings && u->settings->is_busy_on_phone) ||
	       !cos_may(u, COS_CALL_WAITING);
}

static bool has_dnd(const struct user *u)
{
	return cos_may(u, COS_DND_ALWAYS) ||
	       (u->settings && u->settings->has_dnd && cos_may(u, COS_DND));
}

static bool any_registered(const struct routing *r)
{
	if (r->twin_count)
		return true;
	for (uint32_t i = 0; i < r->count; i++) {
		if (phone_is_there(r->phones[i]))
			return true;
	}

	return false;
}

/* ---- who is refused ---- */

static bool is_listed(const json_t *list, const char *number)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (!strcmp(json_string_value(value), number))
			return true;
	}

	return false;
}

static bool is_unwelcome(struct walk *w, const struct user *u)
{
	const struct customer *c = u->customer;
	const char *number = phone_shown_number(w->caller);

	if (w->way->is_anonymous &&
	    (c->rejects_anonymous ||
	     (u->settings && u->settings->rejects_anonymous))) {
		note(w, "%s takes no anonymous calls", u->name);
		refuse(w->r, 433, "Anonymity Disallowed");
		return true;
	}
	if (user_blocks(u, number) || is_listed(c->blocked, number)) {
		note(w, "%s blocks calls of %s", u->name, number);
		refuse(w->r, 603, "Decline");
		return true;
	}

	return false;
}

/* ---- members of groups ---- */

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

		if (!to[0] || !may_forward(w, u, to) || !route_permits(u, to))
			break;
		note(w, "%s is tried because forward-always of member %s", to,
		     u->extension);
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
		add_phone(w, p, &self);
	else if (u && u->customer == w->caller->customer)
		u = member_follow(w, g, u);
	else
		u = NULL;

	if (u && has_dnd(u)) {
		note(w, "%s is not to be disturbed: left out", u->name);
		return;
	}
	if (u && g->type == GROUP_EXTERNAL_TWIN)
		(void)add_twin(w, u, true, &self);
	else if (u)
		add_user(w, u, &self);

	*busyp |= self || (u && twin_is_busy(u));
	for (uint32_t i = before; i < w->r->count; i++)
		*busyp |= phone_is_busy(w->r->phones[i]);
}

/* A user's or group's calls go elsewhere in this service mode; who gets them
 * may call it.  True when the call has left. */
static bool reroute(struct walk *w, const char to[][DIRECTORY_NUMBER_MAX + 1],
		    const char *name, const struct user *payer)
{
	const char *number = to[w->way->mode];

	if (!number[0] || !strcmp(number, phone_shown_number(w->caller)))
		return false;
	if (!leave(w, ROUTE_MODE, number)) {
		refuse(w->r, 482, "Loop Detected");
		return true;
	}

	if (payer)
		w->payer = payer;
	note(w, "%s is tried: calls of %s go there in %s service", number, name,
	     service_mode_name((enum service_mode)w->way->mode));

	return true;
}

static bool overflow(struct walk *w, const struct group *g)
{
	w->way->group[0] = '\0';
	if (!g->overflow[0] || !leave(w, ROUTE_OVERFLOW, g->overflow))
		return false;

	note(w, "%s is tried because nobody of %s took the call", g->overflow,
	     g->name);

	return true;
}

/* The next member who is free rings, or the overflow is tried. */
static void hunt(struct walk *w, struct group *g)
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
			note(w, "member %u of %s is busy", at + 1, g->name);
			continue;
		}
		if (!any_registered(r)) {
			note(w, "member %u of %s is not there", at + 1,
			     g->name);
			continue;
		}
		note(w, "member %u of %s is next", at + 1, g->name);
		g->next = (uint8_t)((at + 1) % g->count);
		r->ring_s = g->ring_s;
		copy(way->group, sizeof(way->group), g->id);
		return;
	}

	r->count = r->twin_count = 0;
	if (!overflow(w, g))
		refuse_why(r, was_busy ? ROUTE_BUSY : ROUTE_OVERFLOW);
}

/* All members ring at once. */
static void ring_members(struct walk *w, struct group *g)
{
	struct routing *r = w->r;
	bool is_busy = false;

	for (uint8_t i = 0; i < g->count; i++)
		add_member(w, g, g->members[i].id, &is_busy);

	if (is_busy && g->is_busy_with_one) {
		note(w, "one of %s talks: the group is busy", g->name);
		if (!overflow(w, g))
			refuse_why(r, ROUTE_BUSY);
		return;
	}

	note(w, "%s is %s %s: %u phones", r->number,
	     group_type_name((enum group_type)g->type), g->name, r->count);
	copy(w->way->group, sizeof(w->way->group), g->id);
	if (!any_registered(r) && overflow(w, g))
		return;
	if (g->overflow[0])
		r->ring_s = g->ring_s;
	if (!r->count && !r->twin_count)
		refuse_why(r, ROUTE_OVERFLOW);
}

/* What parks and retrieves is no number to ring. */
static void at_park(struct walk *w, const struct group *g)
{
	if (w->is_hop) {
		note(w, "%s is a park group: nobody is rung", g->name);
		refuse(w->r, 480, "Nobody There");
		return;
	}
	w->r->code = code_of_park_group();
	copy(w->r->argument, sizeof(w->r->argument), g->number);
}

/* The voice mail: one that is named, else that of who has sent the call, else
 * the caller asks for messages. */
static void at_voicemail(struct walk *w, const char *named)
{
	const struct customer *c = w->caller->customer;
	const struct route_way *way = w->way;
	const struct mailbox *b = NULL;
	struct routing *r = w->r;

	if (*named)
		b = mailbox_by_number(c, named);
	else if (way->hop_count)
		b = mailbox_by_number(c, way->hops[way->hop_count - 1].number);
	if (!b && (*named || way->hop_count)) {
		note(w, "%s has no mailbox",
		     *named ? named : way->hops[way->hop_count - 1].number);
		refuse(r, 404, "No Such Mailbox");
		return;
	}
	r->is_voicemail = true;
	copy(r->mailbox, sizeof(r->mailbox), b ? b->user : "");
	if (b)
		note(w, "the voice mail of %s answers", b->name);
	else
		note(w, "the voice mail is asked for messages");
}

static void at_page(struct walk *w, const struct group *g)
{
	if (w->is_hop) {
		note(w, "%s is a page group: nobody is rung", g->name);
		refuse(w->r, 480, "Nobody There");
		return;
	}
	w->r->code = code_of_page_group();
	copy(w->r->argument, sizeof(w->r->argument), g->number);
}

static void at_group(struct walk *w, struct group *g)
{
	if (g->type == GROUP_VOICE_MAIL) {
		at_voicemail(w, "");
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
	if (!visit(w, g->id, g->name) || reroute(w, g->reroute, g->name, NULL))
		return;

	if (!group_is_hunt(g)) {
		ring_members(w, g);
		return;
	}

	note(w, "%s is %s %s of %u members", w->r->number,
	     group_type_name((enum group_type)g->type), g->name, g->count);
	w->way->tried = 0;
	w->way->first = g->type == GROUP_HUNT_CIRCULAR && g->count
				? g->next % g->count
				: 0;
	hunt(w, g);
}

/* ---- users and lines ---- */

/* Whether somebody hears the call before forward always takes it. */
static bool rings_first(const struct user *u)
{
	if (!cos_number(u, COS_FORWARD_DELAY))
		return false;

	for (struct le *le = list_head(&u->phones); le; le = le->next) {
		const struct phone *p = le->data;

		if (p->bindings_count)
			return true;
	}

	return false;
}

/* Forward always, if it holds for this call before anything rings. */
static bool forwards_always(struct walk *w, const struct user *u)
{
	const char *always = user_forward(u, FORWARD_ALWAYS);

	if (!always[0])
		return false;
	if (!strcmp(always, phone_shown_number(w->caller))) {
		note(w, "%s may be called by who takes the calls", u->name);
		return false;
	}
	if (!w->is_hop && w->caller->user &&
	    cos_may(w->caller->user, COS_FORWARD_OVERRIDE)) {
		note(w, "%s rings in spite of a forward: %s may do so", u->name,
		     w->caller->user->name);
		return false;
	}
	if (!w->way->is_final && rings_first(u) && may_forward(w, u, always)) {
		w->way->is_delayed = true;
		return false;
	}

	return forward(w, u, ROUTE_ALWAYS, always);
}

/* Forwards that hold before anything rings. */
static bool forwards_at_once(struct walk *w, const struct user *u)
{
	if (forwards_always(w, u))
		return true;
	if (!has_dnd(u))
		return false;

	note(w, "%s is not to be disturbed", u->name);
	if (!forward(w, u, ROUTE_DND, user_forward(u, FORWARD_BUSY)))
		refuse_why(w->r, ROUTE_DND);

	return true;
}

/* How long a user's phones ring, where a forward waits for it. */
static uint32_t ring_time_s(const struct walk *w, const struct user *u)
{
	if (w->way->is_delayed)
		return cos_number(u, COS_FORWARD_DELAY);
	if (!user_forward(u, FORWARD_NO_ANSWER)[0])
		return 0;

	return u->settings->no_answer_s ? u->settings->no_answer_s
					: cos_number(u, COS_FORWARD_NO_ANSWER);
}

static void ring_user(struct walk *w, struct user *u, struct group *g)
{
	struct routing *r = w->r;
	bool self = false, is_busy = false;

	copy(w->way->user, sizeof(w->way->user), u->id);
	if (g) {
		add_guest(w, u);
		ring_members(w, g);
		if (r->status == 486 && forward_busy(w, u))
			r->status = 0;
	}
	else {
		is_busy = takes_one_call(u) &&
			  (is_on_phone(u) || twin_is_busy(u));
		add_user(w, u, &self);
		note(w, "%s is the extension of %s: %u phone%s", r->number,
		     u->name, r->count, r->count == 1 ? "" : "s");
	}
	if (r->status || w->next[0])
		return;

	if (is_busy) {
		note(w, "%s is on the phone and takes one call at a time",
		     u->name);
		r->count = r->twin_count = 0;
		if (!forward_busy(w, u))
			refuse_why(r, ROUTE_BUSY);
		return;
	}
	if (!any_registered(r) && !self &&
	    forward(w, u, ROUTE_NOT_REGISTERED,
		    user_forward(u, FORWARD_NOT_REGISTERED))) {
		r->count = r->twin_count = 0;
		return;
	}
	if (!r->count && !r->twin_count)
		refuse(r, self ? 486 : 480,
		       self ? "Calls Oneself" : "No Phone");
	r->ring_s = ring_time_s(w, u);
}

static void at_user(struct walk *w, struct user *u, struct group *g)
{
	w->r->user = u;
	if (w->is_hop && !cos_may(u, COS_FORWARD_ACCEPT)) {
		note(w, "%s takes no forwarded calls", u->name);
		refuse_why(w->r, w->why);
		return;
	}
	if (!visit(w, u->id, u->name) || is_unwelcome(w, u) ||
	    reroute(w, u->reroute, u->name, u) || forwards_at_once(w, u))
		return;

	ring_user(w, u, g);
}

static void at_line(struct walk *w, struct phone *p)
{
	struct routing *r = w->r;
	bool self = false;

	r->user = p->user;
	if (group_hides(p)) {
		note(w, "%s is a member of a multi-device group: not dialled",
		     r->number);
		refuse(r, 404, "No Such Number");
		return;
	}
	if (p->user && is_unwelcome(w, p->user))
		return;
	if (p->user)
		copy(w->way->user, sizeof(w->way->user), p->user->id);
	w->way->is_line = true;
	for (; p; p = directory_phone_next(p))
		add_phone(w, p, &self);

	note(w, "%s is a phone line: %u phone%s", r->number, r->count,
	     r->count == 1 ? "" : "s");
	if (!r->count)
		refuse(r, 486, "Calls Oneself");
}

/* ---- the walk ---- */

static bool is_code(struct walk *w)
{
	struct routing *r = w->r;

	if (w->is_hop || w->way->reach != ROUTE_REACH_CALLER ||
	    (r->number[0] != '*' && r->number[0] != '#'))
		return false;

	r->code = code_find(w->caller->customer, r->number, r->argument);

	return r->code != NULL;
}

/* Whether a call of this walk may leave for somebody's money: what comes from
 * outside goes out again only on a user's account, or where the customer has
 * said so; there it is no way to call for help. */
static bool is_paid(const struct walk *w)
{
	char number[DIRECTORY_NUMBER_MAX + 1];

	if (w->way->reach != ROUTE_REACH_CALLER &&
	    outside_is_emergency(w->caller->customer, w->r->number, number))
		return false;
	if (w->payer)
		return !outsider_is(w->caller) ||
		       cos_may(w->payer, COS_PUBLIC_TO_PUBLIC);
	if (w->way->reach == ROUTE_REACH_CALLER)
		return !outsider_is(w->caller);

	return w->way->reach == ROUTE_REACH_OUTSIDE;
}

/* The number itself, not where forwards lead. */
static bool is_exempt(const struct walk *w)
{
	return w->way->is_permitted && !w->is_hop;
}

/* Who pays must be permitted, and somebody must pay. */
static void at_outside(struct walk *w)
{
	struct routing *r = w->r;
	struct outside_verdict v = outside_permits(w->caller->customer,
						   r->outside);

	if (!v.cause &&
	    (!is_paid(w) ||
	     (!is_exempt(w) && !cor_permits_outside(w->payer, r->outside))))
		v = (struct outside_verdict){ 403, "Not Permitted" };
	if (v.cause) {
		note(w, "%s may not be called outside: %s", r->number, v.cause);
		r->outside[0] = '\0';
		refuse(r, v.status, v.cause);
		return;
	}
	r->payer = w->payer;
}

/* A shared phone where nobody is logged in calls for help, and little else. */
static bool is_permitted_here(const struct walk *w, bool is_inside)
{
	char number[DIRECTORY_NUMBER_MAX + 1];

	return hotdesk_may_dial(w->caller, w->r->number, is_inside) ||
	       outside_is_emergency(w->caller->customer, w->r->number, number);
}

static void at_number(struct walk *w)
{
	const struct customer *c = w->caller->customer;
	struct routing *r = w->r;
	struct span number = span_of(r->number);
	struct group *g;
	struct user *u;
	struct phone *p;
	bool is_dialled_code = is_code(w);

	hidden_mask(r->number, strlen(r->number));
	memcpy(w->way->number, r->number, sizeof(w->way->number));
	if (is_dialled_code)
		return;
	if (!is_exempt(w) && !route_permits(w->payer, r->number)) {
		note(w, "%s may not call %s: class of restriction",
		     w->payer->name, r->number);
		refuse(r, 403, "Not Permitted");
		return;
	}

	g = group_by_number(c, number);
	u = directory_user_by_extension(c, number);
	p = directory_phone_by_number(c, number);
	if (!w->is_hop && !is_permitted_here(w, g || u || p)) {
		note(w, "nobody is logged in at phone %s", w->caller->number);
		refuse(r, 403, "Log In First");
		return;
	}
	if (u && (!g || group_is_personal(g))) {
		at_user(w, u, g);
	}
	else if (g) {
		at_group(w, g);
	}
	else if (p) {
		at_line(w, p);
	}
	else if (w->is_hop &&
		 !strncmp(r->number, VOICEMAIL_CODE, strlen(VOICEMAIL_CODE))) {
		at_voicemail(w, r->number + strlen(VOICEMAIL_CODE));
	}
	else if (mailbox_by_number(c, r->number)) {
		at_voicemail(w, r->number);
	}
	else if (attendant_by_number(c, r->number)) {
		r->attendant = attendant_by_number(c, r->number);
		note(w, "%s is an attendant", r->number);
	}
	else if (outside_takes(c, r->number, r->outside)) {
		at_outside(w);
	}
	else {
		note(w, "nobody of %s has the number %s", c->name, r->number);
		refuse(r, 404, "No Such Number");
	}
}

static void walk(struct walk *w)
{
	struct routing *r = w->r;

	while (w->next[0]) {
		char dialled[sizeof(w->next)];

		memcpy(dialled, w->next, sizeof(dialled));
		w->next[0] = '\0';
		r->count = r->twin_count = 0;
		r->status = 0;
		r->outside[0] = '\0';
		r->ring_s = 0;
		if (!number_clean(r->number, span_of(dialled))) {
			note(w, "what was dialled is no number");
			refuse(r, 404, "No Such Number");
			return;
		}
		at_number(w);
	}
}

static bool is_routable(struct walk *w, struct span dialled, uint32_t hops)
{
	struct routing *r = w->r;

	if (!w->caller->customer) {
		refuse(r, 403, "Phone Removed");
		return false;
	}
	if (hops >= ROUTE_HOPS_MAX) {
		note(w, "routed %u times: a loop", hops);
		refuse(r, 482, "Loop Detected");
		return false;
	}
	if (!number_clean(r->number, dialled)) {
		note(w, "what was dialled is no number");
		refuse(r, 404, "No Such Number");
		return false;
	}

	return true;
}

void route_begin(struct routing *r, struct route_way *way,
		 const struct phone *caller, struct span dialled, uint32_t hops,
		 struct trail *trail)
{
	struct walk w = { .r = r,
			  .way = way,
			  .caller = caller,
			  .payer = phone_person(caller),
			  .trail = trail };

	memset(r, 0, sizeof(*r));
	if (caller->customer)
		way->mode = (uint8_t)mode_now(caller->customer);
	if (way->reach != ROUTE_REACH_CALLER)
		w.payer = way->payer[0] ? directory_user(span_of(way->payer))
					: NULL;
	if (!is_routable(&w, dialled, hops))
		return;
	if (phone_guest(caller))
		note(&w, "%s is logged in at phone %s", caller->user->name,
		     caller->number);

	memcpy(w.next, r->number, sizeof(w.next));
	walk(&w);
}

void route_number(struct routing *r, const struct phone *caller,
		  struct span dialled, uint32_t hops, struct trail *trail)
{
	struct route_way way = { .visits = 0 };

	route_begin(r, &way, caller, dialled, hops, trail);
}

/* What a user has set for this case. */
static const char *forward_for(const struct user *u, enum route_why why,
			       const char *to)
{
	switch (why) {
	case ROUTE_ALWAYS: return user_forward(u, FORWARD_ALWAYS);
	case ROUTE_BUSY:
	case ROUTE_DND: return user_forward(u, FORWARD_BUSY);
	case ROUTE_NO_ANSWER: return user_forward(u, FORWARD_NO_ANSWER);
	case ROUTE_NOT_REGISTERED:
		return user_forward(u, FORWARD_NOT_REGISTERED);
	case ROUTE_REDIRECTED: return to;
	default: return "";
	}
}

bool route_on(struct routing *r, struct route_way *way,
	      const struct phone *caller, enum route_why why, struct span to,
	      struct trail *trail)
{
	struct walk w = {
		.r = r, .way = way, .caller = caller, .trail = trail
	};
	struct group *g = way->group[0] ? group_find(way->group) : NULL;
	const struct user *u = NULL;
	char number[DIRECTORY_NUMBER_MAX + 1] = "";

	memset(r, 0, sizeof(*r));
	if (!caller->customer)
		return false;
	if (why == ROUTE_REDIRECTED && !number_clean(number, to))
		why = ROUTE_DECLINED;
	if (way->user[0] && (!way->is_line || why == ROUTE_REDIRECTED))
		u = directory_user(span_of(way->user));

	if (u && why == ROUTE_NO_ANSWER && way->is_delayed)
		why = ROUTE_ALWAYS;
	if (u && (why == ROUTE_BUSY
			  ? forward_busy(&w, u)
			  : forward(&w, u, why, forward_for(u, why, number)))) {
		walk(&w);
		return true;
	}
	if (!g)
		return false;

	memcpy(r->number, way->number, sizeof(r->number));
	if (group_is_hunt(g)) {
		hunt(&w, g);
		/* nobody is left: what the last one answered counts */
		if (r->status)
			return false;
	}
	else if (!overflow(&w, g)) {
		return false;
	}
	walk(&w);

	return true;
}
