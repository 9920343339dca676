/* twin.c - see twin.h */
#include <stdio.h>

#include "base/log.h"
#include "pbx/route/cor.h"
#include "pbx/route/cos.h"
#include "pbx/call/fork.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/speech/media.h"
#include "pbx/trunk/outside.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/speech/prompt.h"
#include "pbx/speech/relay.h"
#include "pbx/route/settings_user.h"
#include "pbx/desk/twin.h"
#include "pbx/desk/twin_keys.h"
#include "pbx/turn.h"

#define ELSEWHERE "SIP;cause=200;text=\"Call completed elsewhere\""

enum { ASK_MS = 20 * 1000, TAG_BYTES = 64 };

struct twin {
	struct le le; /* of its call */
	struct call *call;
	struct outside *way;
	struct media_port *port; /* NULL without relay */
	struct leg *leg;         /* asked for a key, or NULL */
	struct mbuf *answer;     /* its 2xx */
	struct wheel_timer timer;
	char user[DIRECTORY_ID_SIZE];
	bool confirms;
};

static void twin_destructor(void *data)
{
	struct twin *t = data;

	wheel_stop(&t->timer);
	list_unlink(&t->le);
	mem_deref(t->way);
	mem_deref(t->port);
	mem_deref(t->answer);
}

/* ---- whose ---- */

void twin_number(const struct user *u, char out[2 * DIRECTORY_NUMBER_MAX])
{
	const char *own = u->settings ? u->settings->outside_number : "";
	const char *number = own[0] ? own : u->outside_number;

	out[0] = '\0';
	if (u->outside_prefix && number && number[0])
		(void)snprintf(out, 2 * DIRECTORY_NUMBER_MAX, "%s%s",
			       u->outside_prefix, number);
}

bool twin_is_on(const struct user *u)
{
	char number[2 * DIRECTORY_NUMBER_MAX];

	if (!u->outside_prefix)
		return false;
	twin_number(u, number);

	return number[0] &&
	       (hotdesk_is_outside(u) ||
		(cos_may(u, COS_TWIN_PERMANENT) && !hotdesk_of(u)));
}

const char *twin_bar(const struct user *u, char out[DIRECTORY_NUMBER_MAX + 1])
{
	char dialled[2 * DIRECTORY_NUMBER_MAX];
	char help[DIRECTORY_NUMBER_MAX + 1];
	struct outside_verdict v;

	twin_number(u, dialled);
	if (strlen(dialled) > DIRECTORY_NUMBER_MAX ||
	    outside_is_emergency(u->customer, dialled, help) ||
	    !outside_takes(u->customer, dialled, out))
		return "no number outside";
	v = outside_permits(u->customer, out);
	if (v.cause)
		return v.cause;

	return cor_permits_outside(u, out) ? NULL : "class of restriction";
}

bool twin_is_busy(const struct user *u)
{
	const struct le *le;

	if (!u->outside_prefix)
		return false;

	for (le = list_head(&u->customer->outsiders); le; le = le->next) {
		const struct phone *p = le->data;

		if (p->calls && !strcmp(p->twin, u->id))
			return true;
	}

	return false;
}

/* The last nine digits say who it is: what is before them is written in many
 * ways. */
static bool is_same_number(const char *a, const char *b)
{
	enum { TAIL = 9 };
	size_t n = strlen(a), m = strlen(b);
	size_t tail = n < m ? n : m;

	if (tail < 6)
		return !strcmp(a, b);
	if (tail > TAIL)
		tail = TAIL;

	return !strcmp(a + n - tail, b + m - tail);
}

struct user *twin_find(const struct customer *c, const char *number)
{
	struct user *found = NULL;

	for (struct le *le = list_head(&c->users); le; le = le->next) {
		struct user *u = le->data;
		char own[2 * DIRECTORY_NUMBER_MAX];

		if (!u->outside_prefix)
			continue;
		twin_number(u, own);
		if (!own[0] || !is_same_number(own, number))
			continue;
		if (found) /* of two, nobody is meant */
			return NULL;
		found = u;
	}

