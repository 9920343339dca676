/* pin.h - a user's PIN: hot desks, phone unlock, calls from outside
 *
 * What the portal gives is the first value only; whoever changes it later,
 * here, owns it: a PUT of the user that repeats the portal's value, or says
 * nothing of a PIN, changes nothing.  Another value from the portal is the
 * administrator's reset.  What a user sets is kept as a salted slow hash and
 * compared in a thread; the portal's value stays sealed as all secrets it
 * provisions.  Three failures (setting pin-failures) within five minutes lock
 * the PIN for fifteen (pin-lock), over restarts too; nobody's attempts run
 * side by side.
 *
 *   GET, PUT /api/v1/users/ID/pin, DELETE /api/v1/users/ID/pin/lock
 *
 * Source: domain/pbx.md 3, design.md 4.5; CAL-6, USR-7.
 */
#ifndef PBX_PIN_H
#define PBX_PIN_H

#include "model/provision.h"
#include "pbx/directory.h"

struct http_request;
struct key_file;

enum {
	PIN_MAX = 8, /* digits */
	PIN_WINDOW_MS = 5 * 60 * 1000,
};

enum pin_verdict {
	PIN_RIGHT,
	PIN_WRONG,
	PIN_LOCKED, /* or this failure has locked it */
	PIN_NONE,   /* the user has none: nobody gets in by it */
};

/** A PIN was compared, and the count of failures is on the disk. */
typedef void(pin_h)(int err, enum pin_verdict verdict, void *arg);

/** A change is on the disk, or is not. */
typedef void(pin_set_h)(int err, void *arg);

/**
 * Make the table, add the routes.
 *
 * @param users Where the portal's values are
 */
int pin_start(struct store *store, const struct key_file *keys,
	      struct router *router, const struct record_table *users);
void pin_close(void);

/**
 * Compare.
 *
 * @param what For the log: "hot desk", "outside" ...; not copied
 *
 * @return 0; EBUSY while another attempt at this user's is being compared;
 * ENOMEM
 */
int pin_check(const struct user *u, const char *digits, const char *what,
	      pin_h *h, void *arg);

/** Why a PIN is too weak to be chosen: the rule as a sentence; or NULL. */
const char *pin_weakness(const struct user *u, const char *digits);

/** Set it; the rules are the caller's to ask.  h may be NULL.  0; EINVAL;
 * EBUSY; ENOMEM. */
int pin_set(const struct user *u, const char *digits, const char *by,
	    pin_set_h *h, void *arg);

/** A user is stored or deleted: what that means for the PIN, in the same
 * write. */
int pin_write(struct store_write *w, const struct provision_change *change);

/** Answer a request whose PIN was not right.
 *
 * @param err   Of the comparison
 * @param wrong Sentence for a wrong one
 */
void pin_refuse(struct http_request *req, int err, enum pin_verdict verdict,
		const char *wrong);

/** "wrong", "locked" ... */
const char *pin_verdict_name(enum pin_verdict verdict);

#endif
