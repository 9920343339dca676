/* stack.c - see stack.h */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/net.h"
#include "sip/address.h"
#include "sip/private.h"
#include "sip/reason.h"

enum { RANDOM_POOL = 1024 };

void sip_random(char buf[17])
{
	static const char hex[] = "0123456789abcdef";
	static uint8_t pool[RANDOM_POOL];
	static size_t left;

	if (left < 8) {
		size_t got = 0;

		while (got < sizeof(pool)) {
			ssize_t n = getrandom(&pool[got], sizeof(pool) - got,
					      0);

			if (n < 0 && errno != EINTR)
				abort();
			got += n > 0 ? (size_t)n : 0;
		}
		left = sizeof(pool);
	}

	left -= 8;
	for (size_t i = 0; i < 8; i++) {
		uint8_t b = pool[left + i];

		buf[2 * i] = hex[b >> 4];
		buf[2 * i + 1] = hex[b & 15];
	}
	buf[16] = '\0';
}

/* Flows may outlive the stack; they must not reach for it. */
static void orphan_flows(struct sip *sip)
{
	for (uint32_t i = 0; sip->flows.buckets && i <= sip->flows.mask; i++) {
		struct table_entry *e;

		while ((e = sip->flows.buckets[i])) {
			struct sip_flow *f = CONTAINER_OF(e, struct sip_flow,
							  entry);

			(void)sip_flow_local(f);
			table_remove(&sip->flows, e);
			f->listener = NULL;
			f->sip = NULL;
		}
	}
}

static void sip_destructor(void *data)
{
	struct sip *sip = data;
	struct le *le;

	sip->request = NULL;
	sip->stray = NULL;
	sip_client_drop_all(sip);
	sip_server_drop_all(sip);
	sip_dialog_drop_all(sip);
	while ((le = list_head(&sip->connections)))
		sip_connection_close(le->data, ECONNABORTED);
	orphan_flows(sip);
	for (le = list_head(&sip->listeners); le; le = le->next) {
		struct sip_listener *l = le->data;

		l->sip = NULL;
		if (l->spare)
			l->spare->sip = NULL;
	}
	list_flush(&sip->listeners);
	sip_resolve_close(sip);

	table_close(&sip->by_source);
	table_close(&sip->flows);
	table_close(&sip->streams);
	table_close(&sip->servers);
	table_close(&sip->acks);
	table_close(&sip->clients);
	table_close(&sip->dialogs);
	mem_deref(sip->tls_client);
	mem_deref(sip->host);
	mem_deref(sip->user_agent);
	mem_deref(sip->allow);
}

static void set_default(uint32_t *value, uint32_t standard)
{
	if (!*value)
		*value = standard;
}

static int config_copy(struct sip *sip, const struct sip_config *config)
{
	struct sip_config *c = &sip->config;
	int err = 0;

	if (config)
		*c = *config;

	set_default(&c->t1_ms, 500);
	set_default(&c->t2_ms, 4000);
	set_default(&c->t4_ms, 5000);
	set_default(&c->transactions_max, 200000);
	set_default(&c->connections_max, 20000);
	set_default(&c->connections_per_source_max, 200);
	set_default(&c->first_request_ms, 30000);
	set_default(&c->idle_ms, 3900000);
	set_default(&c->output_max, 1 << 20);

	if (c->token_key) {
		memcpy(sip->token_key, c->token_key, sizeof(sip->token_key));
	}
	else {
		for (size_t i = 0; i < sizeof(sip->token_key); i += 16) {
			char text[17];

			sip_random(text);
			memcpy(&sip->token_key[i], text, 16);
		}
	}

	if (c->host)
		err |= str_dup(&sip->host, c->host);
	if (c->user_agent)
		err |= str_dup(&sip->user_agent, c->user_agent);
	sip->host_of = c->host_of;
	sip->focus = c->focus;
	if (c->allow)
		err |= str_dup(&sip->allow, c->allow);
	sip->rules = c->rules;

	return err;
}

int sip_alloc(struct sip **sipp, const struct sip_config *config,
	      sip_request_h *request, sip_stray_h *stray, void *arg)
{
	struct sip *sip;
	int err;

	if (!sipp)
		return EINVAL;

	sip = mem_zalloc(sizeof(*sip), sip_destructor);
	if (!sip)
		return ENOMEM;

	sip->request = request;
	sip->stray = stray;
	sip->arg = arg;
	err = config_copy(sip, config);
	err |= table_init(&sip->by_source, 64);
	err |= table_init(&sip->flows, 1024);
	err |= table_init(&sip->streams, 64);
	err |= table_init(&sip->servers, 4096);
	err |= table_init(&sip->acks, 1024);
	err |= table_init(&sip->clients, 4096);
	err |= table_init(&sip->dialogs, 1024);
	if (err) {
		mem_deref(sip);
		return ENOMEM;
	}

	*sipp = sip;
	return 0;
}

