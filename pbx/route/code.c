/* code.c - see code.h */
#include "base/json.h"
#include "base/log.h"
#include "pbx/route/account.h"
#include "pbx/route/code.h"
#include "pbx/call/call.h"
#include "pbx/conference/conference_dial.h"
#include "pbx/feature/callback.h"
#include "pbx/feature/campon.h"
#include "pbx/route/cor.h"
#include "pbx/transfer/handoff.h"
#include "pbx/feature/dial.h"
#include "pbx/route/mode.h"
#include "pbx/feature/intrude.h"
#include "pbx/feature/lamp.h"
#include "pbx/feature/others.h"
#include "pbx/trunk/outside.h"
#include "pbx/feature/page.h"
#include "pbx/feature/park.h"
#include "pbx/call/hidden.h"
#include "pbx/desk/hotdesk_code.h"
#include "pbx/feature/pickup.h"
#include "pbx/conference/record.h"
#include "pbx/feature/reminder.h"
#include "pbx/route/settings_user.h"
#include "pbx/trunk/trunk_access.h"
#include "pbx/turn.h"

enum code_kind {
	CODE_FORWARD, /* set a forward to the number */
	CODE_CANCEL,  /* cancel a forward */
	CODE_ON,      /* set a yes-or-no */
	CODE_OFF,
	CODE_BLOCK, /* the number */
	CODE_UNBLOCK,
	CODE_MODE, /* the customer's service mode */
	CODE_PICKUP_GROUP,
	CODE_PICKUP_DIRECTED,
	CODE_RUN, /* run() does all */
};

struct code {
	const char *name;
	const char *digits; /* default */
	uint8_t kind;       /* enum code_kind */
	bool has_number;
	const char *field; /* of the user's settings */
	uint8_t forward;   /* enum forward; of CODE_MODE enum service_mode */
	uint8_t stars;     /* CODE_RUN: so many * in the number at most */
	code_run_h *run;
	bool is_for_all; /* CODE_RUN: run() asks who may */
	bool takes_pin;  /* behind the first number */
};

