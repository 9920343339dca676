/* server_tx.c - see server_tx.h
 *
 * While its request is being handed up a transaction reads the request's own
 * octets; when those go it is sealed: the lines a response copies are kept
 * until the final answer, of which only the octets stay.
 *
 * INVITE: proceeding -> accepted (2xx) | completed (refused) -> confirmed.
 * Others: proceeding -> completed.  One timer serves repeats and the end.
 */
#include <stdlib.h>

#include "sip/chars.h"
#include "sip/param.h"
#include "sip/private.h"

enum server_state {
	SERVER_PROCEEDING,
	SERVER_ACCEPTED,  /* 2xx: repeated until ACK */
	SERVER_COMPLETED, /* final answer, repeated on request */
	SERVER_CONFIRMED, /* refusal acknowledged: absorbs ACKs */
};

struct sip_server {
	struct table_entry entry; /* by branch, sent-by, method */
	struct table_entry ack;   /* INVITE: by Call-ID, tag, CSeq */
	struct sip *sip;          /* NULL once the stack has gone */
	struct sip_flow *flow;
	const struct sip_message *m; /* until sealed */
	struct sip_server *next_unsealed;
	struct wheel_timer timer;
	uint64_t deadline_ms;
	uint32_t interval_ms; /* of repeats; 0: none */
	uint32_t head_len;    /* Via … CSeq */
	uint32_t routes_len;  /* Record-Route lines after them */
	char *head;
	char *response;
	uint32_t response_len;
	uint32_t rseq; /* of the last reliable response */
	uint8_t state;
	uint8_t method;
	bool is_prack_due;
	bool has_to_tag; /* the request's: ours is not added */
	bool is_acked;
	bool is_relayed; /* its 2xx came from further on */
	char tag[17];
	sip_server_cancel_h *cancel;
	sip_server_ack_h *on_ack;
	void *arg;
};

static void server_destructor(void *data)
{
	struct sip_server *s = data;

	wheel_stop(&s->timer);
	if (s->sip) {
		table_remove(&s->sip->servers, &s->entry);
		table_remove(&s->sip->acks, &s->ack);
		s->sip->counters.server_transactions--;
	}
	mem_deref(s->flow);
	free(s->head);
	free(s->response);
}

/* Leave the tables; the program's handle may live on. */
static void finish(struct sip_server *s)
{
	struct sip *sip = s->sip;

	if (!sip)
		return;

	wheel_stop(&s->timer);
	table_remove(&sip->servers, &s->entry);
	table_remove(&sip->acks, &s->ack);
	sip->counters.server_transactions--;
	s->sip = NULL;
	mem_deref(s);
}

void sip_server_drop_all(struct sip *sip)
{
	for (uint32_t i = 0; sip->servers.buckets && i <= sip->servers.mask;
	     i++) {
		while (sip->servers.buckets[i])
			finish(CONTAINER_OF(sip->servers.buckets[i],
					    struct sip_server, entry));
	}
}

/* --- keys --- */

static bool has_cookie(const struct sip_message *m)
{
	return m->branch.len > 7 && !memcmp(m->branch.p, "z9hG4bK", 7);
}

/* RFC 3261 17.2.3; ACK and CANCEL look for another method than theirs. */
static uint64_t request_key(const struct sip_message *m, struct span method)
{
	uint64_t h;

	if (has_cookie(m)) {
		h = hash_span(11, m->branch);
		h = hash_span(h, m->sent_by);
	}
	else {
		h = hash_span(12, m->via);
		h = hash_span(h, m->call_id);
		h = hash_span(h, m->from_tag);
		h = hash_span(h, m->uri);
		h += m->cseq;
	}

	return hash_span(h, method);
}

static uint64_t ack_key(struct span call_id, struct span tag, uint32_t cseq)
{
	return hash_span(hash_span(13 + (uint64_t)cseq * 16, call_id), tag);
}

static struct sip_server *find(struct sip *sip, const struct sip_message *m,
			       struct span method)
{
	struct table_entry *e;

	e = table_first(&sip->servers, request_key(m, method));
	return e ? CONTAINER_OF(e, struct sip_server, entry) : NULL;
}

static struct sip_server *find_acked(struct sip *sip,
				     const struct sip_message *m, uint32_t cseq)
{
	struct table_entry *e;

	e = table_first(&sip->acks, ack_key(m->call_id, m->to_tag, cseq));
	return e ? CONTAINER_OF(e, struct sip_server, ack) : NULL;
}

/* --- sending --- */

static void tick(void *arg);

