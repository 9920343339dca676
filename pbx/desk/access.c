/* access.c - see access.h
 *
 * A visit outlives its call only while a PIN is compared or a log-in written:
 * it knows its call by id and finds it gone.
 */
#include <stdio.h>

#include "base/secrets.h"
#include "pbx/desk/access.h"
#include "pbx/speech/collect.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/trunk/outsider.h"
#include "pbx/desk/pin.h"
#include "pbx/route/route.h"
#include "pbx/desk/twin.h"

enum { TRIES = 3 };

enum step {
	STEP_EXTENSION,
	STEP_PIN,
	STEP_NUMBER,
};

struct visit {
	char call[CALL_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];          /* "": none, or not known yet */
	char number[DIRECTORY_NUMBER_MAX + 1]; /* waits for the PIN, or "" */
	struct answer *answer;
	struct collect collect;
	uint8_t step; /* enum step */
	uint8_t tries;
	bool is_proved; /* the PIN was right */
};

static const struct collect_rules ask_rules[] = {
	[STEP_EXTENSION] = { .prompt = "access-extension", .max = 10 },
	[STEP_PIN] = { .prompt = "enter-pin", .max = PIN_MAX },
	[STEP_NUMBER] = { .prompt = "access-dial",
			  .max = DIRECTORY_NUMBER_MAX,
			  .takes_star = true },
};

static void visit_destructor(void *data)
{
	struct visit *v = data;

	collect_stop(&v->collect);
	secret_wipe(v->collect.digits, sizeof(v->collect.digits));
}

static struct call *call_of(const struct visit *v)
{
	struct call *call = call_find(span_of(v->call));

	return call && call->state != CALL_OVER && call->answer == v->answer
		       ? call
		       : NULL;
}

static struct user *user_of(const struct visit *v)
{
	return directory_user(span_of(v->user));
}

static void pressed(const char *digits, void *arg);

static void ask(struct visit *v, enum step step)
{
	v->step = (uint8_t)step;
	collect_begin(&v->collect, v->answer, &ask_rules[step], pressed, v);
}

static void leave(const struct visit *v, const char *prompt)
{
	answer_say(v->answer, prompt);
	answer_leave(v->answer);
}

/* ---- as the user ---- */

static void go_on(struct visit *v)
{
	struct call *call = call_of(v);
	const struct answer_way way = {
		.number = v->number,
		.payer = v->user,
		.reach = v->is_proved ? ROUTE_REACH_OUTSIDE
				      : ROUTE_REACH_INSIDE,
	};

	if (!call)
		return;

	trail_add(&call->trail, "sent on to %s", v->number);
	if (answer_send_on(v->answer, &way))
		ask(v, STEP_NUMBER);
}

static void logged_out(int err, void *arg)
{
	struct visit *v = arg;

	if (call_of(v))
		leave(v, err ? "desk-failed" : "logged-out");
	mem_deref(v);
}

static void log_out(struct visit *v)
{
	const struct user *u = user_of(v);

	if (!u || !hotdesk_is_outside(u) ||
	    hotdesk_log_out_user(u, "access number", logged_out, mem_ref(v))) {
		if (u && hotdesk_is_outside(u))
			mem_deref(v);
		leave(v, "desk-failed");
	}
}

static void dialled(struct visit *v, const char *number)
{
	struct call *call = call_of(v);
	const struct user *u = user_of(v);

	if (!call || !u) {
		leave(v, "goodbye");
		return;
	}
	if (!strcmp(number, "*52")) {
		log_out(v);
		return;
	}
	(void)snprintf(v->number, sizeof(v->number), "%s", number);
	if (!v->is_proved && route_leads_outside(u->customer, number))
		ask(v, STEP_PIN);
	else
		go_on(v);
}

/* ---- the PIN ---- */

static void logged_in(int err, void *arg)
{
	struct visit *v = arg;

	if (call_of(v)) {
		answer_say(v->answer, err ? "desk-failed" : "logged-in");
		ask(v, STEP_NUMBER);
	}
	mem_deref(v);
}

/* Who is logged in nowhere near is from now on reached here. */
static void log_in(struct visit *v, struct user *u)
{
	if (hotdesk_is_outside(u) || hotdesk_may_log_in_outside(u).code ||
	    hotdesk_log_in_outside(u, "access number", logged_in, mem_ref(v)))
		ask(v, STEP_NUMBER);
}

