/* greeting_api.h - greetings of mailboxes, and prompts of a customer, by REST
 *
 *   GET                mailboxes/ID/greetings
 *   PUT, GET, DELETE   mailboxes/ID/greetings/NAME   (audio/wav)
 *   PATCH              mailboxes/ID/greetings/NAME   {"used": true}
 *   GET                customers/ID/prompts
 *   PUT, GET, DELETE   customers/ID/prompts/LANGUAGE/NAME
 */
#ifndef PBX_GREETING_API_H
#define PBX_GREETING_API_H

#include "model/route.h"

int greeting_api_start(struct router *router);

#endif
