/* registration.c - see registration.h */
#include <sodium.h>
#include <stdio.h>

#include "base/wheel.h"
#include "phone/call.h"
#include "phone/engine.h"
#include "phone/face.h"
#include "phone/registration.h"
#include "phone/subscribe.h"
#include "sip/address.h"
#include "sip/build.h"
#include "sip/client_tx.h"
#include "sip/message.h"
#include "sip/param.h"
#include "sip/resolve.h"

enum {
	KNOWN_MAX = 16,
	URI_SIZE = 320,
	INSTANCE_SIZE = 37,
	RETRY_FIRST_MS = 1000,
	KEEPALIVE_S = 25,
};

enum reg_state {
	REG_SEEKING,
	REG_REGISTERED,
	REG_STOPPING,
	REG_OVER,
};

struct registration {
	struct engine *e; /* borrowed: it owns us */
	enum reg_state state;
	size_t index; /* of the registrar in use or tried */
	size_t tried; /* in this round */
	uint32_t retry_ms;
	uint32_t expires_s;
	const char *told; /* last state told, and why */
	char told_reason[64];

	struct sip_query *query;
	struct sip_flow *flow;
	struct sip_flow_watch *watch;
	struct sip_client *client; /* REGISTER under way */
	struct sip_client *ping;
	struct wheel_timer timer;      /* refresh, or the next try */
	struct wheel_timer answer;     /* patience with a REGISTER */
	struct wheel_timer ping_timer; /* next ping, or patience with it */
	struct sip_client *probe;      /* of the first registrar */
	struct wheel_timer probe_timer;
	uint64_t well_ms; /* it has answered since; 0: it does not */

	char call_id[40];
	char tag[17];
	char instance[INSTANCE_SIZE];
	uint32_t cseq;

	struct sa known[KNOWN_MAX];
	size_t known_count;
};

static void seek(void *arg);
static void send_register(struct registration *r);

static void registration_destructor(void *data)
{
	struct registration *r = data;

	wheel_stop(&r->timer);
	wheel_stop(&r->answer);
	wheel_stop(&r->ping_timer);
	wheel_stop(&r->probe_timer);
	sip_client_forget(&r->client);
	sip_client_forget(&r->ping);
	sip_client_forget(&r->probe);
	mem_deref(r->query);
	mem_deref(r->watch);
	mem_deref(r->flow);
}

/* ---- telling ---- */

static void tell(struct registration *r, const char *state, const char *reason)
{
	const char *uri = r->e->account->registrars[r->index];

	if (r->told && !strcmp(r->told, state) &&
	    !strcmp(r->told_reason, reason))
		return;

	r->told = state;
	snprintf(r->told_reason, sizeof(r->told_reason), "%s", reason);
	face_registration(r->e, state, reason, uri);
	if (r->state != REG_STOPPING && r->state != REG_OVER)
		phone_calls_limit(r->e);
}

/* ---- one registrar ---- */

static void let_go(struct registration *r)
{
	wheel_stop(&r->answer);
	wheel_stop(&r->ping_timer);
	wheel_stop(&r->probe_timer);
	sip_client_forget(&r->client);
	sip_client_forget(&r->ping);
	sip_client_forget(&r->probe);
	r->query = mem_deref(r->query);
	r->watch = mem_deref(r->watch);
	r->flow = mem_deref(r->flow);
}

static void finish_stop(struct registration *r)
{
	let_go(r);
	wheel_stop(&r->timer);
	if (r->state == REG_OVER)
		return;
	r->state = REG_OVER;
	tell(r, "unregistered", "");
	engine_check_closed(r->e);
}

/* Try the next registrar, or begin a new round later. */
static void try_next(struct registration *r, const char *reason)
{
	let_go(r);
	if (r->state == REG_STOPPING || r->state == REG_OVER) {
		finish_stop(r);
		return;
	}
	r->state = REG_SEEKING;
	subscribe_lost(r->e);
	tell(r, "failed", reason);
	r->index = (r->index + 1) % r->e->account->registrar_count;
	if (++r->tried < r->e->account->registrar_count) {
		wheel_start(&r->timer, 0, seek, r);
		return;
	}

	r->tried = 0;
	wheel_start(&r->timer, r->retry_ms - rand_u32() % (r->retry_ms / 4),
		    seek, r);
	r->retry_ms *= 2;
	if (r->retry_ms > REGISTRATION_RETRY_MAX_MS)
		r->retry_ms = REGISTRATION_RETRY_MAX_MS;
}

