/* upstream.h - the call controllers behind us, and which of them answer
 *
 * Each is asked by OPTIONS every 5 s; after 2 misses it is down and requests
 * go to the next of its group, until it answers again.
 * Source: domain/border-gateway.md section 8.
 */
#ifndef BORDER_UPSTREAM_H
#define BORDER_UPSTREAM_H

#include <jansson.h>
#include <stdbool.h>

#include "base/libre.h"

struct sip;
struct upstreams;

enum { UPSTREAM_PROBE_MS = 5000, UPSTREAM_MISSES = 2 };

int upstreams_alloc(struct upstreams **up, struct sip *sip);

/** Take a group as provisioned ({"id","registrars":[…]}); EINVAL if one of
 * them is no SIP URI with a numeric host. */
int upstreams_put(struct upstreams *u, const json_t *upstream);
void upstreams_drop(struct upstreams *u, const char *id);

/** Whether each entry could be used; for the check before storing. */
bool upstream_is_valid(const char *uri);

/**
 * Where requests go.
 *
 * @param id Group, or NULL for the first
 *
 * @return The best that answers, else the best; NULL without any
 */
const struct sa *upstreams_pick(const struct upstreams *u, const char *id);

/** Whether an address is one of them: what comes from it is inside. */
bool upstreams_has(const struct upstreams *u, const struct sa *sa);

/** Whether one at least answers. */
bool upstreams_are_up(const struct upstreams *u);

#endif
