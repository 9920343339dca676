/* network.h - a range of addresses: "192.0.2.0/24", "2001:db8::/32"
 *
 * An address without a length is a network of one.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/libre.h"

struct network {
	struct sa address;
	uint8_t bits; /* that count: 0..32, IPv6 0..128 */
};

/** Read one; false if the text is none. */
bool network_read(struct network *n, const char *text);

/** Whether an address is in it; the port does not matter. */
bool network_has(const struct network *n, const struct sa *sa);

/** Whether one holds the other. */
bool network_overlaps(const struct network *a, const struct network *b);

#endif