static void arm(struct sip_server *s)
{
	uint64_t now = wheel_now_ms();
	uint64_t left = s->deadline_ms > now ? s->deadline_ms - now : 0;

	if (s->interval_ms && s->interval_ms < left)
		left = s->interval_ms;
	wheel_start(&s->timer, left, tick, s);
}

static void start_timer(struct sip_server *s, uint32_t interval_ms,
			uint64_t life_ms)
{
	s->interval_ms = interval_ms;
	s->deadline_ms = wheel_now_ms() + life_ms;
	arm(s);
}

static void resend(struct sip_server *s)
{
	struct span wire = { s->response, s->response_len };

	if (!s->response)
		return;

	s->sip->counters.retransmissions_sent++;
	(void)sip_send(s->sip, s->flow, wire);
}

/* The peer has stayed silent for 64*T1. */
static void give_up(struct sip_server *s)
{
	sip_server_ack_h *on_ack = s->on_ack;

	mem_ref(s);
	if (s->state == SERVER_PROCEEDING) {
		s->is_prack_due = false;
		s->interval_ms = 0;
	}
	else {
		finish(s);
		if (s->is_acked || s->state == SERVER_CONFIRMED)
			on_ack = NULL;
		s->on_ack = NULL;
	}
	if (on_ack)
		on_ack(ETIMEDOUT, NULL, s->arg);
	mem_deref(s);
}

static void tick(void *arg)
{
	struct sip_server *s = arg;
	uint32_t longest = s->sip->config.t2_ms;

	if (wheel_now_ms() >= s->deadline_ms) {
		give_up(s);
		return;
	}

	resend(s);
	s->interval_ms *= 2;
	if (s->state != SERVER_PROCEEDING && s->interval_ms > longest)
		s->interval_ms = longest;
	arm(s);
}

/* --- the lines a response copies --- */

/* Via … CSeq as a refusal has them, then the Record-Route lines. */
static int write_head(struct sip_server *s, struct sip_out *o,
		      uint32_t *routes_lenp)
{
	uint32_t before;

	sip_out_response(o, s->m, 400, "", span_of(s->tag), &s->flow->remote);
	before = o->len;
	sip_out_copy(o, s->m, SIP_HEADER_RECORD_ROUTE);
	*routes_lenp = o->len - before;

	return o->is_full ? E2BIG : 0;
}

static int seal(struct sip_server *s)
{
	struct sip_out o;
	uint32_t routes;
	const char *p;
	int err;

	if (s->head || !s->m)
		return 0;

	sip_out_init(&o, s->sip->wire, sizeof(s->sip->wire));
	err = write_head(s, &o, &routes);
	if (err)
		return err;

	p = memchr(o.p, '\n', o.len);
	if (!p)
		return EBADMSG;
	p++;
	o.len -= (uint32_t)(p - o.p);

	s->head = malloc(o.len);
	if (!s->head)
		return ENOMEM;

	memcpy(s->head, p, o.len);
	s->routes_len = routes;
	s->head_len = o.len - routes;
	return 0;
}

void sip_server_seal(struct sip *sip)
{
	struct sip_server *s;

	while ((s = sip->unsealed)) {
		int err = 0;

		sip->unsealed = s->next_unsealed;
		s->next_unsealed = NULL;
		if (s->sip && s->state == SERVER_PROCEEDING)
			err = seal(s);
		s->m = NULL;
		if (err)
			finish(s);
		mem_deref(s);
	}
}

/* The leading Via lines of the head. */
static struct span vias_of(const struct sip_server *s)
{
	struct span vias = { s->head, 0 };

	while (vias.len + 4 < s->head_len &&
	       !memcmp(s->head + vias.len, "Via:", 4)) {
		const char *p = s->head + vias.len;
		const char *e = memchr(p, '\n', s->head_len - vias.len);

		if (!e)
			break;
		vias.len = (uint32_t)(e + 1 - s->head);
	}

	return vias;
}

static int write_reply(struct sip_server *s, struct sip_out *o,
		       const struct sip_reply *r)
{
	bool with_routes = r->status > 100 && r->status < 300;

	if (s->m && !s->head && !r->is_whole) {
		sip_out_response(o, s->m, r->status, r->reason, span_of(s->tag),
				 &s->flow->remote);
	}
	else {
		struct span head = { s->head, s->head_len };

		if (with_routes)
			head.len += s->routes_len;
		if (r->is_whole)
			head = vias_of(s);
		sip_out_status_line(o, r->status, r->reason);
		sip_out_raw(o, head);
	}
	if (r->is_reliable) {
		sip_out_text(o, "Require: 100rel\r\n");
		sip_out_header_number(o, SIP_HEADER_RSEQ, s->rseq);
	}

	return sip_reply_write(s->sip, o, s->flow, r);
}

