/* uc_link.h - the phone's link to the uc server
 *
 * connecting -> online -> suspect -> offline -> online.  A lost connection is
 * noticed at once, a hang after four seconds of silence (the server pings
 * every two).  While offline it tries again after 1, 2, 4, 4 … s with jitter,
 * or at once when the user says so.  Calls are never touched by it: it only
 * tells the face and fills cache and diary.
 *
 * Source: SIN-1, SIN-4, SIN-9; design.md section 6.
 */
#ifndef PHONE_UC_LINK_H
#define PHONE_UC_LINK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/http_client.h"

struct engine;
struct uc_link;

enum {
	UC_LINK_SUSPECT_MS = 3000, /* silence: ask */
	UC_LINK_SILENCE_MS = 4000, /* silence: taken for a hang */
	UC_LINK_CONNECT_MS = 3000, /* each step of a try */
	UC_LINK_TRY_MS = 6000,     /* signing in and connecting together */
	UC_LINK_RETRY_MS = 1000,   /* doubles up to: */
	UC_LINK_RETRY_MAX_MS = 4000,
};

/** Begin to connect.  0 or ENOMEM. */
int uc_link_start(struct uc_link **lp, struct engine *e);

/** Online or merely suspect. */
bool uc_link_is_online(const struct uc_link *l);

/**
 * Ask the server something in the user's name.
 *
 * @param path From "/api/v1/" on
 * @param body Borrowed, or NULL
 * @param h    Told the answer once, never before this returns; not when the
 *             phone ends first
 *
 * @return 0; ENOTCONN while not online; ENOMEM
 */
int uc_link_ask(struct uc_link *l, const char *method, const char *path,
		json_t *body, http_client_h *h, void *arg);

/** Try now; harmless while online. */
void uc_link_try(struct uc_link *l);

#endif
