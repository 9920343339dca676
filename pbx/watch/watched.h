/* watched.h - a number that somebody watches, and what goes on there
 *
 * Exists while it has subscriptions.  Of its legs it keeps how they were when
 * last heard of; how each is now is looked up when a document is written, so
 * that no leg is pointed to.
 */
#ifndef PBX_WATCHED_H
#define PBX_WATCHED_H

#include "pbx/call/call.h"
#include "pbx/pair/far.h"
#include "sip/build.h"
#include "sip/uri.h"

enum { WATCHED_LEGS = 12 };

/** A leg of the number. */
struct seen {
	char call[CALL_ID_SIZE];
	uint16_t number;
	uint8_t state;   /* enum leg_state */
	uint32_t change; /* number of its last change */
	bool is_far;     /* at the other node of a pair */
};

/** A leg of this node or of the other one, as those who watch see it. */
struct watched_view {
	const char *call;
	const char *customer;
	const char *park; /* number it is parked at, or NULL */
	const struct phone *phone;
	const char *peer; /* number, or NULL; what was dialled counts, too */
	const char *peer_name;
	uint16_t number;
	uint8_t state; /* enum leg_state */
	bool is_far;
};

struct watched {
	struct table_entry by_name;
	struct list subscriptions; /* struct subscription, watched_le */
	char customer[DIRECTORY_ID_SIZE];
	char name[SIP_USER_MAX_BYTES + 1]; /* number, or SIP user */
	uint32_t changes;                  /* number of the last one, from 1 */
	uint32_t forgotten; /* who knows no more needs the full state */
	uint32_t count;
	struct seen seen[WATCHED_LEGS];
};

int watched_init(void);
void watched_close(void);

/** The watched number of a customer: NULL when nobody watches it. */
struct watched *watched_find(const char *customer, const char *name);

/** The same, made when there is none; one reference. */
int watched_get(struct watched **wp, const char *customer, const char *name);

/** How a leg is seen.  A leg that the other node shows is over here. */
void watched_view(struct watched_view *v, const struct leg *leg);
void watched_view_far(struct watched_view *v, const struct far_leg *leg);

/** A leg has news; is_over: it will not be found any more.  Whether anything
 * changed. */
bool watched_leg(struct watched *w, const struct watched_view *v, bool is_over);

/** Write its dialogs as of now; after: only what changed since that change,
 * 0 = all. */
void watched_dialogs(struct watched *w, struct sip_out *o, const char *entity,
		     uint32_t version, uint32_t after);

/** Whether somebody speaks or dials there. */
bool watched_is_busy(struct watched *w);

/** Whether any phone of the number is registered. */
bool watched_is_open(const struct watched *w);

#endif
