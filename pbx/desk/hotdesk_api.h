/* hotdesk_api.h - REST of shared phones: log in and out, who is where */
#ifndef PBX_HOTDESK_API_H
#define PBX_HOTDESK_API_H

#include "model/route.h"

int hotdesk_api_start(struct router *router);

#endif
