/* voter.c - see voter.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/libre.h"
#include "base/log.h"
#include "base/loop.h"
#include "model/voter.h"

enum { NONCE_BYTES = 64 };

struct voter {
	struct store *store;
	struct lease_vote vote;
	char token[TOKEN_SIZE];
	uint32_t ttl_ms;
	bool is_writing; /* a promise is on its way to the disk */
};

/* Who waits for the disk. */
struct promise {
	struct voter *voter;
	struct http_request *req; /* or a handler */
	voter_h *handler;
	void *arg;
	uint64_t epoch;
	bool is_granted;
	char nonce[NONCE_BYTES + 1];
};

static void voter_destructor(void *data)
{
	struct voter *v = data;

	secret_wipe(v->token, sizeof(v->token));
	mem_deref(v->store);
}

static void promise_destructor(void *data)
{
	struct promise *p = data;

	mem_deref(p->req);
	mem_deref(p->voter);
}

void voter_proof(char out[TOKEN_HASH_SIZE], const char *token,
		 const char *nonce)
{
	char text[TOKEN_SIZE + NONCE_BYTES + 16];

	(void)snprintf(text, sizeof(text), "lease %s %.*s", token, NONCE_BYTES,
		       nonce);
	token_hash(out, text);
	secret_wipe(text, sizeof(text));
}

static json_t *shown(const struct voter *v)
{
	return json_pack(
		"{s:s,s:I,s:I,s:i}", "holder", v->vote.holder, "epoch",
		(json_int_t)v->vote.epoch, "left_ms",
		(json_int_t)lease_vote_left_ms(&v->vote, clock_mono_ms()),
		"ttl_ms", (int)v->ttl_ms);
}

static void answer(struct promise *p)
{
	struct voter *v = p->voter;
	char proof[TOKEN_HASH_SIZE];
	json_t *json;

	if (p->is_granted)
		lease_vote_answered(&v->vote, clock_mono_ms());
	if (p->handler) {
		p->handler(p->is_granted,
			   p->is_granted ? p->epoch : v->vote.epoch, p->arg);
		return;
	}

	json = shown(v);
	voter_proof(proof, v->token, p->nonce);
	(void)json_object_set_new(json, "granted", json_boolean(p->is_granted));
	(void)json_object_set_new(json, "proof", json_string(proof));
	(void)http_reply_json(p->req, 200, json);
}

/* What is not on the disk is promised to nobody; nor is it to another one
 * before its time is over. */
static void unkept(struct promise *p)
{
	p->is_granted = false;
	p->voter->vote.holder[0] = '\0';
}

static void written(const struct store_result *result, void *arg)
{
	struct promise *p = arg;

	p->voter->is_writing = false;
	if (result->err) {
		log_error("voter", "a vote cannot be kept: %s",
			  result->error.text);
		unkept(p);
	}
	answer(p);
	mem_deref(p);
}

static void answer_later(void *arg)
{
	struct promise *p = arg;

	answer(p);
	mem_deref(p);
}

static int write_vote(struct promise *p)
{
	const struct lease_vote *vote = &p->voter->vote;

	return store_write(p->voter->store, written, p,
			   "INSERT INTO lease (id, holder, epoch, ttl_ms)"
			   " VALUES (1, $1, $2, $3) ON CONFLICT (id) DO UPDATE"
			   " SET holder = $1, epoch = $2, ttl_ms = $3",
			   STORE_ARGS(store_text(vote->holder),
				      store_int((int64_t)vote->epoch),
				      store_int(vote->ttl_ms)));
}

/* Takes the promise over. */
static void decide(struct promise *p, const char *holder, uint32_t ttl_ms)
{
	struct voter *v = p->voter;
	enum lease_verdict verdict = LEASE_TAKEN;
	char before[LEASE_HOLDER_SIZE];

	memcpy(before, v->vote.holder, sizeof(before));
	if (!v->is_writing && ttl_ms <= v->ttl_ms)
		verdict = lease_vote_ask(&v->vote, holder, p->epoch, ttl_ms,
					 clock_mono_ms());
	p->is_granted = verdict == LEASE_RENEWED || verdict == LEASE_GRANTED;
	if (verdict != LEASE_GRANTED) {
		if (p->handler)
			(void)loop_post(answer_later, p);
		else
			answer_later(p);
		return;
	}

	log_info("voter", "vote for %s in epoch %llu%s%s", holder,
		 (unsigned long long)p->epoch, before[0] ? ", before for " : "",
		 before);
	v->is_writing = true;
	if (write_vote(p)) {
		v->is_writing = false;
		unkept(p);
		answer_later(p);
	}
}

static struct promise *promise_make(struct voter *v, uint64_t epoch)
{
	struct promise *p = mem_zalloc(sizeof(*p), promise_destructor);

	if (!p)
		return NULL;

	p->voter = mem_ref(v);
	p->epoch = epoch;

