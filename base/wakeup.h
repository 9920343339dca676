/* wakeup.h - a thread rings, the loop answers
 *
 * Many rings before the loop looks are one.  What there is to fetch is kept
 * by whoever owns the wake-up, under his own lock.
 */
#ifndef BASE_WAKEUP_H
#define BASE_WAKEUP_H

typedef void(wakeup_h)(void *arg);

struct wakeup {
	int fd;
	wakeup_h *handler;
	void *arg;
};

/** Start to listen, on the loop.  0 or an errno. */
int wakeup_open(struct wakeup *w, wakeup_h *handler, void *arg);

/** Stop to listen; no ring may come any more. */
void wakeup_close(struct wakeup *w);

/** Have the handler called from the loop; any thread. */
void wakeup_ring(struct wakeup *w);

#endif
