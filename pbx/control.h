/* control.h - calls controlled by somebody else, over REST
 *
 *   POST   /api/v1/calls                 {phone, number}: rings the phone,
 *                                        then what it would dial
 *   POST   /api/v1/calls/{id}/hold       {phone}
 *   POST   /api/v1/calls/{id}/retrieve   {phone}
 *   POST   /api/v1/calls/{id}/hangup     {phone}
 *   POST   /api/v1/calls/{id}/transfer   {phone, number | call}
 *   POST   /api/v1/calls/{id}/redirect   {phone, number}
 *   GET    /api/v1/callbacks             who waits for a number to be free
 *   POST   /api/v1/callbacks             {phone, number, after, minutes}
 *   DELETE /api/v1/callbacks/{id}
 *
 * The phone named is the one on whose behalf it is done; what it may not do
 * is refused as if it had asked by SIP.  Legs and their states are told as
 * ECMA-269 names them (event.h).
 *
 * Source: ECMA-269; CAL-4.
 */
#ifndef PBX_CONTROL_H
#define PBX_CONTROL_H

#include "model/route.h"

int control_start(struct router *router);

#endif
