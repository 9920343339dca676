/* tui.h - the owner of a mailbox, by keys: passcode, messages, greetings
 *
 * One's own phone is asked for the passcode only; others, and who presses *
 * at that, name the mailbox first.  Three wrong passcodes within five minutes
 * lock the mailbox for fifteen.  At the first use a passcode is chosen when
 * the given one is weak or the mailbox's class wants it.  Messages count as
 * read once they are begun; deleted ones can be brought back until the call
 * ends.
 *
 *   main menu  1 hear messages, new ones first   2 bring deleted ones back
 *              3 record the greeting             4 the standard greeting
 *              5 other greetings                 6 passcode   7 name
 *              8 another mailbox                 * leave
 *   message    1 again  2 save  3 delete  4 call the sender  5 forward
 *              6 when and who  # next  * main menu
 *   greetings  1 busy  2 no answer  3 do not disturb  4 not registered
 *              5 away  * main menu; then 1 record  2 use  3 turn off  4 hear
 *
 * Source: CAL-8; domain/pbx.md 16.
 */
#ifndef PBX_TUI_H
#define PBX_TUI_H

#include "pbx/mail/voicemail.h"

enum tui_menu {
	TUI_MAILBOX,  /* digits of a mailbox, # */
	TUI_PASSCODE, /* digits, # */
	TUI_MAIN,
	TUI_MESSAGE,
	TUI_TONE,      /* before a greeting or comment is recorded */
	TUI_RECORD,    /* that */
	TUI_GREETINGS, /* which one */
	TUI_GREETING,  /* what with it */
	TUI_AWAY,      /* until when: day and month */
	TUI_NEW,       /* a new passcode */
	TUI_AGAIN,     /* once more */
	TUI_FORWARD,   /* the mailbox a message goes to */
	TUI_COMMENT,   /* with words before it or not */
	TUI_OTHER,     /* another mailbox to go into */
	TUI_MENUS,
};

/** The call is answered. */
void tui_begin(struct voicemail *v);

/** All is said. */
void tui_said(struct voicemail *v);

void tui_key(struct voicemail *v, char key);

/** Who was called back did not answer. */
void tui_refused(struct voicemail *v);

/** The call is over: what was deleted goes. */
void tui_end(struct voicemail *v);

/** A recording that is no message has ended: a greeting or a comment. */
void tui_taken(const struct list *voicemails, const struct voice_take *take);

#endif
