/* private.h - what the files of the stack share among themselves
 *
 * Not for programs.  A stack owns listeners, connections and the tables in
 * which transactions, dialogs and flows are found; each of those unlinks
 * itself in its destructor.
 */
#ifndef SIP_PRIVATE_H
#define SIP_PRIVATE_H

#include "base/libre.h"
#include "base/list.h"
#include "base/wheel.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/message.h"
#include "sip/server_tx.h"
#include "sip/stack.h"

enum {
	SIP_WIRE_MAX = SIP_MESSAGE_MAX_BYTES,
	SIP_BRANCH_SIZE = 24, /* z9hG4bK, 16 digits, NUL */
};

struct sip_listener {
	struct le le;
	struct sip *sip;
	enum sip_transport transport;
	struct sa local;
	int fd;               /* UDP, or -1 */
	struct tcp_sock *tcp; /* streams */
	struct tls *tls;
	struct sip_flow *spare; /* lent to the next stranger's datagram */
	struct tmr tmr;         /* next look while it is busy */
	uint64_t woken_ms;
	uint8_t wakes; /* that followed each other closely */
	uint8_t quiet; /* looks that found nothing */
};

struct sip_connection;

struct sip_flow {
	struct table_entry entry; /* by transport and remote address */
	struct table_entry by_id; /* streams */
	char *host;               /* TLS: name that was verified, or NULL */
	struct sip *sip;          /* NULL once the stack has gone */
	struct sip_listener *listener; /* datagrams */
	struct sip_connection *conn;   /* streams, NULL when dead */
	enum sip_transport transport;
	bool has_local;
	struct sa local; /* found when first asked for */
	struct sa remote;
	uint64_t id;         /* of a stream, random */
	struct list watches; /* streams */
	struct list clients; /* transactions that die with it */
};

struct sip {
	sip_request_h *request;
	sip_stray_h *stray;
	void *arg;
	struct sip_config config;
	char *host;
	char *user_agent;
	char *allow;
	sip_host_h *host_of;
	const char *focus; /* RFC 4579: Contact users that begin so */
	const struct sip_rules *rules;
	uint8_t token_key[32];

	struct list listeners;
	struct list connections;
	struct table by_source; /* connections, by address without port */
	struct table flows;
	struct table streams; /* flows by id */
	struct table servers; /* transactions by branch, sent-by, method */
	struct table acks;    /* INVITEs by Call-ID, our tag, CSeq */
	struct table clients; /* transactions by branch and method */
	struct table dialogs; /* by Call-ID and local tag */
	struct tls *tls_client;

	struct dnsc *dns;
	struct table names; /* resolver's memory */
	struct list name_list;

	sip_trace_h *trace;
	void *trace_arg;
	sip_drop_h *drop;
	void *drop_arg;
	struct sip_counters counters;

	struct sip_server *unsealed; /* accepted during this request */
	struct sip_message message;  /* the one being handled */
	char wire[SIP_WIRE_MAX];     /* where answers are written */
};

/* stack.c */
void sip_handle(struct sip *sip, struct sip_flow *flow, const char *p,
		size_t len);
/** Whether the message is to be lost; shows it to the tracer. */
bool sip_watch_wire(struct sip *sip, const struct sip_flow *f, bool is_sent,
		    const char *p, size_t len);
/** Send and count.  As sip_flow_send(). */
int sip_send(struct sip *sip, struct sip_flow *f, struct span wire);
/** Our name towards a flow, or NULL: the local address. */
const char *sip_host(const struct sip *sip, const struct sip_flow *flow);

/** Whether a Contact user names a focus. */
bool sip_is_focus(const struct sip *sip, struct span user);
/** The lines of a reply after those it copies, and its end. */
int sip_reply_write(struct sip *sip, struct sip_out *o, struct sip_flow *flow,
		    const struct sip_reply *reply);

/* transport.c */
int sip_listen_udp(struct sip_listener *l);
struct sip_listener *sip_listener_find(const struct sip *sip,
				       enum sip_transport tp, int af);
int sip_udp_send(struct sip_listener *l, const struct sa *to, const void *p,
		 size_t len);

