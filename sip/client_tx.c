/* client_tx.c - see client_tx.h
 *
 * Life: resolving -> calling -> proceeding -> completed | accepted -> gone.
 * A fail-over or a digest retry goes back to calling with a new branch; what
 * is known of the request are the octets last sent.  One timer serves repeats
 * and the end.  Handlers are called from the loop only: an error met while
 * sending is noted and told by the timer.
 */
#include <stdlib.h>

#include "sip/chars.h"
#include "sip/digest.h"
#include "sip/private.h"
#include "sip/resolve.h"
#include "sip/uri.h"

enum client_state {
	CLIENT_RESOLVING,
	CLIENT_CALLING,
	CLIENT_PROCEEDING,
	CLIENT_COMPLETED, /* final answer; absorbs its repeats */
	CLIENT_ACCEPTED,  /* 2xx of an INVITE: more may come */
	CLIENT_GONE,
};

enum {
	AUTH_TRIES = 2,
	TARGET_WAIT_T1 = 4,
	FORGOTTEN_MS = 200000, /* timer C: an INVITE nobody waits for */
};

/* One peer that answered an INVITE: forks have different To tags. */
struct answerer {
	struct answerer *next;
	uint64_t tag;
	uint32_t rseq; /* last reliable provisional answer */
	bool has_2xx;
	struct sip_flow *flow;
	char *ack; /* sent for its 2xx */
	uint32_t ack_len;
};

/* Addresses still to try. */
struct way {
	struct sip_target targets[SIP_TARGETS_MAX];
	size_t count;
	size_t next;
	char *host; /* for the certificate */
};

struct auth {
	char *user;
	char *secret;
	struct sip_digest_client digest;
	int tries;
};

struct sip_client {
	struct table_entry entry; /* by branch and method */
	struct le le;             /* of its flow */
	struct sip *sip;          /* NULL once gone */
	struct sip_flow *flow;
	struct wheel_timer timer;
	uint64_t deadline_ms; /* 0: none */
	uint32_t interval_ms; /* of repeats; 0: none */
	uint32_t cseq;
	char *wire;
	uint32_t wire_len;
	uint8_t state;
	bool is_invite;
	bool is_relayed;
	bool has_contact;
	bool is_cancelled;
	int err; /* to be told by the timer */
	char branch[SIP_BRANCH_SIZE];
	struct answerer *answerers;
	struct way *way;
	struct auth *auth;
	struct sip_query *query;
	char *cancel_headers;
	sip_client_h *handler;
	void *arg;
};

static void way_destructor(void *data)
{
	struct way *w = data;

	mem_deref(w->host);
}

static void auth_destructor(void *data)
{
	struct auth *a = data;

	mem_deref(a->user);
	if (a->secret)
		explicit_bzero(a->secret, strlen(a->secret));
	mem_deref(a->secret);
}

static void leave_tables(struct sip_client *c)
{
	if (!c->sip)
		return;

	wheel_stop(&c->timer);
	list_unlink(&c->le);
	table_remove(&c->sip->clients, &c->entry);
	c->sip->counters.client_transactions--;
	c->sip = NULL;
	c->state = CLIENT_GONE;
}

static void client_destructor(void *data)
{
	struct sip_client *c = data;
	struct answerer *a;

	leave_tables(c);
	mem_deref(c->query);
	while ((a = c->answerers)) {
		c->answerers = a->next;
		mem_deref(a->flow);
		free(a->ack);
		free(a);
	}
	mem_deref(c->way);
	mem_deref(c->auth);
	mem_deref(c->cancel_headers);
	mem_deref(c->flow);
	free(c->wire);
}

static void finish(struct sip_client *c)
{
	if (!c->sip)
		return;

	leave_tables(c);
	c->query = mem_deref(c->query);
	mem_deref(c);
}

/* Transactions without flow yet wait in no table: they own themselves and
 * are found through the list below. */
static void enter_table(struct sip_client *c)
{
	uint64_t key = hash_span(21, span_of(c->branch));

	table_remove(&c->sip->clients, &c->entry);
	key = hash_span(key, c->is_invite ? SPAN("INVITE") : SPAN("other"));
	table_add(&c->sip->clients, &c->entry, key);
}

