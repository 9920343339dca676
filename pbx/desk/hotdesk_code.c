/* hotdesk_code.c - see hotdesk_code.h
 *
 * A talk outlives its call only while a PIN is compared or a change written:
 * it knows its call by id and finds it gone.
 */
#include <stdio.h>

#include "base/secrets.h"
#include "pbx/speech/collect.h"
#include "pbx/route/cos.h"
#include "pbx/desk/hotdesk.h"
#include "pbx/desk/hotdesk_code.h"
#include "pbx/desk/pin.h"
#include "pbx/route/route.h"
#include "pbx/route/settings_user.h"

enum { TRIES = 3 };

enum step {
	STEP_LOG_IN, /* the PIN of who logs in */
	STEP_OLD,
	STEP_NEW,
	STEP_AGAIN,
};

/* What somebody dialled a code for. */
struct talk {
	char call[CALL_ID_SIZE];
	char user[DIRECTORY_ID_SIZE];
	char phone[DIRECTORY_ID_SIZE];
	char pin[PIN_MAX + 1]; /* dialled, or the new one */
	struct answer *answer; /* NULL: all without voice */
	struct collect collect;
	uint8_t step; /* enum step */
	uint8_t tries;
};

static const struct collect_rules ask_rules[] = {
	[STEP_LOG_IN] = { .prompt = "enter-pin", .max = PIN_MAX },
	[STEP_OLD] = { .prompt = "pin-old", .max = PIN_MAX },
	[STEP_NEW] = { .prompt = "pin-new", .max = PIN_MAX },
	[STEP_AGAIN] = { .prompt = "pin-again", .max = PIN_MAX },
};

static void talk_destructor(void *data)
{
	struct talk *t = data;

	collect_stop(&t->collect);
	secret_wipe(t->pin, sizeof(t->pin));
	secret_wipe(t->collect.digits, sizeof(t->collect.digits));
}

/* Its call, while that goes on as the talk left it. */
static struct call *call_of(const struct talk *t)
{
	struct call *call = call_find(span_of(t->call));

	if (!call || call->state == CALL_OVER ||
	    (t->answer && call->answer != t->answer))
		return NULL;

	return call;
}

static struct user *user_of(const struct talk *t)
{
	return directory_user(span_of(t->user));
}

/* The last word, spoken where there is a voice; the talk may be gone. */
static void end(const struct talk *t, uint16_t status, const char *phrase,
		const char *prompt)
{
	struct call *call = call_of(t);

	if (!call)
		return;

	trail_add(&call->trail, "%s", phrase);
	if (t->answer) {
		answer_say(t->answer, prompt);
		answer_leave(t->answer);
	}
	else {
		call_refused(call, status, phrase);
	}
}

static void ask(struct talk *t, enum step step);

/* ---- log in ---- */

static void logged_in(int err, void *arg)
{
	struct talk *t = arg;

	if (err)
		end(t, 500, "Not Logged In", "desk-failed");
	else
		end(t, 603, "Logged In", "logged-in");
	mem_deref(t);
}

static void log_in(struct talk *t)
{
	struct call *call = call_of(t);
	struct phone *p = directory_phone(span_of(t->phone));
	struct user *u = user_of(t);
	struct hotdesk_bar bar;

	if (!call || !p || !u) {
		end(t, 500, "Not Logged In", "desk-failed");
		return;
	}
	bar = hotdesk_may_log_in(p, u, call);
	if (bar.code) {
		end(t, bar.status == 409 ? 486 : 403, bar.phrase,
		    bar.status == 409 ? "desk-busy" : "desk-refused");
		return;
	}
	trail_add(&call->trail, "%s logs in at phone %s", u->name, p->number);
	if (hotdesk_log_in(p, u, "code", logged_in, mem_ref(t))) {
		mem_deref(t);
		end(t, 500, "Not Logged In", "desk-failed");
	}
}

/* ---- the PIN ---- */

static void pin_is_set(int err, void *arg)
{
	struct talk *t = arg;

	if (err)
		end(t, 500, "PIN Not Changed", "desk-failed");
	else
		end(t, 603, "PIN Changed", "pin-changed");
	mem_deref(t);
}

static void again(struct talk *t, const char *prompt, enum step step)
{
	if (++t->tries >= TRIES) {
		end(t, 403, "Too Many Tries", prompt);
		return;
	}
	answer_say(t->answer, prompt);
	ask(t, step);
}

