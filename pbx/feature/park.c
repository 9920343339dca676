/* park.c - see park.h */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "pbx/call/alone.h"
#include "pbx/call/call.h"
#include "pbx/route/code.h"
#include "pbx/route/cos.h"
#include "pbx/route/forward.h"
#include "pbx/route/group.h"
#include "pbx/feature/park.h"
#include "pbx/pair/errand.h"
#include "pbx/pair/far.h"
#include "pbx/transfer/recall.h"
#include "pbx/transfer/transfer.h"

enum {
	LOOK_MS = 30, /* whether an offer is still under way */
	PATIENCE_MS = 4000,
	NUMBER_BYTES = DIRECTORY_NUMBER_MAX + 1,
};

static void park_destructor(void *data)
{
	struct park *p = data;

	wheel_stop(&p->timer);
}

void park_end(struct call *call)
{
	call->park = mem_deref(call->park);
}

/* ---- finding ---- */

static bool is_at(const struct call *call, const char *customer,
		  const char *number)
{
	return call->park && alone_is(call) &&
	       !strcmp(call->customer, customer) &&
	       (!number || !strcmp(call->park->number, number));
}

/* With this index, or (0) the longest parked. */
static struct call *find(const char *customer, const char *number,
			 unsigned index)
{
	struct call *found = NULL;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		struct call *call = le->data;

		if (!is_at(call, customer, number) ||
		    (index && call->park->index != index))
			continue;
		if (!found || call->park->since_ms < found->park->since_ms)
			found = call;
	}

	return found;
}

static bool is_parker(const struct call *call, const struct phone *p)
{
	const struct phone *parker = directory_phone(
		span_of(call->park->parker));

	return parker && (parker == p || (p->user && p->user == parker->user));
}

/* At one's own numbers, else what one has parked oneself. */
static struct call *find_own(const struct phone *p)
{
	const char *customer = p->customer->id;
	struct call *call = find(customer, phone_shown_number(p), 0);

	if (!call)
		call = find(customer, p->number, 0);
	for (struct le *le = list_head(call_list()); le && !call;
	     le = le->next) {
		struct call *other = le->data;

		if (is_at(other, customer, NULL) && is_parker(other, p))
			call = other;
	}

	return call;
}

/* ---- at the other node ---- */

static bool is_there(const struct far_call *call, const char *customer,
		     const char *number, unsigned index)
{
	return call->park[0] && !strcmp(call->customer, customer) &&
	       (!number || !strcmp(call->park, number)) &&
	       (!index || call->park_index == index);
}

static bool find_there(const char *customer, const char *number, unsigned index)
{
	for (struct le *le = list_head(far_list()); le; le = le->next) {
		if (is_there(le->data, customer, number, index))
			return true;
	}

	return false;
}

static bool find_own_there(const struct phone *p)
{
	const char *customer = p->customer->id;

	if (find_there(customer, phone_shown_number(p), 0) ||
	    find_there(customer, p->number, 0))
		return true;

	for (struct le *le = list_head(far_list()); le; le = le->next) {
		const struct far_call *call = le->data;
		const struct phone *parker;

		if (!is_there(call, customer, NULL, 0))
			continue;
		parker = directory_phone(span_of(call->parker));
		if (parker &&
		    (parker == p || (p->user && p->user == parker->user)))
			return true;
	}

	return false;
}

static uint8_t index_free(const char *customer, const char *number)
{
	for (unsigned i = 1; i <= PARK_INDEX_MAX; i++) {
		if (!find(customer, number, i) &&
		    !find_there(customer, number, i))
			return (uint8_t)i;
	}

	return 0;
}

/* ---- who may ---- */

static struct group *park_group(const struct customer *c, const char *number)
{
	struct group *g = group_by_number(c, span_of(number));

	return g && g->type == GROUP_PARK ? g : NULL;
}

/* 0, or why a phone may not park at this number. */
static uint16_t may_park(const struct phone *p, const char *number)
{
	const struct customer *c = p->customer;
	const struct group *g = park_group(c, number);
	const struct phone *line = directory_phone_by_number(c,
							     span_of(number));
	const struct user *u = directory_user_by_extension(c, span_of(number));

	if (!cos_may(p->user, COS_PARK))
		return 403;
	if (g)
		return group_has(g, p) ? 0 : 403;
	if (!u && !line)
		return 404;
	if (!u)
		u = line->user;

	return u == p->user || cos_may(u, COS_PARK_ACCEPT) ? 0 : 403;
}

/* ---- parking ---- */

static void too_long(void *arg)
{
	struct park *p = arg;
	struct recall_wish wish = {
		.by = p->call->callee,
		.handler = directory_phone(span_of(p->parker)),
		.why = RECALL_PARKED,
	};

	park_again(p->call); /* should it come to nothing */
	recall_begin(&wish);
}

