/* replaces.h - the dialog that Replaces, Join or Target-Dialog names
 *
 * Replaces stands in an INVITE as a header, in a REFER inside the URI it
 * refers to.
 *
 * Source: RFC 3891, RFC 3911, RFC 4538, RFC 5589.
 */
#ifndef PBX_REPLACES_H
#define PBX_REPLACES_H

#include <stdbool.h>

#include "base/span.h"
#include "sip/uri.h"

struct leg;

enum { REPLACES_BYTES = 512 };

/* Call-ID and tags, as Replaces names a dialog. */
struct replaces {
	char text[REPLACES_BYTES];
	struct span call_id, to_tag, from_tag;
	bool is_early_only;
};

/** Read the value of Replaces or Join.  0 or EBADMSG. */
int replaces_parse(struct replaces *r, struct span value);

/** Read that of Target-Dialog, whose tags are seen from its sender.  0 or
 * EBADMSG. */
int replaces_parse_target(struct replaces *r, struct span value);

/** Read it in the header part of a URI.  0; ENOENT without; EBADMSG. */
int replaces_of_uri(struct replaces *r, const struct sip_uri *uri);

/** The leg whose dialog it is, or NULL. */
struct leg *replaces_leg(const struct replaces *r);

#endif
