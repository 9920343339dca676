/* page.c - see page.h */
#include <stdio.h>

#include "pbx/conference/conference.h"
#include "pbx/route/cos.h"
#include "pbx/route/group.h"
#include "pbx/feature/page.h"
#include "pbx/route/route.h"
#include "pbx/route/settings_user.h"
#include "pbx/transfer/transfer_private.h"
#include "pbx/turn.h"

static void refuse(struct call *call, uint16_t status, const char *cause)
{
	trail_add(&call->trail, "no page: %u %s", status, cause);
	call_refused(call, status, cause);
}

static bool has_dnd(const struct user *u)
{
	return u &&
	       (cos_may(u, COS_DND_ALWAYS) ||
		(u->settings && u->settings->has_dnd && cos_may(u, COS_DND)));
}

/* ---- whom ---- */

static void add_phone(struct routing *r, struct phone *p, const struct call *by)
{
	if (p != by->caller->phone && phone_is_there(p) &&
	    r->count < DIRECTORY_PHONES_MAX)
		r->phones[r->count++] = p;
}

static void add_user(struct routing *r, struct user *u, const struct call *by)
{
	struct le *le;

	r->user = u;
	for (le = list_head(&u->phones); le; le = le->next) {
		struct phone *p = le->data;

		if (p->rings_with_user)
			add_phone(r, p, by);
	}
}

static bool is_busy(const struct routing *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (phone_has_call(r->phones[i]))
			return true;
	}

	return false;
}

/* Where a number leads inside the customer, whatever is set there. */
static void find(struct routing *r, const struct call *by, const char *number)
{
	const struct customer *c = by->caller->phone->customer;
	struct user *u = directory_user_by_extension(c, span_of(number));
	struct phone *p;

	memset(r, 0, sizeof(*r));
	(void)re_snprintf(r->number, sizeof(r->number), "%s", number);
	if (u) {
		add_user(r, u, by);
		return;
	}
	p = directory_phone_by_number(c, span_of(number));
	for (; p; p = directory_phone_next(p)) {
		r->user = p->user;
		add_phone(r, p, by);
	}
}

/* ---- calling them ---- */

/* A call that the pager's page rings them by. */
static struct party *listener_make(struct conference *c, struct phone *pager,
				   const struct routing *r)
{
	struct call *call = call_new(c->customer);
	struct party *p = NULL;

	if (!call || leg_alloc(&call->caller, call, pager)) {
		mem_deref(call);
		return NULL;
	}
	leg_uncount(call->caller);
	(void)re_snprintf(call->number, sizeof(call->number), "%s", r->number);
	if (r->user)
		memcpy(call->callee_user, r->user->id,
		       sizeof(call->callee_user));
	if (conference_add(&p, c, call)) {
		mem_deref(call);
		return NULL;
	}
	p->is_listener = true;
	p->is_paged = true;
	(void)call_adopt(call);

	return p;
}

static bool ring(struct conference *c, struct phone *pager, struct routing *r,
		 bool may_speak)
{
	struct party *p = listener_make(c, pager, r);
	struct call *call;
	int err;

	if (!p)
		return false;

	call = p->call;
	p->is_listener = !may_speak;
	trail_add(&call->trail, "%s (%s) pages %s", phone_name(pager),
		  pager->number, r->number);
	err = party_ring(p, r);
	if (err && call->state != CALL_OVER)
		call_refused(call, err == ENOTCONN ? 480 : 500, NULL);

	return !err;
}

/* The caller becomes the one who speaks, and waits for the first to listen. */
static struct conference *begin(struct call *call, const char *name)
{
	struct conference *c = NULL;
	struct party *p = NULL;

	if (conference_make(&c, call->customer, CONFERENCE_PAGE, name) ||
	    conference_add(&p, c, call))
		return NULL;

	p->is_creator = p->is_moderator = true;

	return c;
}

/* ---- one user ---- */

