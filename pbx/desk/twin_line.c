/* twin_line.c - see twin_line.h */
#include <stdio.h>

#include "pbx/desk/twin.h"
#include "pbx/desk/twin_consult.h"
#include "pbx/desk/twin_keys.h"
#include "pbx/desk/twin_line.h"
#include "pbx/route/cos.h"
#include "pbx/route/route.h"
#include "pbx/speech/collect.h"
#include "pbx/transfer/transfer_private.h"

#define DIAL_TONE "tone:425"

enum {
	NUMBERS_MAX = 3, /* that led nowhere */
	DEAF_MS = 400,   /* the key that led here may still be pressed */
};

struct visit {
	char call[CALL_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];
	char number[DIRECTORY_NUMBER_MAX + 1]; /* rung last */
	struct answer *answer;
	struct collect collect;
	struct collect_rules rules;
	uint64_t hears_ms; /* any key from then on */
	uint8_t tries;
	bool is_starred;  /* the last key was * */
	bool is_to_close; /* after it the one for transfer */
};

static void visit_destructor(void *data)
{
	struct visit *v = data;

	collect_stop(&v->collect);
}

static struct call *call_of(const struct visit *v)
{
	struct call *call = call_find(span_of(v->call));

	return call && call->state != CALL_OVER && call->answer == v->answer
		       ? call
		       : NULL;
}

bool twin_line_is(const struct leg *leg)
{
	return leg && leg->phone && leg->phone->is_proved && leg->dialog;
}

/* ---- dial tone ---- */

static void dialled(const char *digits, void *arg);

static void tone(struct visit *v)
{
	v->is_starred = v->is_to_close = false;
	collect_begin(&v->collect, v->answer, &v->rules, dialled, v);
	answer_play(v->answer, DIAL_TONE);
}

static void refuse(struct visit *v, const char *prompt)
{
	v->number[0] = '\0';
	answer_say(v->answer, prompt);
	if (++v->tries < NUMBERS_MAX)
		tone(v);
	else
		answer_leave(v->answer);
}

/* Back to who is held; else nobody is there to talk with. */
static void go_back(struct visit *v)
{
	struct call *call = call_of(v);
	uint16_t status;

	if (!call)
		return;
	if (!twin_consult_is(call)) {
		answer_hang_up(v->answer);
		return;
	}

	status = twin_consult_back(call->caller);
	if (status) /* not yet: again */
		refuse(v, "reorder");
}

static void dialled(const char *digits, void *arg)
{
	struct visit *v = arg;
	struct call *call = call_of(v);
	const struct answer_way way = { .number = v->number,
					.payer = v->user,
					.reach = ROUTE_REACH_OUTSIDE };

	if (!call)
		return;
	if (!digits || !digits[0]) {
		go_back(v);
		return;
	}

	(void)snprintf(v->number, sizeof(v->number), "%s", digits);
	trail_add(&call->trail, "sent on to %s", v->number);
	if (answer_send_on(v->answer, &way))
		refuse(v, "reorder");
}

/* ---- keys ---- */

/* A key after *: what it means depends on whether somebody rings. */
static void command(struct visit *v, char key, bool rings)
{
	struct call *call = call_of(v);
	const char *what = call && call->caller->phone
				   ? twin_keys_name(
					     call->caller->phone->customer, key)
				   : NULL;

	if (!call)
		return;
	if (what && !strcmp(what, "transfer") && rings &&
	    twin_consult_is(call)) {
		v->is_to_close = true;
		return;
	}
	if (!what ||
	    (strcmp(what, "cancel") != 0 && strcmp(what, "flash") != 0 &&
	     strcmp(what, "swap") != 0)) {
		if (rings)
			return; /* the ringing is heard on */
		refuse(v, "reorder");
		return;
	}

	if (rings)
		answer_call_off(v->answer);
	if (rings && !twin_consult_is(call))
		tone(v);
	else
		go_back(v);
}

/* The end of the key that led here, which is sent more than once. */
static bool is_echo(const struct visit *v, char k)
{
	const struct call *call = call_of(v);
	const char *what = call && wheel_now_ms() < v->hears_ms
				   ? twin_keys_name(
					     call->caller->phone->customer, k)
				   : NULL;

	return what && !strcmp(what, "flash");
}

static void key(void *arg, char k)
{
	struct visit *v = arg;

	if (!v->collect.rules || is_echo(v, k))
		return;
	if (v->is_starred) {
		v->is_starred = false;
		command(v, k, false);
	}
	else if (k == '*' && !v->collect.count) {
		v->is_starred = true;
		answer_hush(v->answer);
		(void)collect_said(&v->collect);
	}
	else {
		(void)collect_key(&v->collect, k);
	}
}

