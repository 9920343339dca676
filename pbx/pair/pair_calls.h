/* pair_calls.h - our calls, told to the other node as they go on
 *
 * Each call that this node decides is told as a whole, some milliseconds after
 * it has changed, so that what happens together is told once:
 *
 *   calls  {"what":"begin"}            all that there are follow
 *   call   {"id","customer","answered","park","park_index","park_ms","parker",
 *           "conference","room","legs":[{"n","phone","state","peer",
 *           "peer_name","trunk"}]}     without legs: it is over
 *   calls  {"what":"end"}              those were all
 *
 * What the other node has decided (is_from_peer) is not told back, but for the
 * trunks that were taken for it: limits count both nodes.
 *
 * Source: design.md section 5; CAL-10.
 */
#ifndef PBX_PAIR_CALLS_H
#define PBX_PAIR_CALLS_H

struct call;
struct leg;

/** Something of a call, or of a leg's, has changed. */
void pair_calls_changed(struct call *call);

/** It is freed. */
void pair_calls_gone(struct call *call);

/** The other node has begun to read: tell it all. */
void pair_calls_all(void);

/** It reads no more. */
void pair_calls_stop(void);

#endif
