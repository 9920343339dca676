/* command.h - call control by a third party, as ECMA-269 names the commands
 *
 * What control.c's routes do to a call for a phone; each takes the phone's leg
 * and the request's body and returns 0 or the status that says why not (491:
 * not yet).  A phone that must answer for it is rung with the request to
 * answer by itself (RFC 5373).
 *
 * Source: ECMA-269 17; CAL-4.
 */
#ifndef PBX_COMMAND_H
#define PBX_COMMAND_H

#include <jansson.h>
#include <stdint.h>

struct call;
struct leg;
struct phone;

/** The phone rings: it is asked to answer by itself. */
uint16_t command_answer(struct leg *leg, json_t *body);

/** {call}: holds this call and takes the phone's other one back. */
uint16_t command_alternate(struct leg *leg, json_t *body);

/** {call}: ends this call and takes the phone's other one back. */
uint16_t command_reconnect(struct leg *leg, json_t *body);

/** {call}: both other parties and the phone meet in a conference. */
uint16_t command_conference(struct leg *leg, json_t *body);

/** {digits}: pressed on behalf of the phone, by INFO. */
uint16_t command_digits(struct leg *leg, json_t *body);

/** Nobody is in the call any more. */
uint16_t command_clear(struct leg *leg, json_t *body);

/** {number}: holds, and the phone is rung for a second call, which is set. */
uint16_t command_consult(struct leg *leg, const char *number,
			 struct call **callp);

/** The phone is rung for a call that rings elsewhere. */
uint16_t command_pickup(struct call *call, struct phone *phone);

/** The same, for a call that pickup_ringing() has found at this number, or ""
 * in one of the phone's groups. */
uint16_t command_pickup_at(struct call *call, struct phone *phone,
			   const char *number);

/** The pbx ends: nothing is sent any more. */
void command_close(void);

#endif
