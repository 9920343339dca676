/* voicemail.c - see voicemail.h */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "pbx/route/forward.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/mail/message_mail.h"
#include "pbx/mail/mwi.h"
#include "pbx/speech/prompt.h"
#include "pbx/route/route.h"
#include "pbx/route/settings_user.h"
#include "pbx/mail/tui.h"
#include "pbx/mail/voicemail.h"

enum { PURGE_MS = 3600 * 1000 };

static struct list voicemails;
static struct wheel_timer purging;

struct mailbox *voicemail_box(const struct voicemail *v)
{
	return v->user[0] ? mailbox_find(v->user) : NULL;
}

static void voicemail_destructor(void *data)
{
	struct voicemail *v = data;
	struct message *m = v->message[0] ? message_find(v->message) : NULL;

	wheel_stop(&v->timer);
	list_unlink(&v->le);
	if (v->is_tui)
		tui_end(v);
	else if (m && m->is_held)
		message_release(m, v->is_urgent, v->is_private);
}

/* ---- leaving a message ---- */

static void say(struct voicemail *v, const char *prompt)
{
	const struct mailbox *b = voicemail_box(v);

	if (b)
		prompt_say(v->voice, b, prompt);
	else
		prompt_speak(v->voice, v->call->customer,
			     answer_is_french(v->answer), prompt);
}

static void play(struct voicemail *v, const struct mailbox *b, const char *name)
{
	char file[MAILBOX_PATH];

	greeting_file(b, name, file);
	(void)voice_say(v->voice, file);
}

void voicemail_leave(struct voicemail *v, const char *prompt)
{
	v->state = VOICEMAIL_LEAVING;
	wheel_stop(&v->timer);
	voice_hush(v->voice);
	say(v, prompt);
	answer_leave(v->answer);
}

const char *voicemail_number(const struct voicemail *v)
{
	const struct phone *p = v->call->caller->phone;

	return p && !answer_is_anonymous(v->answer) ? phone_shown_number(p)
						    : "";
}

/* The standard greeting: who it is, and that nobody is there. */
static void greet_standard(struct voicemail *v, const struct mailbox *b)
{
	if (greeting_is_used(b, "name")) {
		play(v, b, "name");
	}
	else if (b->number[0]) {
		say(v, "extension");
		prompt_say_digits(v->voice, b, b->number);
	}
	if (greeting_is_away(b))
		say(v, "greeting-away");
	else
		say(v, v->why == GREETING_BUSY ? "greeting-busy" : "greeting");
}

static void greet(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	char name[GREETING_NAME_BYTES];

	if (!b || !mailbox_has_room(b)) {
		voicemail_leave(v, "mailbox-full");
		return;
	}

	v->state = VOICEMAIL_GREETING;
	if (greeting_choose(b, (enum greeting_why)v->why, name))
		play(v, b, name);
	else
		greet_standard(v, b);
	say(v, "beep");
}

static void record(struct voicemail *v)
{
	const struct phone *p = v->call->caller->phone;
	struct mailbox *b = voicemail_box(v);
	const struct mailbox_class *k = b ? mailbox_class_of(b) : NULL;
	const char *number = voicemail_number(v);
	struct message *m = NULL;
	char file[MAILBOX_PATH];
	int err = b ? message_begin(&m, b, number, *number ? phone_name(p) : "")
		    : ENOENT;

	if (err) {
		log_warn("voicemail", "call=%s cannot record: %s", v->call->id,
			 strerror(err));
		voicemail_leave(v, err == ENOSPC ? "mailbox-full"
						 : "message-lost");
		return;
	}

	v->state = VOICEMAIL_RECORDING;
	v->is_urgent = false;
	v->is_private = false;
	memcpy(v->message, m->id, sizeof(v->message));
	message_file(m, file);
	voice_record(v->voice, m->id, file, k->message_max_s, k->silence_s);
}

/* 0 during the greeting: somebody else instead. */
static void leave_by_zero(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	const struct mailbox_class *k = b ? mailbox_class_of(b) : NULL;
	struct answer_way way = { .reach = ROUTE_REACH_INSIDE };

	if (!k || !k->has_zero)
		return;
	way.number = mailbox_setting(b, "zero");
	if (!way.number[0])
		way.number = k->zero_number;
	if (!way.number[0] && v->call->caller->phone->customer)
		way.number = v->call->caller->phone->customer->operator;
	if (!way.number[0])
		return;
	if (!b->is_group) {
		way.payer = b->user;
		way.reach = ROUTE_REACH_OUTSIDE;
	}
	trail_add(&v->call->trail,
		  "the caller leaves the voice mail by 0 to "
		  "%s",
		  way.number);
	if (answer_send_on(v->answer, &way)) {
		say(v, "party-silent");
		say(v, "beep");
	}
}

