/* tui_owner.c - what the owner sets by keys: greetings, being away, passcode
 *
 * See tui.h.
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "pbx/mail/mailbox_settings.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/mail/passcode.h"
#include "pbx/speech/prompt.h"
#include "pbx/mail/tui_private.h"

enum { AWAY_DIGITS = 4, DAY_S = 24 * 3600 };

/* ---- greetings ---- */

static void ask_which(struct voicemail *v)
{
	tui_say(v, "greetings-menu");
}

static void which_key(struct voicemail *v, char key)
{
	const char *name = key >= '1' && key <= '5'
				   ? greeting_at((uint32_t)(key - '0'))
				   : NULL;

	if (!name) {
		if (key != '*')
			tui_say(v, "wrong-key");
		tui_enter(v, key == '*' ? TUI_MAIN : TUI_GREETINGS);
		return;
	}
	(void)snprintf(v->greeting, sizeof(v->greeting), "%s", name);
	tui_enter(v, TUI_GREETING);
}

static void ask_what(struct voicemail *v)
{
	tui_say(v, "greeting-menu");
}

static bool is_away(const struct voicemail *v)
{
	return !strcmp(v->greeting, "away");
}

static void use(struct voicemail *v, struct mailbox *b, bool is_used)
{
	if (is_used && !is_away(v) && !greeting_is_recorded(b, v->greeting)) {
		tui_record(v, v->greeting);
		return;
	}
	(void)greeting_use(b, v->greeting, is_used);
	if (is_used && is_away(v)) {
		tui_enter(v, TUI_AWAY);
		return;
	}
	if (is_away(v))
		(void)mailbox_settings_set(b,
					   json_pack("{s:n}", "away_until_ms"));
	tui_say(v, is_used ? "greeting-kept" : "greeting-off");
	tui_enter(v, TUI_MAIN);
}

static void what_key(struct voicemail *v, char key)
{
	struct mailbox *b = voicemail_box(v);
	char name[GREETING_NAME_BYTES], file[MAILBOX_PATH];

	if (!b || key == '*') {
		tui_enter(v, TUI_MAIN);
		return;
	}
	memcpy(name, v->greeting, sizeof(name));
	switch (key) {
	case '1': tui_record(v, name); break;
	case '2': use(v, b, true); break;
	case '3': use(v, b, false); break;
	case '4':
		greeting_file(b, name, file);
		(void)voice_say(v->voice, file);
		ask_what(v);
		break;
	default: ask_what(v); break;
	}
}

const struct tui_row tui_greetings_row = { .enter = ask_which,
					   .key = which_key };
const struct tui_row tui_greeting_row = { .enter = ask_what, .key = what_key };

bool tui_greeting_taken(struct voicemail *v, struct mailbox *b)
{
	char file[MAILBOX_PATH], from[MAILBOX_PATH], to[MAILBOX_PATH];

	tui_record_file(b, v->greeting, file);
	mailbox_path(file, from);
	greeting_file(b, v->greeting, file);
	mailbox_path(file, to);

	if (rename(from, to))
		return false;
	pair_sound_changed(file);

	return !greeting_use(b, v->greeting, true);
}

/* ---- away until ---- */

static void ask_away(struct voicemail *v)
{
	tui_say(v, "away-until");
}

/* The end of the next such day there, in ms, or 0 when there is none. */
static int64_t end_of(const struct mailbox *b, const char *digits)
{
	int day = (digits[0] - '0') * 10 + digits[1] - '0';
	int month = (digits[2] - '0') * 10 + digits[3] - '0';
	struct zone_time now, then;
	int64_t end;
	bool is_past;

	mailbox_local_time(b, clock_wall_ms(), &now);
	is_past = month < now.month || (month == now.month && day < now.day);
	now.year += is_past;
	if (!zone_is_date(now.year, month, day))
		return 0;
	end = (zone_day(now.year, month, day) + 1) * DAY_S;
	mailbox_local_time(b, (uint64_t)(end - now.offset_s) * 1000, &then);

	return (end - then.offset_s) * 1000;
}

static void take_away(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	int64_t until = b && strlen(v->digits) == AWAY_DIGITS
				? end_of(b, v->digits)
				: 0;

	if (!b || !until) {
		tui_say(v, "wrong-key");
		tui_enter(v, TUI_AWAY);
		return;
	}
	(void)mailbox_settings_set(
		b, json_pack("{s:I}", "away_until_ms", (json_int_t)until));
	tui_say(v, "greeting-kept");
	tui_enter(v, TUI_MAIN);
}

const struct tui_row tui_away_row = { .enter = ask_away, .digits = take_away };

/* ---- the passcode ---- */

static void ask_new(struct voicemail *v)
{
	tui_say(v, "new-passcode");
}

static void take_new(struct voicemail *v)
{
	const struct mailbox *b = voicemail_box(v);
	char digits[12];

	if (b && !passcode_weakness(b, v->digits)) {
		(void)snprintf(v->chosen, sizeof(v->chosen), "%s", v->digits);
		tui_enter(v, TUI_AGAIN);
		return;
	}
	tui_say(v, "passcode-weak");
	(void)snprintf(digits, sizeof(digits), "%u",
		       b ? mailbox_class_of(b)->passcode_min : 4);
	prompt_say_digits(v->voice, b, digits);
	tui_enter(v, TUI_NEW);
}

static void ask_again(struct voicemail *v)
{
	tui_say(v, "passcode-again");
}

static void take_again(struct voicemail *v)
{
	struct mailbox *b = voicemail_box(v);
	bool is_setup = v->is_setup;

	if (!b || strcmp(v->digits, v->chosen) != 0 ||
	    passcode_choose(b, v->digits)) {
		tui_say(v, "wrong-passcode");
		tui_enter(v, TUI_NEW);
		return;
	}
	memset(v->chosen, 0, sizeof(v->chosen));
	v->is_setup = false;
	trail_add(&v->call->trail, "the passcode is changed");
	tui_say(v, "passcode-changed");
	if (is_setup && !greeting_is_recorded(b, "name"))
		tui_record(v, "name");
	else
		tui_enter(v, TUI_MAIN);
}

const struct tui_row tui_new_row = { .enter = ask_new, .digits = take_new };
const struct tui_row tui_again_row = { .enter = ask_again,
				       .digits = take_again };
