/* dial.h - numbers that are dialled by something shorter, or otherwise
 *
 *   *66         the last number again, kept for each user across restarts;
 *               never an emergency number
 *   *75*NN      a short number: the user's own, else the customer's
 *   *76*NN*N    keep N as the user's own; the class of restriction must permit
 *   *31*N #31*N with the caller's number hidden, or shown although the user
 *               hides it
 *
 * What is dialled so is routed as if it had been dialled by itself, on behalf
 * of the user; an entry of the customer may be exempt from classes of
 * restriction.  An emergency number is one however it is dialled.
 *
 * Source: RFC 3323, RFC 3325; domain/pbx.md 4.1, 23; CAL-4.
 */
#ifndef PBX_DIAL_H
#define PBX_DIAL_H

#include <jansson.h>

#include "pbx/route/code.h"

code_run_h dial_last;
code_run_h dial_speed;
code_run_h dial_store;
code_run_h dial_hidden;
code_run_h dial_shown;

/** Dial this number for a call whose code has been understood. */
void dial_again(struct call *call, const struct sip_message *m,
		const char *number);

/** A user has dialled a number. */
void dial_remember(const struct call *call);

/** Read those back, after the directory. */
int dial_restore(void);

/** The user is deleted. */
void dial_forget(const char *user);

/** Check entries: adds errors for the field `speed_dials`.  With_override:
 * they may be objects {number, override}. */
void dial_check(const json_t *entries, bool with_override, json_t *errors);

#endif
