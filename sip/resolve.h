/* resolve.h - from a URI to addresses to try, in order
 *
 * A numeric host is known at once; a name with a port is looked up by A and
 * AAAA; a name alone by NAPTR and SRV first.  The transport comes from the
 * URI, else it is UDP: NAPTR tells under which name that transport's service
 * is found, never to take another transport than was chosen; a name server
 * that says nothing to NAPTR is asked for SRV a second later.  Answers are
 * kept for their time to live, at most an hour.  Never blocks.
 *
 * Source: RFC 3263, RFC 2782.
 */
#ifndef SIP_RESOLVE_H
#define SIP_RESOLVE_H

#include "sip/flow.h"

enum { SIP_TARGETS_MAX = 8 };

struct sip_target {
	enum sip_transport transport;
	struct sa address;
};

struct sip_query;

/** The addresses to try, best first; valid until return.  ENOENT when there
 * is none, ETIMEDOUT when no name server answers. */
typedef void(sip_resolve_h)(int err, const struct sip_target *targets,
			    size_t count, void *arg);

/**
 * Know a URI's addresses at once.
 *
 * @param targets SIP_TARGETS_MAX entries
 * @return 0; EAGAIN when a query is needed; EINVAL for a URI that is no SIP
 * or SIPS URI
 */
int sip_resolve_now(struct sip *sip, struct span uri,
		    struct sip_target *targets, size_t *countp);

/** Ask; the handler is called once, later, unless the query is dropped by
 * mem_deref() before. */
int sip_resolve(struct sip_query **qp, struct sip *sip, struct span uri,
		sip_resolve_h *handler, void *arg);

#endif