static uint64_t answer_key(const struct sip_message *m, bool is_cancel)
{
	uint64_t key = hash_span(21, m->branch);

	if (is_cancel)
		return hash_span(key, SPAN("CANCEL"));
	return hash_span(key, m->cseq_method == SIP_METHOD_INVITE
				      ? SPAN("INVITE")
				      : SPAN("other"));
}

void sip_client_drop_all(struct sip *sip)
{
	for (uint32_t i = 0; sip->clients.buckets && i <= sip->clients.mask;
	     i++) {
		while (sip->clients.buckets[i])
			finish(CONTAINER_OF(sip->clients.buckets[i],
					    struct sip_client, entry));
	}
}

static void tell(struct sip_client *c, int err, const struct sip_message *m,
		 struct sip_flow *flow)
{
	if (c->handler)
		c->handler(err, m, flow, c->arg);
}

/* --- timers --- */

static void tick(void *arg);
static void fail(struct sip_client *c, int err);

static void arm(struct sip_client *c)
{
	uint64_t now = wheel_now_ms();
	uint64_t left = c->deadline_ms > now ? c->deadline_ms - now : 0;

	if (!c->deadline_ms && !c->interval_ms) {
		wheel_stop(&c->timer);
		return;
	}
	if (c->interval_ms && (c->interval_ms < left || !c->deadline_ms))
		left = c->interval_ms;
	wheel_start(&c->timer, left, tick, c);
}

static void start_timer(struct sip_client *c, uint32_t interval_ms,
			uint64_t life_ms)
{
	c->interval_ms = interval_ms;
	c->deadline_ms = life_ms ? wheel_now_ms() + life_ms : 0;
	arm(c);
}

static void tell_later(struct sip_client *c, int err)
{
	c->err = err;
	wheel_start(&c->timer, 0, tick, c);
}

static void tick(void *arg)
{
	struct sip_client *c = arg;
	struct span wire = { c->wire, c->wire_len };

	if (c->err) {
		fail(c, c->err);
		return;
	}
	if (c->deadline_ms && wheel_now_ms() >= c->deadline_ms) {
		if (c->state == CLIENT_CALLING || c->state == CLIENT_PROCEEDING)
			fail(c, ETIMEDOUT);
		else
			finish(c);
		return;
	}

	c->interval_ms *= 2;
	if (!c->is_invite && c->interval_ms > c->sip->config.t2_ms)
		c->interval_ms = c->sip->config.t2_ms;
	arm(c);
	c->sip->counters.retransmissions_sent++;
	(void)sip_send(c->sip, c->flow, wire);
}

/* --- sending --- */

static void new_branch(struct sip_client *c)
{
	memcpy(c->branch, "z9hG4bK", 7);
	sip_random(c->branch + 7);
}

static int keep_wire(struct sip_client *c, const struct sip_out *o)
{
	char *p = malloc(o->len ? o->len : 1);

	if (!p)
		return ENOMEM;

	memcpy(p, o->p, o->len);
	free(c->wire);
	c->wire = p;
	c->wire_len = o->len;
	return 0;
}

static void drop_wire(struct sip_client *c)
{
	free(c->wire);
	c->wire = NULL;
	c->wire_len = 0;
}

static void set_flow(struct sip_client *c, struct sip_flow *flow)
{
	list_unlink(&c->le);
	mem_ref(flow);
	mem_deref(c->flow);
	c->flow = flow;
	if (flow)
		list_append(&flow->clients, &c->le, c);
}

static bool has_more_targets(const struct sip_client *c)
{
	return c->way && c->way->next < c->way->count;
}

/* The wire is written for the flow: into the tables and out. */
static int launch(struct sip_client *c)
{
	const struct sip_config *cfg = &c->sip->config;
	uint64_t life = 64ull * cfg->t1_ms;
	struct span wire = { c->wire, c->wire_len };

	if (has_more_targets(c))
		life = (uint64_t)TARGET_WAIT_T1 * cfg->t1_ms;

	c->state = CLIENT_CALLING;
	enter_table(c);
	start_timer(c, sip_flow_is_reliable(c->flow) ? 0 : cfg->t1_ms, life);

	return sip_send(c->sip, c->flow, wire);
}

