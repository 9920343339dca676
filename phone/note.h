/* note.h - a text that comes to the phone: MESSAGE outside a call
 *
 * The pbx sends one where somebody calls for help and this phone is to know.
 *
 * Source: RFC 3428; domain/pbx.md 12.
 */
#ifndef PHONE_NOTE_H
#define PHONE_NOTE_H

struct engine;
struct sip_flow;
struct sip_message;

/** A MESSAGE: answered, and the face told of its text. */
void note_received(struct engine *e, const struct sip_message *m,
		   struct sip_flow *flow);

#endif
