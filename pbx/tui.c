/* tui.c - see tui.h
 *
 * A menu is an entry (what is said), a key handler, and what comes when all is
 * said.  While nothing is said a timer runs; the third time it fires the call
 * ends.
 */
#include <errno.h>
#include <stdio.h>

#include "pbx/prompt.h"
#include "pbx/tui.h"

#define GREETING "greeting-"

enum {
	WAIT_MS = 8000,
	TRIES_MAX = 3,
	GREETING_LIMIT_S = 60,
	GREETING_SILENCE_S = 5,
};

static void say(struct voicemail *v, const char *prompt)
{
	prompt_say(v->voice, voicemail_box(v), prompt);
}

static void enter(struct voicemail *v, enum tui_menu menu)
{
	v->menu = (uint8_t)menu;
	v->digit_count = 0;
	v->digits[0] = '\0';
}

/* ---- entries ---- */

static void ask_mailbox(struct voicemail *v)
{
	enter(v, TUI_MAILBOX);
	v->user[0] = '\0';
	say(v, "enter-mailbox");
}

static void ask_passcode(struct voicemail *v)
{
	enter(v, TUI_PASSCODE);
	say(v, "enter-passcode");
}

static void main_menu(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	uint32_t count;
	char digits[12];

	if (!b) {
		voicemail_leave(v, "goodbye");
		return;
	}
	enter(v, TUI_MAIN);
	v->message[0] = '\0';
	count = mailbox_count(b, false);
	if (count) {
		(void)snprintf(digits, sizeof(digits), "%u", count);
		say(v, "you-have");
		prompt_say_digits(v->voice, b, digits);
		say(v, count == 1 ? "new-message" : "new-messages");
	}
	else {
		say(v, "no-new-messages");
	}
	say(v, "main-menu");
}

static void play(struct voicemail *v, struct message *m)
{
	char file[MAILBOX_PATH];

	enter(v, TUI_MESSAGE);
	memcpy(v->message, m->id, sizeof(v->message));
	say(v, "message-from");
	if (m->number[0])
		prompt_say_digits(v->voice, m->mailbox, m->number);
	else
		say(v, "unknown-number");
	message_file(m, file);
	(void)voice_say(v->voice, file);
	say(v, "message-menu");
	message_mark(m, true, m->is_saved);
}

static void play_next(struct voicemail *v, const struct message *after)
{
	const struct mailbox *b = voicemail_box(v);
	struct message *m = b ? mailbox_next(b, after, v->hears_read) : NULL;

	if (m) {
		play(v, m);
		return;
	}
	say(v, "no-more-messages");
	main_menu(v);
}

static void record_greeting(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	char file[MAILBOX_PATH], name[40];

	if (!b || mailbox_make_folder(b)) {
		voicemail_leave(v, "goodbye");
		return;
	}
	enter(v, TUI_RECORD);
	mailbox_greeting(b, true, file);
	(void)snprintf(name, sizeof(name), GREETING "%s", v->user);
	voice_record(v->voice, name, file, GREETING_LIMIT_S,
		     GREETING_SILENCE_S);
}

/* ---- keys ---- */

static void take_mailbox(struct voicemail *v)
{
	const struct phone *p = v->call->caller->phone;
	const struct user *u = NULL;

	if (p && p->customer)
		u = directory_user_by_extension(p->customer,
						span_of(v->digits));
	/* Whether it is there is not told: the passcode is asked for. */
	(void)snprintf(v->user, sizeof(v->user), "%s", u ? u->id : "-");
	ask_passcode(v);
}

static void take_passcode(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	int err = b ? mailbox_check(b, v->digits) : EACCES;

	if (!err) {
		trail_add(&v->call->trail, "the passcode is right");
		v->tries = 0;
		main_menu(v);
		return;
	}
	trail_add(&v->call->trail, "a wrong passcode");
	if (err == EAGAIN || ++v->tries >= TRIES_MAX) {
		voicemail_leave(v, "locked");
		return;
	}
	say(v, "wrong-passcode");
	ask_passcode(v);
}

static void digit(struct voicemail *v, char key)
{
	if (key >= '0' && key <= '9') {
		if (v->digit_count < TUI_DIGITS_MAX) {
			v->digits[v->digit_count++] = key;
			v->digits[v->digit_count] = '\0';
		}
		return;
	}
	if (key == '*') {
		ask_mailbox(v);
		return;
	}
	if (v->menu == TUI_MAILBOX)
		take_mailbox(v);
	else
		take_passcode(v);
}