static void answer_missing(void *arg)
{
	try_next(arg, "no-answer");
}

static void flow_lost(struct sip_flow *f, int err, void *arg)
{
	struct registration *r = arg;

	(void)f;
	(void)err;
	r->tried = 0;
	try_next(r, "connection-lost");
}

static void remember_source(struct registration *r, const struct sa *sa)
{
	if (registration_knows(r, sa))
		return;
	r->known[r->known_count % KNOWN_MAX] = *sa;
	r->known_count++;
}

/* The registrar's URI with the transport the account asks for; a bare TLS
 * account of a plain URI means the port above, as 5061 is to 5060. */
static void registrar_uri(const struct registration *r, const char *text,
			  char out[URI_SIZE])
{
	static const char *const params[] = { "", ";transport=tcp",
					      ";transport=tls" };
	const struct account *a = r->e->account;
	struct sip_uri uri;
	uint16_t port;

	snprintf(out, URI_SIZE, "%s", text);
	if (sip_uri_parse(&uri, span_of(text)) ||
	    uri.scheme == SIP_SCHEME_SIPS ||
	    sip_uri_param(&uri, "transport", NULL) || a->transport == SIP_UDP)
		return;

	port = uri.port;
	if (a->transport == SIP_TLS && port)
		port++;
	if (port)
		snprintf(out, URI_SIZE, "sip:" SPAN_FMT ":%u%s",
			 SPAN_ARG(uri.host), port, params[a->transport]);
	else
		snprintf(out, URI_SIZE, "sip:" SPAN_FMT "%s",
			 SPAN_ARG(uri.host), params[a->transport]);
}

static void found(int err, const struct sip_target *targets, size_t count,
		  void *arg)
{
	struct registration *r = arg;
	const struct account *a = r->e->account;
	const char *next = *a->outbound_proxy ? a->outbound_proxy
					      : a->registrars[r->index];
	struct sip_uri uri;
	char host[128] = "";

	r->query = mem_deref(r->query);
	if (err || !count) {
		try_next(r, "unknown-host");
		return;
	}

	if (!sip_uri_parse(&uri, span_of(next)))
		snprintf(host, sizeof(host), SPAN_FMT, SPAN_ARG(uri.host));
	err = sip_flow_get(&r->flow, r->e->sip, targets[0].transport,
			   &targets[0].address, host);
	if (!err && sip_flow_is_reliable(r->flow))
		err = sip_flow_watch(&r->watch, r->flow, flow_lost, r);
	if (err) {
		try_next(r, "unreachable");
		return;
	}

	remember_source(r, &targets[0].address);
	send_register(r);
}

static void seek(void *arg)
{
	struct registration *r = arg;
	const struct account *a = r->e->account;
	struct sip_target targets[SIP_TARGETS_MAX];
	char uri[URI_SIZE];
	size_t count = 0;
	int err;

	let_go(r);
	registrar_uri(r,
		      *a->outbound_proxy ? a->outbound_proxy
					 : a->registrars[r->index],
		      uri);
	err = sip_resolve_now(r->e->sip, span_of(uri), targets, &count);
	if (err != EAGAIN) {
		found(err, targets, count, r);
		return;
	}
	err = sip_resolve(&r->query, r->e->sip, span_of(uri), found, r);
	if (err)
		try_next(r, "unknown-host");
	else
		wheel_start(&r->answer, REGISTRATION_ANSWER_MS, answer_missing,
			    r);
}

/* ---- REGISTER ---- */

