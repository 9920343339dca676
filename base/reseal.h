/* reseal.h - seal what is stored anew after the key file was rotated
 *
 * A program names its columns of sealed texts once.  reseal_start() then goes
 * over them in the store's writer thread, a bounded batch a write, each batch
 * a transaction of its own: whoever dies in the middle goes on at the next
 * start, and until then old and new texts both open.  A text that changed
 * meanwhile is left alone.  Passes go on until one finds nothing old; then
 * reseal_version() says which key is the oldest still needed here, and older
 * ones may be pruned (holdfast ctl key rotate).
 *
 * Source: design.md 4.13.
 */
#ifndef BASE_RESEAL_H
#define BASE_RESEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secrets.h"

struct reseal;
struct store;

enum { RESEAL_BATCH = 50 }; /* rows */

struct reseal_column {
	const char *table;
	const char *key; /* TEXT column to go along */
	const char *column;
	const char *context; /* of the seal; NULL = the row's key */
	bool is_json;        /* the texts stand in {"sealed": TEXT} within */
};

/**
 * Name a column; all texts of it must outlive the result.
 *
 * @param rp Set on success; mem_deref() it before the store
 * @return 0; EINVAL; ENOMEM
 */
int reseal_add(struct reseal **rp, struct store *store,
	       const struct reseal_column *column);

/**
 * Go over all columns named, with the keys as they are now; a run that goes
 * on begins again.
 *
 * @param keys Copied
 */
int reseal_start(const struct key_file *keys);

/** The oldest key that what is stored here may need; 0 while not known, or
 * when some texts do not open. */
uint32_t reseal_version(void);

/** Sealed texts that did not open in the last pass. */
uint32_t reseal_failures(void);

/** Forget the copy of the keys. */
void reseal_close(void);

#endif
