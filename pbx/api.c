/* api.c - see api.h */
#include <stdlib.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "pbx/api.h"
#include "pbx/call/call.h"
#include "pbx/control/application.h"
#include "pbx/control/device.h"
#include "pbx/watch/cdr.h"
#include "pbx/watch/event.h"
#include "pbx/jsontext.h"
#include "pbx/watch/records.h"
#include "pbx/registrar.h"
#include "pbx/store.h"
#include "pbx/watch/trace_api.h"
#include "pbx/turn.h"

enum {
	PAGE_DEFAULT = 50,
	PAGE_MAX = 1000,
	ITEM_BYTES = 4096,
	CDR_BYTES = 65536,
};

static void reply_text(struct http_request *req, const struct sip_out *o)
{
	if (o->is_full) {
		(void)http_reply_problem(req, 500, "too-large",
					 "Ask for a smaller page.", NULL);
		return;
	}

	(void)http_reply(req, 200, "application/json", o->p, o->len);
}

/* page[size]; on failure the request has been answered. */
static int page_size(struct http_request *req, uint32_t *sizep)
{
	const char *text = http_query(req, "page[size]");
	json_t *errors = NULL;
	char *end;
	unsigned long n;

	*sizep = PAGE_DEFAULT;
	if (!text)
		return 0;

	n = strtoul(text, &end, 10);
	if (*text && !*end && n >= 1 && n <= PAGE_MAX) {
		*sizep = (uint32_t)n;
		return 0;
	}

	errors = json_array();
	kind_error(errors, "page[size]", "out-of-range",
		   "Give a number from 1 to %d.", PAGE_MAX);
	reply_invalid(req, errors);

	return EINVAL;
}

/* A list that is put together item by item. */
struct list_out {
	struct sip_out o;
	char *buf;
	uint32_t size; /* items on a page */
	uint32_t count;
	uint64_t next; /* cursor; 0 without */
};

static int list_begin(struct list_out *l, struct http_request *req,
		      size_t item_bytes)
{
	size_t bytes;

	memset(l, 0, sizeof(*l));
	if (page_size(req, &l->size))
		return EINVAL;

	bytes = 256 + item_bytes * (l->size + 1);
	l->buf = mem_alloc(bytes, NULL);
	if (!l->buf) {
		reply_error(req, ENOMEM);
		return ENOMEM;
	}

	sip_out_init(&l->o, l->buf, bytes);
	sip_out_raw(&l->o, SPAN("{\"items\":["));

	return 0;
}

static void list_item(struct list_out *l)
{
	if (l->count++)
		sip_out_raw(&l->o, SPAN(","));
}

static void list_end(struct list_out *l, struct http_request *req,
		     uint64_t total)
{
	if (l->next)
		sip_out_printf(&l->o, "],\"next\":\"%llu\"",
			       (unsigned long long)l->next);
	else
		sip_out_raw(&l->o, SPAN("],\"next\":null"));
	jsontext_number(&l->o, "total", total);
	sip_out_raw(&l->o, SPAN("}"));
	reply_text(req, &l->o);
	mem_deref(l->buf);
}

static uint64_t cursor(struct http_request *req)
{
	const char *text = http_query(req, "page[cursor]");

	return text ? strtoull(text, NULL, 10) : 0;
}

/* ---- registrations ---- */

static void print_binding(struct sip_out *o, const struct binding *b)
{
	const struct phone *p = b->phone;
	uint64_t now = clock_mono_ms();
	char source[80] = "";

	if (b->flow)
		(void)re_snprintf(
			source, sizeof(source), "%s:%J",
			sip_transport_name(sip_flow_transport(b->flow)),
			sip_flow_remote(b->flow));

	sip_out_raw(o, SPAN("{"));
	jsontext_member(o, true, "phone", p->id);
	jsontext_member(o, false, "user", p->user ? p->user->id : NULL);
	jsontext_member(o, false, "customer",
			p->customer ? p->customer->id : NULL);
	jsontext_member(o, false, "sip_user", p->sip_user);
	jsontext_member(o, false, "number", p->number);
	jsontext_member(o, false, "contact", b->contact);
	jsontext_member(o, false, "path", b->path[0] ? b->path : NULL);
	jsontext_member(o, false, "source", source);
	jsontext_member(o, false, "user_agent", b->agent);
	jsontext_number(o, "expires_s",
			b->expires_ms > now ? (b->expires_ms - now) / 1000 : 0);
	sip_out_raw(o, SPAN("}"));
}

