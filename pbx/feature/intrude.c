/* intrude.c - see intrude.h */
#include "pbx/call/call.h"
#include "pbx/conference/conference_api.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/route/cos.h"
#include "pbx/feature/intrude.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/transfer/replaces.h"
#include "pbx/transfer/transfer.h"
#include "pbx/trunk/outsider.h"

/* Who wants to come into whose call. */
struct intrusion {
	struct call *call; /* who dialled */
	const struct user *by;
	const struct user *target;
	struct leg *leg; /* of the target, in its call */
	bool is_silent;  /* hears only */
	bool is_own;     /* call, at another phone perhaps */
};

static void refuse(const struct intrusion *in, uint16_t status, const char *why)
{
	trail_add(&in->call->trail, "%s", why);
	call_refused(in->call, status,
		     status == 403   ? "Not Permitted"
		     : status == 404 ? "No Such Number"
		     : status == 486 ? "Changing Now"
		     : status == 480 ? "No Such Call"
				     : NULL);
}

/* ---- whose call ---- */

static bool is_of(const struct leg *leg, const struct user *u)
{
	return leg && leg_is_up(leg) && leg->phone && leg->phone->user == u;
}

/* The leg of a user that speaks; else one that holds. */
static struct leg *find_leg(const struct user *u, const struct call *but)
{
	struct leg *found = NULL;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;
		struct leg *legs[] = { call->caller, call->callee };

		if (call == but || call->state != CALL_ANSWERED ||
		    call->is_emergency || far_decides(call))
			continue;
		for (unsigned i = 0; i < 2; i++) {
			if (!is_of(legs[i], u))
				continue;
			if (legs[i]->state == LEG_CONNECTED)
				return legs[i];
			found = legs[i];
		}
	}

	return found;
}

/* Whether the other node has a call of theirs. */
static bool is_there(const struct user *u)
{
	for (struct le *le = list_head(far_list()); le; le = le->next) {
		const struct far_call *call = le->data;
		struct le *l = list_head(&call->legs);

		for (; l && call->is_answered; l = l->next) {
			const struct phone *p = far_phone(l->data);

			if (p && p->user == u)
				return true;
		}
	}

	return false;
}

/* ---- who may ---- */

static const struct user *user_of(const struct leg *leg)
{
	return leg && leg->phone ? leg->phone->user : NULL;
}

/* NULL, or why a party may not be joined. */
static const char *party_refuses(const struct intrusion *in,
				 const struct user *u)
{
	if (!u)
		return NULL;
	if (cos_may(u, COS_PRIVACY))
		return "a party's calls are private";
	if (!in->is_silent && cos_may(u, COS_OVERRIDE_SECURITY))
		return "a party is secured against override";

	return NULL;
}

static const char *why_not(const struct intrusion *in)
{
	const struct party *party = in->leg->call->party;
	const char *why = party_refuses(in, in->target);

	if (in->is_silent && !cos_may(in->target, COS_MONITOR_ACCEPT))
		return "the party accepts no monitoring";
	if (party) {
		const struct list *all = &party->conference->parties;

		for (struct le *le = list_head(all); le && !why; le = le->next)
			why = party_refuses(in, user_of(party_leg(le->data)));
		return why;
	}

	return why ? why : party_refuses(in, user_of(leg_peer(in->leg)));
}

/* ---- coming in ---- */

/* The conference of the target's call, made when it is none yet. */
static uint16_t share(struct conference **cp, const struct intrusion *in)
{
	struct call *call = in->leg->call;
	struct conference *c = NULL;
	int err;

	if (call->party) {
		*cp = call->party->conference;
		return 0;
	}
	err = conference_make(&c, call->customer, CONFERENCE_ADHOC,
			      in->target ? in->target->name : "");
	if (err)
		return err == ENOTCONN ? 480 : 500;
	c->has_signs = !in->is_silent || cos_may(in->target, COS_MONITOR_TONE);
	c->ends_with_creator = in->is_silent;
	*cp = c;

	return conference_share(c, call, true);
}

static void come_in(const struct intrusion *in)
{
	const char *cause = NULL;
	struct conference *c = NULL;
	struct party *p = NULL;
	uint16_t status = share(&c, in);
	int err;

	if (!status)
		status = conference_admits(c, &cause);
	if (status) {
		refuse(in, status == 491 ? 486 : status,
		       "the call cannot be joined now");
		return;
	}

	err = conference_add(&p, c, in->call);
	if (!err) {
		p->is_listener = in->is_silent;
		err = party_answer(p);
	}
	if (err)
		refuse(in, err == ENOTSUP ? 488 : 500,
		       "the call cannot be joined");
}

