/* command.c - see command.h
 *
 * A row per command: how many words it takes, and who does it.  What the
 * capability table refuses is refused here, before the row's function is
 * asked; the row finds the call it means, and each error has a stable code.
 */
#include <stdio.h>

#include "phone/cache.h"
#include "phone/call.h"
#include "phone/command.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/diary.h"
#include "phone/key.h"
#include "phone/phone.h"
#include "phone/registration.h"
#include "phone/setting.h"
#include "phone/speech.h"
#include "phone/uc_link.h"
#include "phone/voice_mail.h"
#include "phone/watch.h"
#include "sip/build.h"
#include "sip/dialog.h"

enum { URI_SIZE = 320 };

struct words {
	const char *command;
	const char *first; /* "" when absent */
	const char *rest;  /* "" when absent; may hold blanks */
};

typedef void(command_h)(struct engine *e, const struct words *w);

struct row {
	const char *name;
	int least; /* words after the command */
	int most;
	const char *usage;
	command_h *run;
};

static void ok(struct engine *e, const struct words *w)
{
	face_reply(e, w->command, NULL, NULL);
}

static void no(struct engine *e, const struct words *w, const char *code,
	       const char *detail)
{
	face_reply(e, w->command, code, detail);
}

static void no_errno(struct engine *e, const struct words *w, int err)
{
	if (err == EBUSY)
		no(e, w, "busy", "Another change of this call is under way.");
	else if (err == EINVAL)
		no(e, w, "wrong-state", "The call is not in that state.");
	else
		no(e, w, "failed", strerror(err));
}

/* ---- which call is meant ---- */

/* By id when given, else the newest in the first state that has one. */
static struct call *pick(struct engine *e, const struct words *w,
			 const enum call_state *states, size_t count)
{
	struct call *c = NULL;

	if (*w->first) {
		c = phone_call_find(e, w->first);
		if (!c)
			no(e, w, "no-such-call", "No call has this id.");
		return c;
	}
	for (size_t i = 0; !c && i < count; i++)
		c = phone_call_in_state(e, states[i]);
	if (!c)
		no(e, w, "no-call", "There is no such call.");
	return c;
}

#define PICK(e, w, ...)                                                        \
	pick(e, w, (const enum call_state[]){ __VA_ARGS__ },                   \
	     sizeof((const enum call_state[]){ __VA_ARGS__ }) /                \
		     sizeof(enum call_state))

/* The same for commands whose words are no call's id. */
static struct call *pick_any(struct engine *e, const struct words *w,
			     enum call_state one, enum call_state two)
{
	const struct words none = { w->command, "", "" };

	return PICK(e, &none, one, two);
}

static struct call *pick_ringing(struct engine *e, const struct words *w)
{
	struct call *c = NULL;

	if (*w->first) {
		c = phone_call_find(e, w->first);
	}
	else {
		for (struct le *le = list_head(&e->calls); le && !c;
		     le = le->next) {
			struct call *at = le->data;

			if (!at->is_over && !at->is_outgoing &&
			    at->state == CALL_ALERTING)
				c = at;
		}
	}
	if (!c || c->is_outgoing || c->state != CALL_ALERTING) {
		no(e, w, "no-call", "No such call is ringing.");
		return NULL;
	}

	return c;
}

/* ---- calls ---- */

static void run_call(struct engine *e, const struct words *w)
{
	const char *code = NULL;
	struct call *c = NULL;
	int err = phone_call_dial(&c, e, w->first, &code);

	if (!err)
		face_reply_with(e, w->command, "call", json_string(c->id));
	else if (err == ENOTCONN)
		no(e, w, code, "The phone is not registered: no telephony.");
	else if (err == EINVAL && code && !strcmp(code, "bad-number"))
		no(e, w, code, "This number cannot be dialled.");
	else if (err == EMFILE)
		no(e, w, code, "End a call first.");
	else
		no_errno(e, w, err);
}

