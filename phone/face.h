/* face.h - what a phone tells its face, as JSON objects
 *
 * Every event has a member "event"; holdfast-phone(1) lists them all.
 */
#ifndef PHONE_FACE_H
#define PHONE_FACE_H

#include <jansson.h>

#include "media/tone.h"

struct call;
struct engine;

/** Answer to a command: code NULL is success, else a stable code and a
 * sentence that says what to do (NULL: none). */
void face_reply(struct engine *e, const char *command, const char *code,
		const char *detail);

/** Success with one more member; takes the reference over. */
void face_reply_with(struct engine *e, const char *command, const char *name,
		     json_t *value);

/** {"event":"ready","phone","number","client","sip"}: once, at the start. */
void face_ready(struct engine *e);

/** {"event":"registration","state","reason","registrar"} */
void face_registration(struct engine *e, const char *state, const char *reason,
		       const char *registrar);

/** {"event":"call",…}: the call as it is now. */
void face_call(struct engine *e, const struct call *c);

/** {"event":"heard","call","what",…}; from is "line" or "local". */
void face_heard(struct engine *e, const char *call,
		const struct tone_heard *heard, const char *from);

/** {"event":"media","call","rx_packets",…} */
void face_media(struct engine *e, const struct call *c);

/** {"event":"link","state","banner","reason"} */
void face_link(struct engine *e, const char *state, bool has_banner,
	       const char *reason);

#endif