/* Again, on another flow or with credentials, as a new transaction. */
static int relaunch(struct sip_client *c, struct sip_flow *flow, uint32_t cseq,
		    struct span credential)
{
	struct sip_rewrite how = {
		.flow = flow,
		.branch = c->branch,
		.cseq = cseq,
		.with_contact = c->has_contact,
		.credential = credential,
	};
	struct sip_out o;
	int err;

	new_branch(c);
	sip_out_init(&o, c->sip->wire, sizeof(c->sip->wire));
	err = sip_wire_rewrite(&o, c->sip,
			       (struct span){ c->wire, c->wire_len }, &how);
	if (!err)
		err = keep_wire(c, &o);
	if (err)
		return err;

	set_flow(c, flow);
	return launch(c);
}

/* Try addresses until one takes it. */
static int try_targets(struct sip_client *c)
{
	int err = ENOENT;

	while (has_more_targets(c)) {
		const struct sip_target *t = &c->way->targets[c->way->next++];
		struct sip_flow *flow = NULL;

		err = sip_flow_get(&flow, c->sip, t->transport, &t->address,
				   c->way->host);
		if (!err)
			err = relaunch(c, flow, 0, (struct span){ 0 });
		mem_deref(flow);
		if (!err)
			return 0;
	}

	return err;
}

/* No answer to be had here: the next address, or tell. */
static void fail(struct sip_client *c, int err)
{
	c->err = 0;
	if (c->state <= CLIENT_PROCEEDING && !c->is_cancelled &&
	    c->state != CLIENT_PROCEEDING && has_more_targets(c) &&
	    !try_targets(c))
		return;

	mem_ref(c);
	finish(c);
	tell(c, err, NULL, NULL);
	mem_deref(c);
}

void sip_client_flow_lost(struct sip_flow *f, int err)
{
	struct le *le;

	while ((le = list_head(&f->clients))) {
		struct sip_client *c = le->data;

		list_unlink(le);
		if (c->state == CLIENT_CALLING || c->state == CLIENT_PROCEEDING)
			tell_later(c, err);
	}
}

/* --- beginning --- */

static void resolved(int err, const struct sip_target *targets, size_t count,
		     void *arg)
{
	struct sip_client *c = arg;

	c->query = mem_deref(c->query);
	if (!err) {
		memcpy(c->way->targets, targets, count * sizeof(*targets));
		c->way->count = count;
		err = try_targets(c);
	}
	if (err)
		fail(c, err);
}

static int find_way(struct sip_client *c, const struct sip_request *r)
{
	struct span hop = r->next_hop.len ? r->next_hop : r->uri;
	struct sip_uri uri;
	int err;

	err = sip_uri_parse(&uri, hop);
	if (err)
		return EINVAL;

	c->way = mem_zalloc(sizeof(*c->way), way_destructor);
	if (!c->way)
		return ENOMEM;

	if (uri.host.len > 2 && uri.host.p[0] == '[') {
		uri.host.p++;
		uri.host.len -= 2;
	}
	c->way->host = mem_zalloc(uri.host.len + 1, NULL);
	if (!c->way->host)
		return ENOMEM;
	memcpy(c->way->host, uri.host.p, uri.host.len);

	err = sip_resolve_now(c->sip, hop, c->way->targets, &c->way->count);
	if (!err)
		return try_targets(c);
	if (err != EAGAIN)
		return err;

	c->state = CLIENT_RESOLVING;
	enter_table(c);
	return sip_resolve(&c->query, c->sip, hop, resolved, c);
}

static int take_credentials(struct sip_client *c,
			    const struct sip_credentials *who)
{
	int err;

	c->auth = mem_zalloc(sizeof(*c->auth), auth_destructor);
	if (!c->auth)
		return ENOMEM;

	err = str_dup(&c->auth->user, who->user);
	if (!err)
		err = str_dup(&c->auth->secret, who->secret);

	return err;
}

