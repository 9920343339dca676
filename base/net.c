/* net.c - see net.h */
#include <errno.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/net.h"

/* Whether a call is to be made again: ECONNREFUSED tells of an earlier
 * datagram that nobody took. */
static bool is_passing(int err)
{
	return err == EINTR || err == ECONNREFUSED;
}

int net_send(int fd, const void *p, size_t len, const struct sa *to)
{
	ssize_t n;
	int err = fault_fails("socket.send");

	if (err)
		return err;

	do {
		n = sendto(fd, p, len, MSG_NOSIGNAL, &to->u.sa, to->len);
	} while (n < 0 && is_passing(errno));

	return n < 0 ? errno : 0;
}

int net_send_many(int fd, struct mmsghdr *messages, unsigned count)
{
	int n;
	int err = fault_fails("socket.send");

	if (err) {
		errno = err;
		return -1;
	}

	do {
		n = sendmmsg(fd, messages, count, MSG_NOSIGNAL);
	} while (n < 0 && is_passing(errno));

	return n;
}

int net_receive_many(int fd, struct mmsghdr *messages, unsigned count)
{
	int n;

	do {
		n = recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
	} while (n < 0 && is_passing(errno));

	return n > 0 && fault_fails("socket.receive") ? 0 : n;
}

ssize_t net_receive(int fd, void *buf, size_t size, struct sa *from)
{
	struct sa sender;
	ssize_t n;

	do {
		sa_init(&sender, AF_UNSPEC);
		sender.len = sizeof(sender.u);
		n = recvfrom(fd, buf, size, MSG_DONTWAIT, &sender.u.sa,
			     &sender.len);
	} while ((n < 0 && is_passing(errno)) ||
		 (n >= 0 && fault_fails("socket.receive")));

	if (n >= 0 && from)
		*from = sender;

	return n;
}

/* A socket bound to any address sends from the one the route asks for. */
static int find_source(struct sa *sa, const struct sa *there)
{
	struct sa found = { .len = sizeof(found.u) };
	int err = 0, fd;

	if (!there || !sa_isset(there, SA_ADDR) || sa_is_any(there))
		return EINVAL;
	fd = socket(sa_af(there), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, &there->u.sa, there->len) ||
	    getsockname(fd, &found.u.sa, &found.len))
		err = errno;
	else
		*sa = found;
	(void)close(fd);

	return err;
}

void net_reachable(struct sa *sa, const struct sa *there)
{
	const uint16_t port = sa_port(sa);
	const int af = sa_af(sa);

	if (!sa_is_any(sa))
		return;
	if (find_source(sa, there) &&
	    (net_default_source_addr_get(af, sa) || sa_is_any(sa)))
		(void)sa_set_str(sa, af == AF_INET6 ? "::1" : "127.0.0.1", 0);
	sa_set_port(sa, port);
}

bool net_is_here(const struct sa *sa)
{
	static struct sa known[8]; /* those that were */
	static unsigned next;
	struct sa here = *sa;
	bool is_here;
	int fd;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (sa_cmp(&known[i], sa, SA_ADDR))
			return true;
	}

	/* only its own addresses can be bound to */
	fd = socket(sa_af(sa), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	sa_set_port(&here, 0);
	is_here = !sa_is_any(sa) && !bind(fd, &here.u.sa, here.len);
	(void)close(fd);
	if (is_here)
		known[next++ % (sizeof(known) / sizeof(known[0]))] = here;

	return is_here;
}
