/* lease.c - see lease.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "base/service.h"
#include "base/wheel.h"
#include "model/voter.h"
#include "pbx/pair/lease.h"
#include "pbx/pair/pair.h"

enum {
	VOTER_OWN,
	VOTER_OTHER,
	VOTER_WITNESS,
	NONCE_SIZE = 28,
	LEAVE_MS = 1000, /* for trunks to be ended before it is given back */
};

static struct {
	struct lease_claim claim;
	struct voter *voter;
	lease_h *handler;
	struct wheel_timer round;
	struct wheel_timer guard; /* held no longer */
	struct wheel_timer leave;
	uint32_t ttl_ms;
	bool is_wanted;
	bool is_held; /* as told */
	bool is_open;
	struct list questions; /* not answered yet */
} lease;

/* A question to another machine. */
struct question {
	struct le le;
	unsigned voter;
	uint64_t epoch;
	uint64_t sent_ms;
	char nonce[NONCE_SIZE];
};

static void question_destructor(void *data)
{
	struct question *q = data;

	list_unlink(&q->le);
}

static struct question *question_make(unsigned voter, uint64_t epoch)
{
	struct question *q = mem_zalloc(sizeof(*q), question_destructor);

	if (!q)
		return NULL;

	q->voter = voter;
	q->epoch = epoch;
	q->sent_ms = clock_mono_ms();
	id_make(q->nonce);
	list_append(&lease.questions, &q->le, q);

	return q;
}

static void round_due(void *arg);
static void guard_due(void *arg);

static uint32_t guard_ms(void)
{
	return lease.ttl_ms / 6;
}

static bool is_sure(void)
{
	return lease_claim_until(&lease.claim) > clock_mono_ms() + guard_ms();
}

/* What it is now, against what was told. */
static void look(void)
{
	bool is_held = is_sure() && lease.is_wanted;

	if (is_held)
		wheel_start(&lease.guard,
			    lease_claim_until(&lease.claim) - guard_ms() -
				    clock_mono_ms(),
			    guard_due, NULL);
	if (is_held == lease.is_held)
		return;

	lease.is_held = is_held;
	log_info("lease", "%s, epoch %llu", is_held ? "held" : "not held",
		 (unsigned long long)lease.claim.epoch);
	lease.handler(is_held);
}

static void guard_due(void *arg)
{
	(void)arg;
	look();
}

static void given(unsigned voter, bool is_granted, uint64_t epoch,
		  uint64_t sent_ms)
{
	if (!lease.is_open)
		return;

	if (is_granted)
		lease_claim_granted(&lease.claim, voter, epoch, sent_ms);
	else
		lease_claim_denied(&lease.claim, voter, epoch);
	look();
}

/* ---- asking ---- */

static void own_answered(bool is_granted, uint64_t epoch, void *arg)
{
	struct question *q = arg;

	given(VOTER_OWN, is_granted, epoch, q->sent_ms);
	mem_deref(q);
}

static void other_answered(int err, int status, const char *body, size_t len,
			   void *arg)
{
	struct question *q = arg;
	char proof[TOKEN_HASH_SIZE];
	const char *shown;
	json_t *json = NULL;

	if (err || status != 200 ||
	    json_read(&json, (struct span){ body, (uint32_t)len }, 0, NULL))
		goto out;

	voter_proof(proof, pair_token(), q->nonce);
	shown = json_get_text(json, "proof");
	if (!shown || !secret_equal(shown, proof)) {
		log_warn("lease", "an answer without proof of the pair's token "
				  "counts for nothing");
		goto out;
	}
	given(q->voter, json_get_bool(json, "granted", false),
	      (uint64_t)json_get_int(json, "epoch", 0), q->sent_ms);

out:
	json_decref(json);
	mem_deref(q);
}

static const char *url_of(unsigned voter)
{
	return voter == VOTER_OTHER ? pair_other_url() : pair_witness_url();
}

