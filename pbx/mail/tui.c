/* tui.c - see tui.h
 *
 * While nothing is said a timer runs; the third time it fires the call ends.
 */
#include <errno.h>
#include <stdio.h>

#include "pbx/mail/passcode.h"
#include "pbx/speech/prompt.h"
#include "pbx/settings.h"
#include "pbx/mail/tui_private.h"

enum {
	WAIT_MS = 8000,
	TRIES_MAX = 3,
	SILENCE_S = 5,
};

#define TAKE "greeting-" /* a take's name: this and the mailbox's id */

static const struct tui_row *row_of(const struct voicemail *v);

void tui_say(struct voicemail *v, const char *prompt)
{
	const struct mailbox *b = voicemail_box(v);

	if (b)
		prompt_say(v->voice, b, prompt);
	else
		prompt_speak(v->voice, v->call->customer,
			     answer_is_french(v->answer), prompt);
}

void tui_enter(struct voicemail *v, enum tui_menu menu)
{
	v->menu = (uint8_t)menu;
	v->digit_count = 0;
	v->digits[0] = '\0';
	if (row_of(v)->enter)
		row_of(v)->enter(v);
}

/* ---- who it is ---- */

static void ask_mailbox(struct voicemail *v)
{
	v->user[0] = '\0';
	tui_say(v, "enter-mailbox");
}

static void ask_passcode(struct voicemail *v)
{
	tui_say(v, "enter-passcode");
}

static const struct customer *customer_of(const struct voicemail *v)
{
	const struct phone *p = v->call->caller->phone;

	return p ? p->customer : NULL;
}

static void take_mailbox(struct voicemail *v)
{
	const struct customer *c = customer_of(v);
	const struct mailbox *b = c ? mailbox_by_number(c, v->digits) : NULL;

	/* Whether it is there is not told: the passcode is asked for. */
	(void)snprintf(v->user, sizeof(v->user), "%s", b ? b->user : "-");
	tui_enter(v, TUI_PASSCODE);
}

static void take_passcode(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	int err = b ? passcode_check(b, v->digits, voicemail_number(v))
		    : EACCES;

	if (!err) {
		trail_add(&v->call->trail, "the passcode is right");
		v->tries = 0;
		v->is_in = true;
		memcpy(v->own, v->user, sizeof(v->own));
		v->is_setup = passcode_is_due(b);
		if (v->is_setup)
			tui_say(v, "setup");
		tui_enter(v, v->is_setup ? TUI_NEW : TUI_MAIN);
		return;
	}
	trail_add(&v->call->trail, "a wrong passcode");
	if (err == EAGAIN || ++v->tries >= TRIES_MAX) {
		voicemail_leave(v, "locked");
		return;
	}
	tui_say(v, "wrong-passcode");
	tui_enter(v, TUI_PASSCODE);
}

/* ---- the main menu ---- */

static void say_count(struct voicemail *v, const struct mailbox *b)
{
	uint32_t count = mailbox_count(b, false);
	char digits[12];

	if (!count) {
		tui_say(v, "no-new-messages");
		return;
	}
	(void)snprintf(digits, sizeof(digits), "%u", count);
	tui_say(v, "you-have");
	prompt_say_digits(v->voice, b, digits);
	tui_say(v, count == 1 ? "new-message" : "new-messages");
}

static void enter_main(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);

	if (!b) {
		voicemail_leave(v, "goodbye");
		return;
	}
	v->message[0] = '\0';
	v->is_setup = false;
	say_count(v, b);
	if (!mailbox_has_room(b))
		tui_say(v, "mailbox-full");
	tui_say(v, "main-menu");
}

static void main_key(struct voicemail *v, char key)
{
	struct mailbox *b = voicemail_box(v);

	if (!b || key == '*') {
		voicemail_leave(v, "goodbye");
		return;
	}
	switch (key) {
	case '1': tui_hear(v); return;
	case '2':
		tui_say(v, tui_bring_back(v) ? "messages-back"
					     : "no-more-messages");
		break;
	case '3': tui_record(v, GREETING_ALWAYS); return;
	case '4':
		(void)greeting_use(b, GREETING_ALWAYS, false);
		tui_say(v, "greeting-standard");
		break;
	case '5': tui_enter(v, TUI_GREETINGS); return;
	case '6': tui_enter(v, TUI_NEW); return;
	case '7': tui_record(v, "name"); return;
	case '8': tui_enter(v, TUI_OTHER); return;
	default: tui_say(v, "wrong-key"); break;
	}
	tui_enter(v, TUI_MAIN);
}

/* Another mailbox: an owner of it goes in, others give its passcode. */
static void ask_other(struct voicemail *v)
{
	tui_say(v, "enter-mailbox");
}

static void take_other(struct voicemail *v)
{
	const struct customer *c = customer_of(v);
	const struct mailbox *b = c ? mailbox_by_number(c, v->digits) : NULL;

	(void)tui_bring_back(v); /* a mailbox is left: nothing is lost */
	(void)snprintf(v->user, sizeof(v->user), "%s", b ? b->user : "-");
	if (b && (mailbox_is_owner(b, v->own) || !strcmp(b->user, v->own))) {
		tui_enter(v, TUI_MAIN);
		return;
	}
	v->is_in = false;
	tui_enter(v, TUI_PASSCODE);
}

/* ---- recording ---- */

void tui_record_file(const struct mailbox *b, const char *name,
		     char out[MAILBOX_PATH])
{
	(void)snprintf(out, MAILBOX_PATH, "%s/mail/%s/%s/greeting-%s.wav",
		       pbx_settings.folder, b->customer, b->user,
		       strcmp(name, "comment") != 0 ? "new" : name);
}