/* What the registrar granted to our own Contact. */
static uint32_t granted_s(const struct registration *r,
			  const struct sip_message *m)
{
	uint32_t seconds = sip_header_seconds(m, SIP_HEADER_EXPIRES,
					      r->expires_s);
	struct sip_values it;
	struct span value;

	sip_values_start(&it, m, SIP_HEADER_CONTACT);
	while (sip_values_next(&it, &value)) {
		struct sip_address a;
		struct span user, text;
		uint64_t n;

		if (sip_address_parse(&a, value) || a.is_star)
			continue;
		user = a.uri.user;
		if (!span_equal(user, span_of(r->e->account->sip_user)))
			continue;
		if (!sip_param(a.params, "+sip.instance", &text) ||
		    !memmem(text.p, text.len, r->instance, strlen(r->instance)))
			continue;
		if (sip_param(a.params, "expires", &text) &&
		    !sip_number(text, UINT32_MAX, &n))
			seconds = (uint32_t)n;
	}

	return seconds;
}

static void refresh(void *arg)
{
	struct registration *r = arg;

	r->tried = 0;
	if (r->flow && sip_flow_is_alive(r->flow))
		send_register(r);
	else
		seek(r);
}

/* ---- is it alive? ---- */

static void send_ping(void *arg);

static void ping_answered(int err, const struct sip_message *m,
			  struct sip_flow *flow, void *arg)
{
	struct registration *r = arg;

	(void)m;
	(void)flow;
	sip_client_forget(&r->ping);
	if (err) {
		r->tried = 0;
		try_next(r, "no-answer");
		return;
	}
	wheel_start(&r->ping_timer, REGISTRATION_PING_MS, send_ping, r);
}

static void ping_missing(void *arg)
{
	ping_answered(ETIMEDOUT, NULL, NULL, arg);
}

/* OPTIONS to one of the registrars, on a flow or by its URI. */
static int ask_options(struct registration *r, struct sip_client **ctxp,
		       const char *uri, struct sip_flow *flow,
		       sip_client_h *handler)
{
	char from[URI_SIZE], to[URI_SIZE], call_id[17];
	struct sip_request request = {
		.method = SPAN("OPTIONS"),
		.uri = span_of(uri),
		.cseq = 1,
		.flow = flow,
	};

	sip_random(call_id);
	snprintf(from, sizeof(from), "<sip:%s@" SPAN_FMT ">;tag=%s",
		 r->e->account->sip_user, SPAN_ARG(registration_host(r)),
		 call_id);
	snprintf(to, sizeof(to), "<%s>", uri);
	request.from = span_of(from);
	request.to = span_of(to);
	request.call_id = span_of(call_id);

	return sip_client_request(ctxp, r->e->sip, &request, handler, r);
}

static void send_ping(void *arg)
{
	struct registration *r = arg;

	if (ask_options(r, &r->ping, r->e->account->registrars[r->index],
			r->flow, ping_answered)) {
		wheel_start(&r->ping_timer, REGISTRATION_PING_MS, send_ping, r);
		return;
	}
	wheel_start(&r->ping_timer, REGISTRATION_PING_ANSWER_MS, ping_missing,
		    r);
}

/* ---- is the first one back? ---- */

static void send_probe(void *arg);

static uint32_t failback_ms(const struct registration *r)
{
	return r->e->failback_ms ? r->e->failback_ms : REGISTRATION_FAILBACK_MS;
}

static void probe_later(struct registration *r)
{
	uint32_t wait = failback_ms(r) / 4;

	wheel_start(&r->probe_timer,
		    wait < REGISTRATION_PING_MS ? wait : REGISTRATION_PING_MS,
		    send_probe, r);
}

static void probe_answered(int err, const struct sip_message *m,
			   struct sip_flow *flow, void *arg)
{
	struct registration *r = arg;

	(void)flow;
	if (!err && m->status < 200)
		return;
	sip_client_forget(&r->probe);
	if (err || m->status >= 500)
		r->well_ms = 0;
	else if (!r->well_ms)
		r->well_ms = wheel_now_ms();
}

static void go_back(struct registration *r)
{
	r->well_ms = 0;
	r->index = 0;
	r->tried = 0;
	r->state = REG_SEEKING;
	r->told = NULL; /* registered anew, elsewhere */
	seek(r);
}

