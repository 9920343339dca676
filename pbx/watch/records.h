/* records.h - call records for others: lists, CSV, the story of a call
 *
 * Records are listed as JSON or CSV, a page at a time; each has a number that
 * only rises, so that who exports by `after` gets each exactly once.
 *
 * Source: CAL-12.
 */
#ifndef PBX_RECORDS_H
#define PBX_RECORDS_H

#include "base/http.h"
#include "model/route.h"
#include "sip/build.h"

/** GET /api/v1/cdrs */
void records_list(struct http_request *req, const struct caller *caller,
		  void *arg);

/** Whether the answer is wanted so: ?format=NAME, else by Accept. */
bool records_wants(const struct http_request *req, const char *format,
		   const char *type);

/** A trail as lines of text: time, what happened. */
void records_trail_text(struct sip_out *o, const json_t *trail);

/** Column names of a CSV export, and a record as one line of it. */
void records_csv_head(struct sip_out *o);
void records_csv(struct sip_out *o, uint64_t seq, const json_t *record);

/** Milliseconds since 1970 as a number, or `2026-01-31[T23:59:59[.5][Z]]`.
 * 0 or EBADMSG. */
int records_time(uint64_t *msp, const char *text);

/** A record but for its story, which stands last; to be closed with }. */
struct span records_without_story(struct span json);

#endif
