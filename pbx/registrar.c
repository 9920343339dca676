/* registrar.c - see registrar.h
 *
 * A REGISTER is checked whole before anything changes, so that it succeeds or
 * fails as one.  Its 200 is built at once and leaves after the commit.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "pbx/watch/event.h"
#include "pbx/call/farewell.h"
#include "pbx/instance.h"
#include "pbx/mail/mwi.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/registrar.h"
#include "pbx/server.h"
#include "pbx/settings.h"
#include "pbx/store.h"
#include "pbx/watch/subscription.h"
#include "pbx/turn.h"
#include "sip/address.h"
#include "sip/param.h"

enum {
	REPLY_BYTES = 8192,
	PATH_BYTES = 2048,
	AGENT_BYTES = 48,
	BLOB_BYTES = 8192,
	BLOB_FIELDS = 7,
};

static struct {
	uint64_t last_row;
	uint32_t count;
} registrar;

/* A contact of a REGISTER, checked. */
struct wish {
	struct sip_address address;
	struct span instance;
	uint32_t reg_id;
	uint32_t expires_s;
	struct binding *known;
};

struct wishes {
	uint32_t count;
	uint32_t added;
	bool is_star;
	struct wish items[SIP_CONTACT_MAX];
};

static void expired(void *arg);

int registrar_init(void)
{
	registrar.last_row = 0;
	registrar.count = 0;

	return 0;
}

uint32_t registrar_count(void)
{
	return registrar.count;
}

static void binding_destructor(void *data)
{
	struct binding *b = data;

	wheel_stop(&b->timer);
	mem_deref(b->flow);
}

static char *place(char *at, const char **fieldp, struct span s)
{
	*fieldp = at;
	if (s.len)
		memcpy(at, s.p, s.len);
	at[s.len] = '\0';

	return at + s.len + 1;
}

struct binding_texts {
	struct span contact, path, call_id, instance, agent;
};

static struct binding *binding_alloc(const struct binding_texts *t)
{
	size_t size = sizeof(struct binding) + 5 + t->contact.len +
		      t->path.len + t->call_id.len + t->instance.len +
		      t->agent.len;
	struct binding *b = mem_zalloc(size, binding_destructor);
	char *at;

	if (!b)
		return NULL;

	at = (char *)(b + 1);
	at = place(at, &b->contact, t->contact);
	at = place(at, &b->path, t->path);
	at = place(at, &b->call_id, t->call_id);
	at = place(at, &b->instance, t->instance);
	(void)place(at, &b->agent, t->agent);

	return b;
}

static void binding_link(struct binding *b, struct phone *p)
{
	b->phone = p;
	b->next = p->bindings;
	p->bindings = b;
	p->bindings_count++;
	registrar.count++;
}

static void binding_unlink(struct binding *b)
{
	struct binding **bp = &b->phone->bindings;

	while (*bp && *bp != b)
		bp = &(*bp)->next;
	if (*bp)
		*bp = b->next;

	b->phone->bindings_count--;
	registrar.count--;
}

static void binding_arm(struct binding *b, uint64_t wait_ms)
{
	b->expires_ms = clock_mono_ms() + wait_ms;
	wheel_start(&b->timer, wait_ms, expired, b);
}

/* Gone for good: from memory and from the record. */
static void binding_remove(struct binding *b)
{
	struct phone *p = b->phone;

	keep_remove_binding(b->row);
	turn_touch();
	binding_unlink(b);
	mem_deref(b);

	if (!p->bindings_count)
		event_registration(p, false);
	subscription_registered(p);
	pair_feed_phone(p, NULL);
}

static void expired(void *arg)
{
	binding_remove(arg);
}

const char *binding_key(const struct binding *b)
{
	return b->instance[0] ? b->instance : b->contact;
}

