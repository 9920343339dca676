/* twin_consult.c - see twin_consult.h */
#include <stdio.h>

#include "base/clock.h"
#include "pbx/call/alone.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/desk/twin.h"
#include "pbx/desk/twin_consult.h"
#include "pbx/desk/twin_line.h"
#include "pbx/route/cos.h"
#include "pbx/speech/voice.h"
#include "pbx/transfer/recall.h"
#include "pbx/transfer/transfer_private.h"
#include "pbx/trunk/outsider.h"
#include "pbx/turn.h"

enum {
	LOOK_MS = 200, /* while an offer is under way */
	LOOKS_MAX = 50,
};

static uint32_t consults; /* of all calls: mostly none */

struct consult {
	char with[CALL_ID_SIZE]; /* where its holder is; "" gone */
	char user[DIRECTORY_ID_SIZE];
	struct trunk *trunk; /* counted, of its holder; NULL: not known */
	uint8_t looks;
};

static void consult_destructor(void *data)
{
	struct consult *c = data;

	consults--;
	mem_deref(c->trunk);
}

static struct consult *consult_alloc(void)
{
	struct consult *c = mem_zalloc(sizeof(*c), consult_destructor);

	if (c)
		consults++;

	return c;
}

/* The call that is held for another one, or NULL. */
static struct call *held_for(const struct call *call)
{
	struct le *le = consults ? list_head(call_list()) : NULL;

	for (; le; le = le->next) {
		struct call *held = le->data;

		if (held->consult && alone_is(held) &&
		    !strcmp(held->consult->with, call->id))
			return held;
	}

	return NULL;
}

bool twin_consult_is(const struct call *call)
{
	return held_for(call) != NULL;
}

static const struct user *user_of(const struct leg *t)
{
	return twin_line_is(t) ? phone_person(t->phone) : NULL;
}

/* ---- aside ---- */

static struct consult *consult_make(const struct leg *t)
{
	struct consult *c = consult_alloc();
	const struct user *u = user_of(t);

	if (!c || !u)
		return mem_deref(c);

	memcpy(c->with, t->call->id, sizeof(c->with));
	memcpy(c->user, u->id, sizeof(c->user));
	c->trunk = mem_ref(t->phone->trunk);

	return c;
}

/* A call in which x is alone, held for the call that t is in. */
static uint16_t aside(struct leg *x, const struct leg *t)
{
	const struct user *u = user_of(t);
	struct call *call = u ? call_new(x->call->customer) : NULL;
	struct transfer_outcome *o;

	if (!call)
		return 500;
	call->consult = consult_make(t);
	o = transfer_outcome_make(call);
	if (!o || !call->consult || leg_alloc(&call->caller, call, x->phone) ||
	    alone_place(call)) {
		mem_deref(o);
		mem_deref(call);
		return 500;
	}

	(void)snprintf(call->number, sizeof(call->number), "%s", u->extension);
	memcpy(call->callee_user, u->id, sizeof(call->callee_user));
	call->state = CALL_ANSWERED;
	call->answered_ms = call->started_ms;
	call->answered_mono_ms = clock_mono_ms();
	call->is_joining = true;
	(void)call_adopt(call);
	trail_add(&call->trail, "%s puts %s (%s) aside: call %s", u->name,
		  transfer_name_of(x), transfer_number_of(x), x->call->id);
	leg_take(call->caller, x);
	(void)leg_turn(call->callee, LEG_QUEUES);
	call_touch(call);
	turn_defer(transfer_outcome_run, o);

	return 0;
}

uint16_t twin_consult_begin(struct leg *t)
{
	struct call *call = t->call, *to = NULL;
	struct leg *x = leg_peer(t);
	uint16_t status = transfer_may(t);

	if (status)
		return status;
	if (!twin_line_is(t) || twin_consult_is(call))
		return 403;
	if (!voice_is_up())
		return 480;
	status = aside(x, t);
	if (status)
		return status;
	status = twin_line_take(&to, t);
	if (to)
		trail_add(&call->trail, "consults: call %s", to->id);
	else if (status && t->dialog)
		leg_bye(t, NULL);
	call_end(call); /* whatever: its other party is elsewhere */

	return status;
}

/* ---- together again ---- */

/* Two legs of different calls, which are over, hear each other; a third one
 * (or NULL) is let go. */
