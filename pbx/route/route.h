/* route.h - whom a dialled number rings, and what comes when nobody answers
 *
 * One engine for every call, direct or to a group: who calls, what was
 * dialled, out comes the list of phones to ring or the answer the caller
 * gets, with the reason of each decision in the trail.  When those rung do
 * not answer, are busy or send the call elsewhere, route_on() says who comes
 * next.  Numbers mean something inside the caller's customer only.
 *
 * What is asked, in this order, at each number: may who pays call it (cor.h);
 * blocked and anonymous callers; forward always; do not disturb; no phone
 * registered; on the phone; then it rings.  A call visits nobody twice and
 * makes at most ROUTE_HOPS_MAX hops.
 *
 * Source: design.md section 5; domain/pbx.md 5, 6, 8; CAL-2 to CAL-5.
 */
#ifndef PBX_ROUTE_H
#define PBX_ROUTE_H

#include "pbx/directory.h"
#include "pbx/call/trail.h"

struct attendant;
struct code;
struct group;

enum {
	ROUTE_HOPS_MAX = 20, /* times one call may be routed */
	ROUTE_TWINS_MAX = 8, /* outside numbers rung at once */
};

/** Why a call goes on to another number. */
enum route_why {
	ROUTE_ALWAYS,
	ROUTE_DND,
	ROUTE_BUSY,
	ROUTE_NO_ANSWER,
	ROUTE_NOT_REGISTERED,
	ROUTE_REDIRECTED, /* the phone itself sent it on */
	ROUTE_OVERFLOW,   /* no member of a group answered */
	ROUTE_MODE,       /* rerouted in this service mode */
	ROUTE_DECLINED,   /* leads nobody on, but to a group's next member */
	ROUTE_WHYS,
};

/** A number that a call has left, and why. */
struct route_hop {
	char number[DIRECTORY_NUMBER_MAX + 1];
	uint8_t why;     /* enum route_why */
	bool is_private; /* who it is stays unknown */
	bool is_outside; /* of the outside: no number of the customer */
};

/** How far a call may go on somebody else's behalf: from what the pbx has
 * answered, for instance.  Codes and emergency numbers are no numbers
 * there. */
enum route_reach {
	ROUTE_REACH_CALLER,  /* as the caller may */
	ROUTE_REACH_INSIDE,  /* nothing outside */
	ROUTE_REACH_OUTSIDE, /* outside at the payer's cost, or the customer's */
};

/** The way of one call so far. */
struct route_way {
	char visited[ROUTE_HOPS_MAX][DIRECTORY_ID_SIZE]; /* users, groups */
	struct route_hop hops[ROUTE_HOPS_MAX];
	char number[DIRECTORY_NUMBER_MAX + 1]; /* rung now */
	char user[DIRECTORY_ID_SIZE];   /* whose forwards come next, or "" */
	char group[DIRECTORY_ID_SIZE];  /* whose members come next, or "" */
	char sender[DIRECTORY_ID_SIZE]; /* who forwards always to whom is rung,
					   or "" */
	uint8_t visits;
	uint8_t hop_count;
	uint8_t past;    /* hops before the call came here (diversion.h) */
	uint8_t unnamed; /* more of them, which are only counted */
	uint8_t first;   /* hunt: where it began */
	uint8_t tried;   /* hunt: members tried */
	bool is_line; /* a line was dialled: the user's forwards do not count */
	bool is_anonymous;
	bool hides_history; /* the caller wants it unknown where it was */
	bool is_permitted;  /* the number dialled is exempt from restriction */
	uint8_t reach;      /* enum route_reach */
	uint8_t mode;       /* enum service_mode: when the call began */
	char payer[DIRECTORY_ID_SIZE]; /* whose privileges count there */
	bool is_delayed;               /* forward always follows no answer */
	bool is_final;                 /* nobody forwards it any more */
};

/** Where a call goes. */
struct routing {
	uint16_t status;   /* 0, or the final answer: nobody is rung */
	const char *cause; /* phrase that goes with status */
	struct user *user; /* whom the number belongs to, or NULL */
	uint32_t count;
	struct phone *phones[DIRECTORY_PHONES_MAX];
	const struct user *twins[ROUTE_TWINS_MAX]; /* rung outside, too */
	uint8_t twin_count;
	char number[DIRECTORY_NUMBER_MAX + 1]; /* as dialled, cleaned */
	uint32_t ring_s; /* how long; 0: the installation's limit */
	char outside[DIRECTORY_NUMBER_MAX + 1]; /* leaves by a trunk; or "" */
	const struct user *payer; /* who pays for that; NULL: the customer */
	const struct code *code;  /* a feature access code was dialled */
	bool is_voicemail;        /* the voice mail answers; nobody is rung */
	char mailbox[DIRECTORY_ID_SIZE];   /* whose, "": the caller's own */
	const struct attendant *attendant; /* answers; nobody is rung */
	char argument[DIRECTORY_NUMBER_MAX + 1]; /* the code's number */
};

/**
 * Route a dialled number.
 *
 * @param r       Filled
 * @param way     Zeroed but for is_anonymous, is_permitted, reach and payer; what
 *                route_on() needs
 * @param caller  The authenticated phone; it does not ring itself
 * @param dialled User part of the Request-URI, unescaped
 * @param hops    How often this call has been routed before
 * @param trail   Gets what was decided and why; may be NULL
 */
void route_begin(struct routing *r, struct route_way *way,
		 const struct phone *caller, struct span dialled, uint32_t hops,
		 struct trail *trail);

/** The same for a call that does not go on. */
void route_number(struct routing *r, const struct phone *caller,
		  struct span dialled, uint32_t hops, struct trail *trail);

/**
 * Those rung do not take the call: who is next?
 *
 * @param why ROUTE_BUSY, _NO_ANSWER, _NOT_REGISTERED, _DND, _REDIRECTED or
 *            _DECLINED
 * @param to  ROUTE_REDIRECTED: the number the phone named
 *
 * @return false when it goes nowhere: the caller gets what was answered
 */
bool route_on(struct routing *r, struct route_way *way,
	      const struct phone *caller, enum route_why why, struct span to,
	      struct trail *trail);

/** Whether a number leads outside: nobody inside has it. */
bool route_leads_outside(const struct customer *c, const char *number);

/** Whether a user's class of restriction lets them call a number, inside or
 * outside; NULL: yes. */
bool route_permits(const struct user *payer, const char *number);

/** Whether a user's class of service lets calls be forwarded to a number. */
bool route_may_forward(const struct user *u, const char *number);

/** "forward-busy" ... */
const char *route_why_name(enum route_why why);

#endif
