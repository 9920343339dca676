/* address.h - From, To, Contact, Route …, and Via, parsed when asked for
 *
 * Spans point into the header value they came from.
 *
 * Source: RFC 3261 20.10, 20.20, 20.39, 20.42; RFC 4475 3.1.2.
 */
#ifndef SIP_ADDRESS_H
#define SIP_ADDRESS_H

#include "base/span.h"
#include "sip/uri.h"

struct sip_address {
	struct span display; /* as written, quotes kept; may be empty */
	struct span uri_text;
	struct sip_uri uri;
	struct span params; /* after the '>' or addr-spec, without first ';' */
	struct span tag;    /* of From and To */
	bool is_bracketed;  /* <uri> */
	bool is_star;       /* Contact: * ; nothing else is set */
};

/**
 * Parse one name-addr or addr-spec with its parameters.
 *
 * @param a     Filled on success only
 * @param value One value, not a list (see sip_values_next)
 *
 * @return 0; EBADMSG; E2BIG
 */
int sip_address_parse(struct sip_address *a, struct span value);

/** Copy the display name into a C string without quotes and escapes; control
 * octets and broken UTF-8 are left out.  Empty when there is none. */
void sip_address_name(const struct sip_address *a, char *out, size_t size);

/* One Via value (libre has the name sip_via) */
struct sip_hop {
	struct span transport; /* "UDP", "TCP", … as written */
	struct span sent_by;   /* host[:port] as written */
	struct span host;      /* IPv6 with brackets */
	uint16_t port;         /* 0 when none was given */
	struct span params;
	struct span branch;
	struct span received; /* empty when absent */
	bool has_rport;
	uint16_t rport; /* 0 when without value */
};

/** Parse one Via value.  0 or EBADMSG. */
int sip_hop_parse(struct sip_hop *hop, struct span value);

#endif
