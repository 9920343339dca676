/* callback_api.h - callbacks over REST (callback.h)
 *
 *   GET    /api/v1/callbacks             who waits for a number to be free
 *   POST   /api/v1/callbacks             {phone, number, after, minutes}
 *   DELETE /api/v1/callbacks/{id}
 *
 * Source: CAL-4.
 */
#ifndef PBX_CALLBACK_API_H
#define PBX_CALLBACK_API_H

#include "model/route.h"

int callback_api_start(struct router *router);

#endif
