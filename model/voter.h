/* voter.h - a voter of the lease, as REST of whoever serves it
 *
 *   GET  /api/v1/lease   what is promised now
 *   POST /api/v1/lease   {"holder","epoch","ttl_ms","nonce"}, also "release"
 *     -> {"granted","epoch","holder","left_ms","proof"}
 *
 * The rules are base/lease.h's; here a new promise is written (table `lease`)
 * before it is answered, and who asks is known by the token of the pair.  The
 * answer proves that we know it, too: proof is the hash of token and nonce.
 *
 * Source: design.md section 5; docs/decisions/014.
 */
#ifndef MODEL_VOTER_H
#define MODEL_VOTER_H

#include "base/lease.h"
#include "base/secrets.h"
#include "base/store.h"
#include "model/route.h"

struct voter;

/** Told when a vote is given, or why not. */
typedef void(voter_h)(bool is_granted, uint64_t epoch, void *arg);

/**
 * Make a voter and its routes.
 *
 * @param vp     Set on success; drop with mem_deref() before the store
 * @param store  Where it keeps its word
 * @param router Serves it
 * @param token  Of the pair; copied
 * @param ttl_ms The longest vote it gives; what it waits after a restart
 */
int voter_alloc(struct voter **vp, struct store *store, struct router *router,
		const char *token, uint32_t ttl_ms);

/** Ask it from inside the process; handler comes later, once. */
int voter_ask(struct voter *v, const char *holder, uint64_t epoch,
	      uint32_t ttl_ms, voter_h *handler, void *arg);

/** Its holder gives it back. */
void voter_release(struct voter *v, const char *holder, uint64_t epoch);

/** What it has promised. */
const struct lease_vote *voter_vote(const struct voter *v);

/** What stands for knowing the token. */
void voter_proof(char out[TOKEN_HASH_SIZE], const char *token,
		 const char *nonce);

#endif