/* --- life --- */

int sip_server_accept(struct sip_server **stxp, struct sip *sip,
		      const struct sip_message *m, struct sip_flow *flow,
		      sip_server_cancel_h *cancel, sip_server_ack_h *ack,
		      void *arg)
{
	struct sip_server *s;
	uint64_t key;

	if (!stxp || !sip || !m || !flow || !m->is_request ||
	    m->method == SIP_METHOD_ACK || m->method == SIP_METHOD_CANCEL)
		return EINVAL;

	key = request_key(m, m->method_name);
	if (table_first(&sip->servers, key))
		return EALREADY;
	if (sip->servers.count >= sip->config.transactions_max) {
		sip->counters.refused++;
		return ENOSPC;
	}

	s = mem_zalloc(sizeof(*s), server_destructor);
	if (!s)
		return ENOMEM;

	s->sip = sip;
	s->flow = mem_ref(flow);
	s->m = m;
	s->method = m->method;
	s->cancel = cancel;
	s->on_ack = ack;
	s->arg = arg;
	s->has_to_tag = m->to_tag.len > 0;
	sip_random(s->tag);
	table_add(&sip->servers, &s->entry, key);
	if (m->method == SIP_METHOD_INVITE)
		table_add(&sip->acks, &s->ack,
			  ack_key(m->call_id,
				  s->has_to_tag ? m->to_tag : span_of(s->tag),
				  m->cseq));
	sip->counters.server_transactions++;

	/* the tables hold one reference, the seal one, the program one */
	s->next_unsealed = sip->unsealed;
	sip->unsealed = mem_ref(s);
	*stxp = mem_ref(s);
	return 0;
}

int sip_server_save(const struct sip_server *s, struct mbuf *mb)
{
	char buf[128];
	struct sip_out way;
	int err;

	if (!s || !s->sip || !s->head || s->method != SIP_METHOD_INVITE ||
	    s->state != SERVER_PROCEEDING)
		return ENOENT;

	sip_out_init(&way, buf, sizeof(buf));
	sip_flow_write(&way, s->flow);
	sip_out_text(&way, "\n");
	err = mbuf_write_mem(mb, (const uint8_t *)way.p, way.len);
	if (!err)
		err = mbuf_write_mem(mb, (const uint8_t *)s->head, s->head_len);

	return err;
}

/* As when the request came, but without its octets. */
static int take_saved(struct sip_server **stxp, struct sip_flow *flow,
		      struct sip_message *m, struct span head)
{
	struct sip_server *s;
	struct span tag = m->to_tag;
	int err;

	if (!tag.len || tag.len >= sizeof(s->tag))
		return EBADMSG;

	m->to_tag.len = 0;
	err = sip_server_accept(&s, flow->sip, m, flow, NULL, NULL, NULL);
	if (err)
		return err;

	table_remove(&s->sip->acks, &s->ack);
	memcpy(s->tag, tag.p, tag.len);
	s->tag[tag.len] = '\0';
	table_add(&s->sip->acks, &s->ack, ack_key(m->call_id, tag, m->cseq));
	s->head = malloc(head.len);
	if (!s->head) {
		sip_server_seal(flow->sip);
		sip_server_forget(&s);
		return ENOMEM;
	}
	memcpy(s->head, head.p, head.len);
	s->head_len = head.len;
	sip_server_seal(flow->sip);
	*stxp = s;
	return 0;
}

int sip_server_restore(struct sip_server **stxp, struct sip *sip,
		       struct span text)
{
	const char *e = text.len ? memchr(text.p, '\n', text.len) : NULL;
	struct sip_flow *flow = NULL;
	struct sip_message m;
	struct sip_out o;
	struct span head;
	int err;

	if (!stxp || !sip)
		return EINVAL;
	if (!e)
		return EBADMSG;

	head = span_between(e + 1, text.p + text.len);
	sip_out_init(&o, sip->wire, sizeof(sip->wire));
	sip_out_text(&o, "INVITE sip:restored@invalid SIP/2.0\r\n");
	sip_out_raw(&o, head);
	if (sip_out_end(&o, NULL, (struct span){ NULL, 0 }) ||
	    sip_message_parse(&m, o.p, o.len, NULL))
		return EBADMSG;

	err = sip_flow_read(&flow, sip, span_between(text.p, e));
	if (!err)
		err = take_saved(stxp, flow, &m, head);
	mem_deref(flow);