	return p;
}

int voter_ask(struct voter *v, const char *holder, uint64_t epoch,
	      uint32_t ttl_ms, voter_h *handler, void *arg)
{
	struct promise *p = promise_make(v, epoch);

	if (!p)
		return ENOMEM;

	p->handler = handler;
	p->arg = arg;
	decide(p, holder, ttl_ms);

	return 0;
}

void voter_release(struct voter *v, const char *holder, uint64_t epoch)
{
	if (lease_vote_release(&v->vote, holder, epoch, clock_mono_ms()))
		log_info("voter", "%s gives back epoch %llu", holder,
			 (unsigned long long)epoch);
}

const struct lease_vote *voter_vote(const struct voter *v)
{
	return &v->vote;
}

/* ---- REST ---- */

static void lease_get(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	(void)caller;
	(void)http_reply_json(req, 200, shown(arg));
}

static int check(const json_t *in, struct http_request *req)
{
	const char *holder = json_get_text(in, "holder");
	json_t *errors = json_array();

	if (!holder || !*holder || strlen(holder) >= LEASE_HOLDER_SIZE)
		kind_error(errors, "holder", "bad-pattern",
			   "is a name of at most %d octets",
			   LEASE_HOLDER_SIZE - 1);
	if (json_get_int(in, "epoch", 0) < 1)
		kind_error(errors, "epoch", "out-of-range", "is 1 or more");
	if (json_get_int(in, "ttl_ms", 0) < LEASE_TTL_MIN_MS ||
	    json_get_int(in, "ttl_ms", 0) > LEASE_TTL_MAX_MS)
		kind_error(errors, "ttl_ms", "out-of-range", "is %d to %d",
			   LEASE_TTL_MIN_MS, LEASE_TTL_MAX_MS);
	if (json_array_size(errors)) {
		reply_invalid(req, errors);
		return EBADMSG;
	}
	json_decref(errors);

	return 0;
}

static void lease_post(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct voter *v = arg;
	struct promise *p = NULL;
	json_t *in = NULL;
	const char *nonce;

	(void)caller;
	if (request_object(req, &in))
		return;
	if (check(in, req))
		goto out;

	p = promise_make(v, (uint64_t)json_get_int(in, "epoch", 0));
	if (!p) {
		reply_error(req, ENOMEM);
		goto out;
	}
	p->req = mem_ref(req);
	nonce = json_get_text(in, "nonce");
	(void)snprintf(p->nonce, sizeof(p->nonce), "%s", nonce ? nonce : "");
	if (json_get_bool(in, "release", false)) {
		voter_release(v, json_get_text(in, "holder"), p->epoch);
		answer_later(p);
	}
	else {
		decide(p, json_get_text(in, "holder"),
		       (uint32_t)json_get_int(in, "ttl_ms", 0));
	}

out:
	json_decref(in);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/lease", "leases", ACTION_READ, lease_get, 0,
	  "Whom this voter's vote is given to" },
	{ "POST", "/api/v1/lease", "leases", ACTION_RUN, lease_post, 0,
	  "Ask for its vote, or give it back" },
};

static int vote_load(struct voter *v)
{
	struct store_rows *rows = NULL;
	int err;

	err = store_exec_now(v->store,
			     "CREATE TABLE IF NOT EXISTS lease ("
			     "id BIGINT PRIMARY KEY, holder TEXT NOT NULL, "
			     "epoch BIGINT NOT NULL, ttl_ms BIGINT NOT NULL)",
			     STORE_NO_ARGS);
	if (!err)
		err = store_query(&rows, v->store,
				  "SELECT holder, epoch, ttl_ms FROM lease "
				  "WHERE id = 1",
				  STORE_NO_ARGS);
	if (err)
		return err;

	if (rows_count(rows)) {
		uint32_t ttl = (uint32_t)rows_int(rows, 0, 2);

		lease_vote_restore(&v->vote, rows_text(rows, 0, 0),
				   (uint64_t)rows_int(rows, 0, 1),
				   ttl > v->ttl_ms ? ttl : v->ttl_ms,
				   clock_mono_ms());
	}
	else {
		lease_vote_restore(&v->vote, "", 0, v->ttl_ms, clock_mono_ms());
	}
	mem_deref(rows);

	return 0;
}

int voter_alloc(struct voter **vp, struct store *store, struct router *router,
		const char *token, uint32_t ttl_ms)
{
	struct voter *v = mem_zalloc(sizeof(*v), voter_destructor);
	int err;

	if (!v)
		return ENOMEM;

	v->store = mem_ref(store);
	v->ttl_ms = ttl_ms;
	(void)snprintf(v->token, sizeof(v->token), "%s", token);
	err = vote_load(v);
	if (!err)
		err = router_routes(router, routes,
				    sizeof(routes) / sizeof(routes[0]), v);
	if (err)
		mem_deref(v);
	else
		*vp = v;

	return err;
}
