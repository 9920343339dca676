/* tui_private.h - the menus among themselves
 *
 * A menu is a row: what is said when it is entered, what a key does, or
 * (takes) digits up to #.
 */
#ifndef PBX_TUI_PRIVATE_H
#define PBX_TUI_PRIVATE_H

#include "pbx/mail/tui.h"

struct tui_row {
	void (*enter)(struct voicemail *v);
	void (*key)(struct voicemail *v, char key);
	void (*digits)(struct voicemail *v); /* instead of key: v->digits */
};

extern const struct tui_row tui_message_row;
extern const struct tui_row tui_forward_row;
extern const struct tui_row tui_comment_row;
extern const struct tui_row tui_greetings_row;
extern const struct tui_row tui_greeting_row;
extern const struct tui_row tui_away_row;
extern const struct tui_row tui_new_row;
extern const struct tui_row tui_again_row;

/** Go to a menu, and say what it says. */
void tui_enter(struct voicemail *v, enum tui_menu menu);

void tui_say(struct voicemail *v, const char *prompt);

/** Record after the tone: a greeting of this name, or "comment". */
void tui_record(struct voicemail *v, const char *name);

/** The file of what is recorded, below the state folder. */
void tui_record_file(const struct mailbox *b, const char *name,
		     char out[MAILBOX_PATH]);

/** Hear messages, from the first. */
void tui_hear(struct voicemail *v);

/** Those deleted in this call are there again; whether there were any. */
bool tui_bring_back(struct voicemail *v);

/** A greeting is recorded: true when it is kept. */
bool tui_greeting_taken(struct voicemail *v, struct mailbox *b);

/** The comment is recorded (or NULL: none): the message is forwarded. */
void tui_forward(struct voicemail *v, const char *comment);

#endif
