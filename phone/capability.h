/* capability.h - what a phone offers, with the uc server and without
 *
 * One table, straight from requirements/4: every face reads it, so that the
 * command line, the window and the web client agree.  A desk phone has no uc
 * server and its telephony does not depend on one.
 *
 * A call whose pbx is lost goes on; of what is about a call it offers to hang up
 * and to mute only (domain/pbx.md 15).
 *
 * Source: SIN-1, SIN-5, SIN-8, SIT-1..27.
 */
#ifndef PHONE_CAPABILITY_H
#define PHONE_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

/** When something may be asked: the states of a call, or none at all. */
enum moment {
	MOMENT_IDLE = 1 << 0,
	MOMENT_RINGING = 1 << 1, /* incoming, not answered */
	MOMENT_CALLING = 1 << 2, /* outgoing, not answered */
	MOMENT_CONNECTED = 1 << 3,
	MOMENT_HELD = 1 << 4,
	MOMENT_CONSULTING = 1 << 5, /* connected, with another call held */
	MOMENT_FAILED = 1 << 6,
};

enum offline {
	OFFLINE_WORKS, /* as if nothing had happened */
	OFFLINE_KEPT,  /* works as last set, cannot be changed */
	OFFLINE_GONE,
};

/** What it takes. */
enum need {
	NEED_NOTHING,
	NEED_PHONE, /* telephony */
	NEED_UC,    /* a service of the uc server: never on a desk phone */
};

struct capability {
	const char *name;        /* as `offers` lists it */
	const char *command;     /* the word that asks for it, or NULL */
	const char *requirement; /* row of requirements/4 or 5 */
	unsigned moments;        /* enum moment, or-ed */
	enum offline offline;
	enum need need;
	bool is_built;      /* false: belongs to a later release */
	bool works_limited; /* in a call whose pbx is lost */
};

/** The phone as it is now. */
struct surroundings {
	bool has_phone;
	bool has_uc;
	bool is_online; /* the link to the uc is up */
	enum moment moment;
	bool is_limited; /* the call's pbx is lost (phone/call.h) */
};

extern const struct capability capabilities[];
extern const size_t capability_count;

/** Row of a name or of a command word, or NULL. */
const struct capability *capability_find(const char *word);

/**
 * May it be used?
 *
 * @return NULL when yes, else a stable code: "not-available-offline",
 *         "not-built", "not-offered", "call-limited"
 */
const char *capability_refusal(const struct capability *c,
			       const struct surroundings *now);

/** A sentence for a refusal's code. */
const char *capability_sentence(const char *code);

#endif