void tui_record(struct voicemail *v, const char *name)
{
	const struct mailbox *b = voicemail_box(v);

	if (!b || (strcmp(name, "name") != 0 && strcmp(name, "comment") != 0 &&
		   !greeting_is_recorded(b, name) &&
		   greeting_count(b) >= mailbox_class_of(b)->greetings_max)) {
		tui_say(v, "message-lost");
		tui_enter(v, TUI_MAIN);
		return;
	}
	if (name != v->greeting)
		(void)re_snprintf(v->greeting, sizeof(v->greeting), "%s", name);
	if (!strcmp(name, "name"))
		tui_say(v, "record-name");
	else
		tui_say(v, strcmp(name, "comment") != 0 ? "record-greeting"
							: "record-comment");
	tui_say(v, "beep");
	tui_enter(v, TUI_TONE);
}

static void take_name(const struct voicemail *v, char out[40])
{
	(void)snprintf(out, 40, TAKE "%s", v->user);
}

static void record(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	char file[MAILBOX_PATH], name[40];

	if (!b || mailbox_make_folder(b)) {
		voicemail_leave(v, "goodbye");
		return;
	}
	tui_enter(v, TUI_RECORD);
	tui_record_file(b, v->greeting, file);
	take_name(v, name);
	voice_record(v->voice, name, file, mailbox_class_of(b)->greeting_max_s,
		     SILENCE_S);
}

static void record_key(struct voicemail *v, char key)
{
	char name[40];

	if (key != '#')
		return;
	take_name(v, name);
	voice_record_stop(v->voice, name);
}

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

/* Nobody says that it is good, or it is nothing. */
static void drop(const struct mailbox *b, const char *name)
{
	char file[MAILBOX_PATH];

	tui_record_file(b, name, file);
	mailbox_remove_file(file);
}

void tui_taken(const struct list *voicemails, const struct voice_take *take)
{
	const char *user = take->name + strlen(TAKE);
	struct voicemail *v;
	struct mailbox *b;
	bool is_good, is_comment;

	if (strncmp(take->name, TAKE, strlen(TAKE)) != 0)
		return;

	v = recording_of(voicemails, user);
	b = mailbox_find(user);
	is_good = v && b && take->is_whole &&
		  take->ms >= mailbox_class_of(b)->message_min_s * 1000;
	is_comment = v && !strcmp(v->greeting, "comment");
	if (!is_good && b)
		drop(b, v ? v->greeting : "");
	if (!v)
		return;

	if (is_comment) {
		tui_forward(v, is_good ? "comment" : NULL);
		return;
	}
	tui_say(v, is_good && tui_greeting_taken(v, b) ? "greeting-kept"
						       : "message-lost");
	if (!strcmp(v->greeting, "away"))
		tui_enter(v, TUI_AWAY);
	else
		tui_enter(v, TUI_MAIN);
}

/* ---- all menus ---- */

static const struct tui_row mailbox_row = { .enter = ask_mailbox,
					    .digits = take_mailbox };
static const struct tui_row passcode_row = { .enter = ask_passcode,
					     .digits = take_passcode };
static const struct tui_row main_row = { .enter = enter_main, .key = main_key };
static const struct tui_row other_row = { .enter = ask_other,
					  .digits = take_other };
static const struct tui_row tone_row = { .enter = NULL };
static const struct tui_row record_row = { .key = record_key };

static const struct tui_row *const rows[TUI_MENUS] = {
	[TUI_MAILBOX] = &mailbox_row,
	[TUI_PASSCODE] = &passcode_row,
	[TUI_MAIN] = &main_row,
	[TUI_MESSAGE] = &tui_message_row,
	[TUI_TONE] = &tone_row,
	[TUI_RECORD] = &record_row,
	[TUI_GREETINGS] = &tui_greetings_row,
	[TUI_GREETING] = &tui_greeting_row,
	[TUI_AWAY] = &tui_away_row,
	[TUI_NEW] = &tui_new_row,
	[TUI_AGAIN] = &tui_again_row,
	[TUI_FORWARD] = &tui_forward_row,
	[TUI_COMMENT] = &tui_comment_row,
	[TUI_OTHER] = &other_row,
};

static const struct tui_row *row_of(const struct voicemail *v)
{
	return rows[v->menu];
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
	if (key == '*')
		tui_enter(v, v->is_in && !v->is_setup ? TUI_MAIN : TUI_MAILBOX);
	else
		row_of(v)->digits(v);
}

void tui_key(struct voicemail *v, char key)
{
	const struct tui_row *row = row_of(v);

	v->idle = 0;
	wheel_stop(&v->timer);
	if (row != &tone_row && row != &record_row)
		voice_hush(v->voice);
	if (row->digits)
		digit(v, key);
	else if (row->key)
		row->key(v, key);
	if (v->state == VOICEMAIL_MENU && v->menu != TUI_RECORD &&
	    v->menu != TUI_TONE && !voice_is_saying(v->voice))
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
	if (v->menu == TUI_MESSAGE)
		tui_say(v, "message-menu");
	else
		tui_enter(v, (enum tui_menu)v->menu);
}

void tui_said(struct voicemail *v)
{
	if (v->menu == TUI_TONE)
		record(v);
	else if (v->menu != TUI_RECORD)
		wheel_start(&v->timer, WAIT_MS, waited, v);
}

void tui_begin(struct voicemail *v)
{
	v->message[0] = '\0';
	tui_enter(v, v->user[0] ? TUI_PASSCODE : TUI_MAILBOX);
}

void tui_refused(struct voicemail *v)
{
	tui_say(v, "message-menu");
}
