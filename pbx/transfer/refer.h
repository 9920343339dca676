/* refer.h - a phone asks by REFER that the other party be handed over
 *
 * Accepted with 202 and told by NOTIFY what becomes of it (implicit
 * subscription), unless it says Refer-Sub: false.  One that comes while an
 * offer is under way waits for its end.
 *
 * One outside a call is taken when Target-Dialog names a dialog of the same
 * phone or of its user, as if it had come in that dialog; its NOTIFYs go in
 * the dialog that it makes.  What becomes of it is not told after a restart.
 *
 * Source: RFC 3515, RFC 4488, RFC 4538, RFC 5589.
 */
#ifndef PBX_REFER_H
#define PBX_REFER_H

struct leg;
struct phone;
struct sip_flow;
struct sip_message;

/** REFER inside a call. */
void refer_request(struct leg *leg, const struct sip_message *m,
		   struct sip_flow *flow);

/** REFER outside a call, of this phone. */
void refer_apart(const struct sip_message *m, struct sip_flow *flow,
		 const struct phone *phone);

#endif