static void run_answer(struct engine *e, const struct words *w)
{
	struct call *c = pick_ringing(e, w);
	int err = c ? phone_call_answer(c) : 0;

	if (err)
		no_errno(e, w, err);
	else if (c)
		ok(e, w);
}

static void run_decline(struct engine *e, const struct words *w)
{
	struct call *c = pick_ringing(e, w);

	if (!c)
		return;
	(void)phone_call_refuse(c, 603, NULL, "declined");
	ok(e, w);
}

static void run_redirect(struct engine *e, const struct words *w)
{
	const struct words none = { w->command, "", "" };
	struct call *c = pick_ringing(e, &none);
	char uri[URI_SIZE];
	struct sip_out o;

	if (!c)
		return;
	if (!e->registration) {
		no(e, w, "not-registered", "There is no call controller.");
		return;
	}
	sip_out_init(&o, uri, sizeof(uri) - 1);
	sip_out_text(&o, "sip:");
	sip_out_user(&o, span_of(w->first));
	sip_out_text(&o, "@");
	sip_out_raw(&o, registration_host(e->registration));
	if (o.is_full) {
		no(e, w, "bad-number", "This number cannot be dialled.");
		return;
	}
	uri[o.len] = 0;
	(void)phone_call_refuse(c, 302, uri, "redirected");
	ok(e, w);
}

static void run_hold(struct engine *e, const struct words *w)
{
	struct call *c = PICK(e, w, CALL_CONNECTED);
	int err = c ? phone_call_wish(c, WISH_HOLD, "hold") : 0;

	if (err)
		no_errno(e, w, err);
}

static void run_retrieve(struct engine *e, const struct words *w)
{
	struct call *c = PICK(e, w, CALL_HELD);
	int err = c ? phone_call_wish(c, WISH_RETRIEVE, "retrieve") : 0;

	if (err)
		no_errno(e, w, err);
	else if (c)
		phone_call_hold_others(c);
}

static void mute(struct engine *e, const struct words *w, bool is_muted)
{
	struct call *c = pick_any(e, w, CALL_CONNECTED, CALL_HELD);

	if (!c)
		return;
	c->is_muted = is_muted;
	speech_set_muted(c->speech, is_muted);
	face_call(e, c);
	ok(e, w);
}

static void run_mute(struct engine *e, const struct words *w)
{
	mute(e, w, true);
}

static void run_unmute(struct engine *e, const struct words *w)
{
	mute(e, w, false);
}

static void run_dtmf(struct engine *e, const struct words *w)
{
	const struct words none = { w->command, "", "" };
	struct call *c = PICK(e, &none, CALL_CONNECTED, CALL_ALERTING,
			      CALL_INITIATED);
	int err = c ? speech_send_keys(c->speech, w->first) : 0;

	if (err == EINVAL)
		no(e, w, "bad-keys", "Keys are 0-9, *, # and A-D.");
	else if (err == ENOBUFS)
		no(e, w, "busy", "Too many keys are waiting.");
	else if (err)
		no(e, w, "wrong-state", "The far end does not listen.");
	else if (c)
		ok(e, w);
}

static void run_hangup(struct engine *e, const struct words *w)
{
	struct call *c = PICK(e, w, CALL_CONNECTED, CALL_INITIATED,
			      CALL_ALERTING, CALL_FAILED, CALL_HELD);

	if (!c)
		return;
	phone_call_hangup(c);
	ok(e, w);
}

/* ---- several calls ---- */

static void run_consult(struct engine *e, const struct words *w)
{
	struct call *first = pick_any(e, w, CALL_CONNECTED, CALL_CONNECTED);
	const char *code = NULL;
	struct call *c = NULL;
	int err;

	if (!first)
		return;
	err = phone_call_dial(&c, e, w->first, &code);
	if (err) {
		no(e, w, code, "The second call could not be made.");
		return;
	}
	snprintf(c->consulted, sizeof(c->consulted), "%s", first->id);
	face_reply_with(e, w->command, "call", json_string(c->id));
}

