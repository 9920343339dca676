/* lease.h - a right that only one holder has at a time: two votes of three
 *
 * Three voters (primary, secondary, witness) each give their vote to one
 * holder for a time, `ttl`.  Who has two votes holds the lease.  Nobody
 * trusts a clock but its own monotonic one:
 *
 *  - A voter counts ttl from when it *answers*; until then it gives its vote
 *    to nobody else.  Holder and epoch are on its disk before it answers; a
 *    voter that was restarted (or lost its disk) waits a whole ttl before it
 *    votes for anybody but the holder it has on record.
 *  - A holder counts ttl from when it *asked*, which is earlier, less a margin
 *    of a tenth and a bit for clocks that run at different speed.  So its
 *    lease ends, for it, before any voter may vote for another.
 *
 * An epoch is a number that only rises: a new holder takes one above all it
 * has seen.  A voter renews a vote for the same holder and epoch, and gives a
 * new one only for a higher epoch; two holders never share an epoch that a
 * majority has granted, so it can serve as a fence.
 *
 * These are the rules alone, without clock, disk or network: model/voter.c
 * keeps a voter's promise, pbx/pair/lease.c asks.
 *
 * Source: design.md section 5; docs/decisions/014.
 */
#ifndef BASE_LEASE_H
#define BASE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LEASE_VOTERS = 3,
	LEASE_HOLDER_SIZE = 33,
	LEASE_TTL_MIN_MS = 500,
	LEASE_TTL_MAX_MS = 60000,
};

/** A voter's promise. */
struct lease_vote {
	char holder[LEASE_HOLDER_SIZE]; /* "" nobody yet */
	uint64_t epoch;                 /* of the last vote */
	uint64_t until_ms;              /* monotonic: for nobody else */
	uint32_t ttl_ms;
};

enum lease_verdict {
	LEASE_RENEWED,  /* answer at once */
	LEASE_GRANTED,  /* put holder and epoch on the disk, then answer */
	LEASE_TAKEN,    /* another one has it */
	LEASE_OUTDATED, /* ask with a higher epoch */
};

/**
 * A voter comes back with what was on its disk (or with nothing, holder "").
 *
 * @param ttl_ms The longest vote that it may have given
 */
void lease_vote_restore(struct lease_vote *v, const char *holder,
			uint64_t epoch, uint32_t ttl_ms, uint64_t now_ms);

/** Asked for its vote. */
enum lease_verdict lease_vote_ask(struct lease_vote *v, const char *holder,
				  uint64_t epoch, uint32_t ttl_ms,
				  uint64_t now_ms);

/** The answer leaves now: the promise counts from here. */
void lease_vote_answered(struct lease_vote *v, uint64_t now_ms);

/** The holder gives it back; false when it is not the holder. */
bool lease_vote_release(struct lease_vote *v, const char *holder,
			uint64_t epoch, uint64_t now_ms);

/** Milliseconds for which its vote is given. */
uint64_t lease_vote_left_ms(const struct lease_vote *v, uint64_t now_ms);

/** A holder's view. */
struct lease_claim {
	uint64_t epoch;      /* asked with */
	uint64_t seen_epoch; /* the highest heard of */
	uint32_t ttl_ms;
	uint64_t until_ms[LEASE_VOTERS]; /* monotonic, margin taken off */
};

/** What is taken off a ttl. */
uint32_t lease_margin_ms(uint32_t ttl_ms);

/** Begin a round of asking: the epoch to ask with. */
uint64_t lease_claim_round(struct lease_claim *c, uint64_t now_ms);

/** A voter has given its vote to a request sent at sent_ms with an epoch. */
void lease_claim_granted(struct lease_claim *c, unsigned voter, uint64_t epoch,
			 uint64_t sent_ms);

/** A voter has not, and said what epoch it knows. */
void lease_claim_denied(struct lease_claim *c, unsigned voter, uint64_t epoch);

/** Give it up. */
void lease_claim_drop(struct lease_claim *c);

/** Until when the lease is held: two votes.  0: it is not. */
uint64_t lease_claim_until(const struct lease_claim *c);

bool lease_claim_holds(const struct lease_claim *c, uint64_t now_ms);

#endif
