/* pair_feed.h - our log, sent to the other node as it grows
 *
 * A WebSocket at /api/v1/pair/log?epoch=E&after=N.  Frames, in this order:
 *
 *   hello  {"v","node","epoch","top","sip_port","tls_port"}
 *   gone   {"kind","id","seq","stamp"}       of a batch first, last kind first
 *   put    {"kind","id","seq","stamp","object"}  then, first kind first
 *   upto   {"seq","whole"}   the batch is complete: the cursor may move here
 *   phones {"first","last","phones":[{"phone","calls","bindings":[...]}]}
 *                            all that are registered here, once
 *   phone  {"phone","calls","bindings":[{"key","at"}],"new"}   one has changed
 *
 * Batches and phones mix; within a kind the order is that of the numbers.
 * "whole" is true for a batch of a new epoch, which also has what came from the reader
 * itself: of what the primary alone changes, what it does not name is not
 * there.  The reader answers {"read":N} when its cursor is on the disk.
 *
 * Secrets go over it in the clear: it is served to the pair's token only, and
 * beyond loopback to a certificate of the installation.
 *
 * Source: design.md 4.4; CAL-10.
 */
#ifndef PBX_PAIR_FEED_H
#define PBX_PAIR_FEED_H

#include "pbx/directory.h"

struct http_request;

/** Serve a reader. */
void pair_feed_open(struct http_request *req);
void pair_feed_close(void);

/** The log has grown, and what it says is on the disk. */
void pair_feed_changed(void);

/** A phone's bindings or calls here have changed; new_key: the binding that was
 * made or refreshed, or NULL. */
void pair_feed_phone(const struct phone *p, const char *new_key);

/** Something that is not in the log (pair_calls.h); takes the reference. */
void pair_feed_tell(json_t *json);

/** Whether it takes more now. */
bool pair_feed_has_room(void);

/** Whether the other node reads us, and has read all. */
bool pair_feed_is_read(void);
bool pair_feed_is_current(void);

#endif
