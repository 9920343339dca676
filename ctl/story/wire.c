/* wire.c - see wire.h
 *
 * Pairs of sockets with one small buffer a direction; a closed side is
 * closed on the other once its buffer is out.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/libre.h"
#include "ctl/child.h"
#include "ctl/story/wire.h"

enum { PAIRS_MAX = 64, BUFFER = 16384 };

struct wire {
	pid_t pid;
	int control; /* 'c' cuts, 'm' mends, its end ends */
	uint16_t port;
};

struct half {
	int fd;
	size_t filled; /* octets that wait to go to this side */
	char buffer[BUFFER];
};

struct pair {
	bool is_open;
	struct half half[2];
};

struct carrier {
	int control;
	int listener;
	uint16_t port; /* of the far end */
	bool is_cut;
	struct pair pair[PAIRS_MAX];
};

static void pair_close(struct pair *pr)
{
	(void)close(pr->half[0].fd);
	(void)close(pr->half[1].fd);
	pr->is_open = false;
}

static void pair_accept(struct carrier *c)
{
	struct sockaddr_in far = { .sin_family = AF_INET,
				   .sin_port = htons(c->port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int near = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; near >= 0 && fd >= 0 && i < PAIRS_MAX; i++) {
		struct pair *pr = &c->pair[i];

		if (pr->is_open)
			continue;
		if (connect(fd, (struct sockaddr *)&far, sizeof(far)))
			break;
		memset(pr, 0, sizeof(*pr));
		pr->half[0].fd = near;
		pr->half[1].fd = fd;
		pr->is_open = true;
		return;
	}
	if (near >= 0) {
		/* as refused as the far end refuses */
		struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

		(void)setsockopt(near, SOL_SOCKET, SO_LINGER, &at_once,
				 sizeof(at_once));
		(void)close(near);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* Move octets from one side to the other; false at an end. */
static bool pair_carry(struct pair *pr, size_t from)
{
	struct half *to = &pr->half[1 - from];
	ssize_t n = recv(pr->half[from].fd, to->buffer, BUFFER, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	to->filled = (size_t)n;

	return true;
}

static bool half_flush(struct half *h)
{
	ssize_t n = send(h->fd, h->buffer, h->filled,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	h->filled -= (size_t)n;
	memmove(h->buffer, h->buffer + n, h->filled);

	return true;
}

static void pair_turn(struct pair *pr, const struct pollfd pfd[2])
{
	bool ok = true;

	for (size_t i = 0; i < 2 && ok; i++) {
		if (pr->half[i].filled && (pfd[i].revents & POLLOUT))
			ok = half_flush(&pr->half[i]);
		if (ok && !pr->half[1 - i].filled &&
		    (pfd[i].revents & (POLLIN | POLLHUP | POLLERR))) {
			ok = pair_carry(pr, i);
			if (ok && pr->half[1 - i].filled)
				ok = half_flush(&pr->half[1 - i]);
		}
	}
	if (!ok)
		pair_close(pr);
}

static bool carrier_turn(struct carrier *c)
{
	struct pollfd pfd[2 + 2 * PAIRS_MAX] = {
		{ .fd = c->control, .events = POLLIN },
		{ .fd = c->is_cut ? -1 : c->listener, .events = POLLIN },
	};
	char order;

	for (size_t i = 0; i < PAIRS_MAX; i++) {
		struct pair *pr = &c->pair[i];

		for (size_t k = 0; k < 2; k++) {
			struct pollfd *f = &pfd[2 + 2 * i + k];

			f->fd = pr->is_open && !c->is_cut ? pr->half[k].fd : -1;
			f->events = (short)((pr->half[k].filled ? POLLOUT : 0) |
					    (pr->half[1 - k].filled ? 0
								    : POLLIN));
		}
	}
	if (poll(pfd, ARRAY_SIZE(pfd), -1) < 0)
		return errno == EINTR;
	if (pfd[0].revents) {
		if (read(c->control, &order, 1) != 1)
			return false;
		c->is_cut = order == 'c';
		return true;
	}
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		if (c->pair[i].is_open)
			pair_turn(&c->pair[i], &pfd[2 + 2 * i]);
	}
	if (pfd[1].revents)
		pair_accept(c);

	return true;
}

static void wire_destructor(void *data)
{
	struct wire *w = data;

	if (w->control >= 0)
		(void)close(w->control);
	child_end(w->pid, 500);
}

static int listener_open(uint16_t *portp)
{
	struct sockaddr_in near = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(near);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&near, len) ||
	    listen(fd, 32) || getsockname(fd, (struct sockaddr *)&near, &len))
		return -1;
	*portp = ntohs(near.sin_port);

	return fd;
}

static void carry(int control, int listener, uint16_t port)
{
	struct carrier *c = mem_zalloc(sizeof(*c), NULL);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGTERM, SIG_DFL);
	if (c) {
		c->control = control;
		c->listener = listener;
		c->port = port;
		while (carrier_turn(c))
			;
	}
	_exit(0);
}

int wire_lay(struct wire **wp, uint16_t port)
{
	struct wire *w = mem_zalloc(sizeof(*w), wire_destructor);
	int control[2] = { -1, -1 }, listener, err = 0;

	if (!w)
		return ENOMEM;
	w->control = -1;
	listener = listener_open(&w->port);
	if (listener < 0 || pipe2(control, O_CLOEXEC)) {
		err = errno;
		goto out;
	}
	w->pid = fork();
	if (w->pid < 0) {
		err = errno;
		goto out;
	}
	if (!w->pid) {
		(void)close(control[1]);
		carry(control[0], listener, port);
	}
	w->control = control[1];
	control[1] = -1;

out:
	if (listener >= 0)
		(void)close(listener);
	if (control[0] >= 0)
		(void)close(control[0]);
	if (control[1] >= 0)
		(void)close(control[1]);
	if (err)
		mem_deref(w);
	else
		*wp = w;

	return err;
}

uint16_t wire_port(const struct wire *w)
{
	return w->port;
}

static void order(struct wire *w, char letter)
{
	if (write(w->control, &letter, 1) != 1)
		return;
}

void wire_cut(struct wire *w)
{
	order(w, 'c');
}

void wire_mend(struct wire *w)
{
	order(w, 'm');
}
