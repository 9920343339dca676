/* rate.h - how much a source may ask
 *
 * A bucket of tokens per source address (IPv6: per /64) in a table of fixed
 * size; a stranger who makes many addresses only pushes out other strangers,
 * never grows the table.
 *
 * Source: reliability.md section 6.
 */
#ifndef SIP_RATE_H
#define SIP_RATE_H

#include "base/libre.h"

struct sip_rate;

/**
 * @param ratep      One reference
 * @param per_second Tokens that flow in, 1..1,000,000
 * @param burst      Tokens a bucket holds, 1..1,000,000
 * @param sources    Buckets, rounded up to a power of two, 16..1,048,576
 */
int sip_rate_alloc(struct sip_rate **ratep, uint32_t per_second, uint32_t burst,
		   uint32_t sources);

/** Take a token of a source; false when it has none left. */
bool sip_rate_take(struct sip_rate *rate, const struct sa *source);

/** Whether it would have one, taking none. */
bool sip_rate_has(const struct sip_rate *rate, const struct sa *source);

#endif
