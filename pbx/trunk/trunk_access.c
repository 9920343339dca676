/* trunk_access.c - see trunk_access.h */
#include "pbx/call/call.h"
#include "pbx/route/cos.h"
#include "pbx/feature/dial.h"
#include "pbx/trunk/trunk.h"
#include "pbx/trunk/trunk_access.h"

static const struct trunk *find(const struct customer *c, const char *access)
{
	for (struct le *le = list_head(trunk_list()); le; le = le->next) {
		const struct trunk *t = le->data;

		if (!strcmp(t->access, access) &&
		    (!t->customer[0] || !strcmp(t->customer, c->id)))
			return t;
	}

	return NULL;
}

void trunk_access_run(struct call *call, const struct routing *r,
		      const struct sip_message *m)
{
	const struct phone *p = call->caller->phone;
	char access[DIRECTORY_NUMBER_MAX + 1];
	const struct trunk *t;
	char *number;

	memcpy(access, r->argument, sizeof(access));
	number = strchr(access, '*');
	if (!cos_may(p->user, COS_TRUNK_ACCESS)) {
		trail_add(&call->trail, "%s may not choose a trunk",
			  phone_name(p));
		call_refused(call, 403, "Not Permitted");
		return;
	}
	if (!number || !number[1]) {
		call_refused(call, 404, "No Such Number");
		return;
	}

	*number++ = '\0';
	t = find(p->customer, access);
	if (!t) {
		trail_add(&call->trail, "no trunk has the access code %s",
			  access);
		call_refused(call, 404, "No Such Trunk");
		return;
	}
	trail_add(&call->trail, "trunk %s is chosen", t->name);
	memcpy(call->trunk, t->id, sizeof(call->trunk));
	dial_again(call, m, number);
}
