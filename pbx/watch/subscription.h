/* subscription.h - phones that watch a number: busy-lamp fields, messages
 *
 * Packages: dialog, presence, message-summary, reg, conference, ua-profile (the
 * phone's own keys, keys.h).  A subscription is a dialog with the watching phone, which sees only numbers of its own customer
 * and messages and registrations only of its own.  It is on record before the
 * 200 leaves and goes on after a restart, with the full state.
 *
 * A subscription has one NOTIFY open at most and one a second; what changes
 * meanwhile is told together.  Many that are due leave over several turns of
 * the loop.
 *
 * Source: RFC 6665, 4235, 3856, 3842, 3680, 4575; CAL-1, CAL-4.
 */
#ifndef PBX_SUBSCRIPTION_H
#define PBX_SUBSCRIPTION_H

#include "sip/stack.h"

struct far_leg;
struct leg;
struct phone;
struct sip_dialog;
struct subscription;

#define SUBSCRIPTION_PACKAGES                                                  \
	"dialog, presence, message-summary, reg, conference, ua-profile"

enum {
	SUBSCRIPTIONS_MAX = 200000,
	SUBSCRIPTIONS_OF_PHONE_MAX = 250, /* past it the oldest ends */
	SUBSCRIPTIONS_TO_NUMBER_MAX = 200,
};

int subscription_init(void);

/** Forget them in memory only: the process ends. */
void subscription_close(void);

/** Read them back at start, after the directory and the calls. */
int subscription_restore(void);

/** An authenticated SUBSCRIBE outside a dialog. */
void subscription_request(const struct sip_message *m, struct sip_flow *flow,
			  struct phone *phone);

/** The subscription a dialog belongs to, NULL when it is none's. */
struct subscription *subscription_of(const struct sip_dialog *d);
const struct phone *subscription_phone(const struct subscription *s);

/** A request inside its dialog, from its phone. */
void subscription_receive(struct subscription *s, const struct sip_message *m,
			  struct sip_flow *flow);

/** News for those who watch. */
void subscription_leg(const struct leg *leg);
void subscription_leg_over(const struct leg *leg);
void subscription_far_leg(const struct far_leg *leg, bool is_over);
void subscription_registered(const struct phone *p);
/** What its phones publish has changed (publication.h). */
void subscription_presence(const struct phone *p);

/** It is, or is not any more, registered at the other node. */
void subscription_elsewhere(const struct phone *p);
void subscription_messages(const char *customer, const char *number);

/** A conference, by the user part of its URI, has changed or is over. */
void subscription_conference(const char *customer, const char *user,
			     bool is_over);

/** The keys of a phone, or NULL, are others. */
void subscription_keys(const struct phone *p);

/** The phone is gone or has other credentials: what it watches ends. */
void subscription_drop(const struct phone *phone);

uint32_t subscription_count(void);

#endif
