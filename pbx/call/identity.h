/* identity.h - what a caller asks of how it is shown: Privacy, and the number
 * it prefers
 *
 * The pbx is where trust begins: a phone's From and P-Asserted-Identity count
 * for nothing, its Privacy is done here.  Who withholds its number is shown
 * to nobody by name or number, in messages, documents and events, whatever
 * becomes of the call; records keep it.
 *
 *   id, user, header  number and name are withheld
 *   header, history   where the call has been, too
 *   user              the Subject is not passed on
 *   session           speech goes through the media server
 *   critical          the call fails when one of these cannot be done
 *   none              shown, even where the user withholds its number always
 *
 * P-Preferred-Identity chooses among the numbers outside that lead to the
 * caller's own user or line; another one is passed over.
 *
 * Source: RFC 3323, RFC 3325, RFC 7044; CAL-1.
 */
#ifndef PBX_IDENTITY_H
#define PBX_IDENTITY_H

#include "pbx/call/call.h"

/** Read a call's INVITE: what its caller asks for is the call's. */
void identity_read(struct call *call, const struct sip_message *m);

/** From now on the caller withholds its number, or does not. */
void identity_withhold(struct call *call, bool is_withheld);

/** Whether what is critical to its caller cannot be done; asked once it is
 * known how speech goes. */
bool identity_fails(const struct call *call);

/** The number outside that its caller prefers and may show, or NULL. */
const char *identity_preferred(const struct call *call);

/** An answer of who is rung: whether its number is withheld. */
void identity_answered(struct leg *leg, const struct sip_message *m);

#endif
