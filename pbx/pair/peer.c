/* peer.c - see peer.h */
#include <stdio.h>

#include "base/log.h"
#include "base/secrets.h"
#include "pbx/auth.h"
#include "pbx/trunk/outside_rules.h"
#include "pbx/trunk/outsider.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/diversion.h"
#include "pbx/server.h"
#include "pbx/trunk/trunk.h"
#include "pbx/watch/subscription.h"
#include "sip/address.h"
#include "sip/param.h"

#define PEER_USER "holdfast-pair"

enum { NAME_BYTES = 128 };

static struct {
	struct trunk *trunk;
	char secret[TOKEN_HASH_SIZE];
	char host[80];
	uint32_t phones;
} peer;

static const struct sip_credentials credentials = { PEER_USER, peer.secret };

static void trunk_gone(void *data)
{
	struct trunk *t = data;

	list_unlink(&t->le);
}

int peer_init(const char *token)
{
	char text[TOKEN_SIZE + 16];

	/* The secret of SIP is not the token: a digest may be guessed at. */
	(void)snprintf(text, sizeof(text), "sip %s", token);
	token_hash(peer.secret, text);
	secret_wipe(text, sizeof(text));

	peer.trunk = mem_zalloc(sizeof(*peer.trunk), trunk_gone);
	if (!peer.trunk)
		return ENOMEM;

	(void)snprintf(peer.trunk->id, sizeof(peer.trunk->id), PEER_TRUNK);
	peer.trunk->name = "the other node";
	peer.trunk->host = peer.host;
	peer.trunk->secret = "";
	peer.trunk->cpn = "";
	peer.trunk->transport = SIP_UDP;
	peer.trunk->is_trusted = true;

	return 0;
}

void peer_close(void)
{
	peer.trunk = mem_deref(peer.trunk);
	secret_wipe(peer.secret, sizeof(peer.secret));
}

struct trunk *peer_trunk(void)
{
	return peer.trunk;
}

void peer_found(const struct sa *sip)
{
	struct trunk *t = peer.trunk;

	if (!t)
		return;

	(void)re_snprintf(peer.host, sizeof(peer.host), "%J", sip);
	t->sources[0] = *sip;
	t->source_count = 1;
	t->port = sa_port(sip);
	t->is_enabled = t->is_up = true;
}

void peer_lost(void)
{
	if (!peer.trunk)
		return;

	peer.trunk->is_up = false; /* its calls may go on */
	peer_forget_phones();
}

uint32_t peer_phones(void)
{
	return peer.phones;
}

void peer_phone(struct phone *p, bool is_elsewhere, uint16_t calls)
{
	peer.phones += is_elsewhere;
	peer.phones -= p->is_elsewhere;
	p->calls_elsewhere = calls;
	if (p->is_elsewhere == is_elsewhere)
		return;
	p->is_elsewhere = is_elsewhere;
	subscription_elsewhere(p);
}

void peer_forget_phones(void)
{
	for (struct le *c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;
		struct le *le = list_head(&customer->phones);

		for (; le; le = le->next)
			peer_phone(le->data, false, 0);
	}
}

bool peer_is_caller(const struct call *call)
{
	return call->is_from_peer;
}

bool peer_is_source(const struct sip_flow *flow)
{
	return peer.trunk && trunk_is_source(peer.trunk, flow);
}

/* ---- to it ---- */

static int begin_to(struct sip_dialog_begin *begin, const char *sort,
		    const char *who, const char *params,
		    char buf[PEER_URI_BYTES])
{
	struct sip_out o;

	if (!peer.trunk || !peer.trunk->is_up)
		return ENOTCONN;

	sip_out_init(&o, buf, PEER_URI_BYTES);
	sip_out_raw(&o, SPAN("sip:"));
	sip_out_text(&o, sort);
	sip_out_user(&o, span_of(who));
	sip_out_raw(&o, SPAN("@"));
	sip_out_text(&o, peer.host);
	sip_out_text(&o, params);
	if (o.is_full)
		return E2BIG;

	begin->target = sip_out_span(&o);
	begin->routes = (struct span){ NULL, 0 };
	begin->flow = NULL;
	begin->credentials = &credentials;

	return 0;
}

int peer_begin(struct sip_dialog_begin *begin, const struct phone *p,
	       char buf[PEER_URI_BYTES])
{
	return begin_to(begin, "pair.", p->id, "", buf);
}

int peer_begin_outside(struct sip_dialog_begin *begin, const char *number,
		       const char *customer, const char *payer,
		       char buf[PEER_URI_BYTES])
{
	char params[120];

	(void)snprintf(params, sizeof(params), ";customer=%s;payer=%s",
		       customer, payer[0] ? payer : "none");

	return begin_to(begin, "out.", number, params, buf);
}

int peer_begin_errand(struct sip_dialog_begin *begin, const char *dialled,
		      const struct phone *p, char buf[PEER_URI_BYTES])
{
	char params[120];

	(void)snprintf(params, sizeof(params), "%s%s;customer=%s",
		       p->id[0] ? ";phone=" : "", p->id, p->customer->id);

	return begin_to(begin, "as.", dialled, params, buf);
}

void peer_headers(const struct call *call, struct sip_out *o, bool answers)
{
	sip_out_text(o, "X-Holdfast-Call: ");
	sip_out_text(o, call->id);
	sip_out_text(o, answers ? ";answer\r\n" : "\r\n");
}

/* ---- from it ---- */

static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status)
{
	(void)sip_refuse(server_sip(), m, flow, status,
			 (struct span){ NULL, 0 });
}

