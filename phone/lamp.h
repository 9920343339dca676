/* lamp.h - the lamp of the voice mailbox: NOTIFY message-summary
 *
 * Sent by the pbx without subscription when the counts change and when the
 * phone registers; it needs no uc server.
 *
 * Source: RFC 3842; CAL-8.
 */
#ifndef PHONE_LAMP_H
#define PHONE_LAMP_H

struct engine;
struct sip_flow;
struct sip_message;

/** A NOTIFY outside a call: answered, and the face told of the counts. */
void lamp_notified(struct engine *e, const struct sip_message *m,
		   struct sip_flow *flow);

#endif
