/* cdr.h - the record of a call: durable, exactly one, with its trail
 *
 * Source: CAL-12.
 */
#ifndef PBX_CDR_H
#define PBX_CDR_H

#include "sip/build.h"

struct call;
struct leg;

/** Write the record of a call that is over; its event follows once it is on
 * the disk. */
void cdr_write(struct call *call);

/** A call that goes on, as JSON for lists. */
void cdr_print_call(const struct call *call, struct sip_out *o);

#endif
