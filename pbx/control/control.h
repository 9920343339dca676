/* control.h - calls controlled by somebody else, over REST
 *
 *   POST   /api/v1/calls                 {phone, number}: rings the phone,
 *                                        then what it would dial
 *   POST   /api/v1/calls/{id}/hold       {phone}
 *   POST   /api/v1/calls/{id}/retrieve   {phone}
 *   POST   /api/v1/calls/{id}/hangup     {phone}
 *   POST   /api/v1/calls/{id}/transfer   {phone, number | call}
 *   POST   /api/v1/calls/{id}/redirect   {phone, number}
 *   and the commands of docs/call-control.md (command.h)
 *   GET    /api/v1/call-control          events, states, causes (csta.h)
 *
 * The phone named is the one on whose behalf it is done; what it may not do
 * is refused as if it had asked by SIP.  Legs and their states are told as
 * ECMA-269 names them (event.h).
 *
 * Source: ECMA-269; CAL-4.
 */
#ifndef PBX_CONTROL_H
#define PBX_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct http_request;
struct leg;
struct phone;
#include "model/route.h"

int control_start(struct router *router);

/** For the other files of routes: the phone, or a text, that the body names, adding a
 * field error; whether there are any (answered, and given back, then); the leg of
 * that phone in the call of the path, NULL after an answer; the answer of a
 * command by its status. */
struct phone *control_phone(json_t *body, json_t *errors);
const char *control_text(json_t *body, const char *name, json_t *errors);
bool control_has_errors(struct http_request *req, json_t *errors);
struct leg *control_leg(struct http_request *req, json_t *body);
struct leg *control_leg_of(const struct call *call, const struct phone *phone);
void control_done(struct http_request *req, uint16_t status);

/** Whether the account code that the body names, or that it names none, is
 * fine for a call of this phone to a number; else answered. */
bool control_account(struct http_request *req, const json_t *body,
		     const struct phone *phone, const char *number);

#endif
