/* voicemail.h - a user's voice messages, as the pbx has them
 *
 * Nothing is kept here: each request is asked of the pbx that serves the
 * customer (at_pbx.h), under the user's own mailbox.  That something has
 * changed is told with frames of type "voicemail".
 *
 *   GET                  /api/v1/voicemail            ?unread=true
 *   GET, PATCH, DELETE   /api/v1/voicemail/ID
 *   GET                  /api/v1/voicemail/ID/sound   (Range)
 *   GET                  /api/v1/voicemail-greetings
 *   GET, PUT, PATCH, DELETE  /api/v1/voicemail-greetings/NAME
 *   GET, PATCH           /api/v1/voicemail-settings
 *
 * Source: CAL-8; domain/uc-server.md 14.
 */
#ifndef UC_VOICEMAIL_H
#define UC_VOICEMAIL_H

#include "model/route.h"
#include "uc/uc.h"

int voicemail_routes(struct router *router, struct uc *uc);

#endif
