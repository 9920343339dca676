/* api.c - see api.h */
#include <errno.h>
#include <stdio.h>

#include "base/http.h"
#include "base/json.h"
#include "border/api.h"
#include "border/device.h"
#include "border/flows.h"
#include "border/kinds.h"
#include "border/upstream.h"
#include "model/provision.h"
#include "model/record.h"
#include "model/route.h"

static void list_flows(struct http_request *req, const struct caller *caller,
		       void *arg)
{
	struct border *b = arg;
	json_t *items = flows_json(b->flows);

	(void)caller;
	http_reply_json(req, 200,
			json_pack("{s:o,s:n,s:I}", "items", items, "next",
				  "total", (json_int_t)json_array_size(items)));
}

static const struct route routes[] = {
	{ "GET", "/api/v1/flows", "flows", ACTION_LIST, list_flows, 0,
	  "Flows that devices have registered over" },
};

static int upstream_before(struct provision_change *change, void *arg)
{
	const json_t *list = json_object_get(change->object, "registrars");
	size_t i;
	json_t *item;

	(void)arg;
	if (!change->object)
		return 0;

	json_array_foreach(list, i, item)
	{
		if (upstream_is_valid(json_string_value(item)))
			continue;

		change->status = 422;
		change->errors = json_array();
		kind_error(change->errors, "registrars", "bad-pattern",
			   "Entry %zu is no address like sip:192.0.2.1:5060.",
			   i + 1);
		return EINVAL;
	}

	return 0;
}

static void upstream_after(const struct provision_change *change, void *arg)
{
	struct border *b = arg;

	if (change->object)
		upstreams_put(b->upstreams, change->object);
	else
		upstreams_drop(b->upstreams, change->id);
}

static void device_after(const struct provision_change *change, void *arg)
{
	struct border *b = arg;
	const char *old = change->before
				  ? json_get_text(change->before, "sip_user")
				  : NULL;

	if (change->object)
		devices_put(b->devices, change->object);
	else
		devices_drop(b->devices, change->id);

	/* Who is renamed, disabled or deleted comes in anew or not at all. */
	if (old)
		flows_drop(b->flows, old);
}

static int load_upstream(json_t *object, void *arg)
{
	return upstreams_put(((struct border *)arg)->upstreams, object);
}

static int load_device(json_t *object, void *arg)
{
	return devices_put(((struct border *)arg)->devices, object);
}

int border_api_start(struct border *b, const char *token)
{
	static const struct provision_hooks upstream_hooks = {
		.before = upstream_before,
		.after = upstream_after,
	};
	static const struct provision_hooks device_hooks = {
		.after = device_after,
	};
	int err;

	err = router_alloc(&b->router, "border", b->http);
	if (err)
		return err;

	router_token(b->router, token);
	err = router_routes(b->router, routes,
			    sizeof(routes) / sizeof(routes[0]), b);
	if (!err)
		err = provision_alloc(&b->provision, b->router, b->store,
				      b->keys);
	if (!err)
		err = provision_kind_add(b->provision, &border_upstream_kind,
					 &upstream_hooks, b);
	if (!err)
		err = provision_kind_add(b->provision, &border_device_kind,
					 &device_hooks, b);
	if (!err)
		err = record_each(provision_table(b->provision, "upstreams"),
				  load_upstream, b);
	if (!err)
		err = record_each(provision_table(b->provision, "devices"),
				  load_device, b);

	return err;
}