	return err;
}

static int keep_response(struct sip_server *s, const struct sip_out *o)
{
	char *p = malloc(o->len);

	if (!p)
		return ENOMEM;

	memcpy(p, o->p, o->len);
	free(s->response);
	s->response = p;
	s->response_len = o->len;
	return 0;
}

static void enter_final(struct sip_server *s, const struct sip_reply *r)
{
	const struct sip_config *c = &s->sip->config;
	bool is_reliable = sip_flow_is_reliable(s->flow);
	uint64_t life = 64ull * c->t1_ms;

	s->is_prack_due = false;
	s->is_relayed = r->is_whole && s->method == SIP_METHOD_INVITE &&
			r->status < 300;
	if (!s->is_relayed) {
		free(s->head);
		s->head = NULL;
	}

	if (s->method != SIP_METHOD_INVITE) {
		s->state = SERVER_COMPLETED;
		if (is_reliable)
			finish(s);
		else
			start_timer(s, 0, life);
	}
	else if (r->status < 300) {
		s->state = SERVER_ACCEPTED;
		s->is_acked = s->is_relayed;
		start_timer(s, s->is_relayed ? 0 : c->t1_ms, life);
	}
	else {
		s->state = SERVER_COMPLETED;
		start_timer(s, is_reliable ? 0 : c->t1_ms, life);
	}
}

/* Another 2xx of a relayed INVITE: another branch has answered, or repeats. */
static int relay_again(struct sip_server *s, const struct sip_reply *r)
{
	struct sip_out o;
	int err;

	if (!s->is_relayed || !r->is_whole || r->status < 200 ||
	    r->status > 299 || !s->head)
		return EALREADY;

	sip_out_init(&o, s->sip->wire, sizeof(s->sip->wire));
	err = write_reply(s, &o, r);
	if (!err)
		(void)sip_send(s->sip, s->flow, sip_out_span(&o));

	return err;
}

int sip_server_reply(struct sip_server *s, const struct sip_reply *r)
{
	struct sip_out o;
	int err;

	if (!s || !r || r->status < 100 || r->status > 699)
		return EINVAL;
	if (!s->sip)
		return EALREADY;
	if (s->state != SERVER_PROCEEDING)
		return relay_again(s, r);
	if (r->is_reliable && (r->status <= 100 || r->status > 199 ||
			       s->method != SIP_METHOD_INVITE))
		return EINVAL;
	if (r->is_reliable && s->is_prack_due)
		return EBUSY;
	if (r->is_whole) {
		err = seal(s);
		if (err)
			return err;
	}

	if (r->is_reliable)
		s->rseq = s->rseq ? s->rseq + 1 : 1 + (uint32_t)s->tag[0];
	sip_out_init(&o, s->sip->wire, sizeof(s->sip->wire));
	err = write_reply(s, &o, r);
	if (err)
		return err;

	/* an unreliable answer must not take a reliable one's place */
	if (r->status >= 200 || !s->is_prack_due) {
		err = keep_response(s, &o);
		if (err)
			return err;
	}

	(void)sip_send(s->sip, s->flow, sip_out_span(&o));
	if (r->is_reliable) {
		s->is_prack_due = true;
		start_timer(s, s->sip->config.t1_ms,
			    64ull * s->sip->config.t1_ms);
	}
	else if (r->status >= 200) {
		enter_final(s, r);
	}

	return 0;
}

int sip_server_refuse(struct sip *sip, const struct sip_message *m,
		      struct sip_flow *flow, uint16_t status,
		      struct span headers)
{
	struct sip_reply reply = { .status = status, .headers = headers };
	struct sip_server *s = NULL;
	int err;

	if (sip_server_accept(&s, sip, m, flow, NULL, NULL, NULL))
		return sip_reply_stateless(sip, m, flow, &reply);
	err = sip_server_reply(s, &reply);
	sip_server_forget(&s);

	return err;
}

int sip_server_answer(struct sip_server *stx, uint16_t status)
{
	struct sip_reply reply = { .status = status };

	return sip_server_reply(stx, &reply);
}

/* --- what belongs to a transaction --- */

