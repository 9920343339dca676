/* jsontext.h - JSON written piece by piece into a buffer of fixed size
 *
 * For events, CDRs and lists, which are written for every call: several times
 * cheaper than building a tree first.
 */
#ifndef PBX_JSONTEXT_H
#define PBX_JSONTEXT_H

#include "base/span.h"
#include "sip/build.h"

/** A string with its quotes, escaped; bad UTF-8 becomes '?'. */
void jsontext_span(struct sip_out *o, struct span s);

/** The same of a C string; NULL is null. */
void jsontext(struct sip_out *o, const char *text);

/** `"name":"text"`, with a comma before it unless is_first. */
void jsontext_member(struct sip_out *o, bool is_first, const char *name,
		     const char *text);

/** `"name":n` after a comma. */
void jsontext_number(struct sip_out *o, const char *name, uint64_t n);

#endif
