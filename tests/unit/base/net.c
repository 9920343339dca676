/* net.c - tests of base/net.h over loopback */
#include <unistd.h>

#include "base/fault.h"
#include "base/net.h"
#include "tests/unit/test.h"

struct pair {
	int a, b;
	struct sa sa; /* of b */
};

static int open_socket(struct sa *sa)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK_INT(sa_set_str(sa, "127.0.0.1", 0), 0);
	CHECK_INT(bind(fd, &sa->u.sa, sa->len), 0);
	sa->len = sizeof(sa->u);
	CHECK_INT(getsockname(fd, &sa->u.sa, &sa->len), 0);
	return fd;
}

static void start(struct pair *p)
{
	struct sa unused;

	fault_reset();
	p->a = open_socket(&unused);
	p->b = open_socket(&p->sa);
}

static void end(struct pair *p)
{
	close(p->a);
	close(p->b);
	fault_reset();
}

static void a_datagram_arrives_with_its_sender(void)
{
	struct sa from;
	struct pair p;
	char buf[8];

	start(&p);
	CHECK_INT(net_receive(p.b, buf, sizeof(buf), &from), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(net_send(p.a, "one", 3, &p.sa), 0);
	CHECK_INT(net_receive(p.b, buf, sizeof(buf), &from), 3);
	CHECK(sa_is_loopback(&from));
	end(&p);
}

static void the_nth_send_fails_and_no_other(void)
{
	struct pair p;
	char buf[8];

	start(&p);
	fault_plan(FAULT_FAIL, "socket.send", 2);
	CHECK_INT(net_send(p.a, "one", 3, &p.sa), 0);
	CHECK_INT(net_send(p.a, "two", 3, &p.sa), EIO);
	CHECK_INT(net_send(p.a, "three", 5, &p.sa), 0);
	CHECK_INT(net_receive(p.b, buf, sizeof(buf), NULL), 3);
	CHECK_INT(net_receive(p.b, buf, sizeof(buf), NULL), 5);
	end(&p);
}

static void the_nth_arrival_is_lost(void)
{
	struct pair p;
	char buf[8];

	start(&p);
	fault_plan(FAULT_FAIL, "socket.receive", 1);
	CHECK_INT(net_send(p.a, "one", 3, &p.sa), 0);
	CHECK_INT(net_send(p.a, "three", 5, &p.sa), 0);
	CHECK_INT(net_receive(p.b, buf, sizeof(buf), NULL), 5);
	CHECK_INT(net_receive(p.b, buf, sizeof(buf), NULL), -1);
	end(&p);
}

static void a_port_nobody_has_is_no_failure_later(void)
{
	struct pair p;

	start(&p);
	close(p.b);
	for (int i = 0; i < 4; i++)
		CHECK_INT(net_send(p.a, "one", 3, &p.sa), 0);
	p.b = -1;
	close(p.a);
	fault_reset();
}

static void any_address_is_told_as_one(void)
{
	struct sa sa;

	CHECK_INT(sa_set_str(&sa, "192.0.2.7", 8080), 0);
	net_reachable(&sa, NULL);
	CHECK_INT(sa_in(&sa), 0xc0000207);

	CHECK_INT(sa_set_str(&sa, "0.0.0.0", 8080), 0);
	net_reachable(&sa, NULL);
	CHECK(!sa_is_any(&sa));
	CHECK_INT(sa_port(&sa), 8080);

	CHECK_INT(sa_set_str(&sa, "::", 8080), 0);
	net_reachable(&sa, NULL);
	CHECK(!sa_is_any(&sa));
	CHECK_INT(sa_af(&sa), AF_INET6);
}

static void own_addresses_are_known(void)
{
	struct sa sa;

	for (int i = 0; i < 2; i++) {
		CHECK_INT(sa_set_str(&sa, "127.0.0.1", 5060), 0);
		CHECK(net_is_here(&sa));
		CHECK_INT(sa_set_str(&sa, "192.0.2.7", 5060), 0);
		CHECK(!net_is_here(&sa));
		CHECK_INT(sa_set_str(&sa, "0.0.0.0", 5060), 0);
		CHECK(!net_is_here(&sa));
	}
}

static const struct test tests[] = {
	{ "a datagram arrives with its sender",
	  a_datagram_arrives_with_its_sender },
	{ "the n-th send fails and no other", the_nth_send_fails_and_no_other },
	{ "the n-th arrival is lost", the_nth_arrival_is_lost },
	{ "a port that nobody has is no failure",
	  a_port_nobody_has_is_no_failure_later },
	{ "any address is told as one that others reach",
	  any_address_is_told_as_one },
	{ "the machine's own addresses are known", own_addresses_are_known },
};

TEST_MAIN("base/net", tests)