static struct call *consultation(struct engine *e)
{
	for (struct le *le = list_tail(&e->calls); le; le = le->prev) {
		struct call *c = le->data;

		/* one that rings may be left to the far end, too */
		if (!c->is_over && c->consulted[0] && c->dialog &&
		    *sip_dialog_remote_tag(c->dialog) &&
		    phone_call_find(e, c->consulted))
			return c;
	}

	return NULL;
}

static void run_transfer(struct engine *e, const struct words *w)
{
	struct call *c, *to = NULL;
	int err;

	if (*w->first) {
		c = pick_any(e, w, CALL_CONNECTED, CALL_HELD);
		if (!c)
			return;
		err = phone_call_transfer(c, w->first, NULL, "transfer");
	}
	else {
		to = consultation(e);
		if (!to) {
			no(e, w, "no-consultation",
			   "Say to which number, or consult somebody first.");
			return;
		}
		err = phone_call_transfer(phone_call_find(e, to->consulted),
					  NULL, to, "transfer");
	}
	if (err)
		no_errno(e, w, err);
}

static void run_trade(struct engine *e, const struct words *w)
{
	struct call *held = pick_any(e, w, CALL_HELD, CALL_HELD);
	int err = held ? phone_call_wish(held, WISH_RETRIEVE, "trade") : 0;

	if (err)
		no_errno(e, w, err);
	else if (held)
		phone_call_hold_others(held);
}

static void run_conference(struct engine *e, const struct words *w)
{
	const char *code = NULL;
	int err = phone_conference_begin(e, "conference", &code);

	if (err && code)
		no(e, w, code, "The conference could not be called.");
	else if (err)
		no_errno(e, w, err);
}

static void run_record(struct engine *e, const struct words *w)
{
	struct call *c = pick_any(e, w, CALL_CONNECTED, CALL_CONNECTED);
	bool is_on = strcmp(w->first, "off") != 0;
	int err;

	if (!c)
		return;
	if (is_on && *w->first && strcmp(w->first, "on") != 0) {
		no(e, w, "bad-value", "The value is on or off.");
		return;
	}
	err = phone_call_record(c, is_on, "record");
	if (err)
		no_errno(e, w, err);
}

/* ---- asking ---- */

static struct call *call_of_interest(struct engine *e)
{
	static const enum call_state order[] = {
		CALL_CONNECTED, CALL_ALERTING, CALL_INITIATED,
		CALL_HELD,      CALL_FAILED,
	};
	struct call *c = NULL;

	for (size_t i = 0; !c && i < sizeof(order) / sizeof(order[0]); i++)
		c = phone_call_in_state(e, order[i]);
	return c;
}

static struct surroundings look_around(const struct engine *e,
				       const struct call *c)
{
	return (struct surroundings){
		.has_phone = account_has_phone(e->account),
		.has_uc = e->link != NULL,
		.is_online = engine_is_online(e),
		.moment = engine_moment(e, c),
		.is_limited = c && c->is_limited,
	};
}

/* NULL when any present call, or the idle phone, is in its moment. */
static const char *refusal(struct engine *e, const struct capability *c)
{
	struct surroundings now = look_around(e, NULL);
	const char *code = capability_refusal(c, &now);

	for (struct le *le = list_head(&e->calls); le && code; le = le->next) {
		const struct call *at = le->data;

		if (at->is_over)
			continue;
		now.moment = engine_moment(e, at);
		now.is_limited = at->is_limited;
		code = capability_refusal(c, &now);
	}

	return code;
}

/* Of one call, or of all together. */
static void run_offers(struct engine *e, const struct words *w)
{
	struct call *c = *w->first ? phone_call_find(e, w->first) : NULL;
	struct surroundings now = look_around(e, c);
	json_t *list = json_array();

	if (*w->first && !c) {
		json_decref(list);
		no(e, w, "no-such-call", "No call has this id.");
		return;
	}
	for (size_t i = 0; list && i < capability_count; i++) {
		const struct capability *row = &capabilities[i];

		if (!(c ? capability_refusal(row, &now) : refusal(e, row)))
			json_array_append_new(list, json_string(row->name));
	}
	face_reply_with(e, w->command, "offers", list);
}