static void timer_start(struct park *p, uint64_t since_ms)
{
	const struct phone *parker = directory_phone(span_of(p->parker));
	uint64_t limit = recall_after_ms(parker, RECALL_PARKED);
	uint64_t now = clock_wall_ms();
	uint64_t due = since_ms + limit;

	wheel_stop(&p->timer);
	if (limit)
		wheel_start(&p->timer, due > now ? due - now : 1, too_long, p);
}

void park_again(struct call *parked)
{
	if (parked->park)
		timer_start(parked->park, clock_wall_ms());
}

static int park_make(struct call *call, const char *number, uint8_t index,
		     const char *parker)
{
	struct park *p = mem_zalloc(sizeof(*p), park_destructor);

	if (!p)
		return ENOMEM;

	p->call = call;
	p->index = index;
	p->since_ms = clock_wall_ms();
	(void)snprintf(p->number, sizeof(p->number), "%s", number);
	(void)snprintf(p->parker, sizeof(p->parker), "%s", parker);
	call->park = p;

	return 0;
}

uint16_t park_do(struct leg *by, const char *number, uint32_t event,
		 bool is_silent, const struct park **parkp)
{
	const struct phone *p = by->phone;
	struct call *call = NULL;
	uint16_t status;
	uint8_t index;

	if (!p || p->trunk || !p->customer)
		return 403;
	if (!number[0])
		number = phone_shown_number(p);
	status = may_park(p, number);
	index = status ? 0 : index_free(p->customer->id, number);
	if (!status && !index)
		status = 486;
	if (!status)
		status = transfer_aside(&call, by, number, event, is_silent);
	if (status)
		return status;
	if (park_make(call, number, index, p->id)) {
		call_hangup(call, NULL, "SIP;cause=500");
		return 500;
	}

	trail_add(&call->trail, "parked at %s, index %u, by %s (%s)", number,
		  index, phone_name(p), p->number);
	(void)leg_turn(call->callee, LEG_QUEUES);
	timer_start(call->park, call->park->since_ms);
	if (parkp)
		*parkp = call->park;

	return 0;
}

bool park_is_dialled(const struct phone *p, const char *dialled,
		     char number[NUMBER_BYTES])
{
	const struct code *code;

	if (!p || !p->customer || !dialled || !dialled[0])
		return false;

	code = code_find(p->customer, dialled, number);
	if (code)
		return !strcmp(code_name(code), "park") ||
		       !strcmp(code_name(code), "park-at");
	if (!park_group(p->customer, dialled) ||
	    strlen(dialled) >= NUMBER_BYTES)
		return false;
	memcpy(number, dialled, strlen(dialled) + 1);

	return true;
}

/* ---- by dialling ---- */

struct leg *park_held_leg(const struct phone *p)
{
	struct leg *found = NULL;

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;
		struct leg *legs[] = { call->caller, call->callee };

		for (unsigned i = 0; i < 2; i++) {
			if (call->state == CALL_ANSWERED && legs[i] &&
			    legs[i]->phone == p && legs[i]->state == LEG_HELD)
				found = legs[i];
		}
	}

	return found;
}

static bool is_patient(const struct call *call)
{
	return clock_wall_ms() < call->started_ms + PATIENCE_MS;
}

static const char *phrase_of(uint16_t status)
{
	switch (status) {
	case 403: return "Not Permitted";
	case 404: return "No Such Number";
	case 486: return "Too Many Parked";
	default: return "Not Now";
	}
}

static void park_held(void *arg)
{
	struct call *call = arg;
	char number[NUMBER_BYTES];
	struct leg *by = park_held_leg(call->caller->phone);
	uint16_t status;

	if (!by ||
	    !park_is_dialled(call->caller->phone, call->number, number)) {
		trail_add(&call->trail, "no call is held that could be parked");
		call_refused(call, 480, "No Call to Park");
		return;
	}

	if (far_decides(by->call) && errand_again(call))
		return;
	recall_cancel(by->call);
	status = park_do(by, number, 0, true, NULL);
	if (status == 491 && is_patient(call)) {
		wheel_start(&call->timer, LOOK_MS, park_held, call);
		return;
	}
	if (status) {
		call_refused(call, status, phrase_of(status));
		return;
	}
	code_done(call, 0);
}

void park_run(struct call *call, const struct routing *r,
	      const struct sip_message *m)
{
	(void)r;
	(void)m;

	park_held(call);
}

/* ---- taking back ---- */

/* N or N*INDEX; false when it is neither. */
static bool place_read(char number[NUMBER_BYTES], unsigned *indexp,
		       const char *argument)
{
	char *star;
	unsigned long index = 0;

	(void)snprintf(number, NUMBER_BYTES, "%s", argument);
	star = strchr(number, '*');
	if (star) {
		*star = '\0';
		index = strtoul(star + 1, NULL, 10);
		if (!index || index > PARK_INDEX_MAX)
			return false;
	}
	*indexp = (unsigned)index;

	return true;
}

/* N, N*INDEX or nothing. */
static struct call *wanted(const struct phone *p, const char *argument)
{
	char number[NUMBER_BYTES];
	unsigned index;

