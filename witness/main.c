/* main.c - `holdfast witness`: the third vote of a pair of pbxs
 *
 * Knows no calls and no phones.  It votes who of primary and secondary holds
 * the lease, keeps its word on the disk, and stands best on a third machine.
 * Its only secret is the token of the pair, DIR/pair/token.
 */
#include <stdio.h>

#include "base/libre.h"
#include "base/metrics.h"
#include "base/secrets.h"
#include "base/service.h"
#include "model/voter.h"
#include "witness/main.h"

enum { PORT_REST = 84 };

struct witness {
	struct store *store;
	struct router *router;
	struct voter *voter;
};

static const struct setting settings[] = {
	{ "lease-ms", SETTING_NUMBER, "6000", LEASE_TTL_MIN_MS,
	  LEASE_TTL_MAX_MS, NULL,
	  "milliseconds of a vote, equal on primary, secondary and witness" },
};

static int64_t read_epoch(void *arg)
{
	const struct witness *w = arg;

	return (int64_t)voter_vote(w->voter)->epoch;
}

static struct metric metrics[] = {
	{ .name = "holdfast_witness_epoch",
	  .kind = METRIC_GAUGE,
	  .help = "Epoch of the last vote",
	  .read = read_epoch },
};

static void witness_destructor(void *data)
{
	struct witness *w = data;

	mem_deref(w->router);
	mem_deref(w->voter);
	mem_deref(w->store);
}

static int start(struct service *service, void **statep)
{
	struct witness *w = mem_zalloc(sizeof(*w), witness_destructor);
	char url[600], file[512], token[TOKEN_SIZE];
	int err;

	if (!w)
		return ENOMEM;

	err = service_token_load(conf_text(service->conf, "dir"), "pair",
				 token);
	if (!err)
		err = conf_path(service->conf, "witness.db", file,
				sizeof(file));
	if (err)
		goto out;

	(void)snprintf(url, sizeof(url), "sqlite:%s", file);
	err = store_open(&w->store, url, STORE_FULL_SYNC);
	if (!err)
		err = router_alloc(&w->router, "witness", service->http);
	if (err)
		goto out;

	router_token(w->router, service->token);
	router_peer(w->router, token);
	err = voter_alloc(&w->voter, w->store, w->router, token,
			  (uint32_t)conf_number(service->conf, "lease-ms"));
	if (err)
		goto out;

	metrics[0].arg = w;
	metrics_add(metrics, 1);

out:
	secret_wipe(token, sizeof(token));
	if (err)
		mem_deref(w);
	else
		*statep = w;

	return err;
}

int witness_main(int argc, char *argv[])
{
	const struct service_program program = {
		.name = "witness",
		.rest_port = PORT_REST,
		.settings = settings,
		.settings_count = sizeof(settings) / sizeof(settings[0]),
		.start = start,
	};

	return service_main(&program, argc, argv);
}
