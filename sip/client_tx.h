/* client_tx.h - a request we ask
 *
 * Finds the way (a given flow, or the next hop by RFC 3263 with fail-over
 * inside the transaction), repeats as the transport needs it, acknowledges
 * refusals, answers a digest challenge once when it has credentials, reports
 * every provisional answer and each 2xx of a forked INVITE by its To tag.
 *
 * Source: RFC 3261 section 17.1, RFC 6026, RFC 3263, RFC 3262.
 */
#ifndef SIP_CLIENT_TX_H
#define SIP_CLIENT_TX_H

#include "sip/stack.h"

struct sip_client;

/** Who we are for a challenge. */
struct sip_credentials {
	const char *user;
	const char *secret;
};

/** What to ask; all spans are copied. */
struct sip_request {
	struct span method;
	struct span uri;  /* Request-URI */
	uint32_t cseq;    /* 1..2^31-1 */
	struct span from; /* header value with tag; empty: see headers */
	struct span to;   /* header value */
	struct span call_id;
	struct span headers; /* whole lines, each ended by CRLF; when from is
				empty these hold From, To, Call-ID, CSeq and
				further Vias too (a relayed request) */
	struct span content_type;
	struct span body;
	uint8_t max_forwards;     /* 0: 70 */
	struct span contact_user; /* makes a Contact of our own address */
	bool with_contact;        /* the same with an empty user part */
	struct sip_flow *flow;    /* way to go, or NULL: */
	struct span next_hop;     /* URI to send to; empty: uri */
	const struct sip_credentials *credentials; /* or NULL; copied */
	bool is_relayed; /* repeats of a 2xx are reported, too */
};

/**
 * An answer (0 and m), or none: ETIMEDOUT (treat as 408), ENOENT (host
 * unknown), or an errno of the transport (treat as 503).  An INVITE may be
 * told several 2xx with different To tags; all else ends with one final.
 */
typedef void(sip_client_h)(int err, const struct sip_message *m,
			   struct sip_flow *flow, void *arg);

/**
 * Ask.
 *
 * @param ctxp    The program's handle, or NULL if it wants none; dropped with
 *                sip_client_forget()
 * @param sip     The stack
 * @param request What
 * @param handler Told of the answers; NULL: nobody is
 * @param arg     Handed to handler
 *
 * @return 0; EINVAL; ENOSPC over the limit; ENOMEM; an errno of the transport
 * if it is known at once
 */
int sip_client_request(struct sip_client **ctxp, struct sip *sip,
		       const struct sip_request *request, sip_client_h *handler,
		       void *arg);

/**
 * Send something that is never answered (an ACK relayed) without a
 * transaction; flow must be given.
 */
int sip_client_send(struct sip *sip, const struct sip_request *request);

/**
 * Cancel an INVITE: sent once a provisional answer has come.  The INVITE ends
 * by its own final answer (487 as a rule), ETIMEDOUT after 64*T1.
 *
 * @param headers More lines for the CANCEL (Reason), or empty
 *
 * @return 0; EALREADY when it has a final answer or was cancelled; EINVAL
 */
int sip_client_cancel(struct sip_client *ctx, struct span headers);

/** Way the request went, NULL while it is looked for. */
struct sip_flow *sip_client_flow(const struct sip_client *ctx);

/** CSeq number of the request as last sent (a digest retry adds one). */
uint32_t sip_client_cseq(const struct sip_client *ctx);

/** Whether a final answer has come or it has failed. */
bool sip_client_is_final(const struct sip_client *ctx);

/** Write an INVITE that has had no final answer as text, for
 * sip_client_restore() after a restart.  0; ENOENT without such; ENOMEM. */
int sip_client_save(const struct sip_client *ctx, struct mbuf *mb);

/** Make it again, as one that rings, on a living flow or that of the text;
 * nothing is sent.  0; EBADMSG; ENOTCONN when it went over a stream, which is
 * gone; ENOMEM. */
int sip_client_restore(struct sip_client **ctxp, struct sip *sip,
		       struct span text, struct sip_flow *flow,
		       sip_client_h *handler, void *arg);

/** Let go of a handle and set it NULL: no more callbacks; the transaction
 * ends by itself.  Harmless on NULL. */
void sip_client_forget(struct sip_client **ctxp);

/** The same, and nothing of it is sent or repeated any more: for a request
 * that must not be carried out later than now. */
void sip_client_abandon(struct sip_client **ctxp);

#endif
