/* transfer_replace.c - see transfer.h: who takes another one's place */
#include "pbx/route/cos.h"
#include "pbx/transfer/replaces.h"
#include "pbx/transfer/transfer_private.h"

/* ---- INVITE with Replaces ---- */

bool transfer_may_fetch(const struct phone *p, const struct leg *leg)
{
	return leg->state != LEG_HELD || cos_may(p->user, COS_REMOTE_RETRIEVE);
}

static uint16_t may_replace(const struct call *call, const struct leg *leg,
			    const struct replaces *r)
{
	const struct leg *x = leg_peer(leg);

	if (strcmp(call->customer, leg->call->customer) != 0)
		return 481;
	if (!transfer_owns(call->caller->phone, leg) ||
	    call->caller->phone->trunk ||
	    !transfer_may_fetch(call->caller->phone, leg))
		return 403;
	if (leg->call->state == CALL_OVER)
		return 603;
	if (leg->call->state != CALL_ANSWERED || !x)
		return 481;
	if (r->is_early_only)
		return 486;
	if (leg->call->transfer || !leg_is_quiet(leg) || !leg_is_quiet(x))
		return 491;

	return 0;
}

static uint16_t replace(struct call *call, struct leg *leg,
			const struct sip_message *m)
{
	struct leg *x = leg_peer(leg), *branch = NULL;
	struct transfer *t = NULL;

	if (leg_alloc_like(&branch, call, x))
		return 500;
	list_append(&call->branches, &branch->le, branch);
	if (transfer_make(&t, call, leg->call, leg, x))
		return 500;

	t->kind = TRANSFER_REPLACE;
	t->held_state = x->state;
	trail_add(&call->trail, "takes the place of %s (%s): call %s",
		  transfer_name_of(leg), transfer_number_of(leg),
		  leg->call->id);
	trail_add(&leg->call->trail, "%s takes the place of %s: call %s",
		  transfer_number_of(call->caller), transfer_number_of(leg),
		  call->id);
	transfer_callee(call, x->phone);

	leg_take(branch, x);
	transfer_relay(call, x->phone);
	branch->state = LEG_NULL;
	(void)leg_turn(branch, LEG_ASKED);
	if (fork_ask(branch, m)) {
		branch->is_done = true;
		return 500;
	}
	call_await_answer(call);

	return 0;
}

uint16_t transfer_take_place(struct call *call, struct leg *leg,
			     const struct sip_message *m)
{
	const struct leg *x = leg_peer(leg);

	if (leg->call->state != CALL_ANSWERED || !x || !x->dialog)
		return 481;
	if (leg->call->transfer || !leg_is_quiet(x) ||
	    (leg->dialog && !leg_is_quiet(leg)))
		return 491;

	return replace(call, leg, m);
}

void transfer_replace(struct call *call, const struct sip_message *m)
{
	struct span value = sip_header_value(m, SIP_HEADER_REPLACES);
	struct replaces r;
	struct leg *leg = NULL;
	uint16_t status = replaces_parse(&r, value) ? 400 : 0;

	if (!status) {
		leg = replaces_leg(&r);
		status = leg ? may_replace(call, leg, &r) : 481;
	}
	if (!status)
		status = replace(call, leg, m);
	if (status)
		call_refused(call, status, NULL);
}

/* The new call's caller is refused: the other party stays where it was. */
void transfer_give_back(struct transfer *t)
{
	struct le *le = list_head(&t->call->branches);
	struct leg *branch = le ? le->data : NULL;

	if (!branch || !branch->dialog)
		return;
	if (!t->from) {
		leg_bye(branch, NULL);
		return;
	}

	leg_take(t->held, branch);
	t->held->state = t->held_state;
	call_touch(t->from);
}
