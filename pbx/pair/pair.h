/* pair.h - a resilient pair: this pbx and another one
 *
 * Primary and secondary both take registrations and calls all the time and
 * ring each other's phones over SIP (peer.h).  Each reads the other's log
 * (pair_log.h, sent by pair_feed.h, read by pair_follow.h).  What only one
 * may do at a time needs the lease (lease.h): registering trunks, sending the
 * mails of voice messages.  Alone, all of this is absent and every question
 * here is answered as for a pbx that has nobody beside it.
 *
 *   GET /api/v1/pair       role, lease, lag, conflicts
 *   GET /api/v1/pair/log   WebSocket for the other node
 *
 * The whole protocol is in docs/decisions/014.
 *
 * Source: design.md section 5; domain/pbx.md 15; CAL-10.
 */
#ifndef PBX_PAIR_H
#define PBX_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secrets.h"

struct conf;
struct customer;
struct http_client;
struct router;
struct service;
struct store;

enum pair_role {
	PAIR_ALONE,
	PAIR_PRIMARY,
	PAIR_SECONDARY,
};

/** Read the role from the settings; before anything else of this file. */
int pair_init(const struct service *service);

/** Begin to read and to be read, to vote and to ask; after the kinds. */
int pair_start(struct router *router, struct store *store);
void pair_close(void);

enum pair_role pair_role(void);
/** "alone", "primary", "secondary" */
const char *pair_role_name(enum pair_role role);

/** Whether this node may do what only one may: alone always. */
bool pair_has_lease(void);

/** Whether the other node is connected, both ways. */
bool pair_is_linked(void);

/** Whether this node takes changes from the portal; the secondary has them
 * from the primary. */
bool pair_takes_provisioning(void);

/** What the other node read of us, or we of it, has changed: settle who should
 * have the lease. */
void pair_settle(void);

/** Ports from the base: SIP; one above TLS. */
uint16_t pair_sip_offset(void);

/* what the parts share */
const struct conf *pair_conf(void);
const char *pair_token(void);
const char *pair_other_url(void); /* REST of the other node */
const char *pair_witness_url(void);
struct http_client *pair_client(void);

#endif
