/* session.h - who is signed in to the portal
 *
 * An administrator gets in by a one-time link, chooses a password, and signs
 * in with it afterwards.  A session is a random token, sent as bearer or as
 * a cookie (HttpOnly, SameSite=Strict); requests that change something and
 * are known by their cookie alone must come from our own pages (Origin).
 * Only hashes of tokens are stored.
 *
 * A wrong password, an unknown login and a login without a password are
 * answered alike and after the same time; tries are limited per account and
 * per address.
 */
#ifndef PORTAL_SESSION_H
#define PORTAL_SESSION_H

#include <jansson.h>

#include "base/secrets.h"
#include "portal/portal.h"

struct sessions;

/** Make it; serves sign-in and links, and tells the router who calls. */
int sessions_alloc(struct sessions **sp, struct portal *portal);

/**
 * A one-time link for an administrator, made and written now (start-up).
 *
 * @param url  Filled with the link
 */
int session_first_link(struct sessions *s, char *url, size_t size);

/** Whether some provider's administrator has a password. */
bool session_has_password(const struct sessions *s);

/** Record a new one-time link for an administrator in a write. */
int session_put_link(struct store_write *w, const struct sessions *s,
		     const char *admin, char token[TOKEN_SIZE]);

/** Put the link's address into an answer: "link", "link_ends_ms". */
void session_add_link(const struct sessions *s, json_t *answer,
		      const char *token);

/** Find an administrator by "name@web-id" or a provider's "name". */
int session_find_admin(json_t **adminp, const struct portal *p,
		       const char *login);

#endif