static void wrong(struct talk *t, enum pin_verdict verdict)
{
	struct call *call = call_of(t);

	if (!call)
		return;

	trail_add(&call->trail, "the PIN is %s", pin_verdict_name(verdict));
	if (verdict == PIN_LOCKED)
		end(t, 403, "PIN Locked", "pin-locked");
	else if (t->answer)
		again(t, "pin-wrong", (enum step)t->step);
	else
		end(t, 403, "Wrong PIN", "pin-wrong");
}

static void checked(int err, enum pin_verdict verdict, void *arg)
{
	struct talk *t = arg;

	if (!call_of(t))
		goto out;

	if (err)
		end(t, 500, "PIN Not Compared", "desk-failed");
	else if (t->step == STEP_LOG_IN && verdict == PIN_RIGHT)
		log_in(t);
	else if (t->step == STEP_OLD &&
		 (verdict == PIN_RIGHT || verdict == PIN_NONE))
		ask(t, STEP_NEW);
	else
		wrong(t, verdict);

out:
	mem_deref(t);
}

static void check(struct talk *t, const char *digits)
{
	const struct user *u = user_of(t);
	int err = u ? pin_check(u, digits,
				t->step == STEP_LOG_IN ? "hot desk" : "code",
				checked, mem_ref(t))
		    : ENOENT;

	if (!err)
		return;

	if (u)
		mem_deref(t);
	end(t, err == EBUSY ? 486 : 500, "PIN Not Compared", "desk-failed");
}

static void set(struct talk *t)
{
	const struct user *u = user_of(t);
	int err = u ? pin_set(u, t->pin, "the user, by code", pin_is_set,
			      mem_ref(t))
		    : ENOENT;

	if (!err)
		return;

	if (u)
		mem_deref(t);
	end(t, 500, "PIN Not Changed", "desk-failed");
}

static void pressed(const char *digits, void *arg)
{
	struct talk *t = arg;
	const struct user *u = user_of(t);

	if (!digits || !u) {
		end(t, 403, "No PIN", "goodbye");
		return;
	}

	switch (t->step) {
	case STEP_LOG_IN:
	case STEP_OLD: check(t, digits); break;

	case STEP_NEW:
		if (pin_weakness(u, digits)) {
			again(t, "pin-weak", STEP_NEW);
			break;
		}
		(void)snprintf(t->pin, sizeof(t->pin), "%s", digits);
		ask(t, STEP_AGAIN);
		break;

	default:
		if (strcmp(digits, t->pin) != 0)
			again(t, "pin-mismatch", STEP_NEW);
		else
			set(t);
		break;
	}
}

static void ask(struct talk *t, enum step step)
{
	t->step = (uint8_t)step;
	collect_begin(&t->collect, t->answer, &ask_rules[step], pressed, t);
}

/* ---- by voice ---- */

static void opened(void *arg)
{
	struct talk *t = arg;

	ask(t, (enum step)t->step);
}

static void said(void *arg)
{
	struct talk *t = arg;

	(void)collect_said(&t->collect);
}

static void key(void *arg, char k)
{
	struct talk *t = arg;

	(void)collect_key(&t->collect, k);
}

static const struct answer_owner owner = { .away = "Dial It With The PIN",
					   .opened = opened,
					   .said = said,
					   .key = key };

static void by_voice(struct call *call, struct talk *t)
{
	const struct user *u = user_of(t);
	int err = answer_begin(&t->answer, call, &owner, t, ANSWER_CONNECT);

	if (err)
		call_refused(call, err == ENOTCONN ? 480 : 500,
			     err == ENOTCONN ? owner.away : NULL);
	else
		answer_set_french(t->answer, u ? u->is_french
					       : answer_is_french(t->answer));
}

/* ---- what was dialled ---- */

static struct talk *talk_make(const struct call *call, const struct user *u)
{
	struct talk *t = mem_zalloc(sizeof(*t), talk_destructor);

	if (!t)
		return NULL;

	memcpy(t->call, call->id, sizeof(t->call));
	memcpy(t->phone, call->caller->phone->id, sizeof(t->phone));
	if (u)
		memcpy(t->user, u->id, sizeof(t->user));

	return t;
}

static bool is_barred(struct call *call, struct hotdesk_bar bar)
{
	if (!bar.code)
		return false;

	trail_add(&call->trail, "%s", bar.detail);
	call_refused(call, bar.status == 409 ? 486 : 403, bar.phrase);

	return true;
}

