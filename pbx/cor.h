/* cor.h - what a user may dial (class of restriction) and do (of service)
 *
 * Both are kinds that the portal provisions for a customer and users refer
 * to; a user without one may everything.  What a call may cost is asked at
 * each hop of whoever pays for it: the caller, then each user whose forward
 * sends it on.
 *
 * Source: domain/pbx.md 4.1 and 5; CAL-3.
 */
#ifndef PBX_COR_H
#define PBX_COR_H

#include <jansson.h>

#include "model/kind.h"
#include "pbx/directory.h"

/** Options of a class of service that are enforced. */
enum cos_option {
	COS_FORWARD,         /* Call Forwarding Internal destination */
	COS_FORWARD_ACCEPT,  /* Call Forwarding Accept */
	COS_DND,             /* do not disturb */
	COS_CALL_WAITING,    /* a second call rings */
	COS_CODES,           /* feature access codes */
	COS_PICKUP_GROUP,    /* Call Pickup Dialed */
	COS_PICKUP_DIRECTED, /* Call Pickup Directed */
	COS_PICKUP_ACCEPT,   /* Call Pickup Directed - Accept */
	COS_OPTIONS,
};

extern const struct kind cor_kind;
extern const struct kind cos_kind;

int cor_init(void);
void cor_close(void);

/** Add, change or (object NULL) forget a class. */
int cor_take(json_t *object, void *arg);
int cos_take(json_t *object, void *arg);
void cor_remove(const char *id);
void cos_remove(const char *id);

/** Whether who pays may reach this number; NULL pays for nobody: yes. */
bool cor_permits(const struct user *payer, const char *number);

/** The same for a number outside, as dialled: a class permits those it names
 * only. */
bool cor_permits_outside(const struct user *payer, const char *number);

/** Whether the user's class of service has the option; NULL: yes. */
bool cos_has(const struct user *u, enum cos_option option);

#endif
