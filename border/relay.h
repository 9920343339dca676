/* relay.h - one request carried across, and its answers carried back
 *
 * A transaction on each side; every message is written anew from its parsed
 * form, nothing is forwarded as octets.
 * Source: RFC 3261 section 16; reliability.md section 6 (smuggling).
 */
#ifndef BORDER_RELAY_H
#define BORDER_RELAY_H

#include <stdbool.h>

#include "border/border.h"

struct sip_message;

struct relay_way {
	struct sip_flow *out;   /* where it goes */
	struct sip_flow *phone; /* the device's flow, in or out */
	bool with_path;         /* REGISTER: tell the registrar the way back */
	bool with_record;       /* dialogs come back through us */
};

/** Carry a request across.  Answers it itself when that fails. */
void relay_request(struct border *b, const struct sip_message *m,
		   struct sip_flow *in, const struct relay_way *way);

/** Carry an ACK across. */
void relay_ack(struct border *b, const struct sip_message *m,
	       const struct relay_way *way);

/**
 * The way a request asks for with Route values of ours.
 *
 * @param tokenp The flow token in them; .p is NULL without
 *
 * @return How many leading Route values are ours
 */
uint32_t relay_routes(const struct border *b, const struct sip_message *m,
		      struct span *tokenp);

#endif