/* Who calls, as the other node asserts it. */
static void calling(const struct sip_message *m,
		    char number[DIRECTORY_NUMBER_MAX + 1],
		    char name[NAME_BYTES])
{
	char user[SIP_USER_MAX_BYTES + 1] = "";
	struct span value = { NULL, 0 };
	struct sip_values it;
	struct sip_address a;

	number[0] = name[0] = '\0';
	sip_values_start(&it, m, SIP_HEADER_P_ASSERTED_IDENTITY);
	if (!sip_values_next(&it, &value))
		value = sip_header_value(m, SIP_HEADER_FROM);
	if (sip_address_parse(&a, value) ||
	    sip_uri_user(&a.uri, user, sizeof(user)) ||
	    !strcmp(user, "anonymous") || strlen(user) > DIRECTORY_NUMBER_MAX)
		return;

	(void)re_snprintf(number, DIRECTORY_NUMBER_MAX + 1, "%s", user);
	sip_address_name(&a, name, NAME_BYTES);
}

static void begin_call(const struct sip_message *m, struct sip_flow *flow,
		       struct customer *customer,
		       const struct call_target *target)
{
	char number[DIRECTORY_NUMBER_MAX + 1], name[NAME_BYTES];
	struct outsider outsider = { .customer = customer,
				     .trunk = peer.trunk,
				     .number = number,
				     .name = name };
	struct call_target begun = *target;
	struct diversion past = { .count = 0 };
	struct phone *phone = NULL;

	begun.past = &past;
	calling(m, number, name);
	if (target->is_outside) {
		diversion_read(&past, m);
		diversion_resolve(&past, peer.trunk, customer);
	}
	if (outsider_alloc(&phone, &outsider)) {
		refuse(m, flow, 500);
		return;
	}
	call_begin_to(m, flow, phone, &begun);
	mem_deref(phone);
}

static bool asks_answer(const struct sip_message *m)
{
	static const char param[] = ";answer";
	const uint32_t len = sizeof(param) - 1;
	struct span value = sip_header_named(m, "X-Holdfast-Call");

	return value.len > len &&
	       !memcmp(value.p + value.len - len, param, len);
}

static void ring_phone(const struct sip_message *m, struct sip_flow *flow,
		       const char *id)
{
	struct phone *p = directory_phone(span_of(id));
	struct call_target target = { .phone = p,
				      .is_from_peer = true,
				      .asks_answer = asks_answer(m) };

	if (!p || !p->customer || !p->bindings) {
		refuse(m, flow, p ? 480 : 404);
		return;
	}
	target.did = target.number = p->number;
	begin_call(m, flow, p->customer, &target);
}

static void ring_outside(const struct sip_message *m, struct sip_flow *flow,
			 const struct sip_uri *uri, const char *number)
{
	struct span customer = { NULL, 0 }, payer = { NULL, 0 };
	struct call_target target = { .did = number,
				      .number = number,
				      .is_from_peer = true,
				      .is_outside = true };
	struct customer *c = NULL;

	if (sip_uri_param(uri, "customer", &customer))
		c = directory_customer(customer);
	if (sip_uri_param(uri, "payer", &payer))
		target.payer = directory_user(payer);
	if (!c || (target.payer && target.payer->customer != c)) {
		refuse(m, flow, 404);
		return;
	}
	if (!outside_has_room(c)) {
		refuse(m, flow, 503);
		return;
	}
	begin_call(m, flow, c, &target);
}

/* A phone there has dialled something that is ours to do, or a caller from
 * outside a number. */
static void do_errand(const struct sip_message *m, struct sip_flow *flow,
		      const struct sip_uri *uri, const char *dialled)
{
	struct span id = { NULL, 0 }, customer = { NULL, 0 };
	struct call_target target = { .did = dialled, .number = dialled };
	struct customer *c = NULL;
	struct phone *p = NULL;

	if (sip_uri_param(uri, "customer", &customer))
		c = directory_customer(customer);
	if (sip_uri_param(uri, "phone", &id))
		p = directory_phone(id);
	if (!c || (id.len && (!p || p->customer != c)))
		refuse(m, flow, 404);
	else if (p)
		call_begin_errand(m, flow, p, dialled);
	else
		begin_call(m, flow, c, &target);
}

enum sort { SORT_PHONE, SORT_OUTSIDE, SORT_ERRAND, SORTS };

static const char *const sorts[SORTS] = { "pair.", "out.", "as." };

static enum sort sort_of(const char *user)
{
	unsigned i = 0;

	while (i < SORTS && strncmp(user, sorts[i], strlen(sorts[i])) != 0)
		i++;

	return (enum sort)i;
}

bool peer_incoming(const struct sip_message *m, struct sip_flow *flow)
{
	char user[SIP_USER_MAX_BYTES + 1];
	struct sip_uri uri;
	const char *what;
	enum sort sort;

	if (!peer.trunk || sip_uri_parse(&uri, m->uri) ||
	    sip_uri_user(&uri, user, sizeof(user)))
		return false;
	sort = sort_of(user);
	if (sort == SORTS)
		return false;
	if (!auth_trunk(m, flow, PEER_USER, peer.secret))
		return true;

	/* Also from another address of it than we know. */
	peer.trunk->has_answered = true;
	peer.trunk->answered = *sip_flow_remote(flow);
	what = user + strlen(sorts[sort]);
	if (sort == SORT_PHONE)
		ring_phone(m, flow, what);
	else if (sort == SORT_OUTSIDE)
		ring_outside(m, flow, &uri, what);
	else
		do_errand(m, flow, &uri, what);

	return true;
}