static struct sip_client *client_alloc(struct sip *sip)
{
	struct sip_client *c = mem_zalloc(sizeof(*c), client_destructor);

	if (!c)
		return NULL;

	c->sip = sip;
	sip->counters.client_transactions++;
	new_branch(c);
	return c;
}

/* The flow when there is but one place to go to and nothing to connect: then
 * the request is written only once. */
static struct sip_flow *only_flow(struct sip *sip, const struct sip_request *r)
{
	struct span hop = r->next_hop.len ? r->next_hop : r->uri;
	struct sip_target targets[SIP_TARGETS_MAX];
	struct sip_flow *flow = NULL;
	size_t count = 0;

	if (sip_resolve_now(sip, hop, targets, &count) || count != 1 ||
	    targets[0].transport != SIP_UDP ||
	    sip_flow_get(&flow, sip, SIP_UDP, &targets[0].address, NULL))
		return NULL;

	return flow;
}

static int begin(struct sip_client *c, const struct sip_request *r)
{
	struct sip_flow *flow = r->flow ? mem_ref(r->flow)
					: only_flow(c->sip, r);
	struct sip_out o;
	int err;

	c->is_invite = span_equal(r->method, SPAN("INVITE"));
	c->is_relayed = r->is_relayed;
	c->has_contact = r->with_contact || r->contact_user.len;
	c->cseq = r->cseq;

	sip_out_init(&o, c->sip->wire, sizeof(c->sip->wire));
	err = sip_wire_build(&o, c->sip, flow, c->branch, r);
	if (!err)
		err = keep_wire(c, &o);
	if (!err && r->credentials)
		err = take_credentials(c, r->credentials);
	if (err)
		goto out;

	if (!flow) {
		err = find_way(c, r);
		goto out;
	}

	set_flow(c, flow);
	err = launch(c);

out:
	mem_deref(flow);
	return err;
}

int sip_client_request(struct sip_client **ctxp, struct sip *sip,
		       const struct sip_request *r, sip_client_h *handler,
		       void *arg)
{
	struct sip_client *c;
	int err;

	if (!sip || !r || !r->method.len || !r->uri.len)
		return EINVAL;
	if (sip->clients.count >= sip->config.transactions_max) {
		sip->counters.refused++;
		return ENOSPC;
	}

	c = client_alloc(sip);
	if (!c)
		return ENOMEM;

	err = begin(c, r);
	if (err) {
		finish(c);
		return err;
	}

	c->handler = handler;
	c->arg = arg;
	if (ctxp)
		*ctxp = mem_ref(c);
	return 0;
}

int sip_client_send(struct sip *sip, const struct sip_request *r)
{
	char branch[SIP_BRANCH_SIZE] = "z9hG4bK";
	struct sip_out o;
	int err;

	if (!sip || !r || !r->flow)
		return EINVAL;

	sip_random(branch + 7);
	sip_out_init(&o, sip->wire, sizeof(sip->wire));
	err = sip_wire_build(&o, sip, r->flow, branch, r);
	if (err)
		return err;

	return sip_send(sip, r->flow, sip_out_span(&o));
}

/* --- answers --- */

static struct answerer *answerer_of(struct sip_client *c, struct span to_tag)
{
	uint64_t tag = hash_span(22, to_tag);
	struct answerer *a;

	for (a = c->answerers; a; a = a->next) {
		if (a->tag == tag)
			return a;
	}

	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;

	a->tag = tag;
	a->next = c->answerers;
	c->answerers = a;
	return a;
}

/* ACK of a refusal; kept in place of the request for its repeats. */
static void acknowledge(struct sip_client *c, const struct sip_message *m)
{
	struct span wire = { c->wire, c->wire_len };
	struct sip_out o;

	sip_out_init(&o, c->sip->wire, sizeof(c->sip->wire));
	if (sip_wire_derive(&o, c->sip, wire, "ACK",
			    sip_header_value(m, SIP_HEADER_TO),
			    (struct span){ 0 }))
		return;

	(void)sip_send(c->sip, c->flow, sip_out_span(&o));
	(void)keep_wire(c, &o);
}

