/* voicemail.h - messages are left, or heard by their owner
 *
 * An owner of an answered call (answer.h), asked for a call that rings or
 * would be refused: greeting, tone, recording, or the menus of tui.h.  It
 * ends with its call.  A recording goes on to its end by itself and becomes a
 * message when it is long enough, whoever hangs up; the caller hears that it
 * is kept only when file and row are on the disk.
 *
 * Source: CAL-8, SIT-21; domain/pbx.md.
 */
#ifndef PBX_VOICEMAIL_H
#define PBX_VOICEMAIL_H

#include "base/mail.h"
#include "pbx/speech/answer.h"
#include "pbx/mail/greeting.h"
#include "pbx/mail/message.h"

/** Dialled: one's own mailbox; with an extension after it, that one's. */
#define VOICEMAIL_CODE "*98"

enum {
	TUI_DIGITS_MAX = 16,
	VOICEMAIL_REVIEW_MS = 4000, /* then the message is sent */
};

enum voicemail_state {
	VOICEMAIL_OPENING,
	VOICEMAIL_GREETING,
	VOICEMAIL_RECORDING,
	VOICEMAIL_KEEPING, /* waits for the disk */
	VOICEMAIL_REVIEW,  /* the caller may hear it, change it */
	VOICEMAIL_LEAVING, /* says its last word */
	VOICEMAIL_MENU,    /* tui.h */
};

struct voicemail {
	struct le le; /* of all */
	struct answer *answer;
	struct call *call;               /* its */
	struct voice *voice;             /* its */
	char user[DIRECTORY_ID_SIZE];    /* whose mailbox, "" not known yet */
	char message[DIRECTORY_ID_SIZE]; /* being recorded or heard, or "" */
	struct wheel_timer timer;        /* nobody presses a key */
	uint8_t state;                   /* enum voicemail_state */
	uint8_t why;                     /* enum greeting_why */
	bool is_tui;
	bool is_urgent; /* the message being left */
	bool is_private;
	/* the menus */
	uint8_t menu;    /* enum tui_menu */
	uint8_t tries;   /* wrong passcodes */
	uint8_t idle;    /* menus without answer */
	bool hears_read; /* messages heard are those kept, not the new */
	bool is_in;      /* the passcode was right */
	bool is_setup;   /* first use: passcode, then name */
	uint8_t digit_count;
	char digits[TUI_DIGITS_MAX + 1];
	char chosen[TUI_DIGITS_MAX + 1];    /* passcode; mailbox forwarded to */
	char greeting[GREETING_NAME_BYTES]; /* being set */
	char own[DIRECTORY_ID_SIZE]; /* mailbox entered by one's passcode */
};

/** 0 or an errno, logged. */
int voicemail_start(const char *dir, const struct mail_conf *mail);
void voicemail_close(void);

/** A dialled number that begins with the code: the call is answered here or
 * refused, true is returned. */
bool voicemail_dialled(struct call *call, const char *dialled);

/** The route leads to a mailbox, or ("") to the caller's own messages: it is
 * answered, or refused. */
void voicemail_routed(struct call *call, const char *mailbox);

/** Nobody takes a call to this user (its callee_user): the mailbox does.
 * False when there is none, or the status is no reason for it. */
bool voicemail_takes(struct call *call, uint16_t status);

/** The same for a caller whom the pbx has answered already (answer.h): true
 * when this mailbox is the owner of the call now. */
bool voicemail_takes_over(struct answer *a, const char *user);

/** Its mailbox; NULL when it has gone meanwhile. */
struct mailbox *voicemail_box(const struct voicemail *v);

/** The caller's number as it is shown, "" when it is not to be known. */
const char *voicemail_number(const struct voicemail *v);

/** Say it, then hang up. */
void voicemail_leave(struct voicemail *v, const char *prompt);

#endif
