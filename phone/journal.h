/* journal.h - calls of this phone: its own notes and the server's list
 *
 * Every call is noted here when it ends.  What the uc server lists too is
 * then forgotten; what it does not know (it was away) stays, so that nothing
 * is lost and nothing is listed twice.
 *
 * Source: SIT-18.
 */
#ifndef PHONE_JOURNAL_H
#define PHONE_JOURNAL_H

#include <jansson.h>

struct cache;
struct call;
struct journal;

enum {
	JOURNAL_MAX = 200,        /* notes kept */
	JOURNAL_MATCH_MS = 10000, /* clocks of phone and server may differ */
};

/** Open the journal of a state folder.  0 or ENOMEM. */
int journal_open(struct journal **jp, const char *dir, struct cache *cache);

/** Note a call that ends now, for this reason. */
void journal_add(struct journal *j, const struct call *c, const char *reason);

/** The server's list, newest first: what it knows is no longer noted. */
void journal_server_list(struct journal *j, const json_t *items);

/** One new entry of the server's. */
void journal_server_entry(struct journal *j, const json_t *item);

/** Both together, newest first; a new reference. */
json_t *journal_list(const struct journal *j);

#endif
