/* store.h - the portal's tables */
#ifndef PORTAL_STORE_H
#define PORTAL_STORE_H

struct portal;

/** Open the store at `url` and make or amend its tables.  0 or an errno. */
int portal_store_open(struct portal *p, const char *url);

#endif
