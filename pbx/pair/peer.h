/* peer.h - the other node of a pair, over SIP
 *
 * A phone that is registered at the other node is rung through it: an INVITE
 * to `pair.PHONE@NODE`, authenticated by digest with the pair's token.  The
 * node that took the call decides everything (privileges of who pays, do not
 * disturb, forwards, groups, voice mail, limits) and keeps the record; the
 * other one rings that phone's own bindings and nothing else, so that nothing
 * is decided twice and no call comes back: what the other node sends is never
 * sent on to it.
 *
 * A call that must leave by a trunk which only the other node has registered
 * goes the same way: `out.NUMBER@NODE;payer=USER;customer=ID`, checked here
 * already on behalf of who pays.
 *
 * What a phone there asks of us (errand.h) is `as.DIALLED@NODE;phone=ID`.
 *
 * Who comes from the other node is an outsider (outsider.h) of a trunk that
 * is nobody's, peer_trunk().
 *
 * Source: design.md section 5; CAL-10; docs/decisions/014.
 */
#ifndef PBX_PEER_H
#define PBX_PEER_H

#include "pbx/call/call.h"
#include "sip/dialog.h"

#define PEER_TRUNK "pair"

/** Know the other node by this token.  0 or ENOMEM. */
int peer_init(const char *token);
void peer_close(void);

/** It is there, at this address; it is gone, and with it its phones. */
void peer_found(const struct sa *sip);
void peer_lost(void);

/** A phone is, or is not any more, registered there; calls it has there. */
void peer_phone(struct phone *p, bool is_elsewhere, uint16_t calls);
/** How many are. */
uint32_t peer_phones(void);
/** None is. */
void peer_forget_phones(void);

/** The trunk that the other node's calls come by; NULL alone. */
struct trunk *peer_trunk(void);

/** Whether a call came from the other node. */
bool peer_is_caller(const struct call *call);

/** The begin of a dialog that rings a phone there; text and the URI live in
 * buf.  0; ENOTCONN; E2BIG. */
enum { PEER_URI_BYTES = 400 };
int peer_begin(struct sip_dialog_begin *begin, const struct phone *p,
	       char buf[PEER_URI_BYTES]);

/** The same for a number outside. */
int peer_begin_outside(struct sip_dialog_begin *begin, const char *number,
		       const char *customer, const char *payer,
		       char buf[PEER_URI_BYTES]);

/** The same for what a phone of ours has dialled; for a caller from outside:
 * a number of its customer. */
int peer_begin_errand(struct sip_dialog_begin *begin, const char *dialled,
		      const struct phone *p, char buf[PEER_URI_BYTES]);

/** Header lines of such an INVITE; who is rung is to answer by itself. */
void peer_headers(const struct call *call, struct sip_out *o, bool answers);

/** Take an INVITE that says it comes from the other node; false: it does not
 * say so. */
bool peer_incoming(const struct sip_message *m, struct sip_flow *flow);

/** Whether a flow leads to the other node. */
bool peer_is_source(const struct sip_flow *flow);

#endif
