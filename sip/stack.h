/* stack.h - a SIP element: its sockets, its transactions, who is told
 *
 * One stack has any number of listeners and one program above it.  A request
 * that belongs to no transaction is handed up before anything is allocated
 * for it, so that a stranger costs nothing: the program answers statelessly
 * or accepts it (server_tx.h).  Faulty messages are answered by the stack
 * itself; CANCEL and ACK find their INVITE by themselves; responses that
 * match nothing are dropped unless the program wants them.
 *
 * Everything runs in the thread of libre's loop.  No handler is called before
 * the function that was given it has returned.
 *
 * Source: RFC 3261 sections 17 and 18; design.md "The SIP core must".
 */
#ifndef SIP_STACK_H
#define SIP_STACK_H

#include "base/libre.h"
#include "base/span.h"
#include "sip/flow.h"

struct sip_message;
struct sip_rules;
struct tls;

/** Our name as who is there reaches us; NULL: as everywhere. */
typedef const char *(sip_host_h)(const struct sa *remote);

/** All may be zero: then the value in brackets. */
struct sip_config {
	const char *user_agent;    /* User-Agent and Server; none */
	const char *host;          /* in Via and Contact; the local address */
	sip_host_h *host_of;       /* the same, by who is there; host */
	const char *allow;         /* Allow of 405 and OPTIONS; none */
	const char *focus;         /* Contact users that begin so get isfocus
				      (RFC 4579); none; kept */
	uint32_t t1_ms;            /* round trip estimate (500) */
	uint32_t t2_ms;            /* longest repeat interval (4000) */
	uint32_t t4_ms;            /* a message's life in the net (5000) */
	uint32_t transactions_max; /* (200,000) */
	uint32_t connections_max;  /* (20,000) */
	uint32_t connections_per_source_max; /* (200; loopback: no limit) */
	uint32_t first_request_ms; /* silence of a new connection (30,000) */
	uint32_t idle_ms;          /* silence of a proven one (3,900,000) */
	uint32_t output_max;       /* unsent octets a connection (1 MB) */
	const uint8_t *token_key;  /* 32 octets for flow tokens; random */
	const struct sip_rules *rules; /* message.h; checked before a request
					  is handed up; kept; none */
	const struct sa *dns;          /* name servers; those of the system */
	uint32_t dns_count;
};

/**
 * A request outside any transaction, or the ACK of a 2xx nobody here sent.
 *
 * @param m    Valid until return; passes every check of the parser
 * @param flow Where it came from and its answers go; mem_ref() to keep
 */
typedef void(sip_request_h)(const struct sip_message *m, struct sip_flow *flow,
			    void *arg);

/** A response that matches no transaction (a proxy may want it). */
typedef void(sip_stray_h)(const struct sip_message *m, struct sip_flow *flow,
			  void *arg);

/**
 * Make a stack.
 *
 * @param sipp    One reference; dropping it closes everything silently
 * @param config  Copied; NULL for the defaults
 * @param request Told of each new request
 * @param stray   Told of stray responses, or NULL
 * @param arg     Handed to both
 *
 * @return 0 or ENOMEM
 */
int sip_alloc(struct sip **sipp, const struct sip_config *config,
	      sip_request_h *request, sip_stray_h *stray, void *arg);

/**
 * Listen.  May be called again for more addresses.
 *
 * @param local Port 0 takes any free one
 * @param tls   For SIP_TLS: certificate and key; a reference is kept
 *
 * @return 0, EINVAL, or an errno of the socket
 */
int sip_listen(struct sip *sip, enum sip_transport tp, const struct sa *local,
	       struct tls *tls);

/** Until sip_batch_end() datagrams are gathered, to leave together at the end
 * of the loop's turn.  Nests; handlers of requests and responses run in a
 * batch. */
void sip_batch_begin(void);
void sip_batch_end(void);

/** Address of the first listener of a transport, or ENOENT. */
int sip_local(const struct sip *sip, enum sip_transport tp, struct sa *local);

/** Context for connections we open, from tls_client_ctx(): carries the
 * accepted CAs.  The host is verified for each connection.  Without a context
 * TLS is refused. */
void sip_set_tls_client(struct sip *sip, struct tls *tls);

/** Contents of a response. */
struct sip_reply {
	uint16_t status;          /* 100..699 */
	const char *reason;       /* NULL: the standard phrase */
	struct span headers;      /* whole lines, each ended by CRLF */
	struct span content_type; /* with body */
	struct span body;
	struct span contact_user; /* makes `Contact: <sip:USER@HERE>` */
	bool with_contact;        /* the same with an empty user part */
	bool is_reliable;         /* 101..199: sent under RFC 3262 */
	bool is_whole; /* relayed: headers hold From, To, Call-ID, CSeq too */
};

/**
 * Answer a request without keeping anything.  The To tag is the same for a
 * repeated request.
 *
 * @return 0 or an errno of the socket
 */
int sip_reply_stateless(struct sip *sip, const struct sip_message *m,
			struct sip_flow *flow, const struct sip_reply *reply);

/** The same with a status and, if not empty, more header lines. */
int sip_refuse(struct sip *sip, const struct sip_message *m,
	       struct sip_flow *flow, uint16_t status, struct span headers);

/** The own address as it belongs in Contact and Record-Route for a peer on
 * this flow: `sip:USER@HOST:PORT;transport=tcp`.  NUL-terminated; ENAMETOOLONG
 * when size is too small. */
int sip_contact_uri(struct sip *sip, const struct sip_flow *flow,
		    struct span user, char *buf, size_t size);

/** Whether a URI's host and port name this stack's own listeners (or its
 * configured host). */
bool sip_is_own(const struct sip *sip, struct span host, uint16_t port);

/** A message as it went over the wire. */
struct sip_trace {
	uint64_t time_us; /* since 1970 */
	bool is_sent;
	enum sip_transport transport;
	const struct sa *local;
	const struct sa *remote;
	const char *p;
	size_t len;
};

typedef void(sip_trace_h)(const struct sip_trace *t, void *arg);

/** Show every message to somebody; NULL stops. */
void sip_trace_set(struct sip *sip, sip_trace_h *trace, void *arg);

/** For tests: true loses the message. */
typedef bool(sip_drop_h)(const struct sip_trace *t, void *arg);

/** Lose messages on purpose; NULL stops. */
void sip_drop_set(struct sip *sip, sip_drop_h *drop, void *arg);

/** Counters since start, and gauges marked "now". */
struct sip_counters {
	uint64_t received;
	uint64_t sent;
	uint64_t send_errors;
	uint64_t faulty; /* did not parse */
	uint64_t stray_responses;
	uint64_t retransmissions_received;
	uint64_t retransmissions_sent;
	uint64_t requests; /* handed to the program */
	uint64_t refused;  /* over a limit */
	uint64_t connections_opened;
	uint64_t connections_accepted;
	uint32_t connections;         /* now */
	uint32_t server_transactions; /* now */
	uint32_t client_transactions; /* now */
	uint32_t dialogs;             /* now */
	uint32_t flows;               /* now */
};

const struct sip_counters *sip_counters(const struct sip *sip);

/** Random token of 16 hexadecimal digits and a NUL: tags, branches, ids. */
void sip_random(char buf[17]);

#endif
