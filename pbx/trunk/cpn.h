/* cpn.h - numbers shown outside, and where a phone is: zones
 *
 * A calling-party number stands in for the extension on calls that leave by a
 * trunk: that of the phone line, else of the user, else of the zone the phone
 * is in, else of the customer.  An emergency location number (CESID) is found
 * the same way, but is a thing of its own: it is shown to emergency centres
 * only.  A zone is a set of networks of a customer; a phone is in the one its
 * address lies in.
 *
 * Source: domain/pbx.md 10 to 12; CUS-6, CUS-9.
 */
#ifndef PBX_CPN_H
#define PBX_CPN_H

#include <jansson.h>

#include "model/pbx_kinds.h"
#include "pbx/directory.h"

int cpn_init(void);
void cpn_close(void);

int cpn_take(json_t *object, void *arg);
void cpn_remove(const char *id);
int cesid_take(json_t *object, void *arg);
void cesid_remove(const char *id);
/** Adds field errors: networks that are none, are too many or overlap. */
void zone_check(const json_t *object, const char *id, json_t *errors);
int zone_take(json_t *object, void *arg);
void zone_remove(const char *id);

/** Whether there is such a zone. */
bool zone_is(const char *id);

/** Id of the zone that a phone at this address is in, or NULL. */
const char *zone_id(const struct phone *p, const struct sa *source);

/** Who in a phone's zone is told of calls for help; valid until the next
 * change. */
struct zone_emergency {
	const char *label;    /* of the zone, or "" */
	const json_t *phones; /* list of numbers, or NULL */
	const json_t *mail;   /* list of addresses, or NULL */
};
void zone_emergency(struct zone_emergency *e, const struct phone *p,
		    const struct sa *source);

/** Name of the time zone there: the zone's, else the customer's; may be "". */
const char *zone_clock(const struct phone *p, const struct sa *source);

/** A number and at which level it was found. */
struct shown_number {
	const char *number; /* NULL: none; valid until the next change */
	const char *level;  /* "phone", "user", "zone", "customer" */
};

/**
 * What a phone shows outside.
 *
 * @param source Address it calls from, for its zone; may be NULL
 */
struct shown_number cpn_of(const struct phone *p, const struct sa *source);

/** What is shown for a call that a user pays for from no phone of theirs. */
struct shown_number cpn_of_user(const struct user *u);

/** What is shown for who shows no number of their own: zone or customer. */
struct shown_number cpn_of_place(const struct phone *p,
				 const struct sa *source);

/** Adds a field error: neither a number shown nor a billing number. */
void cpn_check(const json_t *object, json_t *errors);

/**
 * What a call outside is billed to: the number of the line, of who pays, of
 * the zone, of the customer; the first two not where who pays has class option
 * billing_default.
 *
 * @param source Address the phone calls from, or NULL
 * @param payer  Who pays; NULL: the customer
 */
struct shown_number billing_of(const struct phone *p, const struct sa *source,
			       const struct user *payer);

/** Its emergency location: phone, zone, user; the customer's default is the
 * caller's business. */
struct shown_number cesid_of(const struct phone *p, const struct sa *source);

#endif
