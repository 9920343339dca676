/* handoff.c - see handoff.h */
#include "base/clock.h"
#include "pbx/call/call.h"
#include "pbx/route/forward.h"
#include "pbx/route/group.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/transfer/handoff.h"
#include "pbx/feature/park.h"
#include "pbx/transfer/recall.h"
#include "pbx/transfer/transfer.h"

enum {
	LOOK_MS = 30, /* whether an offer is still under way */
	PATIENCE_MS = 4000,
};

/* ---- who belongs together ---- */

static bool is_together(const struct phone *a, const struct phone *b)
{
	return a != b && a->customer == b->customer &&
	       ((a->user && a->user == b->user) || group_unites(a, b));
}

/* Who is at the outside number hands over to the phones inside. */
static bool may_ring(const struct phone *by, const struct phone *p)
{
	return is_together(by, p) ||
	       (by->twin[0] && p->user && p->user == phone_person(by));
}

static void others(struct routing *r, const struct phone *p)
{
	struct le *le = p->customer ? list_head(&p->customer->phones) : NULL;

	memset(r, 0, sizeof(*r));
	for (; le && r->count < DIRECTORY_PHONES_MAX; le = le->next) {
		struct phone *other = le->data;

		if (may_ring(p, other))
			r->phones[r->count++] = other;
	}
}

/* ---- push ---- */

bool handoff_is_dialled(const struct phone *p, const char *dialled)
{
	char number[DIRECTORY_NUMBER_MAX + 1];
	const struct code *code = p && p->customer && dialled && dialled[0]
					  ? code_find(p->customer, dialled,
						      number)
					  : NULL;

	return code && !strcmp(code_name(code), "handoff-push");
}

uint16_t handoff_do(struct leg *by, uint32_t event, bool is_silent)
{
	struct routing r;
	struct transfer_back back = { .handler = by->phone,
				      .routing = &r,
				      .why = RECALL_HANDOFF,
				      .stage = RECALL_STAGE_LAST,
				      .event = event,
				      .is_told = !is_silent };
	uint16_t status = transfer_may(by);

	if (status)
		return status;
	others(&r, by->phone);
	if (!r.count)
		return 404;
	trail_add(&by->call->trail, "%s (%s) hands it to another phone",
		  phone_name(by->phone), by->phone->number);

	return transfer_back(by, &back);
}

static bool is_patient(const struct call *call)
{
	return clock_wall_ms() < call->started_ms + PATIENCE_MS;
}

static void push_held(void *arg)
{
	struct call *call = arg;
	struct leg *by = park_held_leg(call->caller->phone);
	uint16_t status = 480;

	if (by && far_decides(by->call) && errand_again(call))
		return;
	if (by) {
		recall_cancel(by->call);
		status = handoff_do(by, 0, true);
	}
	if (status == 491 && is_patient(call))
		wheel_start(&call->timer, LOOK_MS, push_held, call);
	else if (status)
		call_refused(call, status,
			     by ? "No Other Phone" : "No Call to Hand Over");
	else
		code_done(call, 0);
}

void handoff_push(struct call *call, const struct routing *r,
		  const struct sip_message *m)
{
	(void)r;
	(void)m;

	push_held(call);
}

/* ---- pull ---- */

struct leg *handoff_leg(const struct phone *p)
{
	struct leg *found = NULL;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;
		struct leg *legs[] = { call->caller, call->callee };

		for (unsigned i = 0; i < 2; i++) {
			if (call->state == CALL_ANSWERED && legs[i] &&
			    !far_decides(call) && leg_is_up(legs[i]) &&
			    legs[i]->phone && is_together(p, legs[i]->phone))
				found = legs[i];
		}
	}

	return found;
}

/* Whether the other node has such a call. */
static bool is_there(const struct phone *p)
{
	for (struct le *le = list_head(far_list()); le; le = le->next) {
		const struct far_call *call = le->data;
		struct le *l = list_head(&call->legs);

		for (; l && call->is_answered; l = l->next) {
			const struct phone *other = far_phone(l->data);

			if (other && is_together(p, other))
				return true;
		}
	}

	return false;
}

static void pull(struct call *call, const struct sip_message *m);

static void pull_later(void *arg)
{
	struct call *call = arg;
	struct sip_message m;

	forward_invite(call, &m);
	pull(call, &m);
}

static void pull(struct call *call, const struct sip_message *m)
{
	struct leg *leg = handoff_leg(call->caller->phone);
	uint16_t status = 480;

	if (!leg && is_there(call->caller->phone) &&
	    errand_send(call, m, call->number))
		return;
	if (leg && !transfer_may_fetch(call->caller->phone, leg)) {
		trail_add(&call->trail, "held calls may not be fetched");
		call_refused(call, 403, "Not Permitted");
		return;
	}
	if (leg) {
		recall_cancel(leg->call);
		status = transfer_take_place(call, leg, m);
	}
	if (status == 491 && is_patient(call))
		wheel_start(&call->timer, LOOK_MS, pull_later, call);
	else if (status)
		call_refused(call, status, "No Call to Take Over");
}

void handoff_pull(struct call *call, const struct routing *r,
		  const struct sip_message *m)
{
	(void)r;

	pull(call, m);
}