void sip_set_tls_client(struct sip *sip, struct tls *tls)
{
	if (!sip)
		return;

	mem_ref(tls);
	mem_deref(sip->tls_client);
	sip->tls_client = tls;
}

/* --- what goes over the wire --- */

void sip_trace_set(struct sip *sip, sip_trace_h *trace, void *arg)
{
	sip->trace = trace;
	sip->trace_arg = arg;
}

void sip_drop_set(struct sip *sip, sip_drop_h *drop, void *arg)
{
	sip->drop = drop;
	sip->drop_arg = arg;
}

bool sip_watch_wire(struct sip *sip, const struct sip_flow *f, bool is_sent,
		    const char *p, size_t len)
{
	struct sip_trace t;
	struct timespec now;

	if (!sip->trace && !sip->drop)
		return false;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	t = (struct sip_trace){
		.time_us = (uint64_t)now.tv_sec * 1000000u +
			   (uint64_t)now.tv_nsec / 1000u,
		.is_sent = is_sent,
		.transport = f->transport,
		.local = sip_flow_local(f),
		.remote = &f->remote,
		.p = p,
		.len = len,
	};
	if (sip->trace)
		sip->trace(&t, sip->trace_arg);

	return sip->drop && sip->drop(&t, sip->drop_arg);
}

int sip_send(struct sip *sip, struct sip_flow *f, struct span wire)
{
	int err;

	sip->counters.sent++;
	if (sip_watch_wire(sip, f, true, wire.p, wire.len))
		return 0;

	err = sip_flow_send(f, wire.p, wire.len);
	if (err)
		sip->counters.send_errors++;

	return err;
}

const struct sip_counters *sip_counters(const struct sip *sip)
{
	return &sip->counters;
}

/* --- own addresses --- */

const char *sip_host(const struct sip *sip, const struct sip_flow *flow)
{
	const char *host = NULL;

	if (sip->host_of && flow)
		host = sip->host_of(sip_flow_remote(flow));

	return host ? host : sip->host;
}

int sip_contact_uri(struct sip *sip, const struct sip_flow *flow,
		    struct span user, char *buf, size_t size)
{
	const struct sa *local = sip_flow_local(flow);
	const char *host = sip_host(sip, flow);
	struct sip_out o;
	struct sa sa;

	sip_out_init(&o, buf, size - 1);
	if (!local)
		return EINVAL;

	/* a client's connection has a port nobody listens on */
	if (flow->transport != SIP_UDP && !sip_local(sip, flow->transport, &sa))
		;
	else
		sa = *local;

	sip_out_text(&o, "sip:");
	if (user.len) {
		sip_out_value(&o, user);
		sip_out_text(&o, "@");
	}
	if (host) {
		sip_out_host(&o, host, sa_port(&sa));
	}
	else {
		struct sa here = *local;

		sa_set_port(&here, sa_port(&sa));
		sip_out_sa(&o, &here);
	}
	if (flow->transport == SIP_TCP)
		sip_out_text(&o, ";transport=tcp");
	else if (flow->transport == SIP_TLS)
		sip_out_text(&o, ";transport=tls");

	if (o.is_full)
		return ENAMETOOLONG;
	buf[o.len] = '\0';
	return 0;
}

bool sip_is_own(const struct sip *sip, struct span host, uint16_t port)
{
	bool is_host = sip->host && span_equal_nocase(host, span_of(sip->host));
	struct pl pl = { host.p, host.len };
	struct sa sa;

	if (host.len > 2 && host.p[0] == '[')
		pl = (struct pl){ host.p + 1, host.len - 2 };
	if (!is_host && sa_set(&sa, &pl, port))
		return false;

	for (struct le *le = list_head(&sip->listeners); le; le = le->next) {
		const struct sip_listener *l = le->data;
		uint16_t standard = l->transport == SIP_TLS ? 5061 : 5060;

		if (sa_port(&l->local) != (port ? port : standard))
			continue;
		if (is_host || sa_cmp(&l->local, &sa, SA_ADDR) ||
		    (sa_is_any(&l->local) && net_is_here(&sa)))
			return true;
	}

	return false;
}

bool sip_is_focus(const struct sip *sip, struct span user)
{
	size_t len = sip->focus ? strlen(sip->focus) : 0;

	return len && user.len >= len && !memcmp(user.p, sip->focus, len);
}

/* --- answers without a transaction --- */

/* Equal for a repeated request, without remembering it. */
static void stable_tag(const struct sip_message *m, char tag[17])
{
	uint64_t h = hash_span(3, m->call_id);

	h = hash_span(h, m->from_tag);
	h = hash_span(h, m->via);
	for (unsigned i = 16; i-- > 0; h >>= 4)
		tag[i] = "0123456789abcdef"[h & 15];
	tag[16] = '\0';
}

