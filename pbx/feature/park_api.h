/* park_api.h - parked calls over REST
 *
 *   GET  /api/v1/parked[?customer=ID]       who is parked where
 *   POST /api/v1/calls/{id}/park            {phone, number}: the other party
 *                                           of the phone; without number at
 *                                           the phone's own
 *   POST /api/v1/parked/{id}/retrieve       {phone}: rings it for who is
 *                                           parked
 *
 * Source: ECMA-269 (park call); CAL-4.
 */
#ifndef PBX_PARK_API_H
#define PBX_PARK_API_H

struct router;

int park_api_start(struct router *router);

#endif
