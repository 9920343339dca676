/* pair.c - see pair.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/service.h"
#include "base/wheel.h"
#include "model/route.h"
#include "pbx/pair/lease.h"
#include "pbx/pair/far.h"
#include "pbx/pair/pair.h"
#include "pbx/pair/pair_confirm.h"
#include "pbx/pair/pair_feed.h"
#include "pbx/pair/pair_follow.h"
#include "pbx/pair/pair_log.h"
#include "pbx/pair/pair_mail.h"
#include "pbx/pair/pair_sound.h"
#include "pbx/pair/peer.h"
#include "pbx/trunk/trunk.h"

enum { SIP_PRIMARY = 60, SIP_SECONDARY = 160 };

static struct {
	enum pair_role role;
	const struct conf *conf;
	struct http_client *client;
	char token[TOKEN_SIZE];
	uint32_t ttl_ms;
	struct wheel_timer timer; /* settle again */
	bool is_started;
} pair;

static const char *const role_names[] = { "alone", "primary", "secondary" };

const char *pair_role_name(enum pair_role role)
{
	return role <= PAIR_SECONDARY ? role_names[role] : "?";
}

enum pair_role pair_role(void)
{
	return pair.role;
}

const struct conf *pair_conf(void)
{
	return pair.conf;
}

const char *pair_token(void)
{
	return pair.token;
}

const char *pair_other_url(void)
{
	return conf_text(pair.conf, pair.role == PAIR_SECONDARY ? "secondary-of"
								: "secondary");
}

const char *pair_witness_url(void)
{
	return conf_text(pair.conf, "witness");
}

struct http_client *pair_client(void)
{
	return pair.client;
}

bool pair_has_lease(void)
{
	return pair.role == PAIR_ALONE || lease_is_held();
}

bool pair_is_linked(void)
{
	return pair_follow_is_up() && pair_feed_is_read();
}

bool pair_takes_provisioning(void)
{
	return pair.role != PAIR_SECONDARY;
}

/* ---- who should have the lease ---- */

/* The secondary waits this long for a primary that is gone, or that is here
 * and has nobody's vote. */
static bool is_primary_away(void)
{
	uint64_t lost = pair_follow_lost_ms();

	return lost && clock_mono_ms() - lost >= pair.ttl_ms / 3;
}

static bool secondary_wants(void)
{
	if (is_primary_away())
		return true;
	if (!pair_is_linked())
		return lease_is_held();

	/* It is here: once it knows everything, it is the primary's again. */
	return lease_is_held() && !pair_feed_is_current();
}

/* A primary that comes back first reads what happened without it; one that
 * cannot reach the secondary asks, and gets nothing while that holds it. */
static bool primary_wants(void)
{
	return lease_is_held() || !pair_follow_is_up() ||
	       pair_follow_is_current();
}

static void settle_again(void *arg)
{
	(void)arg;
	pair_settle();
}

void pair_settle(void)
{
	if (!pair.is_started)
		return;

	lease_want(pair.role == PAIR_PRIMARY ? primary_wants()
					     : secondary_wants());
	wheel_start(&pair.timer, pair.ttl_ms / 6, settle_again, NULL);
}

static void lease_changed(bool is_held)
{
	trunk_lease(is_held);
}

/* ---- REST ---- */

static void get_pair(struct http_request *req, const struct caller *caller,
		     void *arg)
{
	json_t *json;

	(void)caller;
	(void)arg;
	json = json_pack(
		"{s:s,s:b,s:b,s:b,s:s,s:I,s:I,s:I,s:b,s:i,s:i,s:o}", "role",
		pair_role_name(pair.role), "linked", pair_is_linked(),
		"current", pair_follow_is_current(), "lease", pair_has_lease(),
		"holder", pair.role == PAIR_ALONE ? "" : lease_holder(),
		"epoch", (json_int_t)lease_epoch(), "lag",
		(json_int_t)pair_follow_lag(), "unread",
		(json_int_t)(pair_log_last() > pair_log_read_seq()
				     ? pair_log_last() - pair_log_read_seq()
				     : 0),
		"read", pair_feed_is_current(), "elsewhere", (int)peer_phones(),
		"calls", (int)far_count(), "conflicts", pair_log_conflicts());
	(void)http_reply_json(req, 200, json);
}

