/* flow.h - the way back to a peer
 *
 * A flow is (transport, local address, remote address) and, on a stream, the
 * connection.  Transactions, dialogs and bindings hold references; a flow
 * whose connection has gone is dead but stays readable, and what holds it may
 * be bound to another one.  A datagram flow never dies.
 *
 * The flow handed to a handler may be kept with mem_ref() and dropped with
 * mem_deref(); flows to one peer are the same object while anybody keeps one.
 *
 * Source: RFC 5626, RFC 3261 section 18, RFC 3581.
 */
#ifndef SIP_FLOW_H
#define SIP_FLOW_H

#include "base/libre.h"
#include "base/span.h"

struct sip;
struct sip_flow;

enum sip_transport {
	SIP_UDP,
	SIP_TCP,
	SIP_TLS,
	SIP_TRANSPORTS,
};

enum { SIP_FLOW_TOKEN_SIZE = 80 }; /* octets with the final NUL */

/** "UDP", "TCP", "TLS": as a Via says it. */
const char *sip_transport_name(enum sip_transport tp);

/** Read "udp", "tcp", "tls" in any case.  false when it is none of them. */
bool sip_transport_decode(enum sip_transport *tpp, struct span name);

enum sip_transport sip_flow_transport(const struct sip_flow *f);
const struct sa *sip_flow_local(const struct sip_flow *f);
const struct sa *sip_flow_remote(const struct sip_flow *f);

/** Whether the transport itself repeats what is lost (a stream). */
bool sip_flow_is_reliable(const struct sip_flow *f);

/** Whether something can still be sent on it. */
bool sip_flow_is_alive(const struct sip_flow *f);

/** Whether both lead over the same connection, or the same pair of datagram
 * addresses. */
bool sip_flow_equal(const struct sip_flow *a, const struct sip_flow *b);

/**
 * Get a flow to an address: a kept one, an open connection, or a new one that
 * begins to connect (what is sent meanwhile waits).
 *
 * @param fp     One reference
 * @param sip    The stack
 * @param tp     Transport; there must be a listener of it for UDP
 * @param remote Where to
 * @param host   TLS: the name the certificate must carry; NULL: the address
 *
 * @return 0; EAFNOSUPPORT without a socket of that kind; EMFILE over the cap
 * of connections; ENOMEM; an errno of connect()
 */
int sip_flow_get(struct sip_flow **fp, struct sip *sip, enum sip_transport tp,
		 const struct sa *remote, const char *host);

/** Send octets as they are.  0, ENOTCONN when dead, ENOBUFS over the cap of
 * unsent output, or an errno of the socket. */
int sip_flow_send(struct sip_flow *f, const void *p, size_t len);

/** Close a stream: watchers are told; harmless on a datagram flow. */
void sip_flow_close(struct sip_flow *f);

/** A watched connection has gone; told once, from the loop. */
typedef void(sip_flow_lost_h)(struct sip_flow *f, int err, void *arg);

struct sip_flow_watch;

/** Watch a flow until the watch is dropped with mem_deref().  The watch keeps
 * the flow.  0, ENOTCONN when it is dead already, ENOMEM. */
int sip_flow_watch(struct sip_flow_watch **wp, struct sip_flow *f,
		   sip_flow_lost_h *lost, void *arg);

/**
 * Write the flow's name: safe inside a URI's user part, the same for the
 * flow's whole life and, for UDP, after a restart with the same token_key;
 * others cannot make one up.
 *
 * @param buf SIP_FLOW_TOKEN_SIZE octets
 */
void sip_flow_token(const struct sip_flow *f, char *buf);

/** The living flow of a token, one reference; ENOENT when it is gone (answer
 * 430 Flow Failed), EBADMSG when forged. */
int sip_flow_find(struct sip_flow **fp, struct sip *sip, struct span token);

/**
 * Send keep-alives (double CRLF) and take a stream that does not answer in
 * 10 s as lost: RFC 5626 section 4.4.1.  For the side that opened the flow.
 *
 * @param interval_s 0 stops, else 5..3600
 */
int sip_flow_keepalive(struct sip_flow *f, uint32_t interval_s);

/** Print `udp:192.0.2.1:5060`; for logs: "%H". */
int sip_flow_print(struct re_printf *pf, const struct sip_flow *f);

#endif
