/* session.h - the session timer of one leg
 *
 * Each leg has its own: whoever of the two ends agreed to refresh sends an
 * UPDATE or re-INVITE in time; a call whose refresh does not come is ended on
 * both legs.  A phone that knows no timers has none.
 *
 * Source: RFC 4028.
 */
#ifndef PBX_SESSION_H
#define PBX_SESSION_H

#include "base/wheel.h"
#include "sip/build.h"
#include "sip/message.h"
#include "sip/param.h"

enum { SESSION_MIN_S = 90 };

struct leg;

/** Zeroed memory is a leg without session timer. */
struct session {
	struct wheel_timer timer;
	uint32_t interval_s;
	bool is_ours; /* we refresh */
};

/** Header lines of a request that (re)starts a session: offers a timer. */
void session_offer(const struct leg *leg, struct sip_out *o);

/** Take what a 2xx to our request says. */
void session_agreed(struct leg *leg, const struct sip_message *m);

/**
 * Take what a request asks for.
 *
 * @param o Gets the header lines of the 2xx
 * @return 0; ERANGE: answer 422 with the lines written to o
 */
int session_asked(struct leg *leg, const struct sip_message *m,
		  struct sip_out *o);

/** Write again what was last agreed, for a later 2xx. */
void session_repeat(const struct leg *leg, bool is_request_theirs,
		    struct sip_out *o);

/** Start with what a restored call had agreed. */
void session_restore(struct leg *leg, uint32_t interval_s, bool is_ours);

void session_stop(struct leg *leg);

#endif