static void intrude(struct call *call, const char *number, bool is_silent)
{
	const struct phone *p = call->caller->phone;
	struct intrusion in = { .call = call,
				.by = p->user,
				.is_silent = is_silent };
	const char *why;

	if (!cos_may(in.by, is_silent ? COS_MONITOR : COS_OVERRIDE)) {
		refuse(&in, 403, "the caller's class of service forbids it");
		return;
	}
	in.target = directory_user_by_extension(p->customer, span_of(number));
	if (!in.target || in.target == in.by) {
		refuse(&in, 404, "nobody else has this extension");
		return;
	}
	in.leg = find_leg(in.target, call);
	if (!in.leg && is_there(in.target) && errand_again(call))
		return;
	if (!in.leg) {
		refuse(&in, 480, "there is no call to come into");
		return;
	}
	if (is_of(leg_peer(in.leg), in.by)) {
		refuse(&in, 403, "it is the caller's own call");
		return;
	}
	why = why_not(&in);
	if (why) {
		refuse(&in, 403, why);
		return;
	}

	trail_add(&in.leg->call->trail, "%s %s", in.by->name,
		  is_silent ? "listens" : "breaks in");
	trail_add(&call->trail, "%s %s",
		  is_silent ? "listens to" : "breaks in on", in.target->name);
	come_in(&in);
}

void intrude_override(struct call *call, const struct routing *r,
		      const struct sip_message *m)
{
	(void)m;

	intrude(call, r->argument, false);
}

void intrude_monitor(struct call *call, const struct routing *r,
		     const struct sip_message *m)
{
	(void)m;

	intrude(call, r->argument, true);
}

/* ---- INVITE with Join ---- */

/* Whether who asks may come in: a call of its own with the right to hold a
 * conference, another's with that to break in. */
static uint16_t may_join(struct intrusion *in)
{
	const struct phone *p = in->call->caller->phone;

	if (outsider_is(p) || !in->leg->phone ||
	    strcmp(in->call->customer, in->leg->call->customer) != 0)
		return in->leg->phone && outsider_is(p) ? 403 : 481;
	if (in->leg->call->state == CALL_OVER)
		return 603;
	if (in->leg->call->state != CALL_ANSWERED || !leg_is_up(in->leg))
		return 481;
	if (in->leg->call->is_emergency)
		return 403;

	in->target = in->leg->phone->user;
	in->is_own = transfer_owns(p, in->leg);
	if (in->is_own)
		return cos_may(in->by, COS_CONFERENCE) ? 0 : 403;

	return in->by && in->target && cos_may(in->by, COS_OVERRIDE) &&
			       !why_not(in)
		       ? 0
		       : 403;
}

void intrude_join(struct call *call, const struct sip_message *m)
{
	struct intrusion in = { .call = call, .by = call->caller->phone->user };
	struct replaces r;
	uint16_t status = 400;

	if (!sip_has_header(m, SIP_HEADER_REPLACES) &&
	    !replaces_parse(&r, sip_header_value(m, SIP_HEADER_JOIN))) {
		in.leg = replaces_leg(&r);
		status = in.leg ? may_join(&in) : 481;
	}
	if (status) {
		trail_add(&call->trail, "joins no call: %u", status);
		call_refused(call, status, NULL);
		return;
	}

	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  in.leg->phone->number);
	trail_add(&in.leg->call->trail, "%s joins",
		  phone_name(in.call->caller->phone));
	trail_add(&call->trail, "joins the call of %s: call %s",
		  phone_name(in.leg->phone), in.leg->call->id);
	come_in(&in);
}

/* ---- by REST ---- */

uint16_t intrude_ring(struct leg *leg, struct phone *by, bool is_silent)
{
	const struct intrusion in = { .by = by->user,
				      .target = user_of(leg),
				      .leg = leg,
				      .is_silent = is_silent };
	const char *cause = NULL;
	struct conference *c = NULL;
	uint16_t status;

	if (!in.by || !in.target || in.target == in.by ||
	    leg->call->state != CALL_ANSWERED || !leg_is_up(leg))
		return 481;
	if (leg->call->is_emergency || is_of(leg_peer(leg), in.by) ||
	    !cos_may(in.by, is_silent ? COS_MONITOR : COS_OVERRIDE) ||
	    why_not(&in))
		return 403;
	if (!by->bindings)
		return 480;

	trail_add(&leg->call->trail, "%s %s", in.by->name,
		  is_silent ? "listens" : "breaks in");
	status = share(&c, &in);
	if (!status && conference_admits(c, &cause))
		status = 486;

	return status ? status
		      : conference_ring(c, by, true,
					is_silent ? CONFERENCE_LISTENER
						  : CONFERENCE_MEMBER);
}
