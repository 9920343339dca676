/* conference_dial.c - see conference_dial.h */
#include <errno.h>
#include <stdio.h>

#include "pbx/conference/conference_dial.h"
#include "pbx/conference/heir.h"
#include "pbx/conference/conference_room.h"
#include "pbx/route/account.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/pair/pair.h"
#include "pbx/route/cos.h"
#include "pbx/trunk/outsider.h"
#include "pbx/route/route.h"
#include "pbx/transfer/transfer.h"
#include "pbx/transfer/transfer_private.h"

/* ---- dialled ---- */

static void refuse(struct call *call, uint16_t status, const char *cause)
{
	trail_add(&call->trail, "no conference: %u %s", status,
		  cause ? cause : "");
	party_end(call);
	call_refused(call, status, cause);
}

static void refuse_err(struct call *call, int err)
{
	if (err == ENOTCONN)
		refuse(call, 480, "Conferences Are Away");
	else if (err == ENOSPC)
		refuse(call, 486, "Too Many Conferences");
	else
		refuse(call, err == ENOTSUP ? 488 : 500, NULL);
}

/* The caller becomes a party, or hears why not. */
static void take_in(struct call *call, struct conference *c,
		    enum party_state state, bool is_creator)
{
	const char *cause = NULL;
	uint16_t status = conference_admits(c, &cause);
	struct party *p = NULL;
	int err;

	if (status) {
		refuse(call, status, cause);
		return;
	}
	err = conference_add(&p, c, call);
	if (!err) {
		p->state = (uint8_t)state;
		p->is_creator = is_creator;
		p->is_moderator = is_creator;
		err = party_answer(p);
	}
	if (err)
		refuse_err(call, err);
}

static bool may(const struct phone *p)
{
	return p && p->customer && !outsider_is(p) &&
	       cos_may(p->user, COS_CONFERENCE);
}

static void begin(struct call *call)
{
	const struct phone *p = call->caller->phone;
	struct conference *c = NULL;
	char name[64];
	int err;

	if (!may(p)) {
		trail_add(&call->trail, "%s may hold no conferences",
			  p ? phone_name(p) : "?");
		refuse(call, 403, "Not Permitted");
		return;
	}
	(void)re_snprintf(name, sizeof(name), "%s", phone_name(p));
	err = conference_make(&c, call->customer, CONFERENCE_ADHOC, name);
	if (err) {
		refuse_err(call, err);
		return;
	}
	(void)re_snprintf(c->number, sizeof(c->number), "%s", call->number);
	c->ends_with_creator = cos_may(p->user, COS_CONFERENCE_ENDS);
	trail_add(&call->trail, "begins a conference");
	take_in(call, c, PARTY_DIALLED, true);
}

/* The conference in a room, begun when there is none. */
static int open_room(struct conference **cp, const struct room *r)
{
	struct conference *c = NULL;
	struct le *le;
	int err;

	for (le = list_head(conference_list()); le; le = le->next) {
		c = le->data;
		if (!strcmp(c->room, r->id) && !c->is_ending) {
			*cp = c;
			return 0;
		}
	}
	err = conference_make(&c, r->customer, CONFERENCE_ROOM, r->name);
	if (err)
		return err;

	memcpy(c->room, r->id, sizeof(c->room));
	memcpy(c->number, r->number, sizeof(c->number));
	c->limit = r->limit;
	c->has_signs = r->has_signs;
	c->waits_for_moderator = r->waits_for_moderator;
	c->is_recorded = r->is_recorded;
	*cp = c;

	return 0;
}

static bool is_open(const struct room *r)
{
	for (struct le *le = list_head(conference_list()); le; le = le->next) {
		const struct conference *c = le->data;

		if (!strcmp(c->room, r->id) && !c->is_ending)
			return true;
	}

	return false;
}

/* Whether the other node has a conference, or one in a room. */
static bool is_there(const char *customer, const char *conference,
		     const char *room)
{
	for (struct le *le = list_head(far_list()); le; le = le->next) {
		const struct far_call *call = le->data;

		if (!strcmp(call->customer, customer) &&
		    ((conference && !strcmp(call->conference, conference)) ||
		     (room && !strcmp(call->room, room))))
			return true;
	}

	return false;
}

/* A room is where somebody is in it; else at the primary, so that two who come
 * at once meet. */
