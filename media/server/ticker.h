/* ticker.h - the one tick of 20 ms that all made sound follows
 *
 * Players, mixers, recorders and key senders are told at each tick; while
 * there is none of them the ticker rests.
 */
#ifndef MEDIA_SERVER_TICKER_H
#define MEDIA_SERVER_TICKER_H

#include "base/libre.h"

/** May stop this client and others, and free them. */
typedef void(tick_h)(void *arg);

/** Zeroed memory is a client that is not told. */
struct tick {
	struct le le;
	tick_h *handler;
	void *arg;
};

void tick_start(struct tick *t, tick_h *handler, void *arg);

/** Harmless when it is stopped. */
void tick_stop(struct tick *t);

#endif
