/* net.c - see net.h */
#include <errno.h>

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

void net_reachable(struct sa *sa)
{
	const uint16_t port = sa_port(sa);
	const int af = sa_af(sa);

	if (!sa_is_any(sa))
		return;
	if (net_default_source_addr_get(af, sa) || sa_is_any(sa))
		(void)sa_set_str(sa, af == AF_INET6 ? "::1" : "127.0.0.1", 0);
	sa_set_port(sa, port);
}
