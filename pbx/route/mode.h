/* mode.h - the service mode of a customer: day, first or second night
 *
 * Set by hand (REST, or a feature access code of who may), until a moment or
 * until it is taken back; else as the customer's schedule says; else day.
 * What was set by hand is kept on disk.  A change counts for calls that begin
 * after it.
 *
 *   GET, PUT /api/v1/customers/ID/service-mode
 *
 * Source: domain/pbx.md 19.
 */
#ifndef PBX_MODE_H
#define PBX_MODE_H

#include "base/store.h"
#include "model/route.h"
#include "pbx/route/schedule.h"

/** Make the table, read it into the directory, add the routes, watch. */
int mode_start(struct store *store, struct router *router);
void mode_close(void);

/** Now. */
enum service_mode mode_now(const struct customer *c);

/**
 * Set it by hand.
 *
 * @param mode     MODES: as the schedule says
 * @param until_ms Wall clock; 0: until it is set again
 * @param by       Whom the log names
 * @param done     Called once it is durable and obeyed, or has failed
 */
int mode_set(struct customer *c, enum service_mode mode, uint64_t until_ms,
	     const char *by, store_done_h *done, void *arg);

/** A customer is deleted: its row goes with it in the same write. */
int mode_remove(struct store_write *w, const char *id);

#endif