static bool room_is_there(const struct room *r)
{
	return !is_open(r) && (is_there(r->customer, NULL, r->id) ||
			       pair_role() == PAIR_SECONDARY);
}

static void enter_room(struct call *call, const char *number,
		       const struct sip_message *m)
{
	const struct room *r = room_by_number(call->customer, number);
	struct conference *c = NULL;
	int err;

	if (!r) {
		refuse(call, 404, "No Such Room");
		return;
	}
	if (m && room_is_there(r) && errand_send(call, m, number))
		return;
	(void)snprintf(call->number, sizeof(call->number), "%s", number);
	err = open_room(&c, r);
	if (err) {
		refuse_err(call, err);
		return;
	}
	trail_add(&call->trail, "enters the room \"%s\"", r->name);
	take_in(call, c,
		r->pin[0] || r->moderator_pin[0] ? PARTY_ASKED : PARTY_DIALLED,
		false);
}

void conference_start(struct call *call, const struct routing *r,
		      const struct sip_message *m)
{
	(void)r;
	(void)m;
	begin(call);
}

void conference_room_run(struct call *call, const struct routing *r,
			 const struct sip_message *m)
{
	enter_room(call, r->argument, m);
}

bool conference_dialled(struct call *call, const char *dialled,
			const struct sip_message *m)
{
	const struct phone *p = call->caller->phone;
	struct conference *c;

	if (!p || !p->customer)
		return false;
	if (!strcmp(dialled, CONFERENCE_FACTORY)) {
		(void)snprintf(call->number, sizeof(call->number), "%s",
			       dialled);
		begin(call);
		return true;
	}
	if (room_by_number(call->customer, dialled)) {
		enter_room(call, dialled, m);
		return true;
	}
	if (strncmp(dialled, CONFERENCE_PREFIX, strlen(CONFERENCE_PREFIX)))
		return false;

	c = conference_of_user(call->customer, dialled);
	if (!c &&
	    is_there(call->customer, dialled + strlen(CONFERENCE_PREFIX),
		     NULL) &&
	    errand_send(call, m, dialled))
		return true;
	(void)re_snprintf(call->number, sizeof(call->number), "%s",
			  c ? c->number : "");
	if (!c || c->type == CONFERENCE_PAGE)
		refuse(call, 404, "No Such Conference");
	else if (c->type == CONFERENCE_ROOM)
		enter_room(call, c->number, NULL);
	else
		take_in(call, c, PARTY_DIALLED, false);

	return true;
}

/* ---- called ---- */

static void report_to(struct party *p, struct leg *referrer, uint32_t event)
{
	p->referrer = mem_ref(referrer->call);
	p->referrer_leg = referrer;
	p->event = event;
}

uint16_t conference_call(struct conference *c, struct phone *phone,
			 const char *number, struct leg *referrer,
			 uint32_t event, struct party **pp)
{
	const char *cause = NULL;
	uint16_t status = conference_admits(c, &cause);
	struct call *call = NULL;
	struct party *p = NULL;
	int err = 0;

	if (status)
		return status;
	call = call_new(c->customer);
	if (!call || leg_alloc(&call->caller, call, phone))
		err = ENOMEM;
	if (!err) {
		leg_uncount(call->caller);
		(void)re_snprintf(call->number, sizeof(call->number), "%s",
				  number);
		err = conference_add(&p, c, call);
	}
	if (err) {
		mem_deref(call);
		return 500;
	}

	(void)call_adopt(call);
	trail_add(&call->trail, "%s (%s) calls %s into a conference",
		  phone_name(phone), phone->number, number);
	if (c->account)
		account_book(call, c->account);
	if (referrer) {
		report_to(p, referrer, event);
		transfer_notify(referrer, event, 100);
	}
	if (pp)
		*pp = p;
	err = party_dial(p, number);
	if (err && err != ENOENT)
		call_refused(call, err == ENOTCONN ? 480 : 500, NULL);
	if (call->state == CALL_OVER && pp)
		*pp = NULL;

	return 0;
}

