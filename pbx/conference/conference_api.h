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
 * For the servers of the installation only: who may see whose conference is
 * decided by the one that asks.
 *
 * Source: CAL-4.
 */
#ifndef PBX_CONFERENCE_API_H
#define PBX_CONFERENCE_API_H

#include "model/route.h"

struct conference;
struct phone;

int conference_api_start(struct router *router);

/** Ring whom a new conference belongs to.  0; 404 when it cannot be rung; 480;
 * 500. */
uint16_t conference_ring_creator(struct conference *c, struct phone *phone,
				 bool asks_answer);

#endif
