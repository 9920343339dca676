/* limit.h - who has failed too often waits
 *
 * A small table of names (accounts, addresses) with their recent failures; a
 * name is free again five minutes after its last one.  Bounded: when full the
 * oldest is forgotten.
 */
#ifndef UC_LIMIT_H
#define UC_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum { LIMIT_FAILURES = 5, LIMIT_WINDOW_MS = 300000 };

/** Seconds this name has to wait, 0 when it may try. */
uint32_t limit_wait_s(const char *name);

/** Note a failure. */
void limit_fail(const char *name);

/** It got in: forget its failures. */
void limit_clear(const char *name);

#endif
