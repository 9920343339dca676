/* session.h - people sign in: with a password, or a device with its token
 *
 * Either makes a session: a bearer token of which only the hash is stored,
 * good for 30 days and taken back at sign-out, password change or deletion of
 * the user.  After 5 failures within 5 minutes an account or address waits.
 * Source: UCS-1, UCC-6.
 */
#ifndef UC_SESSION_H
#define UC_SESSION_H

#include <stdbool.h>

#include "model/route.h"
#include "uc/uc.h"

enum { SESSION_DAYS = 30 };

/** User of a session token; false when it is not valid. */
bool session_find(const struct uc *uc, const char *token, char user[48]);

/** For router_callers(). */
bool session_caller(struct caller *caller, struct http_request *req, void *arg);

/** POST /api/v1/sessions */
void session_create(struct http_request *req, const struct caller *caller,
		    void *arg);

/** DELETE /api/v1/sessions */
void session_delete(struct http_request *req, const struct caller *caller,
		    void *arg);

/** PUT /api/v1/me/password */
void session_password(struct http_request *req, const struct caller *caller,
		      void *arg);

/** Into the write that makes a user: its first password, hashed by the
 * writer's thread. */
int session_first_password(struct store_write *w, const char *user,
			   const char *password);

#endif
