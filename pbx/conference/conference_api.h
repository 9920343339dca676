/* conference_api.h - conferences that go on, over REST
 *
 *   GET    /api/v1/conference-calls              ?filter[customer]=
 *   POST   /api/v1/conference-calls              {phone, numbers}
 *   GET    /api/v1/conference-calls/{id}
 *   DELETE /api/v1/conference-calls/{id}
 *   POST   /api/v1/conference-calls/{id}/lock, /unlock
 *   POST   /api/v1/conference-calls/{id}/parties {number, phone}
 *   DELETE /api/v1/conference-calls/{id}/parties/{party}
 *   POST   /api/v1/conference-calls/{id}/parties/{party}/mute, /unmute
 *
 * Servers of the installation see all; which those see that ask on somebody's
 * behalf they decide, applications what control/application.h says.
 *
 * Source: CAL-4.
 */
#ifndef PBX_CONFERENCE_API_H
#define PBX_CONFERENCE_API_H

#include "model/route.h"

struct conference;
struct phone;

int conference_api_start(struct router *router);

/** As what somebody comes in. */
enum conference_place {
	CONFERENCE_CREATOR, /* whom a new one belongs to */
	CONFERENCE_MEMBER,
	CONFERENCE_LISTENER, /* hears only */
};

/** Ring a phone for a conference.  0; 404 when it cannot be rung; 480; 500. */
uint16_t conference_ring(struct conference *c, struct phone *phone,
			 bool asks_answer, enum conference_place place);

#endif
