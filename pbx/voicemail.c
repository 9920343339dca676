/* voicemail.c - see voicemail.h */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "pbx/mwi.h"
#include "pbx/prompt.h"
#include "pbx/tui.h"
#include "pbx/voicemail.h"

static struct list voicemails;

struct mailbox *voicemail_box(const struct voicemail *v)
{
	return v->user[0] ? mailbox_find(v->user) : NULL;
}

static void voicemail_destructor(void *data)
{
	struct voicemail *v = data;

	wheel_stop(&v->timer);
	list_unlink(&v->le);
}

/* ---- leaving a message ---- */

void voicemail_leave(struct voicemail *v, const char *prompt)
{
	v->state = VOICEMAIL_LEAVING;
	wheel_stop(&v->timer);
	voice_hush(v->voice);
	prompt_say(v->voice, voicemail_box(v), prompt);
	answer_leave(v->answer);
}

static void greet(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	char file[MAILBOX_PATH];

	if (!b || !mailbox_has_room(b)) {
		voicemail_leave(v, "mailbox-full");
		return;
	}

	v->state = VOICEMAIL_GREETING;
	if (b->has_greeting) {
		mailbox_greeting(b, false, file);
		(void)voice_say(v->voice, file);
	}
	else {
		prompt_say(v->voice, b, "greeting");
	}
	prompt_say(v->voice, b, "beep");
}

static void record(struct voicemail *v)
{
	const struct phone *p = v->call->caller->phone;
	struct mailbox *b = voicemail_box(v);
	struct message *m = NULL;
	char file[MAILBOX_PATH];
	bool is_shown = p && !answer_is_anonymous(v->answer);
	int err = b ? message_begin(&m, b,
				    is_shown ? phone_shown_number(p) : "",
				    is_shown ? phone_name(p) : "")
		    : ENOENT;

	if (err) {
		log_warn("voicemail", "call=%s cannot record: %s", v->call->id,
			 strerror(err));
		voicemail_leave(v, err == ENOSPC ? "mailbox-full"
						 : "message-lost");
		return;
	}

	v->state = VOICEMAIL_RECORDING;
	memcpy(v->message, m->id, sizeof(v->message));
	message_file(m, file);
	voice_record(v->voice, m->id, file, VOICEMAIL_LIMIT_S,
		     VOICEMAIL_SILENCE_S);
}

/* ---- recordings ---- */

static struct voicemail *voicemail_of(const char *message)
{
	struct le *le;

	for (le = list_head(&voicemails); le; le = le->next) {
		struct voicemail *v = le->data;

		if (v->state != VOICEMAIL_MENU && !strcmp(v->message, message))
			return v;
	}

	return NULL;
}

static void kept(int err, struct message *m, void *arg)
{
	struct voicemail *v = m ? voicemail_of(m->id) : NULL;

	(void)arg;
	if (m && err)
		message_delete(m);
	if (!v || v->state != VOICEMAIL_KEEPING)
		return;

	trail_add(&v->call->trail, err ? "the message could not be kept"
				       : "the message is kept");
	voicemail_leave(v, err ? "message-lost" : "message-kept");
}

/* Nothing was said at all. */
static bool is_silence(const struct voice_take *take)
{
	return !strcmp(take->reason, "silence") &&
	       take->ms <= VOICEMAIL_SILENCE_S * 1000 + MAILBOX_MIN_MS / 2;
}

static void taken(const struct voice_take *take)
{
	struct message *m = message_find(take->name);
	struct voicemail *v = voicemail_of(take->name);

	if (!m) {
		tui_taken(&voicemails, take);
		return;
	}
	if (m->is_whole)
		return;

	if (!take->is_whole || take->ms < MAILBOX_MIN_MS || is_silence(take)) {
		message_delete(m);
		if (v && v->state == VOICEMAIL_RECORDING)
			voicemail_leave(v, "message-lost");
		return;
	}
	if (v)
		v->state = VOICEMAIL_KEEPING;
	message_keep(m, take->ms, m->is_partial, kept, NULL);
}

static void going(const char *name)
{
	if (name)
		message_goes_on(name);
	else
		mailbox_settle();
}

/* ---- the call ---- */

static void begin(void *arg)
{
	struct voicemail *v = arg;

	v->state = v->is_tui ? VOICEMAIL_MENU : VOICEMAIL_GREETING;
	if (v->is_tui)
		tui_begin(v);
	else
		greet(v);
}

static void said(void *arg)
{
	struct voicemail *v = arg;

	if (v->state == VOICEMAIL_GREETING)
		record(v);
	else if (v->state == VOICEMAIL_MENU)
		tui_said(v);
}

