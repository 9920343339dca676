/* registrar.h - where phones can be reached: their bindings
 *
 * A phone line has up to ten bindings, told apart by instance and reg-id
 * (RFC 5626) or by Contact.  Each keeps its Path (RFC 3327) and the flow it
 * came on, so that calls go back the same way.  A binding is on record before
 * the 200 leaves; after a restart it holds without a new REGISTER.
 *
 * Source: RFC 3261 10.3, RFC 3327, RFC 5626; CAL-1.
 */
#ifndef PBX_REGISTRAR_H
#define PBX_REGISTRAR_H

#include "base/wheel.h"
#include "pbx/directory.h"
#include "sip/stack.h"

enum { BINDINGS_MAX = 10 };

struct binding {
	struct binding *next; /* of the same phone */
	struct phone *phone;  /* not counted: the phone owns it */
	struct sip_flow *flow;
	struct wheel_timer timer;
	uint64_t row;
	uint64_t expires_ms;    /* monotonic */
	uint64_t registered_ms; /* wall clock: last REGISTER */
	uint32_t cseq;
	uint32_t reg_id;     /* 0 without */
	const char *contact; /* URI; these five lie behind the struct */
	const char *path;    /* value of a Route header, "" without */
	const char *call_id;
	const char *instance; /* "" without */
	const char *agent;
};

int registrar_init(void);

/** An authenticated REGISTER. */
void registrar_request(const struct sip_message *m, struct sip_flow *flow,
		       struct phone *phone);

/** Forget all bindings of a phone. */
void registrar_drop(struct phone *phone);

/** What tells a binding from others of its phone: instance, or Contact. */
const char *binding_key(const struct binding *b);

/** A phone has registered at the other node of a pair: the binding of the same
 * key here goes, if it is older (or in any case when that is news). */
void registrar_moved(struct phone *phone, const char *key, uint64_t at_ms,
		     bool is_news);

/** Read them back at start, after the directory. */
int registrar_restore(void);

/** Forget them in memory only: the process ends. */
void registrar_close(void);

uint32_t registrar_count(void);

/** The flow to ring a binding on; NULL: by its Path or Contact.  A phone that
 * names its own address is rung there; one behind an address translator, on
 * a stream or with outbound is rung on the flow it registered on. */
struct sip_flow *binding_flow(const struct binding *b);

#endif
