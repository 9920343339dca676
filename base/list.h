/* list.h - hash tables of intrusive entries, for look-ups on the hot path
 *
 * libre's own `struct list` serves for lists.  This table grows by doubling,
 * a bucket at a time is never moved twice, and an entry costs two pointers
 * and its 64-bit key.  Keys are made with hash_span(), seeded at start so
 * that a stranger cannot choose collisions.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdint.h>

#include "base/span.h"

struct table_entry {
	struct table_entry *next;
	struct table_entry **prevp; /* NULL while in no table */
	uint64_t key;
};

struct table {
	struct table_entry **buckets;
	uint32_t mask;  /* buckets - 1 */
	uint32_t count; /* entries */
};

/** The process's hash of some octets, chained on an earlier hash or 0. */
uint64_t hash_span(uint64_t chain, struct span s);

/** Make an empty table of at least `buckets` buckets.  0 or ENOMEM. */
int table_init(struct table *t, uint32_t buckets);

/** Give the buckets back; entries still in it are merely unlinked. */
void table_close(struct table *t);

/** Add an entry under a key; several may share one.  Never fails. */
void table_add(struct table *t, struct table_entry *e, uint64_t key);

/** Take an entry out; harmless when it is in no table. */
void table_remove(struct table *t, struct table_entry *e);

/** First entry with this key, or NULL. */
struct table_entry *table_first(const struct table *t, uint64_t key);

/** Next entry with the same key as e, or NULL. */
struct table_entry *table_next(const struct table_entry *e);

#define CONTAINER_OF(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