/* ---- once it is recorded ---- */

static void send_message(struct voicemail *v)
{
	struct message *m = message_find(v->message);

	v->message[0] = '\0';
	if (m)
		message_release(m, v->is_urgent, v->is_private);
	voicemail_leave(v, m ? "message-kept" : "message-lost");
}

static void reviewed_late(void *arg)
{
	send_message(arg);
}

static void review_key(struct voicemail *v, char key)
{
	struct message *m = message_find(v->message);
	char file[MAILBOX_PATH];

	wheel_stop(&v->timer);
	voice_hush(v->voice);
	if (!m || key == '#') {
		send_message(v);
		return;
	}
	switch (key) {
	case '1':
		message_file(m, file);
		(void)voice_say(v->voice, file);
		break;
	case '2':
		v->message[0] = '\0';
		message_delete(m);
		v->state = VOICEMAIL_GREETING;
		say(v, "beep");
		return;
	case '3':
		v->is_urgent = !v->is_urgent;
		say(v, v->is_urgent ? "message-urgent" : "message-normal");
		break;
	case '4':
		v->is_private = !v->is_private;
		say(v, v->is_private ? "message-private" : "message-normal");
		break;
	case '*':
		v->message[0] = '\0';
		message_delete(m);
		voicemail_leave(v, "message-deleted");
		return;
	default: break;
	}
	say(v, "message-review");
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
	if (err) {
		voicemail_leave(v, "message-lost");
		return;
	}
	v->state = VOICEMAIL_REVIEW;
	say(v, "message-review");
}

/* Too short, or nothing was said at all. */
static bool is_nothing(const struct message *m, const struct voice_take *take)
{
	const struct mailbox_class *k = mailbox_class_of(m->mailbox);

	return !take->is_whole || take->ms < k->message_min_s * 1000 ||
	       (!strcmp(take->reason, "silence") &&
		take->ms <= k->silence_s * 1000 + 500);
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

	if (is_nothing(m, take)) {
		message_delete(m);
		if (v && v->state == VOICEMAIL_RECORDING)
			voicemail_leave(v, "message-lost");
		return;
	}
	if (v) {
		v->state = VOICEMAIL_KEEPING;
		m->is_held = true; /* until its caller has gone, at most */
	}
	message_keep(m, take->ms, m->is_partial, kept, NULL);
}

static void going(const char *name)
{
	if (name)
		message_goes_on(name);
	else
		message_settle_all();
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
	else if (v->state == VOICEMAIL_REVIEW)
		wheel_start(&v->timer, VOICEMAIL_REVIEW_MS, reviewed_late, v);
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
			say(v, "beep");
		}
		else if (k == '0') {
			leave_by_zero(v);
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

	case VOICEMAIL_REVIEW: review_key(v, k); break;
	case VOICEMAIL_MENU: tui_key(v, k); break;
	default: break;
	}
}

/* Whom 0, or a reply, was to reach. */
static void refused(void *arg, uint16_t status, const char *user)
{
	struct voicemail *v = arg;

	(void)status;
	(void)user;
	say(v, "party-silent");
	if (v->state == VOICEMAIL_MENU)
		tui_refused(v);
	else
		say(v, "beep");
}

static const struct answer_owner owner = {
	.away = "Voice Mail Is Away",
	.opened = begin,
	.said = said,
	.key = key,
	.refused = refused,
};

static struct voicemail *voicemail_make(const char *user, bool is_tui,
					enum greeting_why why)
{
	struct voicemail *v = mem_zalloc(sizeof(*v), voicemail_destructor);

	if (!v)
		return NULL;

	v->is_tui = is_tui;
	v->why = (uint8_t)why;
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

static int voicemail_begin(struct call *call, const char *user, bool is_tui,
			   enum greeting_why why)
{
	struct voicemail *v = voicemail_make(user, is_tui, why);
	struct answer *a = NULL;
	int err = v ? answer_begin(&a, call, &owner, v, ANSWER_CONNECT)
		    : ENOMEM;

	if (!err)
		take_answer(v, a);
	mem_deref(v);

	return err;
}

static void take(struct call *call, const char *user, bool is_tui,
		 enum greeting_why why)
{
	int err = voicemail_begin(call, user, is_tui, why);

