/* subscribe.h - what a phone asks to be told of, as long as it is registered
 *
 * A subscription is wanted from its making to its end.  It is asked for when
 * the phone is registered, refreshed at half its time, asked for anew when
 * the call controller has forgotten it or another one serves the phone.  While
 * nothing is known for certain its owner is told so: no lamp shows what was.
 *
 * Source: RFC 6665.
 */
#ifndef PHONE_SUBSCRIBE_H
#define PHONE_SUBSCRIBE_H

#include <stdbool.h>

#include "base/span.h"

struct engine;
struct sip_dialog;
struct sip_flow;
struct sip_message;
struct subscribe;

/** Why nothing is known. */
#define SUBSCRIBE_NOT_REGISTERED "not-registered"
#define SUBSCRIBE_UNKNOWN_NUMBER "unknown-number"
#define SUBSCRIBE_REFUSED        "refused"
#define SUBSCRIBE_NO_ANSWER      "no-answer"
#define SUBSCRIBE_ENDED          "ended"

/** What is told. */
struct subscribe_kind {
	const char *package;
	const char *type; /* of its documents */
	/** A document has come; false: it cannot be used, ask for it anew. */
	bool (*told)(struct span body, void *arg);
	/** Nothing is known any more, and why. */
	void (*lost)(const char *reason, void *arg);
};

/**
 * Make one.
 *
 * @param sp   Ended with mem_deref()
 * @param kind Must live as long
 * @param user What is watched: a number or SIP name; copied
 *
 * @return 0; EINVAL; ENOMEM
 */
int subscribe_alloc(struct subscribe **sp, struct engine *e,
		    const struct subscribe_kind *kind, const char *user,
		    void *arg);

/** A NOTIFY inside a dialog: false when it is none of ours. */
bool subscribe_notified(struct engine *e, const struct sip_message *m,
			struct sip_flow *flow);

/** The registrar says that the phone is registered, with it. */
void subscribe_registered(struct engine *e, const char *registrar,
			  struct sip_flow *flow);

/** It is not any more. */
void subscribe_lost(struct engine *e);

/** Ask the call controller for its end; nothing waits for that. */
void subscribe_end(struct subscribe *s);

/** The same for all of them. */
void subscribe_end_all(struct engine *e);

#endif