static void run_history(struct engine *e, const struct words *w)
{
	face_reply_with(e, w->command, "items", diary_list(e->diary));
}

static void run_directory(struct engine *e, const struct words *w)
{
	json_t *list = cache_get(e->cache, "directory");
	json_t *copy = list ? json_deep_copy(list) : json_array(), *person;
	size_t i;

	/* SIN-7: what was seen last is shown, marked as such */
	json_array_foreach(copy, i, person)
	{
		json_object_set_new(person, "is_stale",
				    json_boolean(!engine_is_online(e)));
	}
	face_reply_with(e, w->command, "items", copy);
}

static void run_voicemail(struct engine *e, const struct words *w)
{
	voice_mail_run(e, w->command, w->first, w->rest);
}

static void run_stats(struct engine *e, const struct words *w)
{
	struct call *c = *w->first ? phone_call_find(e, w->first)
				   : call_of_interest(e);

	if (!c || !c->speech) {
		no(e, w, "no-call", "There is no call with sound.");
		return;
	}
	face_media(e, c);
	ok(e, w);
}

static void run_calls(struct engine *e, const struct words *w)
{
	for (struct le *le = list_head(&e->calls); le; le = le->next) {
		const struct call *c = le->data;

		if (!c->is_over)
			face_call(e, c);
	}
	ok(e, w);
}

/* ---- keys and lamps ---- */

static void run_watch(struct engine *e, const struct words *w)
{
	int err = watch_add(e, w->first, false);

	if (err == EINVAL)
		no(e, w, "bad-number", "This number cannot be watched.");
	else if (err == EMFILE)
		no(e, w, "too-many", "So many numbers cannot be watched.");
	else if (err)
		no_errno(e, w, err);
	else
		ok(e, w);
}

static void run_unwatch(struct engine *e, const struct words *w)
{
	if (watch_remove(e, w->first, false))
		no(e, w, "not-watched", "This number is not watched.");
	else
		ok(e, w);
}

static void run_keys(struct engine *e, const struct words *w)
{
	face_reply_with(e, w->command, "items",
			e->keys ? key_list(e->keys) : json_array());
}

/* A call as if by `call`; the command's own name replies. */
static void dial(struct engine *e, const struct words *w, const char *number)
{
	const struct words call = { w->command, number, "" };

	run_call(e, &call);
}

static void run_pick_up(struct engine *e, const struct words *w)
{
	const struct watch *ringing = watch_find(e, w->first);
	char *number = NULL;

	if (!*w->first && !ringing) {
		no(e, w, "no-call", "No watched number is ringing.");
		return;
	}
	if (e->keys)
		number = key_pickup(e->keys, *w->first ? w->first
						       : watch_number(ringing));
	if (number)
		dial(e, w, number);
	else
		no(e, w, "not-offered",
		   "The call controller has not said how calls are taken.");
	mem_deref(number);
}

static void run_press(struct engine *e, const struct words *w)
{
	char *number = e->keys ? key_dials(e->keys, (unsigned)strtoul(w->first,
								      NULL, 10))
			       : NULL;

	if (number)
		dial(e, w, number);
	else
		no(e, w, "no-key", "This key dials nothing.");
	mem_deref(number);
}

/* ---- settings ---- */

static void run_set(struct engine *e, const struct words *w)
{
	const struct capability *c = capability_find(w->first);
	struct surroundings now = look_around(e, NULL);
	const char *code = c ? capability_refusal(c, &now) : NULL;

	if (code)
		no(e, w, code, capability_sentence(code));
	else
		setting_set(e, w->first, w->rest);
}

static void run_try(struct engine *e, const struct words *w)
{
	if (e->link)
		uc_link_try(e->link);
	if (e->registration)
		registration_try(e->registration);
	ok(e, w);
}

static void run_quit(struct engine *e, const struct words *w)
{
	ok(e, w);
	engine_quit(e);
}

/* ---- the table ---- */

static command_h run_help;

