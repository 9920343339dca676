/* outsider.c - see outsider.h */
#include "pbx/call/call.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/far.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/trunk.h"

static void destructor(void *data)
{
	struct phone *p = data;

	list_unlink(&p->customer_le);
	list_unlink(&p->trunk_le);
	mem_deref(p->outside_name);
	mem_deref(p->trunk);
}

int outsider_alloc(struct phone **pp, const struct outsider *o)
{
	struct phone *p = mem_zalloc(sizeof(*p), destructor);
	int err = 0;

	if (!p)
		return ENOMEM;

	p->is_anonymous = !o->number || !o->number[0];
	(void)re_snprintf(p->number, sizeof(p->number), "%s",
			  p->is_anonymous ? "anonymous" : o->number);
	if (p->is_anonymous || (o->name && o->name[0]))
		err = str_dup(&p->outside_name,
			      p->is_anonymous ? "Anonymous" : o->name);
	if (err) {
		mem_deref(p);
		return err;
	}

	if (o->twin)
		(void)re_snprintf(p->twin, sizeof(p->twin), "%s", o->twin);
	p->is_proved = o->is_proved && p->twin[0];
	p->has_language = o->has_language;
	p->is_french = o->is_french;
	p->trunk = mem_ref(o->trunk);
	list_append(&o->trunk->outsiders, &p->trunk_le, p);
	p->customer = o->customer;
	if (o->customer)
		list_append(&o->customer->outsiders, &p->customer_le, p);
	*pp = p;

	return 0;
}

bool outsider_is(const struct phone *p)
{
	return p && p->trunk;
}

static uint32_t count(const struct list *outsiders)
{
	uint32_t n = 0;

	for (struct le *le = list_head(outsiders); le; le = le->next) {
		const struct phone *p = le->data;

		if (strcmp(p->trunk->id, PEER_TRUNK) != 0)
			n += p->calls;
	}

	return n;
}

uint32_t outsider_trunk_calls(const struct trunk *trunk)
{
	return count(&trunk->outsiders) + far_trunk_calls(trunk->id);
}

uint32_t outsider_customer_calls(const struct customer *c)
{
	return count(&c->outsiders) + far_customer_calls(c->id);
}

static bool rings_there(const struct call *call, const char *number)
{
	for (struct le *le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (!leg->is_done && outsider_is(leg->phone) &&
		    !strcmp(leg->phone->number, number))
			return true;
	}

	return false;
}

bool outsider_goes_round(const struct call *call, const char *number)
{
	const struct customer *c = call->caller->phone->customer;
	uint32_t n = 0;

	if (!outsider_is(call->caller->phone) || call->is_emergency || !c ||
	    count(&c->outsiders) < OUTSIDER_ROUND_MAX)
		return false;
	for (struct le *le = list_head(call_list()); le; le = le->next) {
		const struct call *other = le->data;

		if (other != call && other->state < CALL_ANSWERED &&
		    outsider_is(other->caller->phone) &&
		    !strcmp(other->customer, call->customer) &&
		    rings_there(other, number) && ++n >= OUTSIDER_ROUND_MAX)
			return true;
	}

	return false;
}