	if (!argument[0])
		return find_own(p);

	return place_read(number, &index, argument)
		       ? find(p->customer->id, number, index)
		       : NULL;
}

static bool is_wanted_there(const struct phone *p, const char *argument)
{
	char number[NUMBER_BYTES];
	unsigned index;

	if (!argument[0])
		return find_own_there(p);

	return place_read(number, &index, argument) &&
	       find_there(p->customer->id, number, index);
}

static bool may_retrieve(const struct phone *p, const struct call *parked)
{
	const struct group *g = park_group(p->customer, parked->park->number);

	return !g || group_has(g, p);
}

static void take_back(struct call *call, const char *argument,
		      const struct sip_message *m);

static void take_back_later(void *arg)
{
	struct call *call = arg;
	char argument[NUMBER_BYTES];
	struct sip_message m;

	forward_invite(call, &m);
	if (!code_find(call->caller->phone->customer, call->number, argument))
		memcpy(argument, call->number, sizeof(argument));
	take_back(call, argument, &m);
}

static void take_back(struct call *call, const char *argument,
		      const struct sip_message *m)
{
	const struct phone *p = call->caller->phone;
	struct call *parked = wanted(p, argument);
	uint16_t status = 0;

	if (!parked && is_wanted_there(p, argument) &&
	    errand_send(call, m, call->number))
		return;
	if (!parked) {
		trail_add(&call->trail, "no such call is parked");
		call_refused(call, 480, "No Call Parked");
		return;
	}
	if (!may_retrieve(p, parked)) {
		trail_add(&call->trail, "%s is no member of the park group",
			  phone_name(p));
		call_refused(call, 403, "Not Permitted");
		return;
	}

	recall_cancel(parked);
	status = transfer_take_place(call, parked->callee, m);
	if (status == 491 && is_patient(call))
		wheel_start(&call->timer, LOOK_MS, take_back_later, call);
	else if (status)
		call_refused(call, status, phrase_of(status));
}

void park_retrieve(struct call *call, const struct routing *r,
		   const struct sip_message *m)
{
	take_back(call, r->argument, m);
}

void park_run_group(struct call *call, const struct routing *r,
		    const struct sip_message *m)
{
	const struct phone *p = call->caller->phone;
	const struct group *g = park_group(p->customer, r->argument);

	if (!g || !group_has(g, p)) {
		trail_add(&call->trail, "%s is no member of the park group",
			  phone_name(p));
		call_refused(call, 403, "Not Permitted");
	}
	else if (park_held_leg(p)) {
		park_held(call);
	}
	else {
		take_back(call, r->argument, m);
	}
}

uint16_t park_fetch(struct call *parked, struct phone *phone)
{
	struct routing r = { .count = 1, .phones = { phone } };
	struct transfer_back back = { .handler = phone,
				      .routing = &r,
				      .why = RECALL_PARKED,
				      .stage = RECALL_STAGE_LAST };

	if (!may_retrieve(phone, parked))
		return 403;

	recall_cancel(parked);
	trail_add(&parked->trail, "%s (%s) is rung to take it back",
		  phone_name(phone), phone->number);

	return transfer_back(parked->callee, &back);
}

/* ---- lists ---- */

json_t *park_print(const struct park *p)
{
	const struct phone *x = p->call->caller->phone;

	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s?, s:s?, s:I}", "id",
			 p->call->id, "customer", p->call->customer, "number",
			 p->number, "index", (int)p->index, "parker", p->parker,
			 "party", x ? leg_shown_number(p->call->caller) : NULL,
			 "party_name",
			 x ? leg_shown_name(p->call->caller) : NULL, "since_ms",
			 (json_int_t)p->since_ms);
}

json_t *park_list(const char *customer)
{
	json_t *items = json_array();

	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;

		if (call->park && alone_is(call) &&
		    (!customer || !strcmp(call->customer, customer)))
			(void)json_array_append_new(items,
						    park_print(call->park));
	}

	return items;
}

/* ---- kept ---- */

int park_save(const struct call *call, struct mbuf *mb)
{
	const struct park *p = call->park;

	return p ? mbuf_printf(mb, "%s %s %u %llu", p->number, p->parker,
			       p->index, (unsigned long long)p->since_ms)
		 : 0;
}

int park_restore(struct call *call, struct span text)
{
	struct pl number, parker, index, since;
	char n[NUMBER_BYTES], id[DIRECTORY_ID_SIZE];

	if (!text.len)
		return 0;
	if (re_regex(text.p, text.len, "[^ ]+ [^ ]+ [0-9]+ [0-9]+", &number,
		     &parker, &index, &since) ||
	    pl_strcpy(&number, n, sizeof(n)) ||
	    pl_strcpy(&parker, id, sizeof(id)))
		return EBADMSG;
	if (park_make(call, n, (uint8_t)pl_u32(&index), id))
		return ENOMEM;

	call->park->since_ms = pl_u64(&since);
	timer_start(call->park, call->park->since_ms);

	return 0;
}