void registrar_moved(struct phone *phone, const char *key, uint64_t at_ms,
		     bool is_news)
{
	struct binding *b = phone->bindings;

	while (b) {
		struct binding *next = b->next;

		if (!strcmp(binding_key(b), key) &&
		    (is_news || b->registered_ms < at_ms)) {
			log_info("registrar", "%s is at the other node now",
				 phone->number);
			binding_remove(b);
		}
		b = next;
	}
}

void registrar_drop(struct phone *phone)
{
	while (phone->bindings)
		binding_remove(phone->bindings);
}

void registrar_close(void)
{
	struct le *c, *le;

	for (c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;

		for (le = list_head(&customer->phones); le; le = le->next) {
			struct phone *p = le->data;

			while (p->bindings) {
				struct binding *b = p->bindings;

				binding_unlink(b);
				mem_deref(b);
			}
		}
	}
}

struct sip_flow *binding_flow(const struct binding *b)
{
	struct sip_uri uri;
	struct sa sa;
	char host[64];

	if (!b->flow || b->path[0])
		return NULL;
	if (sip_flow_is_reliable(b->flow) || b->reg_id)
		return sip_flow_is_alive(b->flow) ? b->flow : NULL;

	if (sip_uri_parse(&uri, span_of(b->contact)) ||
	    uri.host.len >= sizeof(host))
		return b->flow;

