/* sound.h - a customer's sounds, for its administrators
 *
 * Music on hold, own prompts, announcements and greetings are files of the
 * pbx.  Who administers a customer has no token there: asks us, who know whose
 * the object is, and we hand the request and its answer on as they are, WAV
 * and parts of it (Range), too.  At most SOUNDS_MAX at a time, each as long
 * as a body may be; a change is in the audit before it is answered.
 *
 * Source: CAL-11, CUS-28.
 */
#ifndef PORTAL_SOUND_H
#define PORTAL_SOUND_H

#include "portal/portal.h"

enum {
	SOUND_MAX_BYTES = 16 * 1024 * 1024 - 4096, /* the pbx takes no more */
	SOUNDS_MAX = 16,
};

int sound_routes(struct portal *p);

#endif
