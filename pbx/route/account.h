/* account.h - account codes: what a call is booked under
 *
 * Dialled before the number (*35*CODE*NUMBER), checked against the customer's
 * list (kind account_codes) or free, as the class of service says; it goes
 * into the call's record.  Where the class forces one for calls outside, the
 * caller is asked for it before anything rings; who cannot be asked - a
 * forward, a transfer, no media server - is refused.
 *
 * Source: domain/pbx.md 4.1, 4.2; CAL-9.
 */
#ifndef PBX_ACCOUNT_H
#define PBX_ACCOUNT_H

#include <jansson.h>

#include "pbx/call/call.h"
#include "pbx/route/code.h"

int account_init(void);
void account_close(void);

/** Add, change or forget a code of the list. */
int account_take(json_t *object, void *arg);
void account_remove(const char *id);

/** CODE*NUMBER has been dialled. */
code_run_h account_run;

/** A call is about to go outside: false when nothing more is needed; true:
 * the caller is being asked for a code, or has been refused. */
bool account_asks(struct call *call, const struct routing *r);

/** What is said of the code that comes with a call begun by REST. */
enum account_verdict {
	ACCOUNT_FINE,
	ACCOUNT_NEEDED, /* there is none, and the number leads outside */
	ACCOUNT_WRONG,
};

/** Whether a phone's user may call a number under a code; NULL: none. */
enum account_verdict account_verdict_of(const struct phone *p,
					const char *number, const char *code);

/** The call is booked under a code that was found fine. */
void account_book(struct call *call, const char *code);

#endif
