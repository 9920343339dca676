/* server_tx.h - a request we were asked
 *
 * Repeats of the request are absorbed and answered with the last response.
 * An accepted INVITE's final answer is repeated until its ACK; a 2xx too (RFC
 * 6026), unless it is relayed.  CANCEL is answered by the stack.  Once
 * finished a transaction keeps only its key, last response and flow.
 *
 * The handle is the program's: forget it when done.  The transaction itself
 * goes on as long as the protocol needs it.
 *
 * Source: RFC 3261 section 17.2, RFC 6026, RFC 4320, RFC 3262.
 */
#ifndef SIP_SERVER_TX_H
#define SIP_SERVER_TX_H

#include "sip/stack.h"

struct sip_server;

/** The caller cancelled before a final answer: answer 487.  m is the CANCEL
 * (for its Reason header). */
typedef void(sip_server_cancel_h)(const struct sip_message *m, void *arg);

/** The ACK of our final answer has come (0, m valid), or not in 64*T1
 * (ETIMEDOUT, m NULL).  Also ETIMEDOUT when a reliable provisional response
 * is not acknowledged. */
typedef void(sip_server_ack_h)(int err, const struct sip_message *m, void *arg);

/**
 * Take a request into a transaction.
 *
 * @param stxp   The program's handle, dropped with sip_server_forget()
 * @param sip    The stack
 * @param m      The request; what is needed of it is copied
 * @param flow   As handed with it
 * @param cancel Told of CANCEL, or NULL
 * @param ack    INVITE: told of the ACK, or NULL
 * @param arg    Handed to both
 *
 * @return 0; EALREADY if it is in one; ENOSPC over the limit (answer 503);
 * EINVAL for ACK and CANCEL; ENOMEM
 */
int sip_server_accept(struct sip_server **stxp, struct sip *sip,
		      const struct sip_message *m, struct sip_flow *flow,
		      sip_server_cancel_h *cancel, sip_server_ack_h *ack,
		      void *arg);

/**
 * Refuse a request within a dialog, in a transaction of its own: a copy of an
 * INVITE that the network doubled or kept back is not taken for a new one
 * once what forbade the first (491) is over.  Only for those who are known: it
 * keeps something.
 *
 * @return 0 or an errno; without room for it it is refused all the same
 */
int sip_server_refuse(struct sip *sip, const struct sip_message *m,
		      struct sip_flow *flow, uint16_t status,
		      struct span headers);

/**
 * Answer.  Provisional ones as often as wanted, then one final one.
 *
 * @return 0; EALREADY after a final answer; EINVAL; EBUSY if a reliable
 * provisional response is still unacknowledged; ENOMEM.  A lost flow is no
 * error.
 */
int sip_server_reply(struct sip_server *stx, const struct sip_reply *reply);

/** The same with a status alone. */
int sip_server_answer(struct sip_server *stx, uint16_t status);

/** To tag of our answers, 16 digits. */
const char *sip_server_tag(const struct sip_server *stx);

/** Where the answers go. */
struct sip_flow *sip_server_flow(const struct sip_server *stx);

/** Whether a final answer has been given. */
bool sip_server_is_final(const struct sip_server *stx);

/** Whether a reliable provisional response waits for its PRACK. */
bool sip_server_is_prack_due(const struct sip_server *stx);

/** Write an INVITE that has had no final answer as text, for
 * sip_server_restore() after a restart.  0; ENOENT without such, or while its
 * request is being handled; ENOMEM. */
int sip_server_save(const struct sip_server *stx, struct mbuf *mb);

/** Make it again, so that it can be refused: its CANCEL, its repeats and the
 * ACK find it.  0; EALREADY; EBADMSG; ENOTCONN when it came over a stream,
 * which is gone; ENOMEM. */
int sip_server_restore(struct sip_server **stxp, struct sip *sip,
		       struct span text);

/** Let go of a handle and set it NULL: no more callbacks.  One that has had
 * no final answer is answered 500.  Harmless on NULL. */
void sip_server_forget(struct sip_server **stxp);

#endif
