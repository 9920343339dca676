/* voice_mail.h - the user's voice messages, through the uc server
 *
 * Sounds are fetched into the state folder, voicemail/ID.wav.
 *
 * Source: CAL-8; domain/uc-server.md 14.
 */
#ifndef PHONE_VOICE_MAIL_H
#define PHONE_VOICE_MAIL_H

#include <jansson.h>

struct engine;

/**
 * Run "voicemail WHAT [ID]": list, play, read, unread, delete; the reply
 * follows when the server has answered.
 */
void voice_mail_run(struct engine *e, const char *command, const char *what,
		    const char *id);

/** The server says that messages have changed. */
void voice_mail_changed(struct engine *e, const json_t *data);

#endif
