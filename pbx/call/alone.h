/* alone.h - one party of a call is alone and hears music
 *
 * The other leg of such a call is a place (LEG_QUEUED): it has no phone and no
 * dialog.  The party is asked for a description and gets one that names a
 * port of the media server, which plays its customer's music; what it asks
 * afterwards is answered here.  The port is part of the call's record, so that
 * party and music are there again after a kill; what was under way then
 * begins anew.  Without media server it hears nothing and waits all the same.
 *
 * Source: domain/pbx.md 13; CAL-3.
 */
#ifndef PBX_ALONE_H
#define PBX_ALONE_H

#include <stdbool.h>
#include <stdint.h>

struct alone;
struct call;
struct leg;
struct sip_flow;
struct sip_message;

/** Whether one party of this call is alone: the call's caller. */
bool alone_is(const struct call *call);

/** A place in a call, in which its caller is alone from now on.  0; ENOMEM. */
int alone_place(struct call *call);

/** Begin to play; while the call's is_joining is set it is under way. */
void alone_start(struct call *call);

/** A request of the party inside the call. */
void alone_request(struct call *call, const struct sip_message *m,
		   struct sip_flow *flow);

/** The call is over. */
void alone_end(struct call *call);

#endif
