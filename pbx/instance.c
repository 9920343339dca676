/* instance.c - see instance.h */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "pbx/call/call.h"
#include "pbx/instance.h"
#include "pbx/server.h"
#include "sip/dialog.h"

#define TEMPORARY "gr."

enum {
	MAC_HEX = 24, /* digits of the MAC in a temporary URI */
	TEMPORARY_SIZE = 3 + 16 + 1 + 8 + 1 + MAC_HEX + 1,
};

static struct {
	uint8_t key[32];
	char host[128];
} instances;

void instance_init(const uint8_t key[32], const char *host)
{
	memcpy(instances.key, key, sizeof(instances.key));
	(void)snprintf(instances.host, sizeof(instances.host), "%s", host);
}

/* ---- flows ---- */

static bool has_flows(const struct binding *b)
{
	return b->instance[0] && b->reg_id;
}

static bool is_same(const struct binding *a, const struct binding *b)
{
	return has_flows(a) && has_flows(b) &&
	       !strcmp(a->instance, b->instance);
}

/* One that cannot be reached any more is the last to be tried. */
static bool is_alive(const struct binding *b)
{
	return b->path[0] || !b->flow ||
	       !(b->reg_id || sip_flow_is_reliable(b->flow)) ||
	       sip_flow_is_alive(b->flow);
}

static bool is_better(const struct binding *a, const struct binding *b)
{
	if (is_alive(a) != is_alive(b))
		return is_alive(a);
	if (a->registered_ms != b->registered_ms)
		return a->registered_ms > b->registered_ms;

	return a->reg_id < b->reg_id;
}

bool instance_rings(const struct call *call, const struct binding *b)
{
	if (call->instance_phone == b->phone &&
	    strcmp(call->instance, b->instance) != 0)
		return false;

	for (const struct binding *other = b->phone->bindings; other;
	     other = other->next) {
		if (other != b && is_same(other, b) && is_better(other, b))
			return false;
	}

	return true;
}

static const struct binding *by_row(const struct phone *p, uint64_t row)
{
	const struct binding *b = p->bindings;

	while (b && b->row != row)
		b = b->next;

	return b;
}

static bool is_tried(const struct call *call, const struct binding *b)
{
	for (struct le *le = list_head(&call->branches); le; le = le->next) {
		const struct leg *leg = le->data;

		if (leg->phone == b->phone && leg->binding_row == b->row)
			return true;
	}

	return false;
}

const struct binding *instance_next(const struct leg *failed)
{
	const struct phone *p = failed->phone;
	const struct binding *b = p ? by_row(p, failed->binding_row) : NULL;
	const struct binding *next = NULL;

	if (!b || !has_flows(b))
		return NULL;
	for (const struct binding *other = p->bindings; other;
	     other = other->next) {
		if (is_same(other, b) && is_alive(other) &&
		    !is_tried(failed->call, other) &&
		    (!next || is_better(other, next)))
			next = other;
	}

	return next;
}

/* ---- GRUU ---- */

/* Without its brackets; empty when it cannot stand in a URI. */
static struct span bare(const char *instance)
{
	struct span s = span_of(instance);

	if (s.len >= 2 && s.p[0] == '<' && s.p[s.len - 1] == '>') {
		s.p++;
		s.len -= 2;
	}
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		      (c >= 'A' && c <= 'Z') || strchr(":-._", c)))
			s.len = 0;
	}

	return s;
}

static void write_mac(char out[MAC_HEX + 1], const struct binding *b,
		      uint64_t row, uint32_t cseq)
{
	uint8_t mac[crypto_shorthash_siphashx24_BYTES];
	char text[600];
	int n = re_snprintf(text, sizeof(text), "%llu %u %s %s",
			    (unsigned long long)row, cseq, b->instance,
			    b->call_id);

	(void)crypto_shorthash_siphashx24(mac, (const uint8_t *)text,
					  n > 0 ? (size_t)n : strlen(text),
					  instances.key);
	for (int i = 0; i < MAC_HEX / 2; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

void instance_write(const struct binding *b, struct sip_out *o)
{
	struct span instance = bare(b->instance);
	char mac[MAC_HEX + 1];

	if (!instance.len)
		return;

	write_mac(mac, b, b->row, b->cseq);
	sip_out_raw(o, SPAN(";pub-gruu=\"sip:"));
	sip_out_user(o, span_of(b->phone->sip_user));
	sip_out_printf(o, "@%s;gr=", instances.host);
	sip_out_raw(o, instance);
	sip_out_printf(o, "\";temp-gruu=\"sip:" TEMPORARY "%llx-%x-%s@%s;gr\"",
		       (unsigned long long)b->row, b->cseq, mac,
		       instances.host);
}

static int found(struct instance_target *target, struct phone *p,
		 const char *instance)
{
	if (strlen(instance) >= sizeof(target->instance))
		return ESRCH;

	target->phone = p;
	memcpy(target->instance, instance, strlen(instance) + 1);

	return 0;
}

static const struct binding *binding_of_row(uint64_t row)
{
	struct le *c, *le;

	for (c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;

		for (le = list_head(&customer->phones); le; le = le->next) {
			const struct binding *b = by_row(le->data, row);

			if (b)
				return b;
		}
	}

	return NULL;
}

static int of_temporary(struct instance_target *target, const char *user)
{
	char mac[MAC_HEX + 1], given[MAC_HEX + 1];
	const struct binding *b;
	uint64_t row;
	uint32_t cseq;

	if (strlen(user) >= TEMPORARY_SIZE ||
	    sscanf(user, TEMPORARY "%" SCNx64 "-%" SCNx32 "-%24[0-9a-f]", &row,
		   &cseq, given) != 3)
		return ESRCH;
	b = binding_of_row(row);
	if (!b)
		return ESRCH;
	write_mac(mac, b, row, cseq);
	if (sodium_memcmp(mac, given, MAC_HEX))
		return ESRCH;

	return found(target, b->phone, b->instance);
}

int instance_of_uri(struct instance_target *target, const struct sip_uri *uri)
{
	char user[SIP_USER_MAX_BYTES + 1], instance[128];
	struct span gr = { NULL, 0 };
	struct phone *p;

	if (!sip_uri_param(uri, "gr", &gr) ||
	    sip_uri_user(uri, user, sizeof(user)))
		return ENOENT;
	if (!strncmp(user, TEMPORARY, strlen(TEMPORARY)))
		return of_temporary(target, user);

	p = directory_phone_by_sip_user(span_of(user));
	if (!p || !gr.len || gr.len + 3 > sizeof(instance))
		return ESRCH;
	for (const struct binding *b = p->bindings; b; b = b->next) {
		if (span_equal_nocase(bare(b->instance), gr))
			return found(target, p, b->instance);
	}
	(void)re_snprintf(instance, sizeof(instance), "<%b>", gr.p,
			  (size_t)gr.len);

	return found(target, p, instance); /* it is not registered now */
}

void instance_reach(struct sip_dialog *d, const struct phone *phone)
{
	struct instance_target at;
	struct sip_uri uri;

	if (!phone || !strstr(sip_dialog_target(d), ";gr") ||
	    sip_uri_parse(&uri, span_of(sip_dialog_target(d))) ||
	    instance_of_uri(&at, &uri) || at.phone != phone)
		return;

	for (const struct binding *b = phone->bindings; b; b = b->next) {
		if (!strcmp(b->instance, at.instance) && is_alive(b)) {
			(void)sip_dialog_set_target(d, span_of(b->contact));
			return;
		}
	}
}