static void key(void *arg, char k)
{
	struct voicemail *v = arg;

	switch (v->state) {
	case VOICEMAIL_GREETING:
		if (k == '#') {
			voice_hush(v->voice);
			prompt_say(v->voice, voicemail_box(v), "beep");
		}
		else if (k == '*') { /* the owner, calling from elsewhere */
			voice_hush(v->voice);
			v->is_tui = true;
			begin(v);
		}
		break;

	case VOICEMAIL_RECORDING:
		if (k == '#')
			voice_record_stop(v->voice, v->message);
		break;

	case VOICEMAIL_MENU: tui_key(v, k); break;
	default: break;
	}
}

static const struct answer_owner owner = {
	.away = "Voice Mail Is Away",
	.opened = begin,
	.said = said,
	.key = key,
};

static struct voicemail *voicemail_make(const char *user, bool is_tui)
{
	struct voicemail *v = mem_zalloc(sizeof(*v), voicemail_destructor);

	if (!v)
		return NULL;

	v->is_tui = is_tui;
	(void)snprintf(v->user, sizeof(v->user), "%s", user);
	list_append(&voicemails, &v->le, v);

	return v;
}

static void take_answer(struct voicemail *v, struct answer *a)
{
	v->answer = a;
	v->call = answer_call(a);
	v->voice = answer_voice(a);
}

static int voicemail_begin(struct call *call, const char *user, bool is_tui)
{
	struct voicemail *v = voicemail_make(user, is_tui);
	struct answer *a = NULL;
	int err = v ? answer_begin(&a, call, &owner, v, ANSWER_CONNECT)
		    : ENOMEM;

	if (!err)
		take_answer(v, a);
	mem_deref(v);

	return err;
}

static void take(struct call *call, const char *user, bool is_tui)
{
	int err = voicemail_begin(call, user, is_tui);

	if (err)
		call_refused(call, err == ENOTCONN ? 480 : 500,
			     err == ENOTCONN ? owner.away : NULL);
}

static const struct user *caller_user(const struct call *call)
{
	return call->caller->phone ? call->caller->phone->user : NULL;
}

bool voicemail_dialled(struct call *call, const char *dialled)
{
	const struct phone *p = call->caller->phone;
	const struct user *u = caller_user(call);

	if (strncmp(dialled, VOICEMAIL_CODE, strlen(VOICEMAIL_CODE)) != 0 ||
	    !p || !p->customer)
		return false;

	(void)snprintf(call->number, sizeof(call->number), "%s", dialled);
	dialled += strlen(VOICEMAIL_CODE);
	if (!*dialled) {
		trail_add(&call->trail, "the voice mail is asked for messages");
		take(call, u && mailbox_find(u->id) ? u->id : "", true);
		return true;
	}

	u = directory_user_by_extension(p->customer, span_of(dialled));
	if (!u || !mailbox_find(u->id)) {
		trail_add(&call->trail, "%s has no mailbox", dialled);
		call_refused(call, 404, "No Such Mailbox");
		return true;
	}
	trail_add(&call->trail, "the voice mail of %s answers", u->name);
	memcpy(call->callee_user, u->id, sizeof(call->callee_user));
	take(call, u->id, false);

	return true;
}

bool voicemail_takes(struct call *call, uint16_t status)
{
	if (call->answer || call->is_emergency || !call->callee_user[0] ||
	    !call->caller->asked ||
	    (status != 480 && status != 486 && status != 408) ||
	    !mailbox_find(call->callee_user) || !voice_is_up())
		return false;
	if (caller_user(call) &&
	    !strcmp(caller_user(call)->id, call->callee_user))
		return false; /* one's own number */
	if (voicemail_begin(call, call->callee_user, false))
		return false;

	wheel_stop(&call->timer);
	trail_add(&call->trail, "goes to the voice mail");

	return true;
}

bool voicemail_takes_over(struct answer *a, const char *user)
{
	struct call *call = answer_call(a);
	struct voicemail *v;

	if (!user[0] || !mailbox_find(user))
		return false;
	v = voicemail_make(user, false);
	if (!v)
		return false;

	trail_add(&call->trail, "goes to the voice mail");
	(void)snprintf(call->callee_user, sizeof(call->callee_user), "%s",
		       user);
	take_answer(v, a);
	answer_give(a, &owner, v);
	mem_deref(v);

	return true;
}

int voicemail_start(void)
{
	int err = mailbox_start(mwi_changed);

	list_init(&voicemails);
	if (!err)
		err = answer_on_take(taken, going);

	return err;
}

void voicemail_close(void)
{
	mwi_close();
	mailbox_close();
}