static uint16_t together(struct leg *x, struct leg *y, struct leg *bye)
{
	struct call *a = x->call, *b = y->call, *call = NULL;
	struct transfer_outcome *o;

	if (transfer_joined(&call, x, y))
		return 500;
	o = transfer_outcome_make(call);
	if (!o) {
		mem_deref(call);
		return 500;
	}
	(void)call_adopt(call);
	o->from = mem_ref(a);
	o->consulted = mem_ref(b);
	o->by = bye;
	o->is_silent = true;
	o->is_joined = true;
	trail_add(&call->trail, "%s (%s) of call %s with %s (%s) of call %s",
		  transfer_name_of(x), transfer_number_of(x), a->id,
		  transfer_name_of(y), transfer_number_of(y), b->id);
	leg_take(call->caller, x);
	leg_take(call->callee, y);
	transfer_relay(call, y->phone);
	call_end(a);
	call_end(b);
	call_touch(call);
	turn_defer(transfer_outcome_run, o);

	return 0;
}

/* Who is held, ready to be spoken with, as t is; or the status. */
static uint16_t ready(struct call **heldp, struct leg *t)
{
	struct call *held = held_for(t->call);

	if (!held)
		return 481;
	if (held->transfer || !leg_is_quiet(held->caller) || !leg_is_quiet(t) ||
	    t->call->transfer)
		return 491;
	*heldp = held;

	return 0;
}

/* The active one, too. */
static uint16_t ready_all(struct call **heldp, struct leg **np, struct leg *t)
{
	uint16_t status = ready(heldp, t);
	struct leg *n = leg_peer(t);

	if (status)
		return status;
	if (t->call->state != CALL_ANSWERED || !n || !n->dialog)
		return 481;
	if (!leg_is_quiet(n))
		return 491;
	*np = n;

	return 0;
}

static uint16_t back(struct leg *t, struct leg *bye)
{
	struct call *held = NULL;
	uint16_t status = ready(&held, t);

	if (status)
		return status;
	if (t->state == LEG_HELD)
		(void)leg_turn(t, LEG_RETRIEVES);

	return together(held->caller, t, bye);
}

uint16_t twin_consult_back(struct leg *t)
{
	return back(t, leg_peer(t));
}

uint16_t twin_consult_swap(struct leg *t)
{
	struct call *held = NULL;
	struct leg *n = NULL;
	uint16_t status = ready_all(&held, &n, t);

	if (!status)
		status = aside(n, t);
	if (status)
		return status;
	if (t->state == LEG_HELD)
		(void)leg_turn(t, LEG_RETRIEVES);

	return together(held->caller, t, NULL);
}

static uint16_t hand_over(struct leg *t, bool has_left)
{
	struct call *held = NULL;
	struct leg *n = NULL, *x;
	uint16_t status = 481;

	if (has_left) { /* its dialog is over, and says nothing of it */
		held = held_for(t->call);
		n = leg_peer(t);
		if (held && !held->transfer && !t->call->transfer && n &&
		    leg_is_quiet(n) && leg_is_quiet(held->caller))
			status = 0;
	}
	else {
		status = ready_all(&held, &n, t);
	}
	if (status)
		return status;
	x = held->caller;
	if (!transfer_may_join(t, x->phone, n->phone))
		return 403;
	trail_add(&held->trail, "%s brings both together", transfer_name_of(t));

	return together(x, n, has_left ? NULL : t);
}

uint16_t twin_consult_transfer(struct leg *t)
{
	return hand_over(t, false);
}

uint16_t twin_consult_confer(struct leg *t)
{
	struct call *call = t->call, *held = NULL;
	struct leg *n = NULL;
	struct conference *c = NULL;
	uint16_t status = ready_all(&held, &n, t);

	if (status)
		return status;
	if (!cos_may(user_of(t), COS_CONFERENCE))
		return 403;
	if (conference_make(&c, call->customer, CONFERENCE_ADHOC, ""))
		return 480;

	mem_ref(c);
	status = conference_fetch(c, held->caller);
	if (!status)
		status = conference_share(c, call, false);
	mem_deref(c);

	return status;
}

/* ---- the holder leaves ---- */

/* Rung for who is held, on behalf of a phone. */
static uint16_t ring(struct call *held, struct phone *payer, const char *number,
		     uint8_t stage)
{
	struct transfer_back b = { .handler = payer,
				   .number = number,
				   .why = RECALL_CONSULT,
				   .stage = stage };

	return transfer_back(held->callee, &b);
}

