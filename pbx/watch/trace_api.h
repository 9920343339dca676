/* trace_api.h - the messages of a call over REST */
#ifndef PBX_TRACE_API_H
#define PBX_TRACE_API_H

#include "model/route.h"

/** GET /api/v1/calls/{id}/trace?format=json|ladder|pcap */
void trace_get(struct http_request *req, const struct caller *caller,
	       void *arg);

#endif
