/* trace.h - the last messages that went over the wire, call by call
 *
 * A ring of fixed size in memory holds what was sent and received, as it was;
 * writing is a copy.  Whose call a message is, is looked for by the first who
 * reads; he gets secrets masked: digest answers, keys of media, digits.  The
 * same messages go to a collector over UDP (HEP3) when one is set.
 */
#ifndef PBX_TRACE_H
#define PBX_TRACE_H

#include "base/libre.h"
#include "base/span.h"
#include "sip/stack.h"

/** Begin.
 *
 * @param mbytes    Size of the ring; 0: none
 * @param collector "address:port" for HEP3, or ""
 *
 * @return 0; EINVAL for a bad address; ENOMEM; an errno of the socket
 */
int trace_start(struct sip *sip, uint32_t mbytes, const char *collector);
void trace_close(void);

/** A message as it is shown: addresses of both ends, secrets masked. */
struct trace_message {
	uint64_t time_us; /* since 1970 */
	struct sa source;
	struct sa target;
	struct sa remote; /* one of the two: not ours */
	enum sip_transport transport;
	bool is_sent;
	struct span text;
};

typedef void(trace_h)(const struct trace_message *m, void *arg);

/** Hand out the messages of a call, oldest first; how many. */
uint32_t trace_each(struct span call, trace_h *h, void *arg);

/** Mask secrets in place; the length stays. */
void trace_mask(char *p, size_t len);

/** For a message: hashes of its Call-ID and of the call its Session-ID names,
 * 0 without. */
void trace_keys(uint64_t *call_idp, uint64_t *sessionp, const char *p,
		size_t len);

/** Octets the ring has held since start, for metrics. */
uint64_t trace_octets(void);

#endif