/* What is left of an INVITE that goes on under another branch: something
 * that acknowledges the repeats of its refusal. */
static void leave_ghost(struct sip_client *c, const struct sip_message *m)
{
	struct span wire = { c->wire, c->wire_len };
	struct sip_client *ghost;
	struct sip_out o;

	sip_out_init(&o, c->sip->wire, sizeof(c->sip->wire));
	if (sip_wire_derive(&o, c->sip, wire, "ACK",
			    sip_header_value(m, SIP_HEADER_TO),
			    (struct span){ 0 }))
		return;
	(void)sip_send(c->sip, c->flow, sip_out_span(&o));
	if (sip_flow_is_reliable(c->flow))
		return;

	ghost = client_alloc(c->sip);
	if (!ghost)
		return;
	memcpy(ghost->branch, c->branch, sizeof(ghost->branch));
	ghost->is_invite = true;
	ghost->state = CLIENT_COMPLETED;
	set_flow(ghost, c->flow);
	if (keep_wire(ghost, &o)) {
		finish(ghost);
		return;
	}
	enter_table(ghost);
	start_timer(ghost, 0, 64ull * c->sip->config.t1_ms);
}

/* Whether the refusal is overcome by another try. */
static bool is_retried(struct sip_client *c, const struct sip_message *m)
{
	char line[2048];
	struct sip_message sent;
	struct sip_out o;
	bool is_challenge = m->status == 401 || m->status == 407;

	if (c->is_cancelled)
		return false;

	if (m->status == 503 && has_more_targets(c)) {
		if (c->is_invite)
			leave_ghost(c, m);
		return !try_targets(c);
	}

	if (!is_challenge || !c->auth || c->auth->tries >= AUTH_TRIES)
		return false;
	if (sip_digest_challenge_read(&c->auth->digest, m))
		return false;
	if (c->auth->tries++ && !c->auth->digest.is_stale)
		return false;
	if (sip_message_parse(&sent, c->wire, c->wire_len, NULL))
		return false;

	sip_out_init(&o, line, sizeof(line));
	sip_digest_answer_write(&o, &c->auth->digest, sent.method_name,
				sent.uri, c->auth->user, c->auth->secret);
	if (o.is_full)
		return false;
	if (c->is_invite)
		leave_ghost(c, m);

	if (relaunch(c, c->flow, sent.cseq + 1, sip_out_span(&o)))
		tell_later(c, ECONNABORTED);
	c->cseq = sent.cseq + 1;
	return true;
}

static void send_cancel(struct sip_client *c)
{
	struct span wire = { c->wire, c->wire_len };
	struct sip_client *k;
	struct sip_out o;
	uint64_t key;

	start_timer(c, 0, 64ull * c->sip->config.t1_ms);

	sip_out_init(&o, c->sip->wire, sizeof(c->sip->wire));
	if (sip_wire_derive(&o, c->sip, wire, "CANCEL", (struct span){ 0 },
			    span_of(c->cancel_headers)))
		return;
	k = client_alloc(c->sip);
	if (!k || keep_wire(k, &o)) { /* no memory: said once */
		if (k)
			finish(k);
		(void)sip_send(c->sip, c->flow, sip_out_span(&o));
		return;
	}
	memcpy(k->branch, c->branch, sizeof(k->branch));

	set_flow(k, c->flow);
	(void)launch(k);
	key = hash_span(hash_span(21, span_of(k->branch)), SPAN("CANCEL"));
	table_remove(&k->sip->clients, &k->entry);
	table_add(&k->sip->clients, &k->entry, key);
}

static void provisional(struct sip_client *c, const struct sip_message *m,
			struct sip_flow *flow)
{
	bool is_first = c->state == CLIENT_CALLING;

	if (c->state > CLIENT_PROCEEDING)
		return;

	c->state = CLIENT_PROCEEDING;
	if (!c->is_invite) {
		if (c->interval_ms)
			c->interval_ms = c->sip->config.t2_ms;
	}
	else if (is_first) {
		/* rings as long as the program lets it */
		start_timer(c, 0, c->handler ? 0 : FORGOTTEN_MS);
		if (c->is_cancelled)
			send_cancel(c);
	}

