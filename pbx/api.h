/* api.h - the pbx's own REST: what is registered, what goes on, what was
 *
 *   GET    /api/v1/registrations          who can be rung, and where
 *   DELETE /api/v1/registrations/{phone}  forget a phone's bindings
 *   GET    /api/v1/calls                  calls that go on
 *   GET    /api/v1/calls/{id}             one of them, or its record
 *   GET    /api/v1/calls/{id}/trail       what happened and why
 *   DELETE /api/v1/calls/{id}             end it
 *   GET    /api/v1/cdrs                   records, newest first
 *   GET    /api/v1/events                 WebSocket (event.h)
 *
 * Everything needs the service token; the provisioned kinds are served by
 * the engine (kinds.h).
 */
#ifndef PBX_API_H
#define PBX_API_H

#include "model/route.h"

int api_start(struct router *router);

#endif