	return found;
}

void twin_become(struct phone *p, const struct user *u, bool is_proved)
{
	char *name = NULL;

	if (str_dup(&name, u->name))
		return;

	mem_deref(p->outside_name);
	p->outside_name = name;
	p->is_anonymous = false;
	p->is_proved = is_proved;
	(void)snprintf(p->number, sizeof(p->number), "%s", u->extension);
	memcpy(p->twin, u->id, sizeof(p->twin));
}

/* ---- for outside.c ---- */

struct outside *twin_way(const struct twin *t)
{
	return t->way;
}

const char *twin_user(const struct twin *t)
{
	return t->user;
}

struct media_port *twin_port(const struct leg *leg)
{
	return leg->twin ? leg->twin->port : NULL;
}

bool twin_is_asking(const struct leg *leg)
{
	return leg->twin && leg->twin->leg == leg;
}

/* Its port takes the place of the one that faced whoever would answer. */
static void take_port(const struct twin *t)
{
	struct call *call = t->call;

	if (!t->port || !call->ports[0])
		return;

	mem_deref(call->ports[1]);
	call->ports[1] = mem_ref(t->port);
	media_port_join(call->ports[0], call->ports[1]);
}

static const struct user *user_of(const struct twin *t)
{
	return directory_user(span_of(t->user));
}

/* Who has called sees the user, and no number of theirs outside. */
static void show_user(const struct twin *t, const struct leg *leg)
{
	const struct user *u = user_of(t);

	if (u)
		twin_become(leg->phone, u, true);
}

/* ---- the key ---- */

static void stop_asking(struct twin *t)
{
	wheel_stop(&t->timer);
	if (t->port)
		media_port_play(t->port, NULL);
	t->leg = NULL;
}

static void hang_up(struct twin *t, const char *reason)
{
	struct leg *leg = t->leg;

	stop_asking(t);
	leg->is_done = true;
	leg_bye(leg, reason);
}

static void decline(struct twin *t, const char *why)
{
	struct call *call = t->call;
	struct leg *leg = t->leg;

	trail_add(&call->trail, "the outside number %s", why);
	hang_up(t, NULL);
	leg->status = 480;
	(void)leg_turn(leg, LEG_REFUSED);
	fork_settle(call);
	turn_end();
}

static void late(void *arg)
{
	decline(arg, "presses no key");
}

static void take_call(struct twin *t)
{
	struct call *call = t->call;
	struct leg *leg = t->leg;
	struct sip_message m;

	if (call->state >= CALL_ANSWERED ||
	    sip_message_parse(&m, (const char *)t->answer->buf, t->answer->end,
			      NULL)) {
		hang_up(t, ELSEWHERE);
		return;
	}
	trail_add(&call->trail, "the outside number takes the call");
	stop_asking(t);
	take_port(t);
	show_user(t, leg);
	leg->is_done = true;
	call_answered(call, leg, &m);
	fork_cancel(call, leg, ELSEWHERE);
	turn_end();
}

static int ask(struct twin *t, struct leg *leg, const struct sip_message *m,
	       struct sip_flow *flow)
{
	const struct user *u = user_of(t);
	struct sip_dialog *forked = NULL;
	char file[PROMPT_FILE_BYTES];
	int err = sip_dialog_answered(&forked, leg->dialog, m, flow);

	if (err)
		return err;
	if (forked) {
		mem_deref(leg->dialog);
		leg->dialog = forked;
		sip_dialog_set_arg(forked, leg);
	}
	(void)sip_dialog_ack(leg->dialog, (struct span){ NULL, 0 },
			     (struct span){ NULL, 0 });
	sip_client_forget(&leg->invite);
	t->leg = leg;
	t->answer = mbuf_alloc(m->len + 1);
	if (!t->answer ||
	    mbuf_write_mem(t->answer, (const uint8_t *)m->buf, m->len))
		return ENOMEM;

