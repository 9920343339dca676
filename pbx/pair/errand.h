/* errand.h - what a phone here asks for is done at the other node
 *
 * A call is decided by the node that took it: only that one can pick it up,
 * park it, take it back, confer in it.  When a phone here dials for something
 * that the other node has (far.h), what it dialled goes there with its call, as
 * `as.DIALLED@NODE;phone=ID`, and that node does it as if the phone were its
 * own: its caller, its record, its answer.  Our side only carries the call.
 * What comes as an errand is not sent back.
 *
 * While the link is down nothing is known there, so nothing is sent; what is
 * under way when it breaks is refused at once.
 *
 * Source: design.md section 5; CAL-10; docs/decisions/014.
 */
#ifndef PBX_ERRAND_H
#define PBX_ERRAND_H

#include <stdbool.h>

struct call;
struct sip_message;

/**
 * Hand a call that has just begun over.
 *
 * @param m       Its INVITE
 * @param dialled What the other node is to take as dialled
 *
 * @return false when that cannot be: it goes on here
 */
bool errand_send(struct call *call, const struct sip_message *m,
		 const char *dialled);

/** The same with what the call has dialled, when its INVITE is not at hand. */
bool errand_again(struct call *call);

/** The link is down: those that wait for an answer get it. */
void errand_lost(void);

#endif
