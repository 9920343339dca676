/* net.h - datagrams, through fault points
 *
 * Our own datagram sockets (SIP, RTP) send and receive by these, so that a
 * test can fail the n-th: "socket.send" answers EIO, at "socket.receive" what
 * came is lost.  Interrupted calls and the ICMP errors of earlier datagrams
 * are no failures.  Streams are libre's and are tested by closing them.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <sys/socket.h>

#include "base/libre.h"

/** Send one datagram.  0 or an errno. */
int net_send(int fd, const void *p, size_t len, const struct sa *to);

/** Send several; how many went, or -1 with errno set. */
int net_send_many(int fd, struct mmsghdr *messages, unsigned count);

/** Receive several without waiting; how many, or -1 with errno set. */
int net_receive_many(int fd, struct mmsghdr *messages, unsigned count);

/**
 * Receive one without waiting.
 *
 * @param from Set to the sender; may be NULL
 *
 * @return Octets, or -1 with errno set (EAGAIN: none)
 */
ssize_t net_receive(int fd, void *buf, size_t size, struct sa *from);

/**
 * The address by which somebody reaches what listens at any address: that of
 * the route there, else of the default route, without one loopback.  Others
 * stay as they are.
 *
 * @param sa    Address listened on; its port is kept
 * @param there Who; NULL or unset: others
 */
void net_reachable(struct sa *sa, const struct sa *there);

/** Whether an address is one of this machine's; the port does not matter. */
bool net_is_here(const struct sa *sa);

#endif