	/* where its speech goes */
	(void)relay_body(leg, t->call->caller, m->body, HOLD_OFFER_NONE);
	prompt_file(file, t->call->customer, u && u->is_french, "twin-accept");
	media_port_play(t->port, file);
	wheel_start(&t->timer, ASK_MS, late, t);
	trail_add(&t->call->trail,
		  "the outside number of %s answers and is "
		  "asked for a key",
		  u ? u->name : "?");
	call_touch(t->call);

	return 0;
}

void twin_told(struct leg *leg, const struct sip_message *m,
	       struct sip_flow *flow)
{
	struct twin *t = leg->twin;
	struct sip_message quiet = *m;

	if (m->status < 200) {
		/* What the network says there is not for the caller. */
		quiet.body = (struct span){ NULL, 0 };
		if (m->status >= 180)
			fork_told(0, &quiet, flow, leg);
		return;
	}
	if (!t->confirms) {
		take_port(t);
		show_user(t, leg);
		fork_told(0, m, flow, leg);
		return;
	}
	if (!ask(t, leg, m, flow))
		return;

	t->leg = leg;
	decline(t, "cannot be asked");
}

void twin_give_up(struct leg *leg, const char *reason)
{
	leg->is_cancelled = true;
	(void)leg_turn(leg, LEG_CLEARED);
	hang_up(leg->twin, reason);
}

void twin_key(struct call *call, const struct media_port *p, char key)
{
	for (struct le *le = list_head(&call->twins); le; le = le->next) {
		struct twin *t = le->data;

		if (t->port != p || !t->leg)
			continue;
		if (key == '*' || key == '#')
			decline(t, "declines");
		else
			take_call(t);
		return;
	}

	if (call->state == CALL_ANSWERED && p == call->ports[0])
		twin_keys_pressed(call->caller, key);
	else if (call->state == CALL_ANSWERED && p == call->ports[1] &&
		 call->callee)
		twin_keys_pressed(call->callee, key);
}

/* ---- ringing ---- */

static bool ring_one(struct call *call, const struct user *u,
		     const struct sip_message *m)
{
	struct twin *t = mem_zalloc(sizeof(*t), twin_destructor);
	char number[DIRECTORY_NUMBER_MAX + 1], tag[TAG_BYTES];
	struct outside_twin way = {
		.call = call, .twin = t, .payer = u, .number = number
	};
	int err;

	if (!t || twin_bar(u, number)) {
		mem_deref(t);
		return false;
	}

	t->call = call;
	t->confirms = cos_may(u, COS_TWIN_CONFIRM);
	memcpy(t->user, u->id, sizeof(t->user));
	(void)snprintf(tag, sizeof(tag), "%s/callee", call->id);
	if (call->is_relayed)
		t->port = media_port_take(tag);
	if (t->confirms && (!t->port || !m->body.len)) {
		trail_add(&call->trail,
			  "the outside number of %s is not rung: "
			  "a key could not be heard",
			  u->name);
		mem_deref(t);
		return false;
	}
	list_append(&call->twins, &t->le, t);
	err = outside_ring_twin(&t->way, &way, m);
	if (err) {
		trail_add(&call->trail,
			  "the outside number of %s cannot be "
			  "rung: %s",
			  u->name, strerror(err));
		mem_deref(t);
		return false;
	}

	return true;
}

uint32_t twin_ring(struct call *call, const struct routing *r,
		   const struct sip_message *m)
{
	uint32_t rung = 0;

	for (uint8_t i = 0; i < r->twin_count; i++)
		rung += ring_one(call, r->twins[i], m);
	if (rung)
		call_touch(call);

	return rung;
}

void twin_over(struct call *call)
{
	for (struct le *le = list_head(&call->twins); le; le = le->next) {
		struct twin *t = le->data;

		wheel_stop(&t->timer);
		t->port = mem_deref(t->port);
	}
}

void twin_end(struct call *call)
{
	list_flush(&call->twins);
}
