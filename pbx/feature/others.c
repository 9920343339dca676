/* others.c - see others.h */
#include "pbx/call/call.h"
#include "pbx/feature/callback.h"
#include "pbx/route/cor.h"
#include "pbx/route/cos.h"
#include "pbx/route/group.h"
#include "pbx/feature/others.h"
#include "pbx/route/settings_user.h"

/* Changes of several users for one call, until the last is on the disk. */
struct changes {
	struct call *call;
	uint32_t count; /* wanted */
	int err;
	bool is_sent; /* all that there will be */
};

static void destructor(void *data)
{
	struct changes *ch = data;

	mem_deref(ch->call);
}

static struct changes *changes_alloc(struct call *call)
{
	struct changes *ch = mem_zalloc(sizeof(*ch), destructor);

	if (ch)
		ch->call = mem_ref(call);

	return ch;
}

static void finish(struct changes *ch)
{
	if (ch->count || !ch->is_sent)
		return;

	code_done(ch->call, ch->err);
	mem_deref(ch);
}

static void changed(const struct store_result *result, void *arg)
{
	struct changes *ch = arg;

	if (result->err)
		ch->err = result->err;
	ch->count--;
	finish(ch);
}

static void change(struct changes *ch, struct user *u, json_t *what)
{
	int err = settings_user_change(u, what, changed, ch);

	if (err)
		ch->err = err;
	else
		ch->count++;
}

/* All that was wanted has been sent. */
static void changes_end(struct changes *ch)
{
	call_try(ch->call);
	ch->is_sent = true;
	finish(ch);
}

/* ---- who may ---- */

static void refuse(struct call *call, const struct user *whose,
		   const char *what)
{
	trail_add(&call->trail, "%s: %s", whose->name, what);
	call_refused(call, 403, "Not Permitted");
}

static struct user *user_wanted(struct call *call, const char *number)
{
	const struct customer *c = call->caller->phone->customer;
	struct user *u = directory_user_by_extension(c, span_of(number));

	if (!u) {
		trail_add(&call->trail, "nobody has the extension %s", number);
		call_refused(call, 404, "No Such Number");
	}

	return u;
}

/* Whether a user may have their calls forwarded there; to NULL cancels. */
static bool is_good_target(const struct user *u, const char *to)
{
	return !to || (route_may_forward(u, to) && route_permits(u, to));
}

/* ---- forwards ---- */

static json_t *forward_to(const char *to)
{
	return json_pack("{s:s?}", forward_field(FORWARD_ALWAYS), to);
}

static void forward_user(struct call *call, struct user *u, const char *to)
{
	const struct user *by = call->caller->phone->user;
	struct changes *ch;

	if (!cos_may(by, COS_FORWARD_OTHERS)) {
		refuse(call, by, "may not forward others");
		return;
	}
	if (!cos_may(u, COS_FORWARD_OTHERS_ACCEPT)) {
		refuse(call, u, "is forwarded by nobody else");
		return;
	}
	if (!is_good_target(u, to)) {
		refuse(call, u, "may not forward calls there");
		return;
	}

	ch = changes_alloc(call);
	if (!ch) {
		code_done(call, ENOMEM);
		return;
	}
	change(ch, u, forward_to(to));
	changes_end(ch);
}

static bool is_member(const struct group *g, const struct user *u)
{
	for (uint8_t i = 0; i < g->count; i++) {
		if (!strcmp(g->members[i].id, u->id))
			return true;
	}

	return false;
}

/* Each member that accepts it is forwarded. */
static void forward_group(struct call *call, const struct group *g,
			  const char *to)
{
	const struct user *by = call->caller->phone->user;
	struct changes *ch;

	if (!cos_may(by, COS_GROUP_FORWARD) || !is_member(g, by)) {
		refuse(call, by, "may not forward the group");
		return;
	}
	ch = changes_alloc(call);
	if (!ch) {
		code_done(call, ENOMEM);
		return;
	}

	for (uint8_t i = 0; i < g->count; i++) {
		struct user *u = directory_user(span_of(g->members[i].id));

		if (u && cos_may(u, COS_GROUP_FORWARD_ACCEPT) &&
		    is_good_target(u, to))
			change(ch, u, forward_to(to));
		else if (u)
			trail_add(&call->trail, "%s is left out", u->name);
	}
	changes_end(ch);
}

static void forward(struct call *call, const char *number, const char *to)
{
	const struct customer *c = call->caller->phone->customer;
	struct group *g = group_by_number(c, span_of(number));
	struct user *u;

	if (g && !group_is_personal(g)) {
		forward_group(call, g, to);
		return;
	}

	u = user_wanted(call, number);
	if (u)
		forward_user(call, u, to);
}

void others_forward(struct call *call, const struct routing *r,
		    const struct sip_message *m)
{
	char number[DIRECTORY_NUMBER_MAX + 1];
	char *to;

	(void)m;

	memcpy(number, r->argument, sizeof(number));
	to = strchr(number, '*');
	if (!to || !to[1]) {
		call_refused(call, 404, "No Such Number");
		return;
	}

	*to++ = '\0';
	forward(call, number, to);
}

void others_forward_off(struct call *call, const struct routing *r,
			const struct sip_message *m)
{
	(void)m;

	forward(call, r->argument, NULL);
}

/* ---- do not disturb ---- */

static void set_dnd(struct call *call, const char *number, bool is_on)
{
	const struct user *by = call->caller->phone->user;
	struct changes *ch;
	struct user *u;

	if (!cos_may(by, COS_DND_OTHERS)) {
		refuse(call, by, "may not set do not disturb for others");
		return;
	}
	u = user_wanted(call, number);
	if (!u)
		return;
	if (is_on && !cos_may(u, COS_DND)) {
		refuse(call, u, "may not use do not disturb");
		return;
	}

	ch = changes_alloc(call);
	if (!ch) {
		code_done(call, ENOMEM);
		return;
	}
	change(ch, u, json_pack("{s:b}", "dnd", is_on));
	changes_end(ch);
}

void others_dnd(struct call *call, const struct routing *r,
		const struct sip_message *m)
{
	(void)m;

	set_dnd(call, r->argument, true);
}

void others_dnd_off(struct call *call, const struct routing *r,
		    const struct sip_message *m)
{
	(void)m;

	set_dnd(call, r->argument, false);
}

/* ---- clear all ---- */

static json_t *all_clear(void)
{
	json_t *what = json_pack("{s:b, s:b, s:b, s:s}", "dnd", false,
				 "reject_anonymous", false, "auto_answer",
				 false, "when_on_phone", "ring");

	for (int i = 0; what && i < FORWARDS; i++)
		(void)json_object_set_new(what, forward_field((enum forward)i),
					  json_null());

	return what;
}

void others_clear(struct call *call, const struct routing *r,
		  const struct sip_message *m)
{
	struct user *u = call->caller->phone->user;
	struct changes *ch;

	(void)m;

	if (r->argument[0]) {
		if (!cos_may(u, COS_CLEAR_OTHERS)) {
			refuse(call, u, "may clear nobody else's features");
			return;
		}
		u = user_wanted(call, r->argument);
		if (!u)
			return;
	}

	ch = changes_alloc(call);
	if (!ch) {
		code_done(call, ENOMEM);
		return;
	}
	for (struct le *le = list_head(&u->phones); le; le = le->next)
		callback_drop_of(le->data);
	change(ch, u, all_clear());
	changes_end(ch);
}