	if (err)
		call_refused(call, err == ENOTCONN ? 480 : 500,
			     err == ENOTCONN ? owner.away : NULL);
}

static const struct user *caller_user(const struct call *call)
{
	return call->caller->phone ? call->caller->phone->user : NULL;
}

/* Somebody wants to hear messages. */
static void take_owner(struct call *call)
{
	const struct user *u = caller_user(call);

	take(call, u && mailbox_find(u->id) ? u->id : "", true,
	     GREETING_CALLED);
}

/* The last hop; of a call that was diverted before it came here, that of the
 * mailbox. */
static const struct route_hop *hop_to(const struct route_way *way,
				      const struct mailbox *b)
{
	for (uint8_t i = way->past; way->hop_count == way->past && i-- > 0;) {
		if (!strcmp(way->hops[i].number, b->number))
			return &way->hops[i];
	}

	return &way->hops[way->hop_count - 1];
}

/* Why the call has come to this mailbox. */
static enum greeting_why hop_why(const struct call *call,
				 const struct mailbox *b)
{
	const struct route_way *way = forward_way(call);

	if (!way || !way->hop_count)
		return GREETING_CALLED;
	switch (hop_to(way, b)->why) {
	case ROUTE_BUSY: return GREETING_BUSY;
	case ROUTE_DND: return GREETING_DND;
	case ROUTE_OVERFLOW:
	case ROUTE_NO_ANSWER: return GREETING_NO_ANSWER;
	case ROUTE_NOT_REGISTERED: return GREETING_NOT_REGISTERED;
	default: return GREETING_CALLED;
	}
}

void voicemail_routed(struct call *call, const char *mailbox)
{
	const struct mailbox *b = mailbox_find(mailbox);

	if (!b) {
		take_owner(call);
		return;
	}
	if (!b->is_group)
		memcpy(call->callee_user, b->user, sizeof(call->callee_user));
	take(call, b->user, false, hop_why(call, b));
}

bool voicemail_dialled(struct call *call, const char *dialled)
{
	const struct phone *p = call->caller->phone;
	const struct mailbox *b;

	if (strncmp(dialled, VOICEMAIL_CODE, strlen(VOICEMAIL_CODE)) != 0 ||
	    !p || !p->customer)
		return false;

	(void)snprintf(call->number, sizeof(call->number), "%s", dialled);
	dialled += strlen(VOICEMAIL_CODE);
	if (!*dialled) {
		trail_add(&call->trail, "the voice mail is asked for messages");
		take_owner(call);
		return true;
	}

	b = mailbox_by_number(p->customer, dialled);
	if (!b) {
		trail_add(&call->trail, "%s has no mailbox", dialled);
		call_refused(call, 404, "No Such Mailbox");
		return true;
	}
	trail_add(&call->trail, "the voice mail of %s answers", b->name);
	if (!b->is_group)
		memcpy(call->callee_user, b->user, sizeof(call->callee_user));
	take(call, b->user, false, GREETING_CALLED);

	return true;
}

/* Why a call that ends with this status does not reach a user. */
static enum greeting_why why_of(const char *id, uint16_t status)
{
	const struct user *u = directory_user(span_of(id));
	struct le *le;

	if (!u)
		return GREETING_CALLED;
	if (u->settings && u->settings->has_dnd)
		return GREETING_DND;
	if (status == 486)
		return GREETING_BUSY;
	for (le = list_head(&u->phones); le; le = le->next) {
		const struct phone *p = le->data;

		if (p->bindings_count)
			return GREETING_NO_ANSWER;
	}

	return GREETING_NOT_REGISTERED;
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
	if (voicemail_begin(call, call->callee_user, false,
			    why_of(call->callee_user, status)))
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
	v = voicemail_make(user, false, why_of(user, 480));
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

/* An hour has passed. */
static void purge(void *arg)
{
	(void)arg;
	message_purge();
	wheel_start(&purging, PURGE_MS, purge, NULL);
}

int voicemail_start(const char *dir, const struct mail_conf *mail)
{
	int err = message_start(dir, message_mail_shown);

	list_init(&voicemails);
	if (!err)
		err = mailbox_start(mwi_changed);
	if (!err)
		err = answer_on_take(taken, going);
	if (!err)
		err = message_mail_start(mail);
	if (!err)
		purge(NULL);

	return err;
}

void voicemail_close(void)
{
	wheel_stop(&purging);
	message_mail_close();
	mwi_close();
	mailbox_close();
	message_close();
}
