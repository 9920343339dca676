/* registration.h - keeps the phone known to one of its registrars
 *
 * Life: seeking -> registered -> (lost) -> seeking …  The registrars of the
 * account are tried in order; one that does not answer in four seconds, whose
 * connection breaks or who answers 5xx gives way to the next.  After a whole
 * round without success the next begins 1, 2, 4 … 30 s later.  Refreshed at
 * half the time granted; while there are several registrars the present one
 * is asked every four seconds whether it lives (SIN-3: on the other within
 * ten).  While it is not the first, that one is asked as often; when it has
 * answered for 120 s (--failback) and there is no call, the phone goes back.
 * A refusal is tried again after 10 s only.
 *
 * Source: RFC 3261 section 10, RFC 5626 sections 4.2 to 4.5; SIN-3.
 */
#ifndef PHONE_REGISTRATION_H
#define PHONE_REGISTRATION_H

#include "base/libre.h"
#include "base/span.h"

struct engine;
struct registration;
struct sip_flow;

enum {
	REGISTRATION_EXPIRES_S = 300,
	REGISTRATION_ANSWER_MS = 4000,
	REGISTRATION_PING_MS = 4000,
	REGISTRATION_PING_ANSWER_MS = 3000,
	REGISTRATION_RETRY_MAX_MS = 30000,
	REGISTRATION_REFUSED_MS = 10000,
	REGISTRATION_FAILBACK_MS = 120000,
};

/** Begin to register.  The engine must have its stack and account. */
int registration_start(struct registration **rp, struct engine *e);

/** Take the binding away; engine_check_closed() is called when that is done
 * or given up. */
void registration_stop(struct registration *r);

/** Whether registration_stop() has come to its end. */
bool registration_is_over(const struct registration *r);

bool registration_is_registered(const struct registration *r);

/** Begin anew at once, e.g. because the user said so. */
void registration_try(struct registration *r);

/** Number of the present registrar in the account. */
size_t registration_index(const struct registration *r);

/** Whether this one serves us. */
bool registration_serves(const struct registration *r, size_t index);

/** Way to the registrar we are registered with; NULL when with none. */
struct sip_flow *registration_flow(const struct registration *r);

/** Host and port of the present registrar, as they stand in its URI. */
struct span registration_host(const struct registration *r);

/** Whether requests from there are believed: an address of a registrar or
 * proxy this phone has sent to. */
bool registration_knows(const struct registration *r, const struct sa *source);

#endif