static void proved(struct visit *v)
{
	struct call *call = call_of(v);
	struct user *u = user_of(v);

	if (!call || !u)
		return;

	v->is_proved = true;
	v->tries = 0;
	trail_add(&call->trail, "it is %s, by PIN", u->name);
	if (v->number[0]) {
		twin_become(call->caller->phone, u, true);
		go_on(v);
		return;
	}
	log_in(v, u); /* while it makes nobody busy */
	twin_become(call->caller->phone, u, true);
}

static void wrong(struct visit *v, enum pin_verdict verdict)
{
	struct call *call = call_of(v);

	trail_add(&call->trail, "the PIN is %s", pin_verdict_name(verdict));
	if (verdict == PIN_LOCKED) {
		leave(v, "pin-locked");
		return;
	}
	if (++v->tries >= TRIES) {
		leave(v, "pin-wrong");
		return;
	}
	answer_say(v->answer, "pin-wrong");
	ask(v, STEP_PIN);
}

static void checked(int err, enum pin_verdict verdict, void *arg)
{
	struct visit *v = arg;

	if (!call_of(v))
		goto out;

	if (err)
		leave(v, "desk-failed");
	else if (verdict == PIN_RIGHT)
		proved(v);
	else
		wrong(v, verdict);

out:
	mem_deref(v);
}

static void check(struct visit *v, const char *digits)
{
	const struct user *u = user_of(v);

	if (!u) { /* nobody has that extension: said like a wrong PIN */
		wrong(v, PIN_WRONG);
		return;
	}
	if (pin_check(u, digits, "access number", checked, mem_ref(v))) {
		mem_deref(v);
		leave(v, "desk-failed");
	}
}

static void pressed(const char *digits, void *arg)
{
	struct visit *v = arg;
	struct call *call = call_of(v);
	const struct user *u;

	if (!digits || !call || !call->caller->phone->customer) {
		leave(v, "goodbye");
		return;
	}

	switch (v->step) {
	case STEP_EXTENSION:
		u = directory_user_by_extension(call->caller->phone->customer,
						span_of(digits));
		if (u && u->is_hot_desk_user && u->outside_prefix)
			memcpy(v->user, u->id, sizeof(v->user));
		ask(v, STEP_PIN);
		break;

	case STEP_PIN: check(v, digits); break;
	default: dialled(v, digits); break;
	}
}

/* ---- the call ---- */

static void opened(void *arg)
{
	struct visit *v = arg;

	ask(v, v->user[0] ? STEP_NUMBER : STEP_EXTENSION);
}

static void said(void *arg)
{
	struct visit *v = arg;

	(void)collect_said(&v->collect);
}

static void key(void *arg, char k)
{
	struct visit *v = arg;

	(void)collect_key(&v->collect, k);
}

static void refused(void *arg, uint16_t status, const char *user)
{
	struct visit *v = arg;

	(void)user;
	v->number[0] = '\0';
	answer_say(v->answer, status == 403   ? "not-permitted"
			      : status == 404 ? "number-unknown"
					      : "reorder");
	ask(v, STEP_NUMBER);
}

static const struct answer_owner owner = { .away = "Not Available",
					   .opened = opened,
					   .said = said,
					   .key = key,
					   .refused = refused };

bool access_dialled(struct call *call, const char *number)
{
	struct phone *p = call->caller->phone;
	const struct user *u;
	struct visit *v;
	int err;

	if (!outsider_is(p) || !p->customer || !p->customer->access[0] ||
	    strcmp(number, p->customer->access) != 0)
		return false;

	(void)snprintf(call->number, sizeof(call->number), "%s", number);
	v = mem_zalloc(sizeof(*v), visit_destructor);
	if (!v) {
		call_refused(call, 500, NULL);
		return true;
	}
	memcpy(v->call, call->id, sizeof(v->call));
	u = p->is_anonymous ? NULL : twin_find(p->customer, p->number);
	trail_add(&call->trail, "%s is the access number; %s calls%s", number,
		  u ? u->name : "somebody", u ? ", known by number" : "");
	if (u) {
		memcpy(v->user, u->id, sizeof(v->user));
		twin_become(p, u, false);
	}
	err = answer_begin(&v->answer, call, &owner, v, ANSWER_CONNECT);
	if (err)
		call_refused(call, err == ENOTCONN ? 480 : 500, owner.away);
	else
		answer_set_french(v->answer, u ? u->is_french
					       : answer_is_french(v->answer));
	mem_deref(v);

	return true;
}
