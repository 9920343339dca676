/* handoff.h - a call goes on at another phone of the same user
 *
 * *78 pushes: the call that the phone holds (or one it transfers to *78) rings
 * the user's other phones, and those of the personal-ring or multi-device
 * group the phone is in; who answers has it.  *79 pulls: the phone that dials
 * it takes the call that goes on at one of the others.
 *
 * Source: domain/pbx.md 2.1, 8.1; CAL-4, USR-6.
 */
#ifndef PBX_HANDOFF_H
#define PBX_HANDOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "pbx/route/code.h"

struct leg;
struct phone;

code_run_h handoff_push;
code_run_h handoff_pull;

/** Whether a number that a phone transfers to is the code. */
bool handoff_is_dialled(const struct phone *p, const char *dialled);

/** Ring the others for the other party of a leg; the phone is told of it as of
 * a transfer.  0 or the status that says why not, 491 for not yet. */
uint16_t handoff_do(struct leg *by, uint32_t event, bool is_silent);

/** The leg that a phone would take over, or NULL. */
struct leg *handoff_leg(const struct phone *p);

#endif