/* Who is held waits on, for whom we have rung: we are not needed. */
static void close_while_ringing(struct visit *v)
{
	char number[DIRECTORY_NUMBER_MAX + 1];
	struct call *call = call_of(v);

	if (!call)
		return;
	memcpy(number, v->number, sizeof(number));
	answer_call_off(v->answer);
	if (twin_consult_send(call, number))
		refuse(v, "reorder");
	else
		answer_hang_up(v->answer);
}

static void key_meanwhile(void *arg, char k)
{
	struct visit *v = arg;

	if (v->is_to_close) {
		v->is_to_close = false;
		if (k == '#')
			close_while_ringing(v);
	}
	else if (v->is_starred) {
		v->is_starred = false;
		command(v, k, true);
	}
	else {
		v->is_starred = k == '*';
	}
}

/* ---- the call ---- */

static void opened(void *arg)
{
	struct visit *v = arg;
	const struct call *call = call_of(v);

	if (call && twin_consult_is(call))
		v->hears_ms = wheel_now_ms() + DEAF_MS;
	tone(v);
}

static void said(void *arg)
{
	struct visit *v = arg;

	if (!v->collect.rules || v->collect.count || v->is_starred)
		return;
	if (!wheel_is_running(&v->collect.timer))
		(void)collect_said(&v->collect);
	answer_play(v->answer, DIAL_TONE);
}

static void refused(void *arg, uint16_t status, const char *user)
{
	struct visit *v = arg;

	(void)user;
	refuse(v, status == 403   ? "not-permitted"
		  : status == 404 ? "number-unknown"
				  : "reorder");
}

static const struct answer_owner owner = { .away = "Not Available",
					   .opened = opened,
					   .said = said,
					   .key = key,
					   .key_meanwhile = key_meanwhile,
					   .refused = refused };

static struct visit *visit_make(const struct call *call, const struct user *u)
{
	struct visit *v = mem_zalloc(sizeof(*v), visit_destructor);

	if (!v)
		return NULL;

	memcpy(v->call, call->id, sizeof(v->call));
	memcpy(v->user, u->id, sizeof(v->user));
	v->rules = (struct collect_rules){
		.max = COLLECT_DIGITS_MAX,
		.tries = 1,
		.takes_star = true,
		.first_ms = (uint32_t)cos_ms(u, COS_FIRST_DIGIT),
		.next_ms = (uint32_t)cos_ms(u, COS_INTER_DIGIT),
	};

	return v;
}

/* A call whose caller is in a dialog already, that the pbx is to answer. */
static struct call *call_make(const struct leg *t)
{
	struct call *call = call_new(t->call->customer);
	struct transfer *tr = transfer_alloc(t->phone);

	if (!call || !tr || leg_alloc(&call->caller, call, t->phone)) {
		mem_deref(tr);
		mem_deref(call);
		return NULL;
	}

	leg_uncount(call->caller);
	tr->call = call;
	tr->kind = TRANSFER_RING;
	tr->is_silent = true;
	tr->is_recall = true; /* nobody to be recalled */
	call->transfer = tr;
	call->is_unrecorded = true;
	(void)call_adopt(call);

	return call;
}

uint16_t twin_line_take(struct call **callp, struct leg *t)
{
	const struct user *u = t->phone ? phone_person(t->phone) : NULL;
	struct call *call;
	struct visit *v;
	int err;

	if (!twin_line_is(t) || !u)
		return 403;
	if (t->call->transfer || !leg_is_quiet(t))
		return 491;
	if (!voice_is_up())
		return 480;
	call = call_make(t);
	v = call ? visit_make(call, u) : NULL;
	if (!v) {
		mem_deref(call);
		return 500;
	}

	twin_become(t->phone, u, true);
	trail_add(&call->trail, "%s (%s) comes from call %s: dial tone",
		  u->name, u->extension, t->call->id);
	leg_take(call->caller, t);
	if (call->caller->state == LEG_HELD)
		(void)leg_turn(call->caller, LEG_RETRIEVES);
	err = answer_begin(&v->answer, call, &owner, v, ANSWER_CONNECT);
	mem_deref(v);
	if (callp)
		*callp = call;
	if (err)
		call_refused(call, 480, owner.away);

	return 0;
}

bool twin_line_left(struct call *call, struct leg *by)
{
	struct leg *t = leg_peer(by);
	const struct user *u;

	if (call->state != CALL_ANSWERED || call->transfer || call->party ||
	    call->answer)
		return false;
	if (twin_consult_left(call, by))
		return true;
	u = twin_line_is(t) ? phone_person(t->phone) : NULL;
	if (!u || !cos_may(u, COS_TWIN_TONE) || twin_line_take(NULL, t))
		return false;

	trail_add(&call->trail, "%s hears dial tone", u->name);
	call_end(call);

	return true;
}
