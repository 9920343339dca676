/* main.c - `holdfast border`: the gateway for phones outside
 *
 * Needs neither uc nor portal to work: devices and upstreams are in its own
 * store.
 */
#include <errno.h>
#include <stdio.h>

#include "base/secrets.h"
#include "base/conf.h"
#include "base/metrics.h"
#include "base/service.h"
#include "base/store.h"
#include "border/api.h"
#include "border/border.h"
#include "border/device.h"
#include "border/edge.h"
#include "border/flows.h"
#include "border/main.h"
#include "border/upstream.h"

static void border_destructor(void *data)
{
	struct border *b = data;

	mem_deref(b->provision);
	mem_deref(b->router);
	mem_deref(b->flows);
	mem_deref(b->upstreams);
	mem_deref(b->devices);
	mem_deref(b->sip);
	mem_deref(b->strangers);
	mem_deref(b->known);
	mem_deref(b->store);
}

static int open_store(struct border *b)
{
	char path[512], url[600];
	int err;

	err = conf_path(b->conf, "border.db", path, sizeof(path));
	if (err)
		return err;

	snprintf(url, sizeof(url), "sqlite:%s", path);
	return store_open(&b->store, url, STORE_FULL_SYNC);
}

static int64_t read_flows(void *arg)
{
	return flows_count(((struct border *)arg)->flows);
}

static int64_t read_upstreams(void *arg)
{
	return upstreams_are_up(((struct border *)arg)->upstreams);
}

static struct metric metrics[] = {
	{ .name = "holdfast_border_flows",
	  .kind = METRIC_GAUGE,
	  .help = "Flows that devices have registered over",
	  .read = read_flows },
	{ .name = "holdfast_border_upstream_up",
	  .kind = METRIC_GAUGE,
	  .help = "1 while a call controller answers",
	  .read = read_upstreams },
};

enum { METRIC_COUNT = sizeof(metrics) / sizeof(metrics[0]) };

/* Names of flows hold across restarts, so that the pbx still reaches the
 * phones registered through us: their key comes from the token. */
static void derive_key(struct border *b, const char *token)
{
	char text[TOKEN_SIZE + 8], hash[TOKEN_HASH_SIZE];

	(void)snprintf(text, sizeof(text), "flows %s", token);
	token_hash(hash, text);
	(void)str_hex(b->flow_key, sizeof(b->flow_key), hash);
	secret_wipe(text, sizeof(text));
}

static int start(struct service *service, void **statep)
{
	struct border *b = mem_zalloc(sizeof(*b), border_destructor);
	int err;

	if (!b)
		return ENOMEM;

	b->conf = service->conf;
	b->keys = service->keys;
	b->http = service->http;
	derive_key(b, service->token);
	err = open_store(b);
	if (!err)
		err = devices_alloc(&b->devices);
	if (!err)
		err = flows_alloc(&b->flows);
	if (!err)
		err = edge_start(b);
	if (!err)
		err = border_api_start(b, service->token);
	if (err) {
		mem_deref(b);
		return err;
	}

	for (size_t i = 0; i < METRIC_COUNT; i++)
		metrics[i].arg = b;
	metrics_add(metrics, METRIC_COUNT);
	*statep = b;
	return 0;
}

int border_main(int argc, char *argv[])
{
	const struct service_program program = { .name = "border",
						 .rest_port = 83,
						 .start = start };

	return service_main(&program, argc, argv);
}