/* The plan.  A code with a number may end in #. */
static const struct code codes[] = {
	{ "forward-always", "*21*", CODE_FORWARD, true, NULL, FORWARD_ALWAYS },
	{ "forward-always-off", "#21#", CODE_CANCEL, false, NULL,
	  FORWARD_ALWAYS },
	{ "forward-busy", "*67*", CODE_FORWARD, true, NULL, FORWARD_BUSY },
	{ "forward-busy-off", "#67#", CODE_CANCEL, false, NULL, FORWARD_BUSY },
	{ "forward-no-answer", "*61*", CODE_FORWARD, true, NULL,
	  FORWARD_NO_ANSWER },
	{ "forward-no-answer-off", "#61#", CODE_CANCEL, false, NULL,
	  FORWARD_NO_ANSWER },
	{ "forward-not-registered", "*62*", CODE_FORWARD, true, NULL,
	  FORWARD_NOT_REGISTERED },
	{ "forward-not-registered-off", "#62#", CODE_CANCEL, false, NULL,
	  FORWARD_NOT_REGISTERED },
	{ "dnd", "*25#", CODE_ON, false, "dnd", 0 },
	{ "dnd-off", "#25#", CODE_OFF, false, "dnd", 0 },
	{ "reject-anonymous", "*77#", CODE_ON, false, "reject_anonymous", 0 },
	{ "reject-anonymous-off", "#77#", CODE_OFF, false, "reject_anonymous",
	  0 },
	{ "block", "*60*", CODE_BLOCK, true, "blocked", 0 },
	{ "unblock", "#60*", CODE_UNBLOCK, true, "blocked", 0 },
	{ "forward-for", "*24*", CODE_RUN, true, .stars = 1,
	  .run = others_forward },
	{ "forward-for-off", "#24*", CODE_RUN, true,
	  .run = others_forward_off },
	{ "dnd-for", "*26*", CODE_RUN, true, .run = others_dnd },
	{ "dnd-for-off", "#26*", CODE_RUN, true, .run = others_dnd_off },
	{ "account", "*35*", CODE_RUN, true, .stars = 1, .run = account_run },
	{ "trunk", "*58*", CODE_RUN, true, .stars = 1,
	  .run = trunk_access_run },
	{ "override", "*40*", CODE_RUN, true, .run = intrude_override },
	{ "monitor", "*41*", CODE_RUN, true, .run = intrude_monitor },
	{ "message", "*38*", CODE_RUN, true, .run = lamp_set },
	{ "message-off", "#38*", CODE_RUN, true, .run = lamp_unset },
	{ "message-call", "*38#", CODE_RUN, false, .run = lamp_call_back },
	{ "reminder", "*56*", CODE_RUN, true, .run = reminder_set },
	{ "reminder-off", "#56#", CODE_RUN, false, .run = reminder_unset },
	{ "clear", "#00#", CODE_RUN, false, .run = others_clear },
	{ "clear-for", "#00*", CODE_RUN, true, .run = others_clear },
	{ "service-mode", "*90#", CODE_MODE, false, NULL, MODES },
	{ "service-day", "*91#", CODE_MODE, false, NULL, MODE_DAY },
	{ "service-night1", "*92#", CODE_MODE, false, NULL, MODE_NIGHT1 },
	{ "service-night2", "*93#", CODE_MODE, false, NULL, MODE_NIGHT2 },
	{ "pickup-group", "*8", CODE_PICKUP_GROUP, false, NULL, 0 },
	{ "pickup-directed", "**", CODE_PICKUP_DIRECTED, true, NULL, 0 },
	{ "park", "*70", CODE_RUN, false, .run = park_run },
	{ "park-at", "*71*", CODE_RUN, true, .run = park_run },
	{ "handoff-push", "*78", CODE_RUN, false, .run = handoff_push },
	{ "handoff-pull", "*79", CODE_RUN, false, .run = handoff_pull },
	{ "camp-on", "*43*", CODE_RUN, true, .run = campon_run },
	{ "callback", "*37*", CODE_RUN, true, .run = callback_run },
	{ "callback-last", "*37#", CODE_RUN, false, .run = callback_run },
	{ "callback-off", "#37#", CODE_RUN, false, .run = callback_run_off },
	{ "auto-answer", "*27#", CODE_ON, false, "auto_answer", 0 },
	{ "auto-answer-off", "#27#", CODE_OFF, false, "auto_answer", 0 },
	{ "hide-number", "*31*", CODE_RUN, true, .run = dial_hidden },
	{ "show-number", "#31*", CODE_RUN, true, .run = dial_shown },
	{ "redial", "*66", CODE_RUN, false, .run = dial_last },
	{ "speed-dial", "*75*", CODE_RUN, true, .run = dial_speed },
	{ "speed-store", "*76*", CODE_RUN, true, .stars = 1,
	  .run = dial_store },
	{ "retrieve-own", "*72", CODE_RUN, false, .run = park_retrieve },
	{ "retrieve", "*72*", CODE_RUN, true, .stars = 1,
	  .run = park_retrieve },
	{ "hot-desk-login", "*51*", CODE_RUN, true, .stars = 1,
	  .run = hotdesk_code_log_in, .is_for_all = true, .takes_pin = true },
	{ "hot-desk-logout", "*52", CODE_RUN, false,
	  .run = hotdesk_code_log_out },
	{ "hot-desk-remote-logout", "*53*", CODE_RUN, true,
	  .run = hotdesk_code_log_out_other },
	{ "external-number", "*54*", CODE_RUN, true,
	  .run = hotdesk_code_number },
	{ "pin", "*55", CODE_RUN, false, .run = hotdesk_code_pin },
	{ "page", "*44*", CODE_RUN, true, .run = page_run },
	{ "page-members", "*45*", CODE_RUN, true, .run = page_run_group },
	{ "record", "*46", CODE_RUN, false, .run = record_run },
	{ "conference", "*49", CODE_RUN, false, .run = conference_start },
	{ "conference-room", "*49*", CODE_RUN, true,
	  .run = conference_room_run },
};

/* Dialled as a plain number. */
static const struct code park_group = { "park-group", "", CODE_RUN, false,
					.run = park_run_group };

