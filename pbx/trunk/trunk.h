/* trunk.h - a way to the public network: a provider's SIP server
 *
 * A trunk is static (known by its address) or registered (we have an account
 * there).  It serves one customer or all.  Which trunks a number may take,
 * and in what order, is trunk_select()'s answer; a trunk that is down comes
 * last, so that it is tried when nothing else is left.
 *
 * What comes in is believed to be a trunk's only by where it comes from:
 * the address of its host, those it has listed, or the one that answered our
 * last REGISTER or OPTIONS; when the trunk wants digest, by that, too.
 *
 * Source: domain/pbx.md 10; design.md section 7; CAL-3.
 */
#ifndef PBX_TRUNK_H
#define PBX_TRUNK_H

#include <jansson.h>

#include "base/wheel.h"
#include "model/pbx_kinds.h"
#include "pbx/directory.h"
#include "sip/build.h"
#include "sip/dialog.h"

enum {
	TRUNKS_MAX = 16, /* tried for one call */
	TRUNK_LIST_MAX = 32,
};

/** How a trunk is told billing numbers. */
enum trunk_billing {
	TRUNK_BILLING_NONE,
	TRUNK_BILLING_ASSERTED, /* P-Asserted-Identity */
	TRUNK_BILLING_BOTH,     /* and P-Preferred-Identity */
};

struct trunk {
	struct le le; /* of all, by priority; unlinked once removed */
	char id[DIRECTORY_ID_SIZE];
	char customer[DIRECTORY_ID_SIZE]; /* "": shared */
	json_t *object;                   /* as provisioned; texts point here */
	const char *name;
	const char *host;
	const char *user; /* NULL without credentials */
	const char *secret;
	const char *access; /* digits that choose it, or "" */
	const char *cpn;    /* shown when nothing better is known, or "" */
	enum sip_transport transport;
	uint16_t port; /* 0: by DNS, or the transport's own */
	uint32_t priority;
	uint32_t max_calls; /* 0: no limit */
	uint32_t expires_s;
	uint8_t diversion; /* enum diversion_style */
	uint8_t billing;   /* enum trunk_billing */
	bool is_enabled;
	bool is_registered_mode;
	bool is_trusted;    /* gets, and is believed, asserted identities */
	bool is_emergency;  /* emergency calls go here first */
	bool asks_digest;   /* what comes in is challenged */
	bool shows_account; /* From is the account, not the number */
	struct sa sources[TRUNK_LIST_MAX]; /* port 0: any */
	uint32_t source_count;
	struct list outsiders; /* struct phone, trunk_le */

	/* as it is now */
	bool is_up;
	bool is_registered;
	bool has_answered;
	bool clears_first;  /* another node may have registered it before */
	struct sa answered; /* address of the last answer */
	uint16_t status;    /* of it; 0: none came */
	uint32_t failures;  /* in a row */
	struct sip_dialog *dialog; /* the series of REGISTERs */
	struct sip_client *request;
	struct wheel_timer timer;
};

void trunk_init(void);
void trunk_close(void);

/** Add or change a trunk; forget it: its calls go on. */
int trunk_take(json_t *object, void *arg);
void trunk_remove(const char *id);

/** Add how it is now to an object that is answered. */
void trunk_view(json_t *object);

/** The trunk, or NULL. */
struct trunk *trunk_find(struct span id);

/** All: struct trunk, le. */
const struct list *trunk_list(void);

/** URI of its host: `sip:USER@HOST:PORT;transport=tcp`; user may be "". */
void trunk_uri(const struct trunk *t, const char *user, struct sip_out *o);

/** Where it is: what answered last, or the host if that is an address; else
 * unset. */
void trunk_address(const struct trunk *t, struct sa *sa);

/** Whether a request on this flow may come from it. */
bool trunk_is_source(const struct trunk *t, const struct sip_flow *flow);

/** Which trunks a number may take. */
struct trunk_query {
	const char *customer;
	const char *number;
	bool is_emergency; /* all that are enabled, capable ones first */
	bool is_anywhere;  /* also those that the other node registers */
};

/**
 * The trunks for a number, best first: by state, priority, longest prefix.
 *
 * @param out  TRUNKS_MAX places; no references
 * @param busy Set when one was left out because it has all its calls
 *
 * @return How many
 */
uint32_t trunk_select(struct trunk *out[TRUNKS_MAX], bool *busy,
		      const struct trunk_query *q);

/** A number as this trunk wants it (strip, prepend). */
void trunk_digits(const struct trunk *t, const char *number,
		  char out[DIRECTORY_NUMBER_MAX + 1]);

/** A called number from this trunk as we know it (in_strip, in_prepend). */
void trunk_in_digits(const struct trunk *t, const char *number,
		     char out[DIRECTORY_NUMBER_MAX + 1]);

/** Not answering, or answering again: what calls have found out. */
void trunk_seen(struct trunk *t, bool is_up, const char *why);

/* ---- trunk_registration.c ---- */

/** Register, or ask whether it is there; go on doing so. */
void trunk_start(struct trunk *t);

/** The lease has come or goes (pair.h): registrations begin, or end. */
void trunk_lease(bool is_held);

/** Stop; a registration is ended. */
void trunk_stop(struct trunk *t);

/** A call has found it down: ask sooner. */
void trunk_ask_soon(struct trunk *t);

/** How long to wait after the nth failure in a row. */
uint32_t trunk_wait_ms(uint32_t failures);

#endif
