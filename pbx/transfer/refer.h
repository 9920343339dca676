/* refer.h - a phone asks by REFER that the other party be handed over
 *
 * Accepted with 202 and told by NOTIFY what becomes of it (implicit
 * subscription), unless it says Refer-Sub: false.  One that comes while an
 * offer is under way waits for its end.
 *
 * Source: RFC 3515, RFC 4488, RFC 5589.
 */
#ifndef PBX_REFER_H
#define PBX_REFER_H

struct leg;
struct sip_flow;
struct sip_message;

/** REFER inside a call. */
void refer_request(struct leg *leg, const struct sip_message *m,
		   struct sip_flow *flow);

#endif
