/* recall.c - see recall.h */
#include "base/log.h"
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/call/fork.h"
#include "pbx/desk/twin_consult.h"
#include "pbx/feature/park.h"
#include "pbx/transfer/recall.h"
#include "pbx/settings.h"
#include "pbx/route/settings_user.h"
#include "pbx/transfer/transfer.h"
#include "pbx/transfer/transfer_private.h"

enum {
	LOOK_MS = 1000,     /* while an offer or a transfer is under way */
	POSTPONE_MS = 5000, /* the holder talks and takes one call */
};

static const char *const why_texts[RECALL_WHYS] = {
	[RECALL_HELD] = "held",
	[RECALL_PARKED] = "parked",
	[RECALL_TRANSFERRED] = "not answered",
	[RECALL_HANDOFF] = "handed over",
	[RECALL_CONSULT] = "held",
};

uint64_t recall_after_ms(const struct phone *handler, enum recall_why why)
{
	const struct user *u = handler ? handler->user : NULL;

	switch (why) {
	case RECALL_HELD: return cos_ms(u, COS_HOLD_RECALL);
	case RECALL_PARKED: return cos_ms(u, COS_PARK_RECALL);
	default: return cos_ms(u, COS_NO_ANSWER_RECALL);
	}
}

void recall_phones(struct routing *r, struct phone *handler)
{
	memset(r, 0, sizeof(*r));
	r->phones[r->count++] = handler;
	if (!handler->user)
		return;

	for (struct le *le = list_head(&handler->user->phones);
	     le && r->count < DIRECTORY_PHONES_MAX; le = le->next) {
		struct phone *p = le->data;

		if (p != handler && p->rings_with_user)
			r->phones[r->count++] = p;
	}
}

/* ---- held ---- */

static void held_too_long(void *arg)
{
	struct leg *leg = arg;
	struct phone *p = leg->phone;
	struct recall_wish wish = { .by = leg,
				    .handler = p,
				    .why = RECALL_HELD };

	if (leg->state != LEG_HELD || leg->call->state != CALL_ANSWERED)
		return;
	if (p->calls > 1 && !cos_may(p->user, COS_CALL_WAITING)) {
		wheel_start(&leg->held_timer, POSTPONE_MS, held_too_long, leg);
		return;
	}

	recall_held(leg, true); /* should it come to nothing */
	recall_begin(&wish);
}

/* Whose time counts: the holder's, or that of the party called. */
static const struct phone *whose_time(const struct leg *leg)
{
	const struct leg *callee = leg->call->callee;

	return callee && callee->phone && callee->phone->user &&
			       cos_may(leg->phone->user, COS_CALLED_HOLD_TIME)
		       ? callee->phone
		       : leg->phone;
}

void recall_held(struct leg *leg, bool is_held)
{
	uint64_t ms;

	wheel_stop(&leg->held_timer);
	if (!is_held || !leg->phone || leg->phone->trunk)
		return;

	ms = recall_after_ms(whose_time(leg), RECALL_HELD);
	if (ms)
		wheel_start(&leg->held_timer, ms, held_too_long, leg);
}

/* ---- ringing ---- */

/* Who stands in for a handler who does not come. */
static const char *stand_in(const struct phone *handler)
{
	const struct user *u = handler->user;
	const char *to = u && cos_may(u, COS_FORWARD)
				 ? user_forward(u, FORWARD_NO_ANSWER)
				 : "";

	return to[0] ? to : handler->customer->operator;
}

static bool ring_stand_in(struct leg *by, struct phone *handler)
{
	struct transfer_back back = { .handler = handler,
				      .why = RECALL_PARKED,
				      .stage = RECALL_STAGE_LAST };

	if (!handler || !handler->customer)
		return false;

	back.number = stand_in(handler);
	if (!back.number[0])
		return false;

	trail_add(&by->call->trail, "goes on to %s", back.number);

	return !transfer_back(by, &back);
}

void recall_begin(const struct recall_wish *wish)
{
	struct phone *handler = wish->handler;
	struct transfer_back back = { .handler = handler, .why = wish->why };
	struct routing r;
	uint16_t status;

	if (!handler || !handler->customer)
		return;

	recall_phones(&r, handler);
	back.routing = &r;
	trail_add(&wish->by->call->trail, "%s too long: recalls %s (%s)",
		  why_texts[wish->why], phone_name(handler), handler->number);
	status = transfer_back(wish->by, &back);
	if (status && status != 491 && wish->why == RECALL_PARKED)
		(void)ring_stand_in(wish->by, handler);
}

void recall_failed(const struct recall_failure *f)
{
	struct call *call = f->by->call;

	trail_add(&call->trail, "nobody comes back");
	if (f->why == RECALL_HELD)
		recall_held(f->by, f->by->state == LEG_HELD);
	if (f->why == RECALL_CONSULT)
		twin_consult_failed(call, f->stage == RECALL_STAGE_LAST);
	if (f->why != RECALL_PARKED)
		return;
	park_again(call);
	if (!f->stage)
		(void)ring_stand_in(f->by, f->handler);
}

void recall_cancel(struct call *call)
{
	struct transfer *t = call->transfer;
	struct call *to;

	if (!t || t->from != call || !t->why)
		return;

	to = t->call;
	transfer_forget(call);
	trail_add(&to->trail, "no recall any more");
	fork_cancel(to, NULL, NULL);
	call_give_up(to, 487);
}