static void get_log(struct http_request *req, const struct caller *caller,
		    void *arg)
{
	(void)caller;
	(void)arg;
	pair_feed_open(req);
}

static const struct route state_routes[] = {
	{ "GET", "/api/v1/pair", "pair", ACTION_READ, get_pair, 0,
	  "Role, lease, lag and conflicts of a resilient pair" },
};

static const struct route log_routes[] = {
	{ "GET", "/api/v1/pair/log", "pair", ACTION_RUN, get_log, 0,
	  "WebSocket of changes, for the other node" },
};

/* ---- metrics ---- */

static int64_t read_lag(void *arg)
{
	(void)arg;
	return (int64_t)pair_follow_lag();
}

static int64_t read_lease(void *arg)
{
	(void)arg;
	return pair_has_lease();
}

static int64_t read_linked(void *arg)
{
	(void)arg;
	return pair_is_linked();
}

static struct metric metrics[] = {
	{ .name = "holdfast_pair_lag",
	  .kind = METRIC_GAUGE,
	  .help = "Changes of the other node that are not here yet",
	  .read = read_lag },
	{ .name = "holdfast_pair_lease",
	  .kind = METRIC_GAUGE,
	  .help = "1 while this node may register trunks",
	  .read = read_lease },
	{ .name = "holdfast_pair_linked",
	  .kind = METRIC_GAUGE,
	  .help = "1 while both nodes read each other",
	  .read = read_linked },
};

/* ---- life ---- */

int pair_init(const struct service *service)
{
	int err;

	memset(&pair, 0, sizeof(pair));
	pair.conf = service->conf;
	if (conf_text(pair.conf, "secondary-of"))
		pair.role = PAIR_SECONDARY;
	else if (conf_text(pair.conf, "secondary"))
		pair.role = PAIR_PRIMARY;
	if (pair.role == PAIR_ALONE)
		return 0;

	pair.ttl_ms = (uint32_t)conf_number(pair.conf, "lease-ms");
	err = service_token_load(conf_text(pair.conf, "dir"), "pair",
				 pair.token);
	if (!err)
		err = http_client_alloc(&pair.client);
	if (!err)
		err = peer_init(pair.token);

	return err;
}

int pair_start(struct router *router, struct store *store)
{
	int err;

	err = router_routes(router, state_routes, ARRAY_SIZE(state_routes),
			    NULL);
	if (err || pair.role == PAIR_ALONE)
		return err;

	router_peer(router, pair.token);
	err = router_routes(router, log_routes, ARRAY_SIZE(log_routes), NULL);
	if (!err)
		err = pair_log_fill();
	if (!err)
		pair_mail_settle();
	if (!err)
		pair_sound_settle();
	if (!err)
		err = lease_start(router, store, pair.ttl_ms, lease_changed);
	if (err)
		return err;

	pair.is_started = true;
	pair_follow_start();
	metrics_add(metrics, ARRAY_SIZE(metrics));
	pair_settle();
	log_info("pair", "%s of %s", pair_role_name(pair.role),
		 pair_other_url());
	if (!pair_witness_url())
		log_warn("pair", "there is no witness: a node whose other one "
				 "is away registers no trunk");

	return 0;
}

uint16_t pair_sip_offset(void)
{
	return pair.role == PAIR_SECONDARY ? SIP_SECONDARY : SIP_PRIMARY;
}

void pair_close(void)
{
	wheel_stop(&pair.timer);
	pair_confirm_close();
	if (pair.is_started) {
		pair.client = mem_deref(pair.client); /* nobody answers now */
		pair_follow_close();
		pair_feed_close();
		lease_close();
	}
	pair.is_started = false;
	pair_log_close();
	peer_close();
	pair.client = mem_deref(pair.client);
	secret_wipe(pair.token, sizeof(pair.token));
}