/* The answer to the one before has come by now, or will not. */
static void send_probe(void *arg)
{
	struct registration *r = arg;
	char uri[URI_SIZE];

	if (r->probe) {
		sip_client_forget(&r->probe);
		r->well_ms = 0;
	}
	if (r->well_ms && wheel_now_ms() - r->well_ms >= failback_ms(r) &&
	    !list_head(&r->e->calls) && r->state == REG_REGISTERED) {
		go_back(r);
		return;
	}

	probe_later(r);
	registrar_uri(r, r->e->account->registrars[0], uri);
	if (ask_options(r, &r->probe, uri, NULL, probe_answered))
		r->well_ms = 0;
}

static void accepted(struct registration *r, const struct sip_message *m)
{
	uint32_t granted = granted_s(r, m);
	uint32_t keepalive = sip_header_seconds(m, SIP_HEADER_FLOW_TIMER,
						KEEPALIVE_S);

	if (r->state == REG_STOPPING) {
		finish_stop(r);
		return;
	}
	if (granted < 10)
		granted = 10;

	r->state = REG_REGISTERED;
	r->tried = 0;
	r->retry_ms = RETRY_FIRST_MS;
	wheel_start(&r->timer, (uint64_t)granted * 1000 / 2, refresh, r);
	if (sip_flow_is_reliable(r->flow))
		sip_flow_keepalive(r->flow, keepalive < 10   ? 10
					    : keepalive > 60 ? 60
							     : keepalive);
	if (r->e->account->registrar_count > 1 &&
	    !wheel_is_running(&r->ping_timer))
		wheel_start(&r->ping_timer, REGISTRATION_PING_MS, send_ping, r);
	if (r->index && !*r->e->account->outbound_proxy &&
	    !wheel_is_running(&r->probe_timer)) {
		r->well_ms = 0;
		probe_later(r);
	}
	phone_calls_rebind(r->e, r->flow);
	tell(r, "registered", "");
	subscribe_registered(r->e, r->e->account->registrars[r->index],
			     r->flow);
}

/* The registrar has said no; asking the same again soon would not help. */
static void refused(struct registration *r, uint16_t status)
{
	const char *reason = status == 401 || status == 407   ? "wrong-secret"
			     : status == 403 || status == 404 ? "forbidden"
							      : "refused";

	let_go(r);
	if (r->state == REG_STOPPING) {
		finish_stop(r);
		return;
	}
	r->state = REG_SEEKING;
	r->tried = 0;
	subscribe_lost(r->e);
	tell(r, "failed", reason);
	wheel_start(&r->timer, REGISTRATION_REFUSED_MS, seek, r);
}

static void answered(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct registration *r = arg;

	(void)flow;
	if (!err && m->status < 200)
		return;

	wheel_stop(&r->answer);
	r->cseq = sip_client_cseq(r->client);
	sip_client_forget(&r->client);

	if (err) {
		try_next(r, err == ETIMEDOUT ? "no-answer" : "unreachable");
	}
	else if (m->status < 300) {
		accepted(r, m);
	}
	else if (m->status == 423 && r->state != REG_STOPPING) {
		uint32_t least = sip_header_seconds(m, SIP_HEADER_MIN_EXPIRES,
						    0);

		if (least <= r->expires_s || least > 86400) {
			refused(r, m->status);
			return;
		}
		r->expires_s = least;
		send_register(r);
	}
	else if (m->status >= 500 || m->status == 408 || m->status == 430) {
		try_next(r, "unavailable");
	}
	else {
		refused(r, m->status);
	}
}