static bool phone_is_wanted(const struct phone *p, struct http_request *req)
{
	const char *phone = http_query(req, "filter[phone]");
	const char *user = http_query(req, "filter[user]");
	const char *customer = http_query(req, "filter[customer]");

	return (!phone || !strcmp(phone, p->id)) &&
	       (!user || (p->user && !strcmp(user, p->user->id))) &&
	       (!customer ||
		(p->customer && !strcmp(customer, p->customer->id)));
}

static void list_registrations(struct http_request *req,
			       const struct caller *caller, void *arg)
{
	uint64_t from = cursor(req), at = 0, total = 0;
	struct list_out l;
	struct le *c, *le;

	(void)caller;
	(void)arg;

	if (list_begin(&l, req, ITEM_BYTES))
		return;

	for (c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;

		for (le = list_head(&customer->phones); le; le = le->next) {
			const struct phone *p = le->data;

			if (!p->bindings || !phone_is_wanted(p, req))
				continue;
			for (const struct binding *b = p->bindings; b;
			     b = b->next) {
				total++;
				if (at++ < from)
					continue;
				if (l.count >= l.size) {
					if (!l.next)
						l.next = at - 1;
					continue;
				}
				list_item(&l);
				print_binding(&l.o, b);
			}
		}
	}

	list_end(&l, req, total);
}

static void drop_registration(struct http_request *req,
			      const struct caller *caller, void *arg)
{
	struct phone *p = directory_phone(span_of(http_param(req, "id")));

	(void)caller;
	(void)arg;

	if (!p) {
		reply_not_found(req, "phone");
		return;
	}

	registrar_drop(p);
	turn_end();
	(void)http_reply(req, 204, NULL, NULL, 0);
}

/* ---- calls ---- */

static void list_calls(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	const char *customer = http_query(req, "filter[customer]");
	uint64_t from = cursor(req), at = 0, total = 0;
	struct list_out l;
	struct le *le;

	(void)caller;
	(void)arg;

	if (list_begin(&l, req, ITEM_BYTES))
		return;

	for (le = list_head(call_list()); le; le = le->next) {
		const struct call *call = le->data;

		if (call->state == CALL_OVER ||
		    (customer && strcmp(customer, call->customer) != 0) ||
		    !application_sees_call(application_of(req), call))
			continue;
		total++;
		if (at++ < from)
			continue;
		if (l.count >= l.size) {
			if (!l.next)
				l.next = at - 1;
			continue;
		}
		list_item(&l);
		cdr_print_call(call, &l.o);
	}

	list_end(&l, req, total);
}

static struct call *wanted_call(struct http_request *req)
{
	struct call *call = call_find(span_of(http_param(req, "id")));

	return call && call->state != CALL_OVER ? call : NULL;
}

static void copy_record(uint64_t seq, const char *customer, struct span json,
			void *arg)
{
	struct mbuf *mb = arg;

	(void)seq;
	(void)customer;

	(void)mbuf_write_mem(mb, (const uint8_t *)json.p, json.len);
}

/* The record of a call that is over; empty when there is none. */
static struct mbuf *find_record(struct http_request *req)
{
	const struct keep_query q = { .call = http_param(req, "id"),
				      .limit = 1 };
	struct mbuf *mb = mbuf_alloc(1024);

	if (mb)
		(void)keep_each_cdr(&q, copy_record, mb);

	return mb;
}

/* Its story only for those who may read it. */
static void reply_record(struct http_request *req, struct mbuf *mb)
{
	struct span json = { (const char *)mb->buf, (uint32_t)mb->end };
	struct span head = records_without_story(json);

	if (head.len < json.len &&
	    !application_may(application_of(req), RIGHT_CALLS_EXPLAIN)) {
		mb->pos = mb->end = head.len;
		(void)mbuf_write_u8(mb, '}');
	}
	(void)http_reply(req, 200, "application/json", mb->buf, mb->end);
}

static void get_record(void *arg)
{
	struct http_request *req = arg;
	struct mbuf *mb = find_record(req);

	if (mb && mb->end)
		reply_record(req, mb);
	else
		reply_not_found(req, "call");
	mem_deref(mb);
	mem_deref(req);
}

static void get_call(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	const struct call *call = wanted_call(req);
	char buf[ITEM_BYTES];
	json_t *json = NULL;
	struct sip_out o;

	(void)caller;
	(void)arg;

	if (!call) {
		keep_settle(get_record, mem_ref(req));
		return;
	}

	sip_out_init(&o, buf, sizeof(buf));
	cdr_print_call(call, &o);
	if (json_read(&json, sip_out_span(&o), 0, NULL)) {
		reply_error(req, EBADMSG);
		return;
	}
	(void)json_object_set_new(json, "connections",
				  device_connections(call, req));
	(void)http_reply_json(req, 200, json);
}