/* What the capability table says is not built has no function. */
static const struct row rows[] = {
	{ "call", 1, 1, "call NUMBER", run_call },
	{ "answer", 0, 1, "answer [ID]", run_answer },
	{ "decline", 0, 1, "decline [ID]", run_decline },
	{ "redirect", 1, 1, "redirect NUMBER", run_redirect },
	{ "hold", 0, 1, "hold [ID]", run_hold },
	{ "retrieve", 0, 1, "retrieve [ID]", run_retrieve },
	{ "mute", 0, 0, "mute", run_mute },
	{ "unmute", 0, 0, "unmute", run_unmute },
	{ "dtmf", 1, 1, "dtmf KEYS", run_dtmf },
	{ "hangup", 0, 1, "hangup [ID]", run_hangup },
	{ "consult", 1, 1, "consult NUMBER", run_consult },
	{ "transfer", 0, 1, "transfer [NUMBER]", run_transfer },
	{ "conference", 0, 0, "conference", run_conference },
	{ "trade", 0, 0, "trade", run_trade },
	{ "record", 0, 1, "record [on|off]", run_record },
	{ "offers", 0, 1, "offers [ID]", run_offers },
	{ "set", 2, 2, "set KEY VALUE", run_set },
	{ "chat", 2, 2, "chat WHO TEXT", NULL },
	{ "status", 1, 2, "status NAME", NULL },
	{ "history", 0, 0, "history", run_history },
	{ "directory", 0, 0, "directory", run_directory },
	{ "voicemail", 0, 2, "voicemail [list] | play|read|unread|delete ID",
	  run_voicemail },
	{ "watch", 1, 1, "watch NUMBER", run_watch },
	{ "unwatch", 1, 1, "unwatch NUMBER", run_unwatch },
	{ "keys", 0, 0, "keys", run_keys },
	{ "press", 1, 1, "press KEY", run_press },
	{ "pick-up", 0, 1, "pick-up [NUMBER]", run_pick_up },
	{ "stats", 0, 1, "stats [ID]", run_stats },
	{ "calls", 0, 0, "calls", run_calls },
	{ "try", 0, 0, "try", run_try },
	{ "help", 0, 0, "help", run_help },
	{ "quit", 0, 0, "quit", run_quit },
};

static void run_help(struct engine *e, const struct words *w)
{
	json_t *items = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].run)
			(void)json_array_append_new(items,
						    json_string(rows[i].usage));
	}
	face_reply_with(e, w->command, "items", items);
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	}

	return NULL;
}

/* Cut a line into command, first word and rest, in place. */
static void cut(char *line, struct words *w)
{
	char *save = NULL;
	char *command = strtok_r(line, " \t\r\n", &save);
	char *first = command ? strtok_r(NULL, " \t\r\n", &save) : NULL;
	char *rest = first ? save : NULL;

	while (rest && (*rest == ' ' || *rest == '\t'))
		rest++;
	for (size_t n = rest ? strlen(rest) : 0;
	     n && strchr(" \t\r\n", rest[n - 1]); n--)
		rest[n - 1] = 0;
	w->command = command ? command : "";
	w->first = first ? first : "";
	w->rest = rest ? rest : "";
}

void command_run(struct engine *e, const char *text)
{
	char line[PHONE_LINE_MAX + 1];
	const struct capability *c;
	const struct row *row;
	const char *code;
	struct words w;
	int count;

	snprintf(line, sizeof(line), "%s", text);
	cut(line, &w);
	if (!*w.command)
		return;

	row = find_row(w.command);
	if (!row) {
		no(e, &w, "unknown-command",
		   "holdfast-phone(1) lists the commands.");
		return;
	}
	w.command = row->name;
	count = !!*w.first + !!*w.rest;
	if (count < row->least || count > row->most) {
		no(e, &w, "usage", row->usage);
		return;
	}

	c = capability_find(row->name);
	code = c ? refusal(e, c) : NULL;
	if (code)
		no(e, &w, code, capability_sentence(code));
	else if (!row->run)
		no(e, &w, "not-built", capability_sentence("not-built"));
	else
		row->run(e, &w);
}