static int send_question(unsigned voter, struct question *q, bool is_release)
{
	struct http_params params = { .method = "POST",
				      .bearer = pair_token(),
				      .timeout_ms = lease.ttl_ms / 3,
				      .connect_ms = lease.ttl_ms / 3 };
	struct service_files files;
	char url[320];
	int err;

	if (!url_of(voter))
		return ENOENT;

	(void)snprintf(url, sizeof(url), "%s/api/v1/lease", url_of(voter));
	params.url = url;
	params.json = json_pack(
		"{s:s,s:I,s:i,s:s,s:b}", "holder", pair_role_name(pair_role()),
		"epoch", (json_int_t)q->epoch, "ttl_ms", (int)lease.ttl_ms,
		"nonce", q->nonce, "release", is_release);
	err = service_http_params(&params, &files, pair_conf());
	if (!err)
		err = http_client_request(NULL, pair_client(), &params,
					  other_answered, q);
	json_decref(params.json);

	return err;
}

static void ask(unsigned voter, uint64_t epoch)
{
	struct question *q = question_make(voter, epoch);
	int err;

	if (!q)
		return;

	if (voter == VOTER_OWN)
		err = voter_ask(lease.voter, pair_role_name(pair_role()), epoch,
				lease.ttl_ms, own_answered, q);
	else
		err = send_question(voter, q, false);
	if (err)
		mem_deref(q);
}

static void round_due(void *arg)
{
	uint32_t wait = lease.ttl_ms / 4;

	(void)arg;
	if (lease.is_wanted) {
		uint64_t epoch = lease_claim_round(&lease.claim,
						   clock_mono_ms());

		for (unsigned i = 0; i < LEASE_VOTERS; i++)
			ask(i, epoch);
		/* Two that ask in step would split the votes for ever. */
		if (!lease.is_held)
			wait = wait / 2 + rand_u32() % wait;
	}
	wheel_start(&lease.round, wait, round_due, NULL);
}

/* ---- letting go ---- */

static void release(void)
{
	uint64_t epoch = lease.claim.epoch;

	lease_claim_drop(&lease.claim);
	if (!epoch)
		return;

	voter_release(lease.voter, pair_role_name(pair_role()), epoch);
	for (unsigned i = VOTER_OTHER; i < LEASE_VOTERS; i++) {
		struct question *q = question_make(i, epoch);

		if (!q)
			return;
		if (send_question(i, q, true))
			mem_deref(q);
	}
}

static void left(void *arg)
{
	(void)arg;
	if (!lease.is_wanted)
		release();
}

void lease_want(bool is_wanted)
{
	if (!lease.is_open || is_wanted == lease.is_wanted)
		return;

	lease.is_wanted = is_wanted;
	if (is_wanted) {
		wheel_stop(&lease.leave);
		look();
		wheel_start(&lease.round, 0, round_due, NULL);
	}
	else {
		look(); /* trunks are ended now; it is given back after that */
		wheel_start(&lease.leave, LEAVE_MS, left, NULL);
	}
}

/* ---- life ---- */

int lease_start(struct router *router, struct store *store, uint32_t ttl_ms,
		lease_h *handler)
{
	int err;

	memset(&lease, 0, sizeof(lease));
	lease.ttl_ms = ttl_ms;
	lease.claim.ttl_ms = ttl_ms;
	lease.handler = handler;
	err = voter_alloc(&lease.voter, store, router, pair_token(), ttl_ms);
	if (err)
		return err;

	lease.claim.seen_epoch = voter_vote(lease.voter)->epoch;
	lease.is_open = true;
	wheel_start(&lease.round, 0, round_due, NULL);

	return 0;
}

void lease_close(void)
{
	wheel_stop(&lease.round);
	wheel_stop(&lease.guard);
	wheel_stop(&lease.leave);
	lease.is_open = false;
	list_flush(&lease.questions);
	lease.voter = mem_deref(lease.voter);
}

bool lease_is_held(void)
{
	return lease.is_open && lease.is_held && is_sure();
}

uint64_t lease_epoch(void)
{
	return lease.claim.epoch;
}

const char *lease_holder(void)
{
	const struct lease_vote *v;

	if (!lease.voter)
		return "";

	v = voter_vote(lease.voter);

	return lease_vote_left_ms(v, clock_mono_ms()) ? v->holder : "";
}
