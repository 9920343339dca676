/* route.c - see route.h
 *
 * The walk itself; who forwards is in route_forward.c, whom users and groups
 * ring in route_user.c and route_group.c.
 */
#include <stdarg.h>
#include <stdio.h>

#include "pbx/route/attendant.h"
#include "pbx/route/code.h"
#include "pbx/route/cor.h"
#include "pbx/route/group.h"
#include "pbx/mail/mailbox.h"
#include "pbx/route/mode.h"
#include "pbx/call/hidden.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/trunk/outsider.h"
#include "pbx/route/route_walk.h"
#include "pbx/route/settings_user.h"
#include "pbx/desk/twin.h"
#include "pbx/mail/voicemail.h"

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

void walk_note(const struct walk *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->trail)
		return;

	va_start(ap, fmt);
	trail_add_list(w->trail, fmt, ap);
	va_end(ap);
}

void walk_refuse(struct routing *r, uint16_t status, const char *cause)
{
	r->status = status;
	r->cause = cause;
	r->count = r->twin_count = 0;
}

void walk_refuse_why(struct routing *r, enum route_why why)
{
	walk_refuse(r, whys[why].status, whys[why].cause);
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

void walk_copy(char *out, size_t size, const char *text)
{
	(void)re_snprintf(out, size, "%s", text);
}

/* ---- the walk ---- */

static bool is_code(struct walk *w)
{
	struct routing *r = w->r;

	if (w->is_hop || w->way->past || w->way->reach != ROUTE_REACH_CALLER ||
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
		walk_note(w, "%s may not be called outside: %s", r->number,
			  v.cause);
		r->outside[0] = '\0';
		walk_refuse(r, v.status, v.cause);
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
		walk_note(w, "%s may not call %s: class of restriction",
			  w->payer->name, r->number);
		walk_refuse(r, 403, "Not Permitted");
		return;
	}

	g = group_by_number(c, number);
	u = directory_user_by_extension(c, number);
	p = directory_phone_by_number(c, number);
	if (!w->is_hop && !is_permitted_here(w, g || u || p)) {
		walk_note(w, "nobody is logged in at phone %s",
			  w->caller->number);
		walk_refuse(r, 403, "Log In First");
		return;
	}
	if (u && (!g || group_is_personal(g))) {
		walk_at_user(w, u, g);
	}
	else if (g) {
		walk_at_group(w, g);
	}
	else if (p) {
		walk_at_line(w, p);
	}
	else if ((w->is_hop || w->way->past) &&
		 !strncmp(r->number, VOICEMAIL_CODE, strlen(VOICEMAIL_CODE))) {
		walk_at_voicemail(w, r->number + strlen(VOICEMAIL_CODE));
	}
	else if (mailbox_by_number(c, r->number)) {
		walk_at_voicemail(w, r->number);
	}
	else if (attendant_by_number(c, r->number)) {
		r->attendant = attendant_by_number(c, r->number);
		walk_note(w, "%s is an attendant", r->number);
	}
	else if (outside_takes(c, r->number, r->outside)) {
		at_outside(w);
	}
	else {
		walk_note(w, "nobody of %s has the number %s", c->name,
			  r->number);
		walk_refuse(r, 404, "No Such Number");
	}
}

static void walk_on(struct walk *w)
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
			walk_note(w, "what was dialled is no number");
			walk_refuse(r, 404, "No Such Number");
			return;
		}
		at_number(w);
	}
}

static bool is_routable(struct walk *w, struct span dialled, uint32_t hops)
{
	struct routing *r = w->r;

	if (!w->caller->customer) {
		walk_refuse(r, 403, "Phone Removed");
		return false;
	}
	if (hops >= ROUTE_HOPS_MAX) {
		walk_note(w, "routed %u times: a loop", hops);
		walk_refuse(r, 482, "Loop Detected");
		return false;
	}
	if (!number_clean(r->number, dialled)) {
		walk_note(w, "what was dialled is no number");
		walk_refuse(r, 404, "No Such Number");
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
	if (!is_routable(&w, dialled, hops + way->hop_count + way->unnamed))
		return;
	if (phone_guest(caller))
		walk_note(&w, "%s is logged in at phone %s", caller->user->name,
			  caller->number);

	memcpy(w.next, r->number, sizeof(w.next));
	walk_on(&w);
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
	if (u &&
	    (why == ROUTE_BUSY
		     ? walk_forward_busy(&w, u)
		     : walk_forward(&w, u, why, forward_for(u, why, number)))) {
		walk_on(&w);
		return true;
	}
	if (!g)
		return false;

	memcpy(r->number, way->number, sizeof(r->number));
	if (group_is_hunt(g)) {
		walk_hunt(&w, g);
		/* nobody is left: what the last one answered counts */
		if (r->status)
			return false;
	}
	else if (!walk_overflow(&w, g)) {
		return false;
	}
	walk_on(&w);

	return true;
}
