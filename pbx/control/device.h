/* device.h - phones as ECMA-269 sees them: devices, and what goes on there
 *
 *   GET /api/v1/devices         who has which phone, whether it can be rung
 *   GET /api/v1/devices/{id}    the same of one, with its connections: what
 *                               ECMA-269 calls Snapshot Device
 *
 * Source: ECMA-269 19 (Snapshot Services); CAL-12.
 */
#ifndef PBX_DEVICE_H
#define PBX_DEVICE_H

#include "model/route.h"

struct call;

int devices_start(struct router *router);

/** The connections of a call: Snapshot Call. */
json_t *device_connections(const struct call *call,
			   const struct http_request *req);

#endif