/* outbox.c */
/** Keep a datagram for the end of the batch; false when there is none. */
bool sip_outbox_put(struct sip_listener *l, const struct sa *to, const void *p,
		    size_t len);
void sip_outbox_flush(void);

/* flow.c */
/** Datagrams to an address fail: its transactions are told, later. */
void sip_flow_unreachable(struct sip_listener *l, const struct sa *remote,
			  int err);
struct sip_flow *sip_flow_alloc(struct sip *sip, enum sip_transport tp,
				const struct sa *remote);
/** The kept flow of a datagram's source, or the listener's spare one. */
struct sip_flow *sip_flow_of_datagram(struct sip_listener *l,
				      const struct sa *remote);
/** After the handlers: a spare flow that somebody has kept gets known. */
void sip_flow_settle(struct sip_listener *l);
void sip_flow_add(struct sip_flow *f);
/** Its connection has gone: tell whoever watches, later. */
void sip_flow_lose(struct sip_flow *f, int err);
uint64_t sip_flow_key(enum sip_transport tp, const struct sa *remote);

/* connection.c */
int sip_listen_stream(struct sip_listener *l);
int sip_connect(struct sip_flow **fp, struct sip *sip, enum sip_transport tp,
		const struct sa *remote, const char *host);
int sip_connection_send(struct sip_connection *c, const void *p, size_t len);
int sip_connection_local(const struct sip_connection *c, struct sa *local);
void sip_connection_close(struct sip_connection *c, int err);
int sip_connection_keepalive(struct sip_connection *c, uint32_t interval_s);
/** It has carried a valid request: no more short silence limit. */
void sip_connection_prove(struct sip_connection *c);

/* server_tx.c */
/** Give a request to its transaction.  false: it belongs to none. */
bool sip_server_take(struct sip *sip, const struct sip_message *m,
		     struct sip_flow *flow);
/** The request's octets go: open transactions copy what they need. */
void sip_server_seal(struct sip *sip);
void sip_server_drop_all(struct sip *sip);

/* client_tx.c */
bool sip_client_take(struct sip *sip, const struct sip_message *m,
		     struct sip_flow *flow);
/** The transaction an answer belongs to, not referenced; NULL if none. */
struct sip_client *sip_client_find(struct sip *sip,
				   const struct sip_message *m);
void sip_client_flow_lost(struct sip_flow *f, int err);
void sip_client_drop_all(struct sip *sip);
/** Send an ACK of a 2xx and keep it for repeats of that 2xx. */
int sip_client_ack(struct sip_client *ctx, struct sip_flow *flow,
		   struct span to_tag, struct span wire);

/* client_wire.c */
int sip_wire_build(struct sip_out *o, struct sip *sip, struct sip_flow *flow,
		   const char *branch, const struct sip_request *r);

/** How a request sent before is written again. */
struct sip_rewrite {
	struct sip_flow *flow;
	const char *branch;
	uint32_t cseq;          /* 0: as before */
	bool with_contact;      /* ours: made anew */
	struct span credential; /* line to add, or empty */
};

int sip_wire_rewrite(struct sip_out *o, struct sip *sip, struct span wire,
		     const struct sip_rewrite *how);
/** What of a request's octets its ACK and its CANCEL are derived from. */
void sip_wire_head(struct sip_out *o, struct span wire);
/** ACK of a refusal, or CANCEL, from the request's octets. */
int sip_wire_derive(struct sip_out *o, struct sip *sip, struct span wire,
		    const char *method, struct span to, struct span headers);

/* dialog.c */
void sip_dialog_drop_all(struct sip *sip);

/* dialog_store.c */
/** `UDP 192.0.2.1:5060`, and the flow of it again: 0, EBADMSG, ENOTCONN for
 * a stream, which is gone after a restart, or as sip_flow_get(). */
void sip_flow_write(struct sip_out *o, const struct sip_flow *f);
int sip_flow_read(struct sip_flow **fp, struct sip *sip, struct span text);

/* resolve.c */
void sip_resolve_close(struct sip *sip);

#endif