static const struct code page_group = { "page-group", "", CODE_RUN, false,
					.run = page_run_group };

const struct code *code_of_page_group(void)
{
	return &page_group;
}

const struct code *code_of_park_group(void)
{
	return &park_group;
}

enum { CODE_COUNT = sizeof(codes) / sizeof(codes[0]) };

const char *code_name(const struct code *code)
{
	return code->name;
}

/* ---- finding ---- */

static const char *digits_of(const struct code *code, const json_t *own)
{
	const char *digits = own ? json_get_text(own, code->name) : NULL;

	return digits ? digits : code->digits;
}

/* The number behind the code's digits, or some with * between them; false when
 * there is none. */
static bool argument_read(char *out, const char *text, unsigned stars)
{
	size_t n = strspn(text, "0123456789+");

	while (n && stars-- && text[n] == '*' && text[n + 1])
		n += 1 + strspn(text + n + 1, "0123456789+");

	if (!n || n > DIRECTORY_NUMBER_MAX ||
	    (text[n] && strcmp(text + n, "#") != 0))
		return false;

	memcpy(out, text, n);
	out[n] = '\0';

	return true;
}

static bool is_dialled(const struct code *code, const char *digits,
		       const char *dialled, char *argument)
{
	size_t len = strlen(digits);

	argument[0] = '\0';
	if (!len || strncmp(dialled, digits, len) != 0)
		return false;

	return code->has_number
		       ? argument_read(argument, dialled + len, code->stars)
		       : !dialled[len];
}

const struct code *code_find(const struct customer *c, const char *dialled,
			     char argument[DIRECTORY_NUMBER_MAX + 1])
{
	for (size_t i = 0; i < CODE_COUNT; i++) {
		if (is_dialled(&codes[i], digits_of(&codes[i], c->codes),
			       dialled, argument))
			return &codes[i];
	}

	return NULL;
}

const char *code_digits(const struct customer *c, const char *name)
{
	for (size_t i = 0; i < CODE_COUNT; i++) {
		if (!strcmp(codes[i].name, name))
			return digits_of(&codes[i], c->codes);
	}

	return NULL;
}

static const struct code *by_name(const char *name)
{
	for (size_t i = 0; i < CODE_COUNT; i++) {
		if (!strcmp(codes[i].name, name))
			return &codes[i];
	}

	return NULL;
}

bool code_is_known(const char *name)
{
	return by_name(name) != NULL;
}

static bool digits_are_good(const char *digits)
{
	return digits && (digits[0] == '*' || digits[0] == '#') &&
	       digits[strspn(digits, "0123456789*#")] == '\0' &&
	       strlen(digits) >= 2 && strlen(digits) <= 8;
}

/* Two codes of which one begins the other cannot be told apart, unless what
 * follows must be a number and is none. */
static void check_alike(const json_t *own, json_t *errors)
{
	for (size_t i = 0; i < CODE_COUNT; i++) {
		for (size_t k = 0; k < CODE_COUNT; k++) {
			const char *a = digits_of(&codes[i], own);
			const char *b = digits_of(&codes[k], own);
			bool is_alike = codes[i].has_number
						? !strncmp(b, a, strlen(a))
						: !strcmp(a, b);

			if (i == k || !is_alike)
				continue;
			kind_error(errors, "codes", "duplicate",
				   "%s and %s cannot be told apart",
				   codes[i].name, codes[k].name);
			return;
		}
	}
}

void code_check(const json_t *own, json_t *errors)
{
	const char *name;
	json_t *value;

	if (!own || json_is_null(own))
		return;
	if (!json_is_object(own)) {
		kind_error(errors, "codes", "wrong-type",
			   "must be an object of names and digits");
		return;
	}

	json_object_foreach((json_t *)own, name, value)
	{
		if (!by_name(name))
			kind_error(errors, "codes", "unknown-field",
				   "%s is no feature access code", name);
		else if (!digits_are_good(json_string_value(value)))
			kind_error(errors, "codes", "bad-pattern",
				   "%s: give 2 to 8 of 0-9 * #, the first * "
				   "or #",
				   name);
	}
	if (!json_array_size(errors))
		check_alike(own, errors);
}