static uint16_t fetch(struct conference *c, struct leg *x, struct party **pp)
{
	const char *cause = NULL;
	uint16_t status = conference_admits(c, &cause);
	struct call *call;
	struct party *p = NULL;
	int err;

	if (status)
		return status;
	if (!x || x->call->state != CALL_ANSWERED || !x->dialog || !x->phone ||
	    x->call->transfer || strcmp(x->call->customer, c->customer) != 0)
		return 481;
	if (!leg_is_quiet(x))
		return 491;

	call = call_new(c->customer);
	err = call ? leg_alloc_like(&call->caller, call, x) : ENOMEM;
	if (!err) {
		(void)re_snprintf(call->number, sizeof(call->number), "%s",
				  c->number);
		err = conference_add(&p, c, call);
	}
	if (!err) {
		leg_uncount(call->caller);
		err = party_take(p, x);
	}
	if (err) {
		mem_deref(call);
		return err == EBUSY ? 491 : err == ENOTCONN ? 480 : 500;
	}
	(void)call_adopt(call);
	call_touch(call);
	conference_entered(p);
	*pp = p;

	return 0;
}

uint16_t conference_fetch(struct conference *c, struct leg *leg)
{
	struct party *p = NULL;

	return fetch(c, leg, &p);
}

/* A call for one leg of another call. */
static struct party *party_for(struct conference *c, const struct leg *x)
{
	struct call *call = call_new(c->customer);
	struct party *p = NULL;

	if (!call || leg_alloc_like(&call->caller, call, x) ||
	    conference_add(&p, c, call)) {
		mem_deref(call);
		return NULL;
	}
	(void)re_snprintf(call->number, sizeof(call->number), "%s", c->number);
	leg_uncount(call->caller);
	p->is_creator = true;

	return p;
}

static void drop(struct party *p)
{
	if (p)
		mem_deref(p->call);
}

static void go_in(struct party *p)
{
	(void)call_adopt(p->call);
	call_touch(p->call);
	conference_entered(p);
}

uint16_t conference_share(struct conference *c, struct call *from,
			  bool has_one_record)
{
	struct party *p, *q;
	int err;

	if (from->state != CALL_ANSWERED || !from->callee || from->transfer ||
	    !from->caller->dialog || !from->callee->dialog ||
	    !from->caller->phone || !from->callee->phone)
		return 481;
	if (!leg_is_quiet(from->caller) || !leg_is_quiet(from->callee))
		return 491;

	p = party_for(c, from->caller);
	q = party_for(c, from->callee);
	err = p && q ? 0 : ENOMEM;
	if (!err && has_one_record)
		err = heir_make(p->call, q->call, from);
	if (!err)
		err = party_take_both(p, q, from);
	if (err) {
		drop(p);
		drop(q);
		return err == EBUSY ? 491 : err == ENOTCONN ? 480 : 500;
	}
	go_in(p);
	go_in(q);

	return 0;
}

static bool has_number(const struct party *p, const char *number)
{
	const struct leg *leg = party_leg(p);
	const struct phone *phone = leg ? leg->phone : NULL;

	return (phone &&
		(!strcmp(phone->number, number) ||
		 !strcmp(phone->sip_user ? phone->sip_user : "", number) ||
		 !strcmp(phone_shown_number(phone), number))) ||
	       (p->call->callee && !strcmp(p->call->number, number)) ||
	       (!leg && !strcmp(p->call->number, number));
}

uint16_t conference_drop(struct conference *c, const char *number)
{
	for (struct le *le = list_head(&c->parties); le; le = le->next) {
		struct party *p = le->data;

		if (!has_number(p, number))
			continue;
		trail_add(&p->call->trail, "is let go from the conference");
		call_hangup(p->call, NULL, NULL);
		return 0;
	}

	return 404;
}

uint16_t conference_refer(struct leg *leg, const char *number, struct leg *with,
			  bool is_bye, uint32_t event, bool is_silent)
{
	struct party *p = leg->call->party;
	struct conference *c = p ? p->conference : NULL;
	uint16_t status;

	if (!c || p->state != PARTY_IN || leg->call->state != CALL_ANSWERED)
		return 481;
	if (c->type == CONFERENCE_PAGE || !may(leg->phone) ||
	    (is_bye && !p->is_moderator))
		return 403;
	if (!is_bye && !with)
		return conference_call(c, leg->phone, number,
				       is_silent ? NULL : leg, event, NULL);

	if (is_bye) {
		status = conference_drop(c, number);
		if (!status && !is_silent && leg->call->state == CALL_ANSWERED)
			transfer_notify(leg, event, 200);
		return status;
	}

	status = fetch(c, leg_peer(with), &p);
	if (!status && !is_silent) /* told once its phone speaks with us */
		report_to(p, leg, event);

	return status;
}