	if (c->is_invite && m->status > 100) {
		struct answerer *a = answerer_of(c, m->to_tag);
		uint32_t rseq = sip_header_seconds(m, SIP_HEADER_RSEQ, 0);

		if (a && rseq) {
			if (rseq <= a->rseq)
				return;
			a->rseq = rseq;
		}
	}

	tell(c, 0, m, flow);
}

static void accepted(struct sip_client *c, const struct sip_message *m,
		     struct sip_flow *flow)
{
	struct answerer *a = answerer_of(c, m->to_tag);
	bool is_repeat = a && a->has_2xx;

	if (c->state < CLIENT_COMPLETED) {
		c->state = CLIENT_ACCEPTED;
		drop_wire(c);
		c->way = mem_deref(c->way);
		c->auth = mem_deref(c->auth);
		start_timer(c, 0, 64ull * c->sip->config.t1_ms);
	}
	else if (c->state != CLIENT_ACCEPTED) {
		return;
	}

	if (a)
		a->has_2xx = true;
	if (!is_repeat || c->is_relayed) {
		tell(c, 0, m, flow);
		return;
	}

	c->sip->counters.retransmissions_received++;
	if (a->ack)
		(void)sip_send(c->sip, a->flow,
			       (struct span){ a->ack, a->ack_len });
}

static void final(struct sip_client *c, const struct sip_message *m,
		  struct sip_flow *flow)
{
	const struct sip_config *cfg = &c->sip->config;
	bool is_reliable = sip_flow_is_reliable(c->flow);

	if (c->state >= CLIENT_COMPLETED) {
		c->sip->counters.retransmissions_received++;
		if (c->is_invite && c->wire && c->state == CLIENT_COMPLETED)
			(void)sip_send(c->sip, c->flow,
				       (struct span){ c->wire, c->wire_len });
		return;
	}

	if (is_retried(c, m))
		return;

	c->state = CLIENT_COMPLETED;
	c->way = mem_deref(c->way);
	c->auth = mem_deref(c->auth);
	if (c->is_invite)
		acknowledge(c, m);
	else
		drop_wire(c);

	if (is_reliable)
		finish(c);
	else
		start_timer(c, 0,
			    c->is_invite ? 64ull * cfg->t1_ms : cfg->t4_ms);
	tell(c, 0, m, flow);
}

struct sip_client *sip_client_find(struct sip *sip, const struct sip_message *m)
{
	bool is_cancel = m->cseq_method == SIP_METHOD_CANCEL;
	struct table_entry *e;

	e = table_first(&sip->clients, answer_key(m, is_cancel));
	return e ? CONTAINER_OF(e, struct sip_client, entry) : NULL;
}

bool sip_client_take(struct sip *sip, const struct sip_message *m,
		     struct sip_flow *flow)
{
	struct sip_client *c = sip_client_find(sip, m);

	if (!c)
		return false;
	if (c->state == CLIENT_RESOLVING || c->err)
		return true;

	mem_ref(c);
	if (m->status < 200)
		provisional(c, m, flow);
	else if (c->is_invite && m->status < 300)
		accepted(c, m, flow);
	else
		final(c, m, flow);
	mem_deref(c);
	return true;
}

/* --- the handle --- */

int sip_client_ack(struct sip_client *c, struct sip_flow *flow,
		   struct span to_tag, struct span wire)
{
	struct answerer *a = answerer_of(c, to_tag);
	char *p;

	if (!a)
		return ENOMEM;

	p = malloc(wire.len);
	if (!p)
		return ENOMEM;

	memcpy(p, wire.p, wire.len);
	free(a->ack);
	a->ack = p;
	a->ack_len = wire.len;
	mem_ref(flow);
	mem_deref(a->flow);
	a->flow = flow;
	return 0;
}