static void main_key(struct voicemail *v, char key)
{
	struct mailbox *b = voicemail_box(v);

	switch (key) {
	case '1':
		v->hears_read = b && !mailbox_count(b, false);
		play_next(v, NULL);
		break;
	case '3':
		enter(v, TUI_TONE);
		say(v, "record-greeting");
		say(v, "beep");
		break;
	case '4':
		if (b)
			(void)mailbox_set_greeting(b, false);
		say(v, "greeting-standard");
		main_menu(v);
		break;
	case '*': voicemail_leave(v, "goodbye"); break;
	default:
		say(v, "wrong-key");
		main_menu(v);
		break;
	}
}

static void message_key(struct voicemail *v, char key)
{
	struct message *m = message_find(v->message), *next;

	if (!m || key == '*') {
		main_menu(v);
		return;
	}
	switch (key) {
	case '1': play(v, m); break;
	case '2':
		message_mark(m, true, true);
		say(v, "message-saved");
		play_next(v, m);
		break;
	case '3':
		next = mailbox_next(m->mailbox, m, v->hears_read);
		message_delete(m);
		say(v, "message-deleted");
		if (next)
			play(v, next);
		else
			play_next(v, NULL);
		break;
	case '#': play_next(v, m); break;
	default: say(v, "message-menu"); break;
	}
}

void tui_key(struct voicemail *v, char key)
{
	char name[40];

	v->idle = 0;
	wheel_stop(&v->timer);
	if (v->menu == TUI_TONE)
		return;
	if (v->menu == TUI_RECORD) {
		if (key != '#')
			return;
		(void)snprintf(name, sizeof(name), GREETING "%s", v->user);
		voice_record_stop(v->voice, name);
		return;
	}

	voice_hush(v->voice);
	switch (v->menu) {
	case TUI_MAILBOX:
	case TUI_PASSCODE: digit(v, key); break;
	case TUI_MAIN: main_key(v, key); break;
	default: message_key(v, key); break;
	}
	if (v->state == VOICEMAIL_MENU && !voice_is_saying(v->voice))
		tui_said(v);
}

/* ---- nobody presses anything ---- */

static void waited(void *arg)
{
	struct voicemail *v = arg;

	if (++v->idle >= TRIES_MAX) {
		voicemail_leave(v, "goodbye");
		return;
	}
	switch (v->menu) {
	case TUI_MAILBOX: ask_mailbox(v); break;
	case TUI_PASSCODE: ask_passcode(v); break;
	case TUI_MAIN: main_menu(v); break;
	default: say(v, "message-menu"); break;
	}
}

void tui_said(struct voicemail *v)
{
	if (v->menu == TUI_TONE)
		record_greeting(v);
	else if (v->menu != TUI_RECORD)
		wheel_start(&v->timer, WAIT_MS, waited, v);
}

void tui_begin(struct voicemail *v)
{
	if (v->user[0])
		ask_passcode(v);
	else
		ask_mailbox(v);
}

/* ---- the greeting ---- */

static struct voicemail *recording_of(const struct list *voicemails,
				      const char *user)
{
	struct le *le;

	for (le = list_head(voicemails); le; le = le->next) {
		struct voicemail *v = le->data;

		if (v->state == VOICEMAIL_MENU && v->menu == TUI_RECORD &&
		    !strcmp(v->user, user))
			return v;
	}

	return NULL;
}

void tui_taken(const struct list *voicemails, const struct voice_take *take)
{
	const char *user = take->name + strlen(GREETING);
	struct voicemail *v;
	struct mailbox *b;
	bool is_kept;

	if (strncmp(take->name, GREETING, strlen(GREETING)) != 0)
		return;

	v = recording_of(voicemails, user);
	b = mailbox_find(user);
	/* Who hangs up has not said that it is good. */
	is_kept = v && b && take->is_whole && take->ms >= MAILBOX_MIN_MS &&
		  !mailbox_set_greeting(b, true);
	if (!is_kept && b)
		mailbox_drop_new_greeting(b);
	if (!v)
		return;

	say(v, is_kept ? "greeting-kept" : "message-lost");
	main_menu(v);
}
