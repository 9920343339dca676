/* at_pbx.h - what users ask of us and the pbx answers
 *
 * Some of what belongs to a user is the pbx's own: how they want to be
 * called, their voice messages.  A client asks us, who know the user; we ask
 * the pbx that serves the customer and hand its answer on as it is, octets of
 * sound, too.  A pbx that does not answer is 503 pbx-away: what was set there
 * stays in force.
 *
 * Source: design.md 4.5; SIT-3, SIT-5 to SIT-7.
 */
#ifndef UC_AT_PBX_H
#define UC_AT_PBX_H

#include "uc/uc.h"

struct at_pbx;

int at_pbx_alloc(struct at_pbx **ap, struct uc *uc);

/**
 * Ask the pbx of a customer what this request asks, and answer with what it
 * says.  Method, body and Range go along.
 *
 * @param customer Whose pbx
 * @param path     There, with query if any: "/api/v1/users/ID/settings"
 */
void at_pbx_relay(struct at_pbx *a, struct http_request *req,
		  const char *customer, const char *path);

#endif
