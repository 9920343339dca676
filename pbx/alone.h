/* alone.h - one party of a call is alone and hears music
 *
 * The other leg of such a call is a place: it has no phone and no dialog.  The
 * party is asked for a description and gets one that names a port of the media
 * server, which plays its customer's music; what it asks afterwards is
 * answered here.  The port is part of the call's record, so that music and
 * party are there again after a kill; a description that was under way is
 * asked for anew.
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

/**
 * Move the other party of a leg into a call of its own, where it is alone.
 * The leg's call ends on record; whoever asked lets the leg go.
 *
 * @param callp  The new call: its caller is the party
 * @param number Shown as what it calls
 *
 * @return 0; EBUSY while an offer is under way; ENOMEM
 */
int alone_move(struct call **callp, struct leg *by, const char *number);

/** The place of such a call, or NULL: the leg that stands for who is away. */
struct leg *alone_place(const struct call *call);

/** Begin to play, or go on with it after a restart. */
void alone_start(struct call *call);

/** A request of the party inside the call. */
void alone_request(struct call *call, const struct sip_message *m,
		   struct sip_flow *flow);

/** Whether it is alone. */
bool alone_is(const struct call *call);

/** The call is over. */
void alone_end(struct call *call);

#endif
