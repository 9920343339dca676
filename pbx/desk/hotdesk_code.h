/* hotdesk_code.h - log in, log out, change the PIN, dialled at a phone
 *
 *   *51*NUMBER        log in; the PIN is asked for by voice and pressed
 *   *51*NUMBER*PIN    the same in one string, without media server too
 *   *52               log out
 *   *53*NUMBER        log out a user who is logged in elsewhere
 *   *54*NUMBER        one's outside number (twin.h) is this one
 *   *55               change the PIN: old, new, new again, by voice
 *
 * What comes of it is said where the call is answered, else in the phrase of
 * the final status (603 for what is done).
 *
 * Source: domain/pbx.md 3, 7.1, 23; CAL-6.
 */
#ifndef PBX_HOTDESK_CODE_H
#define PBX_HOTDESK_CODE_H

#include "pbx/route/code.h"

code_run_h hotdesk_code_log_in;
code_run_h hotdesk_code_log_out;
code_run_h hotdesk_code_log_out_other;
code_run_h hotdesk_code_number;
code_run_h hotdesk_code_pin;

#endif