static void reply_trail(struct http_request *req, json_t *trail)
{
	struct sip_out o;
	char *buf;

	if (!records_wants(req, "text", "text/plain")) {
		(void)http_reply_json(req, 200,
				      json_pack("{s:O}", "items", trail));
		return;
	}

	buf = mem_alloc(CDR_BYTES, NULL);
	if (!buf) {
		reply_error(req, ENOMEM);
		return;
	}
	sip_out_init(&o, buf, CDR_BYTES);
	records_trail_text(&o, trail);
	(void)http_reply(req, 200, "text/plain; charset=utf-8", o.p, o.len);
	mem_deref(buf);
}

static void get_recorded_trail(void *arg)
{
	struct http_request *req = arg;
	struct mbuf *mb = find_record(req);
	json_t *record = NULL;

	if (mb && mb->end &&
	    !json_read(&record,
		       (struct span){ (char *)mb->buf, (uint32_t)mb->end }, 0,
		       NULL))
		reply_trail(req, json_object_get(record, "trail"));
	else
		reply_not_found(req, "call");
	json_decref(record);
	mem_deref(mb);
	mem_deref(req);
}

static void get_trail(struct http_request *req, const struct caller *caller,
		      void *arg)
{
	const struct call *call = wanted_call(req);

	(void)caller;
	(void)arg;

	if (call) {
		char *buf = mem_alloc(CDR_BYTES, NULL);
		json_t *trail = NULL;
		struct sip_out o;

		if (!buf) {
			reply_error(req, ENOMEM);
			return;
		}
		sip_out_init(&o, buf, CDR_BYTES);
		trail_write(&call->trail, &o);
		if (json_read(&trail, sip_out_span(&o), 0, NULL))
			reply_error(req, EBADMSG);
		else
			reply_trail(req, trail);
		json_decref(trail);
		mem_deref(buf);
		return;
	}

	keep_settle(get_recorded_trail, mem_ref(req));
}

static void end_call(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	struct call *call = wanted_call(req);

	(void)arg;

	if (!call) {
		reply_not_found(req, "call");
		return;
	}

	trail_add(&call->trail, "ended by %s",
		  caller->role == ROLE_APPLICATION ? caller->name
						   : "the operator");
	call_hangup(call, NULL, NULL);
	turn_end();
	(void)http_reply(req, 204, NULL, NULL, 0);
}

/* ---- events ---- */

static void read_events(struct http_request *req, const struct caller *caller,
			void *arg)
{
	(void)arg;

	if (caller->role != ROLE_SERVICE && caller->role != ROLE_APPLICATION) {
		(void)http_reply_header(req, "WWW-Authenticate",
					"Bearer realm=\"holdfast\"");
		(void)http_reply_problem(
			req, 401, "unauthorized",
			"Send the token of an application or of "
			"this server.",
			NULL);
		return;
	}

	event_stream(req);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/registrations", "registrations", ACTION_LIST,
	  list_registrations, 0, "Who can be rung, and where" },
	{ "DELETE", "/api/v1/registrations/{id}", "registrations",
	  ACTION_DELETE, drop_registration, 0, "Forget a phone's bindings" },
	{ "GET", "/api/v1/calls", "calls", ACTION_LIST, list_calls, 0,
	  "Calls that go on" },
	{ "GET", "/api/v1/calls/{id}", "calls", ACTION_READ, get_call, 0,
	  "A call, or its record" },
	{ "GET", "/api/v1/calls/{id}/trail", "calls", ACTION_READ, get_trail, 0,
	  "What happened to a call and why" },
	{ "GET", "/api/v1/calls/{id}/trace", "traces", ACTION_READ, trace_get,
	  0, "Its messages: JSON, ladder or pcap" },
	{ "DELETE", "/api/v1/calls/{id}", "calls", ACTION_RUN, end_call, 0,
	  "End a call" },
	{ "GET", "/api/v1/cdrs", "cdrs", ACTION_LIST, records_list, 0,
	  "Records of calls, newest first, as JSON or CSV" },
	{ "GET", "/api/v1/events", "events", ACTION_READ, read_events, 0,
	  "WebSocket of call events and records" },
};

int api_start(struct router *router)
{
	return router_routes(router, routes, sizeof(routes) / sizeof(routes[0]),
			     NULL);
}
