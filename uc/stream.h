/* stream.h - events to the clients of users, resumable by number
 *
 * A client opens GET /api/v1/events?epoch=E&after=SEQ as a WebSocket and gets
 * "hello", the presence of its colleagues, then what it missed and what
 * happens.  Frames: {"epoch","seq","type","data"}.  History and settings are
 * durable and numbered; presence is not and carries the number it came after.
 * Where the epoch is another or the number is no longer kept, hello says
 * "resumed": false and the client reads anew by REST.  We ping every 2 s: a
 * client that hears nothing for 4 s may take us for hung.
 *
 * Source: design.md 4.4; UCS-1, SIN-1.
 */
#ifndef UC_STREAM_H
#define UC_STREAM_H

#include <jansson.h>

#include "base/store.h"
#include "model/route.h"
#include "uc/uc.h"

struct streams;

enum {
	STREAM_PING_MS = 2000,
	STREAM_KEPT_DAYS = 30,
	STREAM_TOKEN_MS = 5000, /* to sign in inside the WebSocket */
};

int streams_alloc(struct streams **sp, struct uc *uc);

/** GET /api/v1/events */
void streams_accept(struct http_request *req, const struct caller *caller,
		    void *arg);

/**
 * Record an event for a user into a write; streams_publish() it when the
 * write is durable.
 *
 * @param seqp Its number
 */
int streams_record(struct streams *s, struct store_write *w, uint64_t *seqp,
		   const char *user, const char *type, const json_t *data);

/** Send a recorded event to the user's clients. */
void streams_publish(struct streams *s, uint64_t seq, const char *user,
		     const char *type, json_t *data);

/** Tell all clients of a customer something that is not kept. */
void streams_tell(struct streams *s, const char *customer, const char *type,
		  json_t *data);

/** The same to the clients of one user. */
void streams_tell_user(struct streams *s, const char *user, const char *type,
		       json_t *data);

/** The same to everybody's. */
void streams_tell_all(struct streams *s, const char *type, json_t *data);

/** End a user's streams (deleted, signed out everywhere). */
void streams_end(struct streams *s, const char *user);

/** How many clients listen. */
uint32_t streams_count(const struct streams *s);

#endif