	memcpy(host, uri.host.p, uri.host.len);
	host[uri.host.len] = '\0';
	if (host[0] == '[' && host[uri.host.len - 1] == ']') {
		host[uri.host.len - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (sa_set_str(&sa, host, 0))
		return b->flow;

	return sa_cmp(&sa, sip_flow_remote(b->flow), SA_ADDR) ? NULL : b->flow;
}

/* ---- on record ---- */

/* The row of a binding: texts with their NULs, in a fixed order. */
static void binding_keep(const struct binding *b)
{
	char buf[BLOB_BYTES];
	char token[SIP_FLOW_TOKEN_SIZE] = "";
	char numbers[64];
	const char *fields[BLOB_FIELDS] = { numbers,    b->contact,  b->path,
					    b->call_id, b->instance, b->agent,
					    token };
	struct keep_binding row = {
		.row = b->row,
		.phone = b->phone->id,
		.expires_ms = clock_wall_ms() + b->expires_ms - clock_mono_ms(),
	};
	uint32_t len = 0;
	struct sip_out o;

	if (b->flow)
		sip_flow_token(b->flow, token);
	sip_out_init(&o, numbers, sizeof(numbers) - 1);
	sip_out_text(&o, "1 ");
	sip_out_number(&o, b->cseq);
	sip_out_text(&o, " ");
	sip_out_number(&o, b->reg_id);
	sip_out_text(&o, " ");
	sip_out_number(&o, b->registered_ms);
	numbers[o.len] = '\0';

	for (int i = 0; i < BLOB_FIELDS; i++) {
		uint32_t n = (uint32_t)strlen(fields[i]) + 1;

		if (len + n > sizeof(buf))
			return;
		memcpy(buf + len, fields[i], n);
		len += n;
	}

	row.blob = (struct span){ buf, len };
	keep_put_binding(&row);
	turn_touch();
}

static bool blob_fields(const char *fields[BLOB_FIELDS], struct span blob)
{
	uint32_t at = 0;

	for (int i = 0; i < BLOB_FIELDS; i++) {
		const char *end;

		if (at >= blob.len)
			return false;
		end = memchr(blob.p + at, '\0', blob.len - at);
		if (!end)
			return false;
		fields[i] = blob.p + at;
		at = (uint32_t)(end + 1 - blob.p);
	}

	return true;
}

static void restored(const struct keep_binding *row, void *arg)
{
	struct phone *p = directory_phone(span_of(row->phone));
	uint64_t now = clock_wall_ms();
	uint64_t longest = pbx_settings.registration_max_s * 1000ull;
	const char *f[BLOB_FIELDS];
	struct binding_texts t;
	struct binding *b;
	unsigned version = 0;

	(void)arg;

	if (row->row > registrar.last_row)
		registrar.last_row = row->row;

	if (!p || row->expires_ms <= now || !blob_fields(f, row->blob) ||
	    p->bindings_count >= BINDINGS_MAX) {
		keep_remove_binding(row->row);
		turn_touch();
		return;
	}

	t = (struct binding_texts){ span_of(f[1]), span_of(f[2]), span_of(f[3]),
				    span_of(f[4]), span_of(f[5]) };
	b = binding_alloc(&t);
	if (!b)
		return;

	(void)sscanf(f[0], "%u %u %u %" SCNu64, &version, &b->cseq, &b->reg_id,
		     &b->registered_ms);
	b->row = row->row;
	if (f[6][0])
		(void)sip_flow_find(&b->flow, server_sip(), span_of(f[6]));
	binding_link(b, p);
	/* A clock that was set back must not make it last longer. */
	binding_arm(b, row->expires_ms - now < longest ? row->expires_ms - now
						       : longest);
}

int registrar_restore(void)
{
	return keep_each_binding(restored, NULL);
}

/* ---- REGISTER ---- */

static void refuse(const struct sip_message *m, struct sip_flow *flow,
		   uint16_t status, const char *headers)
{
	(void)sip_refuse(server_sip(), m, flow, status, span_of(headers));
}

static struct binding *find(const struct phone *p, const struct wish *w)
{
	for (struct binding *b = p->bindings; b; b = b->next) {
		struct sip_uri uri;

		if (w->instance.len && w->reg_id) {
			if (b->reg_id == w->reg_id &&
			    span_equal(span_of(b->instance), w->instance))
				return b;
			continue;
		}
		if (span_equal(span_of(b->contact), w->address.uri_text))
			return b;
		if (!sip_uri_parse(&uri, span_of(b->contact)) &&
		    sip_uri_equal(&uri, &w->address.uri))
			return b;
	}

	return NULL;
}

static uint32_t wish_expires(const struct sip_message *m,
			     const struct sip_address *a)
{
	uint32_t otherwise = sip_header_seconds(
		m, SIP_HEADER_EXPIRES, pbx_settings.registration_max_s);
	struct span value;
	uint64_t n;

	if (!sip_param(a->params, "expires", &value))
		return otherwise;
	if (sip_number(value, UINT32_MAX, &n))
		return pbx_settings.registration_max_s;

	return (uint32_t)n;
}

/* 0, or the status that refuses the whole request. */
static uint16_t read_wish(struct wish *w, const struct sip_message *m,
			  const struct phone *p, struct span value)
{
	struct span text;
	uint64_t n = 0;

	if (sip_address_parse(&w->address, value))
		return 400;
	if (w->address.is_star)
		return 0;
	if (w->address.uri.scheme != SIP_SCHEME_SIP &&
	    w->address.uri.scheme != SIP_SCHEME_SIPS)
		return 400;

	if (sip_param(w->address.params, "+sip.instance", &text))
		w->instance = sip_unquote(text);
	if (sip_param(w->address.params, "reg-id", &text) &&
	    !sip_number(text, INT32_MAX, &n))
		w->reg_id = (uint32_t)n;

	w->expires_s = wish_expires(m, &w->address);
	if (w->expires_s && w->expires_s < pbx_settings.registration_min_s)
		return 423;
	if (w->expires_s > pbx_settings.registration_max_s)
		w->expires_s = pbx_settings.registration_max_s;

	w->known = find(p, w);
	if (w->known && span_equal(span_of(w->known->call_id), m->call_id) &&
	    m->cseq <= w->known->cseq)
		return 500; /* out of order */

	return 0;
}

static uint16_t read_wishes(struct wishes *ws, const struct sip_message *m,
			    const struct phone *p)
{
	struct sip_values it;
	struct span value;

	ws->count = ws->added = 0;
	ws->is_star = false;

	sip_values_start(&it, m, SIP_HEADER_CONTACT);
	while (sip_values_next(&it, &value)) {
		struct wish *w = &ws->items[ws->count];
		uint16_t status;

		if (ws->count >= SIP_CONTACT_MAX)
			return 403;
		memset(w, 0, sizeof(*w));
		status = read_wish(w, m, p, value);
		if (status)
			return status;
		if (w->address.is_star)
			ws->is_star = true;
		if (!w->known && w->expires_s)
			ws->added++;
		ws->count++;
	}

	if (ws->is_star &&
	    (ws->count != 1 || sip_header_seconds(m, SIP_HEADER_EXPIRES, 1)))
		return 400;
	if (p->bindings_count + ws->added > BINDINGS_MAX)
		return 403;

	return 0;
}

/* All Path values as one Route value. */
static int read_path(char *buf, size_t size, const struct sip_message *m)
{
	struct sip_out o;
	struct sip_values it;
	struct span value;

	sip_out_init(&o, buf, size - 1);
	sip_values_start(&it, m, SIP_HEADER_PATH);
	while (sip_values_next(&it, &value)) {
		if (o.len)
			sip_out_raw(&o, SPAN(", "));
		sip_out_value(&o, value);
	}
	if (o.is_full)
		return E2BIG;
	buf[o.len] = '\0';

	return 0;
}

static bool is_unchanged(const struct binding *b, const struct wish *w,
			 const struct sip_message *m,
			 const struct sip_flow *flow, struct span path)
{
	return b->flow && sip_flow_equal(b->flow, flow) &&
	       span_equal(span_of(b->contact), w->address.uri_text) &&
	       span_equal(span_of(b->path), path) &&
	       span_equal(span_of(b->call_id), m->call_id);
}

static int grant(const struct wish *w, const struct sip_message *m,
		 struct sip_flow *flow, struct phone *p, struct span path)
{
	struct binding *b = w->known;
	bool was_registered = p->bindings_count > 0;
	struct binding_texts t;

	if (b && is_unchanged(b, w, m, flow, path)) {
		b->cseq = m->cseq;
		b->registered_ms = clock_wall_ms();
		binding_arm(b, w->expires_s * 1000ull);
		binding_keep(b);
		farewell_registered(p, b);
		pair_feed_phone(p, binding_key(b));
		return 0;
	}

	t.contact = w->address.uri_text;
	t.path = path;
	t.call_id = m->call_id;
	t.instance = w->instance;
	t.agent = sip_header_value(m, SIP_HEADER_USER_AGENT);
	if (t.agent.len > AGENT_BYTES)
		t.agent.len = AGENT_BYTES;

	b = binding_alloc(&t);
	if (!b)
		return ENOMEM;

	b->row = w->known ? w->known->row : ++registrar.last_row;
	b->cseq = m->cseq;
	b->reg_id = w->reg_id;
	b->registered_ms = clock_wall_ms();
	b->flow = mem_ref(flow);
	if (w->known) {
		binding_unlink(w->known);
		mem_deref(w->known);
	}
	binding_link(b, p);
	binding_arm(b, w->expires_s * 1000ull);
	binding_keep(b);
	farewell_registered(p, b);
	if (!was_registered)
		event_registration(p, true);
	subscription_registered(p);
	pair_feed_phone(p, binding_key(b));

	return 0;
}

/* The 200, built while the request is at hand. */
struct granted {
	struct sip_flow *flow;
	uint32_t len;
	char text[];
};

static void granted_destructor(void *data)
{
	struct granted *g = data;

	mem_deref(g->flow);
}

static void granted_send(void *arg)
{
	struct granted *g = arg;

	(void)sip_flow_send(g->flow, g->text, g->len);
	mem_deref(g);
}

static void write_contacts(struct sip_out *o, const struct phone *p,
			   bool with_gruu)
{
	uint64_t now = clock_mono_ms();

	for (const struct binding *b = p->bindings; b; b = b->next) {
		uint64_t left = b->expires_ms > now ? b->expires_ms - now : 0;

		sip_out_raw(o, SPAN("Contact: <"));
		sip_out_value(o, span_of(b->contact));
		sip_out_raw(o, SPAN(">;expires="));
		sip_out_number(o, (left + 999) / 1000);
		if (b->instance[0]) {
			sip_out_raw(o, SPAN(";+sip.instance=\""));
			sip_out_value(o, span_of(b->instance));
			sip_out_raw(o, SPAN("\""));
		}
		if (b->reg_id) {
			sip_out_raw(o, SPAN(";reg-id="));
			sip_out_number(o, b->reg_id);
		}
		if (with_gruu)
			instance_write(b, o);
		sip_out_raw(o, SPAN("\r\n"));
	}
}

static bool uses_outbound(const struct wishes *ws, const struct sip_message *m)
{
	for (uint32_t i = 0; i < ws->count; i++) {
		if (ws->items[i].reg_id && ws->items[i].instance.len)
			return sip_header_has(m, SIP_HEADER_SUPPORTED,
					      "outbound");
	}

	return false;
}

static void reply(const struct sip_message *m, struct sip_flow *flow,
		  const struct phone *p, const struct wishes *ws)
{
	char buf[REPLY_BYTES], tag[17];
	struct sip_out o;
	struct granted *g;

	sip_random(tag);
	sip_out_init(&o, buf, sizeof(buf));
	sip_out_response(&o, m, 200, NULL, span_of(tag), sip_flow_remote(flow));
	write_contacts(&o, p, sip_header_has(m, SIP_HEADER_SUPPORTED, "gruu"));
	sip_out_copy(&o, m, SIP_HEADER_PATH);
	if (uses_outbound(ws, m))
		sip_out_text(&o, "Require: outbound\r\nFlow-Timer: 120\r\n");
	sip_out_text(&o, "Supported: path, outbound, gruu\r\n"
			 "Server: Holdfast/" HOLDFAST_VERSION "\r\n");
	if (sip_out_end(&o, NULL, (struct span){ NULL, 0 })) {
		refuse(m, flow, 500, "");
		return;
	}

	g = mem_alloc(sizeof(*g) + o.len, granted_destructor);
	if (!g) {
		refuse(m, flow, 500, "");
		return;
	}
	g->flow = mem_ref(flow);
	g->len = o.len;
	memcpy(g->text, o.p, o.len);
	turn_defer(granted_send, g);
}

static void show_mail(void *arg)
{
	struct phone *p = arg;

	mwi_registered(p);
	mem_deref(p);
}

void registrar_request(const struct sip_message *m, struct sip_flow *flow,
		       struct phone *phone)
{
	char path[PATH_BYTES], user[SIP_USER_MAX_BYTES + 1], min[40];
	struct wishes ws;
	uint16_t status;
	bool is_new = false;

	if (sip_uri_user(&m->to.uri, user, sizeof(user)) ||
	    strcmp(user, phone->sip_user)) {
		refuse(m, flow, 403, "");
		return;
	}

	status = read_wishes(&ws, m, phone);
	if (!status && read_path(path, sizeof(path), m))
		status = 400;
	if (status) {
		(void)snprintf(min, sizeof(min), "Min-Expires: %u\r\n",
			       pbx_settings.registration_min_s);
		refuse(m, flow, status, status == 423 ? min : "");
		return;
	}

	if (ws.is_star) {
		registrar_drop(phone);
	}
	else {
		for (uint32_t i = 0; i < ws.count; i++) {
			struct wish *w = &ws.items[i];

			/* The one before may have been the same contact. */
			w->known = find(phone, w);
			if (!w->expires_s) {
				if (w->known)
					binding_remove(w->known);
			}
			is_new = is_new || (w->expires_s && !w->known);
			if (w->expires_s &&
			    grant(w, m, flow, phone, span_of(path))) {
				refuse(m, flow, 500, "");
				return;
			}
		}
	}

	reply(m, flow, phone, &ws);
	if (is_new)
		turn_defer(show_mail, mem_ref(phone));
}
