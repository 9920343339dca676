/* wakeup.c - see wakeup.h */
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/wakeup.h"

static void has_rung(int flags, void *arg)
{
	struct wakeup *w = arg;
	uint64_t rings;

	(void)flags;

	if (read(w->fd, &rings, sizeof(rings)) == sizeof(rings))
		w->handler(w->arg);
}

int wakeup_open(struct wakeup *w, wakeup_h *handler, void *arg)
{
	int err;

	w->handler = handler;
	w->arg = arg;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		return errno;

	err = fd_listen(w->fd, FD_READ, has_rung, w);
	if (err) {
		close(w->fd);
		w->fd = -1;
	}

	return err;
}

void wakeup_close(struct wakeup *w)
{
	if (w->fd < 0)
		return;

	fd_close(w->fd);
	close(w->fd);
	w->fd = -1;
}

void wakeup_ring(struct wakeup *w)
{
	uint64_t one = 1;

	while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}
