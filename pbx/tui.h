/* tui.h - the owner of a mailbox, by keys: passcode, messages, greeting
 *
 * One's own phone is asked for the passcode only; others, and who presses *
 * at that, name the mailbox first.  Three wrong passcodes within five minutes
 * lock the mailbox for fifteen.  Messages count as read once they are begun.
 *
 *   main menu  1 hear messages, new ones first  3 record the greeting
 *              4 the standard greeting          * leave
 *   message    1 again  2 save  3 delete  # next  * main menu
 *
 * Source: CAL-8.
 */
#ifndef PBX_TUI_H
#define PBX_TUI_H

#include "pbx/voicemail.h"

enum tui_menu {
	TUI_MAILBOX,  /* digits of a mailbox, # */
	TUI_PASSCODE, /* digits, # */
	TUI_MAIN,
	TUI_MESSAGE,
	TUI_TONE,   /* before the greeting is recorded */
	TUI_RECORD, /* the greeting */
};

/** The call is answered. */
void tui_begin(struct voicemail *v);

/** All is said. */
void tui_said(struct voicemail *v);

void tui_key(struct voicemail *v, char key);

/** A recording that is no message has ended: a greeting. */
void tui_taken(const struct list *voicemails, const struct voice_take *take);

#endif
