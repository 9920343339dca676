/* pacer.h - a tick every 20 ms that does not drift
 *
 * Ticks are counted from the start, so a late one is followed by one sooner.
 * When the loop was held up, at most five are made good at once and the rest
 * are skipped: nobody wants a burst of old speech.
 */
#ifndef MEDIA_PACER_H
#define MEDIA_PACER_H

#include <stdint.h>

#include "base/wheel.h"

enum { PACER_MS = 20, PACER_LATE_MS = 100 };

typedef void(pacer_h)(void *arg);

/** Zeroed memory is a stopped pacer. */
struct pacer {
	struct wheel_timer timer;
	uint64_t due_ms; /* monotonic, of the next tick */
	pacer_h *handler;
	void *arg;
};

/** Start ticking in this loop, the first after 20 ms; restarts when running.
 * The handler may stop the pacer, but not free its memory. */
void pacer_start(struct pacer *p, pacer_h *handler, void *arg);

/** Stop; harmless when stopped. */
void pacer_stop(struct pacer *p);

#endif