static void send_register(struct registration *r)
{
	const struct account *a = r->e->account;
	struct sip_credentials who = { a->sip_user, a->sip_secret };
	uint32_t expires = r->state == REG_STOPPING ? 0 : r->expires_s;
	char uri[URI_SIZE], own[URI_SIZE], to[URI_SIZE], from[URI_SIZE + 32];
	char headers[1024];
	struct sip_request request = { .method = SPAN("REGISTER") };
	int err;

	sip_client_forget(&r->client);
	err = sip_contact_uri(r->e->sip, r->flow, span_of(a->sip_user), own,
			      sizeof(own));
	if (err) {
		try_next(r, "unreachable");
		return;
	}

	/* behind a proxy the transport is that of the way to the proxy */
	if (*a->outbound_proxy)
		snprintf(uri, sizeof(uri), "%s", a->registrars[r->index]);
	else
		registrar_uri(r, a->registrars[r->index], uri);
	snprintf(to, sizeof(to), "<sip:%s@" SPAN_FMT ">", a->sip_user,
		 SPAN_ARG(registration_host(r)));
	snprintf(from, sizeof(from), "%s;tag=%s", to, r->tag);
	snprintf(headers, sizeof(headers),
		 "Contact: <%s>;+sip.instance=\"<urn:uuid:%s>\";reg-id=1;"
		 "expires=%u\r\n"
		 "Expires: %u\r\n"
		 "Supported: path, outbound\r\n",
		 own, r->instance, expires, expires);

	request.uri = span_of(uri);
	request.cseq = ++r->cseq;
	request.from = span_of(from);
	request.to = span_of(to);
	request.call_id = span_of(r->call_id);
	request.headers = span_of(headers);
	request.flow = r->flow;
	request.credentials = &who;
	err = sip_client_request(&r->client, r->e->sip, &request, answered, r);
	if (err) {
		try_next(r, "unreachable");
		return;
	}
	wheel_start(&r->answer, REGISTRATION_ANSWER_MS, answer_missing, r);
}

/* ---- from outside ---- */

/* The same for this phone at every start, unguessable: RFC 5626 4.1. */
static void make_instance(struct registration *r)
{
	const struct account *a = r->e->account;
	unsigned char h[16];

	crypto_generichash(h, sizeof(h), (const unsigned char *)a->phone,
			   strlen(a->phone), NULL, 0);
	h[6] = (unsigned char)((h[6] & 0x0f) | 0x50);
	h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
	snprintf(r->instance, sizeof(r->instance),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9],
		 h[10], h[11], h[12], h[13], h[14], h[15]);
}

int registration_start(struct registration **rp, struct engine *e)
{
	struct registration *r;
	char random[17];

	if (!e->account->registrar_count)
		return EINVAL;
	r = mem_zalloc(sizeof(*r), registration_destructor);
	if (!r)
		return ENOMEM;

	r->e = e;
	r->retry_ms = RETRY_FIRST_MS;
	r->expires_s = REGISTRATION_EXPIRES_S;
	sip_random(r->tag);
	sip_random(random);
	snprintf(r->call_id, sizeof(r->call_id), "%s", random);
	make_instance(r);
	wheel_start(&r->timer, 0, seek, r);
	*rp = r;
	return 0;
}

void registration_stop(struct registration *r)
{
	bool was_registered = r->state == REG_REGISTERED;

	if (r->state == REG_STOPPING || r->state == REG_OVER)
		return;

	wheel_stop(&r->timer);
	wheel_stop(&r->ping_timer);
	r->state = REG_STOPPING;
	if (was_registered && r->flow && sip_flow_is_alive(r->flow))
		send_register(r);
	else
		finish_stop(r);
}

bool registration_is_over(const struct registration *r)
{
	return r->state == REG_OVER;
}

bool registration_is_registered(const struct registration *r)
{
	return r->state == REG_REGISTERED;
}

void registration_try(struct registration *r)
{
	if (r->state != REG_SEEKING || r->client || r->query)
		return;
	r->tried = 0;
	r->retry_ms = RETRY_FIRST_MS;
	wheel_start(&r->timer, 0, seek, r);
}

size_t registration_index(const struct registration *r)
{
	return r->index;
}

bool registration_serves(const struct registration *r, size_t index)
{
	return r->state == REG_REGISTERED && r->index == index;
}

struct sip_flow *registration_flow(const struct registration *r)
{
	return r->state == REG_REGISTERED ? r->flow : NULL;
}

struct span registration_host(const struct registration *r)
{
	const char *text = r->e->account->registrars[r->index];
	struct sip_uri uri;

	if (sip_uri_parse(&uri, span_of(text)))
		return SPAN("invalid");
	if (!uri.port)
		return uri.host;

	return (struct span){
		uri.host.p,
		(uint32_t)(text + strcspn(text, ";?") - uri.host.p),
	};
}

bool registration_knows(const struct registration *r, const struct sa *source)
{
	size_t count = r->known_count < KNOWN_MAX ? r->known_count : KNOWN_MAX;

	for (size_t i = 0; i < count; i++) {
		if (sa_cmp(&r->known[i], source, SA_ADDR))
			return true;
	}

	return false;
}
