/* history.h - what a call record means to the users in it
 *
 * One call record of a pbx becomes a row for the caller and one for the
 * called, where they are users of ours: "outgoing … answered", "incoming …
 * missed".  A record that comes twice makes the same rows once.
 * Source: UCS-5, SIT-18.
 */
#ifndef UC_HISTORY_H
#define UC_HISTORY_H

#include <jansson.h>

#include "model/record.h"
#include "model/route.h"
#include "uc/uc.h"

/** Make the table. */
int history_init(struct uc *uc);

/**
 * Rows of a call record.
 *
 * @return New array of 0, 1 or 2 history objects; NULL without memory
 */
json_t *history_rows(const struct uc *uc, const char *customer,
		     const json_t *cdr);

/** Put a row into a write. */
int history_put(struct store_write *w, const json_t *row);

/** GET /api/v1/history: one's own calls. */
void history_list(struct http_request *req, const struct caller *caller,
		  void *arg);

#endif
