/* lease.c - see lease.h */
#include <stdio.h>
#include <string.h>

#include "base/lease.h"

enum { MARGIN_MS = 100 };

static uint32_t ttl_within(uint32_t ttl_ms)
{
	if (ttl_ms < LEASE_TTL_MIN_MS)
		return LEASE_TTL_MIN_MS;

	return ttl_ms > LEASE_TTL_MAX_MS ? LEASE_TTL_MAX_MS : ttl_ms;
}

/* ---- who votes ---- */

void lease_vote_restore(struct lease_vote *v, const char *holder,
			uint64_t epoch, uint32_t ttl_ms, uint64_t now_ms)
{
	memset(v, 0, sizeof(*v));
	(void)snprintf(v->holder, sizeof(v->holder), "%s", holder);
	v->epoch = epoch;
	v->ttl_ms = ttl_within(ttl_ms);
	v->until_ms = now_ms + v->ttl_ms;
}

enum lease_verdict lease_vote_ask(struct lease_vote *v, const char *holder,
				  uint64_t epoch, uint32_t ttl_ms,
				  uint64_t now_ms)
{
	bool is_holder = v->holder[0] && !strcmp(v->holder, holder);

	if (is_holder && epoch == v->epoch && ttl_ms <= v->ttl_ms)
		return LEASE_RENEWED;
	if (!is_holder && now_ms < v->until_ms)
		return LEASE_TAKEN;
	if (epoch <= v->epoch)
		return LEASE_OUTDATED;

	(void)snprintf(v->holder, sizeof(v->holder), "%s", holder);
	v->epoch = epoch;
	v->ttl_ms = ttl_within(ttl_ms);
	v->until_ms = now_ms + v->ttl_ms;

	return LEASE_GRANTED;
}

void lease_vote_answered(struct lease_vote *v, uint64_t now_ms)
{
	if (v->until_ms < now_ms + v->ttl_ms)
		v->until_ms = now_ms + v->ttl_ms;
}

bool lease_vote_release(struct lease_vote *v, const char *holder,
			uint64_t epoch, uint64_t now_ms)
{
	if (!v->holder[0] || strcmp(v->holder, holder) != 0 ||
	    epoch != v->epoch)
		return false;

	v->until_ms = now_ms;

	return true;
}

uint64_t lease_vote_left_ms(const struct lease_vote *v, uint64_t now_ms)
{
	return v->until_ms > now_ms ? v->until_ms - now_ms : 0;
}

/* ---- who claims ---- */

uint32_t lease_margin_ms(uint32_t ttl_ms)
{
	return ttl_ms / 10 + MARGIN_MS;
}

uint64_t lease_claim_until(const struct lease_claim *c)
{
	uint64_t best = 0, second = 0;

	for (unsigned i = 0; i < LEASE_VOTERS; i++) {
		uint64_t until = c->until_ms[i];

		if (until >= best) {
			second = best;
			best = until;
		}
		else if (until > second) {
			second = until;
		}
	}

	return second;
}

bool lease_claim_holds(const struct lease_claim *c, uint64_t now_ms)
{
	return lease_claim_until(c) > now_ms;
}

uint64_t lease_claim_round(struct lease_claim *c, uint64_t now_ms)
{
	if (lease_claim_holds(c, now_ms))
		return c->epoch;

	/* Votes of another epoch are no part of a new claim. */
	if (!c->epoch || c->seen_epoch >= c->epoch) {
		memset(c->until_ms, 0, sizeof(c->until_ms));
		c->epoch = c->seen_epoch + 1;
	}

	return c->epoch;
}

void lease_claim_granted(struct lease_claim *c, unsigned voter, uint64_t epoch,
			 uint64_t sent_ms)
{
	uint64_t until = sent_ms + c->ttl_ms - lease_margin_ms(c->ttl_ms);

	if (voter >= LEASE_VOTERS || epoch != c->epoch)
		return;
	if (until > c->until_ms[voter])
		c->until_ms[voter] = until;
}

void lease_claim_denied(struct lease_claim *c, unsigned voter, uint64_t epoch)
{
	if (voter >= LEASE_VOTERS)
		return;

	c->until_ms[voter] = 0;
	if (epoch > c->seen_epoch)
		c->seen_epoch = epoch;
}

void lease_claim_drop(struct lease_claim *c)
{
	memset(c->until_ms, 0, sizeof(c->until_ms));
	if (c->epoch > c->seen_epoch)
		c->seen_epoch = c->epoch;
	c->epoch = 0;
}
