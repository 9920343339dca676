/* odd_media.h - addresses in a description that speech must not be sent to
 *
 * Multicast, broadcast and reserved addresses, and loopback unless the phone
 * itself is there, would turn the other phone, or our media server, against
 * third parties.  An offer with one is refused (488); in an answer, which
 * cannot be refused any more, it becomes 0.0.0.0, which is never sent to.
 * More streams than we read (SDP_MEDIA_MAX) are as odd.
 * 0.0.0.0 itself is how old phones hold, and passes.  Names are left to who
 * resolves them.
 *
 * Source: reliability.md 6 "SDP injection, media to third parties".
 */
#ifndef PBX_ODD_MEDIA_H
#define PBX_ODD_MEDIA_H

#include <stdbool.h>

#include "base/span.h"

struct sip_flow;

/** Whether a body names one, coming from a phone on this flow (or NULL:
 * unknown; never when the setting says so), or far too many streams. */
bool odd_media_is(struct span body, const struct sip_flow *flow);

/** The body, or one that is valid until the next call: without such addresses,
 * empty when it cannot be understood. */
struct span odd_media_mend(struct span body, const struct sip_flow *flow);

#endif