static void dialled_log_in(struct call *call, struct talk *t,
			   const char *argument)
{
	const struct phone *p = call->caller->phone;
	char extension[DIRECTORY_NUMBER_MAX + 1];
	const char *pin = strchr(argument, '*');
	const struct user *u;

	(void)snprintf(extension, sizeof(extension), "%.*s",
		       (int)strcspn(argument, "*"), argument);
	u = directory_user_by_extension(p->customer, span_of(extension));
	if (!u) {
		call_refused(call, 404, "No Such User");
		return;
	}
	if (is_barred(call, hotdesk_may_log_in(p, u, call)))
		return;

	memcpy(t->user, u->id, sizeof(t->user));
	t->step = STEP_LOG_IN;
	if (!pin || strlen(pin + 1) > PIN_MAX) {
		by_voice(call, t);
		return;
	}
	call_try(call);
	check(t, pin + 1);
}

static void logged_out(int err, void *arg)
{
	struct talk *t = arg;

	if (err)
		end(t, 500, "Not Logged Out", NULL);
	else
		end(t, 603, "Logged Out", NULL);
	mem_deref(t);
}

static void log_out(struct call *call, struct talk *t, struct phone *p)
{
	struct hotdesk_bar bar = {
		403,
		"not-logged-in",
		"Nobody Is Logged In",
		"nobody is logged in there",
	};

	if (p)
		bar = hotdesk_may_log_out(p, call);
	if (is_barred(call, bar))
		return;

	trail_add(&call->trail, "%s is logged out of phone %s", phone_name(p),
		  p->number);
	call_try(call);
	if (hotdesk_log_out(p, "code", logged_out, mem_ref(t))) {
		mem_deref(t);
		call_refused(call, 500, "Not Logged Out");
	}
}

static void log_out_other(struct call *call, struct talk *t,
			  const char *argument)
{
	const struct phone *p = call->caller->phone;
	const struct user *u = directory_user_by_extension(p->customer,
							   span_of(argument));

	if (!cos_may(p->user, COS_HOT_DESK_LOGOUT)) {
		trail_add(&call->trail, "%s may not log others out",
			  phone_name(p));
		call_refused(call, 403, "Not Permitted");
		return;
	}
	log_out(call, t, u ? hotdesk_of(u) : NULL);
}

/* ---- the codes ---- */

void hotdesk_code_log_in(struct call *call, const struct routing *r,
			 const struct sip_message *m)
{
	struct talk *t = talk_make(call, NULL);

	(void)m;
	if (t)
		dialled_log_in(call, t, r->argument);
	else
		call_refused(call, 500, NULL);
	mem_deref(t);
}

void hotdesk_code_log_out(struct call *call, const struct routing *r,
			  const struct sip_message *m)
{
	struct talk *t = talk_make(call, call->caller->phone->user);

	(void)r;
	(void)m;
	if (t)
		log_out(call, t, call->caller->phone);
	else
		call_refused(call, 500, NULL);
	mem_deref(t);
}

void hotdesk_code_log_out_other(struct call *call, const struct routing *r,
				const struct sip_message *m)
{
	struct talk *t = talk_make(call, call->caller->phone->user);

	(void)m;
	if (t)
		log_out_other(call, t, r->argument);
	else
		call_refused(call, 500, NULL);
	mem_deref(t);
}

static void number_is_set(const struct store_result *result, void *arg)
{
	struct talk *t = arg;
	struct call *call = call_of(t);

	if (call)
		code_done(call, result->err);
	mem_deref(t);
}

void hotdesk_code_number(struct call *call, const struct routing *r,
			 const struct sip_message *m)
{
	struct user *u = call->caller->phone->user;
	struct talk *t;

	(void)m;
	if (!u->outside_prefix) {
		trail_add(&call->trail, "%s has no outside number", u->name);
		call_refused(call, 403, "No Outside Number");
		return;
	}
	t = talk_make(call, u);
	if (!t) {
		call_refused(call, 500, NULL);
		return;
	}
	call_try(call);
	if (settings_user_set(u, "external_number", json_string(r->argument),
			      number_is_set, t)) {
		mem_deref(t);
		call_refused(call, 500, "Feature Not Set");
	}
}

void hotdesk_code_pin(struct call *call, const struct routing *r,
		      const struct sip_message *m)
{
	struct talk *t = talk_make(call, call->caller->phone->user);

	(void)r;
	(void)m;
	if (t) {
		t->step = STEP_OLD;
		by_voice(call, t);
	}
	else {
		call_refused(call, 500, NULL);
	}
	mem_deref(t);
}