/* ---- doing ---- */

void code_done(struct call *call, int err)
{
	if (call->state >= CALL_ANSWERED)
		return;

	if (err)
		call_refused(call, 500, "Feature Not Set");
	else
		call_refused(call, 603, "Feature Set");
}

static void answer(struct call *call, const struct store_result *result)
{
	code_done(call, result->err);
}

static void done(const struct store_result *result, void *arg)
{
	struct call *call = arg;

	answer(call, result);
	mem_deref(call);
}

static const char *why_not(const struct code *code, const struct user *u,
			   const char *number)
{
	if (code == &park_group || code == &page_group || code->is_for_all)
		return NULL; /* no code was dialled, or it asks itself */
	if (!u)
		return "belongs to nobody";
	if (!cos_may(u, COS_CODES))
		return "may not dial codes";
	if (code->kind == CODE_MODE && !cos_may(u, COS_SERVICE_MODE))
		return "may not switch day and night service";
	if (code->kind == CODE_FORWARD && !route_may_forward(u, number))
		return "may not forward calls there";
	if (code->kind == CODE_ON && code->field &&
	    !strcmp(code->field, "dnd") && !cos_may(u, COS_DND))
		return "may not use do not disturb";
	if (code->kind == CODE_ON && code->field &&
	    !strcmp(code->field, "auto_answer") && !cos_may(u, COS_AUTO_ANSWER))
		return "may not use automatic answering";

	return NULL;
}

static int set(const struct code *code, struct user *u, const char *number,
	       struct call *call)
{
	const char *field = code->field ? code->field
					: forward_field(
						  (enum forward)code->forward);

	switch (code->kind) {
	case CODE_FORWARD:
		return settings_user_set(u, field, json_string(number), done,
					 call);
	case CODE_MODE:
		return mode_set(u->customer, (enum service_mode)code->forward,
				0, u->name, done, call);
	case CODE_CANCEL:
		return settings_user_set(u, field, json_null(), done, call);
	case CODE_ON:
		return settings_user_set(u, field, json_true(), done, call);
	case CODE_OFF:
		return settings_user_set(u, field, json_false(), done, call);
	default:
		return settings_user_block(u, number, code->kind == CODE_BLOCK,
					   done, call);
	}
}

void code_learn(const struct customer *c)
{
	for (size_t i = 0; i < CODE_COUNT; i++) {
		if (codes[i].takes_pin)
			hidden_learn(digits_of(&codes[i], c->codes));
	}
}

void code_run(struct call *call, const struct routing *r,
	      const struct sip_message *m)
{
	const struct code *code = r->code;
	const struct phone *p = call->caller->phone;
	const char *why = why_not(code, p->user, r->argument);

	if ((code->run == dial_hidden || code->run == dial_shown) &&
	    outside_help(call, m, span_of(r->argument)))
		return;
	call->code = code;
	trail_add(&call->trail, "%s is the code of %s%s%.*s", call->number,
		  code->name, r->argument[0] ? " for " : "",
		  (int)strcspn(r->argument, code->takes_pin ? "*" : ""),
		  r->argument);
	if (why) {
		trail_add(&call->trail, "%s %s", phone_name(p), why);
		call_refused(call, 403, "Not Permitted");
		return;
	}
	if (code->kind == CODE_PICKUP_GROUP ||
	    code->kind == CODE_PICKUP_DIRECTED) {
		pickup_run(call, r->argument, m);
		return;
	}
	if (code->kind == CODE_RUN) {
		code->run(call, r, m);
		return;
	}
	if (code->kind == CODE_FORWARD &&
	    !route_permits(p->user, r->argument)) {
		trail_add(&call->trail, "%s may not call %s", phone_name(p),
			  r->argument);
		call_refused(call, 403, "Not Permitted");
		return;
	}

	call_try(call);
	if (set(code, p->user, r->argument, mem_ref(call))) {
		mem_deref(call);
		call_refused(call, 500, "Feature Not Set");
	}
}