int sip_client_cancel(struct sip_client *c, struct span headers)
{
	if (!c || !c->is_invite)
		return EINVAL;
	if (c->state >= CLIENT_COMPLETED || c->is_cancelled)
		return EALREADY;

	if (headers.len)
		c->cancel_headers = mem_zalloc(headers.len + 1, NULL);
	if (c->cancel_headers)
		memcpy(c->cancel_headers, headers.p, headers.len);

	c->is_cancelled = true;
	if (c->state == CLIENT_PROCEEDING)
		send_cancel(c);
	else if (c->state == CLIENT_RESOLVING)
		tell_later(c, ECANCELED);

	return 0;
}

/* The way, and the head that ACK and CANCEL are derived from. */
int sip_client_save(const struct sip_client *c, struct mbuf *mb)
{
	char buf[128];
	struct sip_out way, head;
	int err;

	if (!c || !c->sip || !c->is_invite || !c->flow || !c->wire ||
	    c->state >= CLIENT_COMPLETED)
		return ENOENT;

	sip_out_init(&way, buf, sizeof(buf));
	sip_flow_write(&way, c->flow);
	sip_out_text(&way, "\n");
	sip_out_init(&head, c->sip->wire, sizeof(c->sip->wire));
	sip_wire_head(&head, (struct span){ c->wire, c->wire_len });
	if (head.is_full)
		return E2BIG;

	err = mbuf_write_mem(mb, (const uint8_t *)way.p, way.len);
	if (!err)
		err = mbuf_write_mem(mb, (const uint8_t *)head.p, head.len);

	return err;
}

static int read_saved(struct sip_client *c, struct span text,
		      struct sip_flow *known)
{
	const char *e = text.len ? memchr(text.p, '\n', text.len) : NULL;
	struct sip_flow *flow = NULL;
	struct sip_message m;
	struct sip_out head;
	int err;

	if (!e)
		return EBADMSG;

	head = (struct sip_out){ .p = (char *)e + 1 };
	head.len = text.len - (uint32_t)(head.p - text.p);
	err = sip_message_parse(&m, head.p, head.len, NULL);
	if (err || !m.is_request || m.branch.len >= sizeof(c->branch))
		return EBADMSG;

	if (sip_flow_is_alive(known))
		flow = mem_ref(known);
	else
		err = sip_flow_read(&flow, c->sip, span_between(text.p, e));
	if (!err)
		err = keep_wire(c, &head);
	if (!err) {
		memcpy(c->branch, m.branch.p, m.branch.len);
		c->branch[m.branch.len] = '\0';
		c->cseq = m.cseq;
		c->is_invite = true;
		c->state = CLIENT_PROCEEDING;
		set_flow(c, flow);
	}
	mem_deref(flow);

	return err;
}

int sip_client_restore(struct sip_client **ctxp, struct sip *sip,
		       struct span text, struct sip_flow *flow,
		       sip_client_h *handler, void *arg)
{
	struct sip_client *c;
	int err;

	if (!ctxp || !sip)
		return EINVAL;

	c = client_alloc(sip);
	if (!c)
		return ENOMEM;

	err = read_saved(c, text, flow);
	if (err) {
		finish(c);
		return err;
	}

	enter_table(c);
	c->handler = handler;
	c->arg = arg;
	*ctxp = mem_ref(c);
	return 0;
}

struct sip_flow *sip_client_flow(const struct sip_client *ctx)
{
	return ctx ? ctx->flow : NULL;
}

uint32_t sip_client_cseq(const struct sip_client *ctx)
{
	return ctx ? ctx->cseq : 0;
}

bool sip_client_is_final(const struct sip_client *ctx)
{
	return !ctx || ctx->state >= CLIENT_COMPLETED;
}

void sip_client_forget(struct sip_client **ctxp)
{
	struct sip_client *c = ctxp ? *ctxp : NULL;

	if (!c)
		return;

	*ctxp = NULL;
	c->handler = NULL;
	if (c->sip && c->is_invite && c->state == CLIENT_PROCEEDING &&
	    !c->deadline_ms)
		start_timer(c, 0, FORGOTTEN_MS);
	mem_deref(c);
}

void sip_client_abandon(struct sip_client **ctxp)
{
	struct sip_client *c = ctxp ? *ctxp : NULL;

	if (!c)
		return;

	*ctxp = NULL;
	c->handler = NULL;
	finish(c);
	mem_deref(c);
}
