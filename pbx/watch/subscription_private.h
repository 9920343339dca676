/* subscription_private.h - what the files of subscriptions share */
#ifndef PBX_SUBSCRIPTION_PRIVATE_H
#define PBX_SUBSCRIPTION_PRIVATE_H

#include "base/wheel.h"
#include "pbx/watch/subscription.h"
#include "pbx/watch/watched.h"
#include "sip/dialog.h"

enum {
	SUBSCRIPTION_EXPIRES_MAX_S = 3600,
	EVENT_ID_SIZE = 33,
};

enum package {
	PACKAGE_DIALOG,
	PACKAGE_PRESENCE,
	PACKAGE_MESSAGES,
	PACKAGE_REG,
	PACKAGE_CONFERENCE,
	PACKAGE_KEYS,
	PACKAGES,
};

extern const struct subscription_package {
	const char *name;
	const char *type; /* of its documents */
} subscription_packages[PACKAGES];

struct subscription {
	struct table_entry by_dialog;
	struct table_entry by_phone;
	struct le watched_le;
	struct le due_le;
	struct watched *watched; /* counted */
	struct phone *phone;     /* counted */
	struct sip_dialog *dialog;
	struct sip_server *asked;  /* SUBSCRIBE whose 200 waits */
	struct sip_client *notify; /* open */
	struct wheel_timer expiry;
	struct wheel_timer rest;
	uint64_t row;
	uint64_t expires_ms; /* monotonic */
	uint64_t told_ms;    /* monotonic, last NOTIFY */
	uint32_t told;       /* watched's change told last; 0: full state */
	uint32_t version;    /* of the next document */
	uint8_t package;
	uint8_t failures;
	bool is_dirty; /* has something to tell */
	bool is_ended;
	char event_id[EVENT_ID_SIZE]; /* of Event, "" without */
};

/* One that is asked for, checked. */
struct asking {
	struct span event_id;
	enum package package;
	uint32_t expires_s;
	char name[SIP_USER_MAX_BYTES + 1];
};

/** Read Event, Expires, Accept.  0, or the status that refuses it. */
uint16_t asking_event(struct asking *a, const struct sip_message *m);

/** Read whom it is about and whether this phone may watch that. */
uint16_t asking_target(struct asking *a, const struct sip_message *m,
		       const struct phone *phone);

/** Header lines of a NOTIFY; reason NULL: the subscription goes on. */
void subscription_headers(const struct subscription *s, struct sip_out *o,
			  const char *reason);

/** Number of the last change of what it watches. */
uint32_t subscription_change(const struct subscription *s);

/** Its document. */
void subscription_body(struct subscription *s, struct sip_out *o);

#endif
