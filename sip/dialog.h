/* dialog.h - two ends that know each other
 *
 * Holds what later requests need: Call-ID, tags, CSeqs, route set, remote
 * target, and the flow last used.  A dialog outlives its flow and is bound to
 * another one when the peer comes back on it.  The calling side makes one
 * before its first request (it serves a series of REGISTERs, too) and gets
 * one more for each To tag that answers.
 *
 * Source: RFC 3261 section 12, RFC 3262, RFC 5626.
 */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include "sip/client_tx.h"
#include "sip/server_tx.h"

struct sip_dialog;

/** Begin of a dialog by the calling side. */
struct sip_dialog_begin {
	struct span local;   /* From without tag: `"Bob" <sip:bob@example>` */
	struct span remote;  /* To without tag */
	struct span target;  /* Request-URI */
	struct span routes;  /* value of the Route header, or empty */
	struct span call_id; /* empty: random */
	struct span contact_user; /* of our Contact; may be empty */
	struct sip_flow *flow;    /* way to go, or NULL: by route or target */
	const struct sip_credentials *credentials; /* or NULL; copied */
};

/** Make the calling side's dialog, not known to sip_dialog_find() yet.
 * 0, EINVAL, ENOMEM. */
int sip_dialog_alloc(struct sip_dialog **dp, struct sip *sip,
		     const struct sip_dialog_begin *begin, void *arg);

/**
 * Make the called side's dialog from a request accepted into a transaction;
 * its tag is that of the transaction.
 *
 * @param contact_user User part of our Contact; may be empty
 *
 * @return 0; EBADMSG without a usable From tag or Contact; ENOMEM
 */
int sip_dialog_accept(struct sip_dialog **dp, struct sip *sip,
		      const struct sip_message *m, struct sip_server *stx,
		      struct span contact_user, void *arg);

/** How the called side answers challenges of requests of its own; copied.
 * 0; ENOMEM. */
int sip_dialog_set_credentials(struct sip_dialog *d,
			       const struct sip_credentials *who);

/**
 * The dialog of an answer.  The first To tag completes d itself, each other
 * one makes a further dialog; the remote target and route set are read.
 *
 * @param forkp NULL stays when the answer belongs to d itself or has no tag;
 *              else one reference to the fork: new or known
 * @param d     As made by sip_dialog_alloc()
 * @param m     The answer, 101..299
 *
 * @return 0; EBADMSG; ENOMEM
 */
int sip_dialog_answered(struct sip_dialog **forkp, struct sip_dialog *d,
			const struct sip_message *m, struct sip_flow *flow);

/**
 * The dialog of a request by its Call-ID and tags, not referenced; NULL when
 * there is none (answer 481).  Changes nothing: the program first checks that
 * sip_flow_equal(flow, sip_dialog_flow(d)) or challenges the request, then
 * calls sip_dialog_receive().
 */
struct sip_dialog *sip_dialog_find(const struct sip *sip,
				   const struct sip_message *m);

/** By its identifiers, as Replaces and Target-Dialog name it; NULL if none. */
struct sip_dialog *sip_dialog_lookup(const struct sip *sip, struct span call_id,
				     struct span local_tag,
				     struct span remote_tag);

/**
 * Take a request in: order of CSeq, new remote target (INVITE, UPDATE,
 * SUBSCRIBE, NOTIFY, REFER), flow.  flow NULL leaves the flow.
 *
 * @return 0; EILSEQ when it is older than the last one (answer 500)
 */
int sip_dialog_receive(struct sip_dialog *d, const struct sip_message *m,
		       struct sip_flow *flow);

/** What to ask inside a dialog. */
struct sip_dialog_request {
	const char *method;
	struct span headers; /* whole lines; Contact is added by itself */
	struct span content_type;
	struct span body;
	uint8_t max_forwards; /* 0: 70 */
};

/**
 * Ask inside a dialog (or begin it).  The dialog must live until the handler
 * has had its final answer or the handle is forgotten.
 *
 * @return as sip_client_request()
 */
int sip_dialog_request(struct sip_client **ctxp, struct sip_dialog *d,
		       const struct sip_dialog_request *request,
		       sip_client_h *handler, void *arg);

/**
 * Acknowledge the 2xx of the INVITE last sent on this dialog, once; repeats
 * of that 2xx are then answered by the stack.
 *
 * @param content_type, body An answer to an offer in the 2xx, or empty
 */
int sip_dialog_ack(struct sip_dialog *d, struct span content_type,
		   struct span body);

/**
 * Acknowledge a reliable provisional answer (`Require: 100rel`).
 *
 * @param m The answer
 * @return as sip_client_request(); EBADMSG when m is not reliable
 */
int sip_dialog_prack(struct sip_client **ctxp, struct sip_dialog *d,
		     const struct sip_message *m, struct span content_type,
		     struct span body, sip_client_h *handler, void *arg);

/** Whether an answer must be acknowledged by sip_dialog_prack(). */
bool sip_message_is_reliable(const struct sip_message *m);

void *sip_dialog_arg(const struct sip_dialog *d);
void sip_dialog_set_arg(struct sip_dialog *d, void *arg);
/** User part of our Contact from now on.  0 or ENOMEM. */
int sip_dialog_set_contact_user(struct sip_dialog *d, struct span user);
const char *sip_dialog_call_id(const struct sip_dialog *d);
const char *sip_dialog_local_tag(const struct sip_dialog *d);
/** Empty while nobody has answered. */
const char *sip_dialog_remote_tag(const struct sip_dialog *d);
/** URI of the peer's Contact. */
const char *sip_dialog_target(const struct sip_dialog *d);
uint32_t sip_dialog_local_cseq(const struct sip_dialog *d);
/** May be dead; NULL while unknown. */
struct sip_flow *sip_dialog_flow(const struct sip_dialog *d);
/** Send on another flow from now on; NULL: by route set or target. */
void sip_dialog_set_flow(struct sip_dialog *d, struct sip_flow *flow);
/** Send next requests to another URI (a redirected or re-registered peer). */
int sip_dialog_set_target(struct sip_dialog *d, struct span uri);
/** Send next requests by another route set: the value of a Route header, as
 * of a peer's Path when it has registered anew.  0, EINVAL, ENOMEM. */
/** As the Route header has it; empty without. */
struct span sip_dialog_routes(const struct sip_dialog *d);
int sip_dialog_set_routes(struct sip_dialog *d, struct span routes);

/**
 * Write the dialog as lines of text, for sip_dialog_restore() after a
 * restart.
 */
int sip_dialog_save(const struct sip_dialog *d, struct mbuf *mb);

/** Make it again.  A stream's flow is gone: the next request opens one.
 * 0, EBADMSG, ENOMEM. */
int sip_dialog_restore(struct sip_dialog **dp, struct sip *sip,
		       struct span text, void *arg);

/** Make the INVITE of a restored dialog again, from sip_client_save(), so
 * that it can be cancelled, and what still comes acknowledged; on the dialog's
 * flow while that lives.  As
 * sip_client_restore(). */
int sip_dialog_restore_invite(struct sip_client **ctxp, struct sip_dialog *d,
			      struct span text, sip_client_h *handler,
			      void *arg);

#endif
