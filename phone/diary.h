/* diary.h - calls of this phone: its own notes and the server's list
 *
 * Every call is noted here when it ends.  What the uc server lists too is
 * then forgotten; what it does not know (it was away) stays, so that nothing
 * is lost and nothing is listed twice.
 *
 * Source: SIT-18.
 */
#ifndef PHONE_DIARY_H
#define PHONE_DIARY_H

#include <jansson.h>

struct cache;
struct call;
struct diary;

enum {
	DIARY_MAX = 200,        /* notes kept */
	DIARY_MATCH_MS = 10000, /* clocks of phone and server may differ */
};

/** Open the diary of a state folder.  0 or ENOMEM. */
int diary_open(struct diary **jp, const char *dir, struct cache *cache);

/** Note a call that ends now, for this reason. */
void diary_add(struct diary *j, const struct call *c, const char *reason);

/** The server's list, newest first: what it knows is no longer noted. */
void diary_server_list(struct diary *j, const json_t *items);

/** One new entry of the server's. */
void diary_server_entry(struct diary *j, const json_t *item);

/** Both together, newest first; a new reference. */
json_t *diary_list(const struct diary *j);

#endif