static struct span type_of(const struct sip_reply *r, char *buf, size_t size)
{
	size_t n = r->content_type.len < size - 1 ? r->content_type.len
						  : size - 1;

	if (n)
		memcpy(buf, r->content_type.p, n);
	buf[n] = '\0';
	return (struct span){ buf, (uint32_t)n };
}

int sip_reply_write(struct sip *sip, struct sip_out *o, struct sip_flow *flow,
		    const struct sip_reply *r)
{
	char contact[SIP_WIRE_MAX / 64];
	char type[256];

	if (r->with_contact || r->contact_user.len) {
		if (sip_contact_uri(sip, flow, r->contact_user, contact,
				    sizeof(contact)))
			return EINVAL;
		sip_out_text(o, "Contact: <");
		sip_out_text(o, contact);
		sip_out_text(o, sip_is_focus(sip, r->contact_user)
					? ">;isfocus\r\n"
					: ">\r\n");
	}
	if (!r->is_whole && sip->user_agent)
		sip_out_header_text(o, "Server", sip->user_agent);
	if (!r->is_whole && sip->allow && r->status == 405 && !r->headers.len)
		sip_out_header_text(o, "Allow", sip->allow);
	sip_out_raw(o, r->headers);

	return sip_out_end(
		o, r->body.len ? (type_of(r, type, sizeof(type)), type) : NULL,
		r->body);
}

int sip_reply_stateless(struct sip *sip, const struct sip_message *m,
			struct sip_flow *flow, const struct sip_reply *reply)
{
	struct sip_out o;
	char tag[17];
	int err;

	if (!sip || !m || !flow || !reply || !m->is_request ||
	    reply->status < 100 || reply->status > 699)
		return EINVAL;
	if (m->method == SIP_METHOD_ACK)
		return 0;

	stable_tag(m, tag);
	sip_out_init(&o, sip->wire, sizeof(sip->wire));
	sip_out_response(&o, m, reply->status, reply->reason,
			 reply->status > 100 ? span_of(tag)
					     : (struct span){ NULL, 0 },
			 &flow->remote);
	err = sip_reply_write(sip, &o, flow, reply);
	if (err)
		return err;

	return sip_send(sip, flow, sip_out_span(&o));
}

int sip_refuse(struct sip *sip, const struct sip_message *m,
	       struct sip_flow *flow, uint16_t status, struct span headers)
{
	struct sip_reply reply = { .status = status, .headers = headers };

	return sip_reply_stateless(sip, m, flow, &reply);
}

/* --- what comes in --- */

static void answer_fault(struct sip *sip, struct sip_flow *flow,
			 const struct sip_fault *fault)
{
	struct sip_out o;
	char tag[17];

	if (!fault->can_answer || !fault->status)
		return;

	stable_tag(&sip->message, tag);
	sip_out_init(&o, sip->wire, sizeof(sip->wire));
	if (!sip_fault_answer(&o, &sip->message, fault, span_of(tag),
			      &flow->remote))
		(void)sip_send(sip, flow, sip_out_span(&o));
}

static void handle_request(struct sip *sip, struct sip_flow *flow)
{
	const struct sip_message *m = &sip->message;
	struct sip_fault fault;

	if (flow->conn)
		sip_connection_prove(flow->conn);
	if (sip_server_take(sip, m, flow))
		return;

	if (sip->rules && m->method != SIP_METHOD_ACK &&
	    sip_request_check(m, sip->rules, &fault)) {
		fault.can_answer = true;
		answer_fault(sip, flow, &fault);
		return;
	}
	if (m->method == SIP_METHOD_CANCEL) {
		(void)sip_refuse(sip, m, flow, 481, (struct span){ 0 });
		return;
	}

	sip->counters.requests++;
	if (sip->request)
		sip->request(m, flow, sip->arg);
	else
		(void)sip_refuse(sip, m, flow, 501, (struct span){ 0 });
	sip_server_seal(sip);
}

void sip_handle(struct sip *sip, struct sip_flow *flow, const char *p,
		size_t len)
{
	struct sip_fault fault = { 0 };

	sip->counters.received++;
	if (sip_watch_wire(sip, flow, false, p, len))
		return;

	mem_ref(sip);
	if (sip_message_parse(&sip->message, p, len, &fault)) {
		sip->counters.faulty++;
		log_debug("sip", "faulty message refused: %s",
			  fault.reason ? fault.reason : "no SIP");
		answer_fault(sip, flow, &fault);
	}
	else if (sip->message.is_request) {
		handle_request(sip, flow);
	}
	else if (!sip_client_take(sip, &sip->message, flow)) {
		sip->counters.stray_responses++;
		if (sip->stray)
			sip->stray(&sip->message, flow, sip->arg);
	}
	mem_deref(sip);
}
