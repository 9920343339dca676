/* server.h - the SIP side: what comes in and who handles it
 *
 * Every request passes here once: what the pbx cannot do is refused alike
 * everywhere; requests inside a dialog must come on its flow or be
 * challenged; others must be authenticated.  Only OPTIONS is answered to
 * strangers, and the same to all.
 */
#ifndef PBX_SERVER_H
#define PBX_SERVER_H

#include "sip/build.h"
#include "sip/stack.h"

/** Make the stack; listeners are added with sip_listen(). */
int server_init(const uint8_t token_key[32], const char *host);
void server_close(void);

struct sip *server_sip(void);

/** Write `"Name" <sip:NUMBER@HOST>`; name NULL leaves it out. */
void server_identity(struct sip_out *o, const char *name, const char *number);

#endif