uint16_t twin_consult_send(struct call *call, const char *number)
{
	struct call *held = held_for(call);
	uint16_t status;

	if (!held)
		return 481;
	status = ring(held, call->caller->phone, number, 0);
	if (!status) {
		held->consult->with[0] = '\0';
		call_touch(held);
	}

	return status;
}

/* The user is rung for who is held: as an outsider would, so that all that is
 * the user's rings. */
static uint16_t recall(struct call *held)
{
	const struct consult *c = held->consult;
	const struct user *u = directory_user(span_of(c->user));
	struct outsider o = { .trunk = c->trunk };
	struct phone *p = NULL;
	uint16_t status;

	if (!u || !c->trunk)
		return 480;
	o.customer = u->customer;
	o.number = u->extension;
	o.name = u->name;
	if (outsider_alloc(&p, &o))
		return 500;
	trail_add(&held->trail, "%s has left: is called back", u->name);
	status = ring(held, p, u->extension, RECALL_STAGE_LAST);
	mem_deref(p);

	return status;
}

static void look(void *arg)
{
	struct call *held = arg;
	uint16_t status;

	if (held->state != CALL_ANSWERED || !alone_is(held) || held->transfer)
		return;
	status = recall(held);
	if (status == 491 && ++held->consult->looks < LOOKS_MAX)
		wheel_start(&held->timer, LOOK_MS, look, held);
	else if (status)
		call_hangup(held, NULL, "SIP;cause=480");
}

static void leave(struct call *held)
{
	held->consult->with[0] = '\0';
	held->consult->looks = 0;
	wheel_start(&held->timer, 1, look, held);
	call_touch(held);
}

void twin_consult_over(struct call *call)
{
	struct call *held;

	while ((held = held_for(call)))
		leave(held);
}

void twin_consult_failed(struct call *held, bool is_last)
{
	if (is_last || !held->consult)
		call_hangup(held, NULL, "SIP;cause=480");
	else
		leave(held);
}

bool twin_consult_left(struct call *call, struct leg *by)
{
	struct leg *other = leg_peer(by);
	bool is_left;

	if (!twin_consult_is(call))
		return false;

	mem_ref(call);
	if (user_of(by))
		is_left = !hand_over(by, true);
	else
		is_left = other && user_of(other) && !back(other, NULL);
	mem_deref(call);

	return is_left;
}

void twin_consult_moved(const struct call *from, const struct call *to)
{
	struct call *held;

	if (!strcmp(from->id, to->id))
		return;
	while ((held = held_for(from))) {
		memcpy(held->consult->with, to->id,
		       sizeof(held->consult->with));
		call_touch(held);
	}
}

/* ---- kept ---- */

int twin_consult_save(const struct call *call, struct mbuf *mb)
{
	const struct consult *c = call->consult;

	return c ? mbuf_printf(mb, "%s %s", c->with, c->user) : 0;
}

int twin_consult_restore(struct call *call, struct span text)
{
	const char *blank = text.len ? memchr(text.p, ' ', text.len) : NULL;
	struct consult *c;
	size_t with, user;

	if (!text.len)
		return 0;
	if (!blank)
		return EBADMSG;
	with = (size_t)(blank - text.p);
	user = text.len - with - 1;
	c = consult_alloc();
	if (!c)
		return ENOMEM;
	if (with >= sizeof(c->with) || user >= sizeof(c->user)) {
		mem_deref(c);
		return EBADMSG;
	}
	memcpy(c->with, text.p, with);
	memcpy(c->user, blank + 1, user);
	call->consult = c;

	return 0;
}

/* The holder's leg in the call that its held one names, or NULL. */
static const struct leg *holder(const struct call *held)
{
	const struct call *call = call_find(span_of(held->consult->with));
	const struct leg *legs[] = { call ? call->caller : NULL,
				     call ? call->callee : NULL };

	for (unsigned i = 0; i < 2; i++) {
		if (call && call->state == CALL_ANSWERED &&
		    twin_line_is(legs[i]))
			return legs[i];
	}

	return NULL;
}

void twin_consult_restored(void)
{
	struct le *le = list_head(call_list());

	while (le) {
		struct call *held = le->data;
		const struct leg *t;

		le = le->next;
		if (!held->consult || held->state != CALL_ANSWERED)
			continue;
		t = holder(held);
		if (t)
			held->consult->trunk = mem_ref(t->phone->trunk);
		else
			call_hangup(held, NULL,
				    "SIP;cause=500;text=\"Restarted\"");
	}
}