void page_run(struct call *call, const struct routing *routing,
	      const struct sip_message *m)
{
	struct phone *pager = call->caller->phone;
	struct conference *c;
	struct routing r;

	(void)m;
	find(&r, call, routing->argument);
	if (!r.count) {
		refuse(call, r.user ? 480 : 404,
		       r.user ? "Not Registered" : "No Such Number");
		return;
	}
	if (!route_permits(pager->user, r.number) ||
	    (r.user && user_blocks(r.user, phone_shown_number(pager)))) {
		refuse(call, 403, "Not Permitted");
		return;
	}
	if (has_dnd(r.user)) {
		refuse(call, 480, "Do Not Disturb");
		return;
	}
	if (is_busy(&r) && !cos_may(r.user, COS_OFF_HOOK_ANNOUNCE)) {
		refuse(call, 486, "Busy Here");
		return;
	}

	c = begin(call, phone_name(pager));
	if (!c) {
		refuse(call, 480, "Pages Are Away");
		return;
	}
	call_try(call);
	(void)ring(c, pager, &r, cos_may(r.user, COS_HANDSFREE));
}

/* ---- a group ---- */

static bool is_listening(const struct routing *r)
{
	return r->count && !is_busy(r) && !has_dnd(r->user) &&
	       cos_may(r->user, COS_PAGE_ACCEPT);
}

static void find_member(struct routing *r, const struct call *by,
			const char *id)
{
	struct user *u = directory_user(span_of(id));
	struct phone *p = u ? NULL : directory_phone(span_of(id));

	memset(r, 0, sizeof(*r));
	if (u) {
		add_user(r, u, by);
		memcpy(r->number, u->extension, sizeof(r->number));
	}
	else if (p) {
		r->user = p->user;
		add_phone(r, p, by);
		memcpy(r->number, p->number, sizeof(r->number));
	}
}

/* How many are rung. */
static uint32_t ring_group(struct call *call, const struct group *g)
{
	struct phone *pager = call->caller->phone;
	struct conference *c = NULL;
	uint32_t rung = 0;
	struct routing r;

	for (uint8_t i = 0; i < g->count; i++) {
		find_member(&r, call, g->members[i].id);
		if (!is_listening(&r) || r.user == pager->user)
			continue;
		if (!c)
			c = begin(call, g->name);
		if (!c || conference_count(c) >= CONFERENCE_PARTIES_MAX)
			break;
		c->is_ending = true; /* who cannot be rung ends nothing yet */
		rung += ring(c, pager, &r, false);
		c->is_ending = false;
	}

	return rung;
}

void page_run_group(struct call *call, const struct routing *routing,
		    const struct sip_message *m)
{
	const struct phone *p = call->caller->phone;
	const struct group *g = group_by_number(p->customer,
						span_of(routing->argument));
	uint32_t rung;

	(void)m;
	if (!g || g->type != GROUP_PAGE) {
		refuse(call, 404, "No Such Group");
		return;
	}
	if (!cos_may(p->user, COS_PAGE)) {
		refuse(call, 403, "Not Permitted");
		return;
	}
	rung = ring_group(call, g);
	if (!rung) {
		refuse(call, 480, "Nobody to Page");
		return;
	}
	trail_add(&call->trail, "pages %u members of %s", rung, g->name);
	call_try(call);
}

/* ---- what becomes of it ---- */

static struct party *talker_of(const struct conference *c)
{
	for (struct le *le = list_head(&c->parties); le; le = le->next) {
		struct party *p = le->data;

		if (p->is_creator)
			return p;
	}

	return NULL;
}

void page_answered(struct party *listener)
{
	struct party *p = talker_of(listener->conference);

	if (!p || !p->call->caller->asked || p->call->state >= CALL_ANSWERED)
		return;
	if (party_answer(p)) {
		struct call *call = p->call;

		party_end(call);
		call_refused(call, 488, NULL);
	}
}

/* The pager's call, to be refused from the loop: who was missed is not freed
 * yet. */
struct missed {
	struct call *call;
	uint16_t status;
};

static void missed_destructor(void *data)
{
	struct missed *m = data;

	mem_deref(m->call);
}

static void refuse_pager(void *arg)
{
	struct missed *m = arg;

	if (m->call->state < CALL_ANSWERED) {
		party_end(m->call);
		call_refused(m->call, m->status, NULL);
	}
	mem_deref(m);
}

void page_missed(struct party *listener, uint16_t status)
{
	const struct conference *c = listener->conference;
	struct party *p = talker_of(c);
	struct missed *m;

	if (!p || p->call->state >= CALL_ANSWERED || c->is_ending ||
	    conference_count(c) > 1)
		return;
	m = mem_zalloc(sizeof(*m), missed_destructor);
	if (!m)
		return;
	m->call = mem_ref(p->call);
	m->status = status ? status : 480;
	turn_defer(refuse_pager, m);
	turn_touch();
}