static void take_ack(struct sip_server *s, const struct sip_message *m)
{
	sip_server_ack_h *on_ack = s->on_ack;

	if (s->state == SERVER_COMPLETED) {
		s->state = SERVER_CONFIRMED;
		free(s->response);
		s->response = NULL;
		start_timer(s, 0,
			    sip_flow_is_reliable(s->flow)
				    ? 0
				    : s->sip->config.t4_ms);
	}
	else if (s->state == SERVER_ACCEPTED && !s->is_acked) {
		/* stays to absorb repeats of the INVITE, silently */
		free(s->response);
		s->response = NULL;
		s->interval_ms = 0;
		arm(s);
	}
	else {
		return;
	}

	s->is_acked = true;
	s->on_ack = NULL;
	if (on_ack)
		on_ack(0, m, s->arg);
}

static bool ack(struct sip *sip, const struct sip_message *m)
{
	struct sip_server *s = find(sip, m, SPAN("INVITE"));

	if (!s || s->state == SERVER_ACCEPTED)
		s = find_acked(sip, m, m->cseq);
	if (!s)
		return false;

	/* a relayed 2xx is acknowledged end to end, through the program */
	if (s->state == SERVER_ACCEPTED && s->is_relayed)
		return false;

	mem_ref(s);
	take_ack(s, m);
	mem_deref(s);
	return true;
}

static bool cancel(struct sip *sip, const struct sip_message *m,
		   struct sip_flow *flow)
{
	struct sip_server *s = find(sip, m, SPAN("INVITE"));
	struct sip_reply ok = { .status = 200 };
	sip_server_cancel_h *on_cancel;

	if (!s)
		return false;

	mem_ref(s);
	(void)sip_reply_stateless(sip, m, flow, &ok);
	on_cancel = s->cancel;
	if (s->state == SERVER_PROCEEDING && on_cancel) {
		s->cancel = NULL;
		on_cancel(m, s->arg);
	}
	mem_deref(s);
	return true;
}

/* A PRACK of ours stops the repeats and goes up to be answered. */
static bool prack(struct sip *sip, const struct sip_message *m,
		  struct sip_flow *flow)
{
	struct span rest = sip_header_value(m, SIP_HEADER_RACK);
	struct span digits[2];
	struct sip_server *s;
	uint64_t rseq, cseq;

	for (int i = 0; i < 2; i++) {
		digits[i] = (struct span){ rest.p, 0 };
		while (digits[i].len < rest.len &&
		       rest.p[digits[i].len] >= '0' &&
		       rest.p[digits[i].len] <= '9')
			digits[i].len++;
		rest.p += digits[i].len;
		rest.len -= digits[i].len;
		rest = sip_trim(rest);
	}
	if (sip_number(digits[0], UINT32_MAX, &rseq) ||
	    sip_number(digits[1], UINT32_MAX, &cseq))
		return false;

	s = find_acked(sip, m, (uint32_t)cseq);
	if (!s)
		return false;
	if (!s->is_prack_due || s->rseq != rseq) {
		(void)sip_refuse(sip, m, flow, 481, (struct span){ 0 });
		return true;
	}

	s->is_prack_due = false;
	s->interval_ms = 0;
	wheel_stop(&s->timer);
	return false;
}

/* A repeat is answered on the flow it first came on, or not at all. */
static void absorb(struct sip_server *s, const struct sip_flow *flow)
{
	s->sip->counters.retransmissions_received++;
	if (sip_flow_equal(s->flow, flow))
		resend(s);
}

bool sip_server_take(struct sip *sip, const struct sip_message *m,
		     struct sip_flow *flow)
{
	struct sip_server *s;

	if (m->method == SIP_METHOD_ACK)
		return ack(sip, m);

	s = find(sip, m, m->method_name);
	if (s) {
		absorb(s, flow);
		return true;
	}
	if (m->method == SIP_METHOD_CANCEL)
		return cancel(sip, m, flow);
	if (m->method == SIP_METHOD_PRACK)
		return prack(sip, m, flow);

	return false;
}

/* --- the handle --- */

const char *sip_server_tag(const struct sip_server *stx)
{
	return stx && !stx->has_to_tag ? stx->tag : "";
}

struct sip_flow *sip_server_flow(const struct sip_server *stx)
{
	return stx ? stx->flow : NULL;
}

bool sip_server_is_final(const struct sip_server *stx)
{
	return !stx || !stx->sip || stx->state != SERVER_PROCEEDING;
}

bool sip_server_is_prack_due(const struct sip_server *stx)
{
	return stx && stx->is_prack_due;
}

void sip_server_forget(struct sip_server **stxp)
{
	struct sip_server *s = stxp ? *stxp : NULL;

	if (!s)
		return;

	*stxp = NULL;
	s->cancel = NULL;
	s->on_ack = NULL;
	if (!sip_server_is_final(s))
		(void)sip_server_answer(s, 500);
	mem_deref(s);
}
