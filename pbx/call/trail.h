/* trail.h - what happened to a call and why, numbered
 *
 * "rang 2002 on phone 3", "2002 is busy", "answered by Bob at 2002".  A call
 * writes its trail as it goes; it is kept with the CDR so that a call can be
 * explained afterwards.  It has a limit: past it the last entry says so.
 *
 * Source: design.md section 5.
 */
#ifndef PBX_TRAIL_H
#define PBX_TRAIL_H

#include <stdarg.h>

#include "base/libre.h"
#include "base/span.h"
#include "sip/build.h"

enum {
	TRAIL_ENTRIES_MAX = 200,
	TRAIL_ENTRY_BYTES = 160,
};

/** Zeroed memory is an empty trail. */
struct trail {
	char *text; /* entries: u64 at_ms, u8 length, text */
	uint32_t len;
	uint32_t size;
	uint32_t count;
};

/** Forget all. */
void trail_close(struct trail *t);

/** Add what happened now; longer than TRAIL_ENTRY_BYTES is cut. */
void trail_add(struct trail *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void trail_add_list(struct trail *t, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/** Write it as a JSON array: [{"n":1,"at_ms":…,"what":"…"}]. */
void trail_write(const struct trail *t, struct sip_out *o);

/** Its octets, to be kept, and taken again with trail_restore(). */
struct span trail_span(const struct trail *t);
/** 0; EBADMSG; ENOMEM */
int trail_restore(struct trail *t, struct span octets);

#endif
