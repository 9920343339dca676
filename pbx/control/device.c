/* device.c - see device.h */
#include <stdlib.h>

#include "base/http.h"
#include "base/json.h"
#include "pbx/call/call.h"
#include "pbx/control/application.h"
#include "pbx/control/device.h"
#include "pbx/route/settings_user.h"
#include "pbx/watch/event.h"

enum {
	LEG_BYTES = 2048,
	PAGE_DEFAULT = 50,
	PAGE_MAX = 1000,
};

static json_t *connection_json(const struct leg *leg)
{
	char buf[LEG_BYTES];
	json_t *json = NULL;
	struct sip_out o;

	sip_out_init(&o, buf, sizeof(buf));
	event_print_leg(&o, leg);
	if (json_read(&json, sip_out_span(&o), 0, NULL))
		return NULL;

	return json;
}

static void add_leg(json_t *list, const struct leg *leg)
{
	json_t *json = leg->state == LEG_NULL || leg->state == LEG_FAILED
			       ? NULL
			       : connection_json(leg);

	if (json)
		(void)json_array_append_new(list, json);
}

json_t *device_connections(const struct call *call,
			   const struct http_request *req)
{
	const struct application *a = application_of(req);
	json_t *list = json_array();
	struct le *le;

	if (call->caller && application_sees_leg(a, call->caller))
		add_leg(list, call->caller);
	for (le = list_head(&call->branches); le; le = le->next) {
		if (application_sees_leg(a, le->data))
			add_leg(list, le->data);
	}

	return list;
}

/* ---- devices ---- */

static json_t *device_json(const struct phone *p)
{
	const struct user *u = phone_person(p);
	const struct user_settings *s = u ? u->settings : NULL;
	const char *always = s ? s->forward[FORWARD_ALWAYS] : "";

	return json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s, s:b, s:i, s:b, "
			 "s:s?}",
			 "id", p->id, "customer", p->customer->id, "user",
			 u ? u->id : NULL, "number", p->number, "extension",
			 u ? u->extension : NULL, "name", phone_name(p),
			 "registered", phone_is_there(p), "calls",
			 (int)p->calls + (int)p->calls_elsewhere,
			 "do_not_disturb", s && s->has_dnd, "forwarded_to",
			 always[0] ? always : NULL);
}

static bool is_asked(struct http_request *req, const char *name,
		     const char *value)
{
	const char *asked = http_query(req, name);

	return !asked || (value && !strcmp(asked, value));
}

static bool is_listed(struct http_request *req, const struct phone *p)
{
	const struct user *u = phone_person(p);

	return is_asked(req, "filter[customer]", p->customer->id) &&
	       is_asked(req, "filter[user]", u ? u->id : NULL) &&
	       (is_asked(req, "filter[number]", p->number) ||
		is_asked(req, "filter[number]", u ? u->extension : NULL)) &&
	       application_sees_phone(application_of(req), p);
}

struct page {
	json_t *items;
	uint64_t from;
	uint64_t size;
	uint64_t total;
};

/* 0, or answered. */
static int page_begin(struct page *page, struct http_request *req)
{
	const char *size = http_query(req, "page[size]");
	const char *cursor = http_query(req, "page[cursor]");
	json_t *errors;

	*page = (struct page){ .size = PAGE_DEFAULT };
	if (size)
		page->size = strtoull(size, NULL, 10);
	if (cursor)
		page->from = strtoull(cursor, NULL, 10);
	if (page->size < 1 || page->size > PAGE_MAX) {
		errors = json_array();
		kind_error(errors, "page[size]", "out-of-range",
			   "Give a number from 1 to %d.", PAGE_MAX);
		reply_invalid(req, errors);
		return EINVAL;
	}
	page->items = json_array();

	return 0;
}

static void page_add(struct page *page, const struct phone *p)
{
	uint64_t at = page->total++;

	if (at >= page->from && at < page->from + page->size)
		(void)json_array_append_new(page->items, device_json(p));
}

static void page_end(struct page *page, struct http_request *req)
{
	uint64_t next = page->from + page->size;

	(void)http_reply_json(
		req, 200,
		json_pack(
			"{s:o, s:o, s:I}", "items", page->items, "next",
			next < page->total
				? json_sprintf("%llu", (unsigned long long)next)
				: json_null(),
			"total", (json_int_t)page->total));
}

static void list_devices(struct http_request *req, const struct caller *caller,
			 void *arg)
{
	struct page page;
	struct le *c, *le;

	(void)caller;
	(void)arg;

	if (page_begin(&page, req))
		return;
	for (c = list_head(directory_customers()); c; c = c->next) {
		const struct customer *customer = c->data;

		if (!application_sees_customer(application_of(req),
					       customer->id))
			continue;
		for (le = list_head(&customer->phones); le; le = le->next) {
			const struct phone *p = le->data;

			if (is_listed(req, p))
				page_add(&page, p);
		}
	}
	page_end(&page, req);
}

/* ---- one ---- */

static bool is_of(const struct leg *leg, const struct phone *p)
{
	return leg && leg->phone == p && leg->state != LEG_NULL &&
	       leg->state != LEG_FAILED;
}

static json_t *connections_of(const struct phone *p)
{
	json_t *list = json_array();
	struct le *c, *le;

	for (c = list_head(call_list()); c; c = c->next) {
		const struct call *call = c->data;

		if (call->state == CALL_OVER)
			continue;
		if (is_of(call->caller, p))
			add_leg(list, call->caller);
		for (le = list_head(&call->branches); le; le = le->next) {
			if (is_of(le->data, p))
				add_leg(list, le->data);
		}
	}

	return list;
}

static void get_device(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	const struct phone *p = directory_phone(span_of(http_param(req, "id")));
	json_t *device;

	(void)caller;
	(void)arg;

	if (!p || !p->customer) {
		reply_not_found(req, "device");
		return;
	}
	device = device_json(p);
	(void)json_object_set_new(device, "connections", connections_of(p));
	(void)http_reply_json(req, 200, device);
}

static const struct route routes[] = {
	{ "GET", "/api/v1/devices", "devices", ACTION_LIST, list_devices, 0,
	  "Phones: whose, and whether they can be rung" },
	{ "GET", "/api/v1/devices/{id}", "devices", ACTION_READ, get_device, 0,
	  "A phone and its connections" },
};

int devices_start(struct router *router)
{
	return router_routes(router, routes, ARRAY_SIZE(routes), NULL);
}
