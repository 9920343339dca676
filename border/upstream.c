/* upstream.c - see upstream.h */
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/wheel.h"
#include "border/upstream.h"
#include "sip/client_tx.h"
#include "sip/message.h"
#include "sip/stack.h"
#include "sip/uri.h"

struct upstreams {
	struct sip *sip;
	struct list nodes; /* of struct node, best first within a group */
	uint32_t cseq;
};

struct node {
	struct le le;
	struct upstreams *all;
	struct sip_client *probe;
	struct wheel_timer timer;
	struct sa sa;
	uint32_t misses;
	char *group;
};

static void node_destructor(void *data)
{
	struct node *n = data;

	wheel_stop(&n->timer);
	sip_client_forget(&n->probe);
	list_unlink(&n->le);
	mem_deref(n->group);
}

static void upstreams_destructor(void *data)
{
	struct upstreams *u = data;

	list_flush(&u->nodes);
}

int upstreams_alloc(struct upstreams **up, struct sip *sip)
{
	struct upstreams *u = mem_zalloc(sizeof(*u), upstreams_destructor);

	if (!u)
		return ENOMEM;

	u->sip = sip;
	*up = u;
	return 0;
}

static int parse(struct sa *sa, const char *text)
{
	struct sip_uri uri;
	char host[64];

	if (!text || sip_uri_parse(&uri, span_of(text)) ||
	    uri.scheme != SIP_SCHEME_SIP || uri.host.len >= sizeof(host))
		return EINVAL;

	snprintf(host, sizeof(host), SPAN_FMT, SPAN_ARG(uri.host));
	if (host[0] == '[') {
		host[strlen(host) - 1] = '\0';
		return sa_set_str(sa, host + 1, sip_uri_port(&uri));
	}

	return sa_set_str(sa, host, sip_uri_port(&uri));
}

bool upstream_is_valid(const char *uri)
{
	struct sa sa;

	return !parse(&sa, uri);
}

static void probe(void *arg);

static void answered(int err, const struct sip_message *m,
		     struct sip_flow *flow, void *arg)
{
	struct node *n = arg;

	(void)flow;
	if (m && m->status < 200)
		return;

	sip_client_forget(&n->probe);
	wheel_start(&n->timer, UPSTREAM_PROBE_MS, probe, n);
	if (!err) {
		if (n->misses >= UPSTREAM_MISSES) {
			log_info("upstream", "%s is back", n->group);
		}
		n->misses = 0;
	}
	else if (++n->misses == UPSTREAM_MISSES) {
		log_warn("upstream", "%s does not answer", n->group);
	}
}

/* No answer by the time of the next probe is a miss. */
static void late(void *arg)
{
	answered(ETIMEDOUT, NULL, NULL, arg);
}

static void probe(void *arg)
{
	struct node *n = arg;
	struct sip_flow *flow = NULL;
	char uri[80], call_id[17], from[64];
	int err;

	sip_random(call_id);
	re_snprintf(uri, sizeof(uri), "sip:%J", &n->sa);
	snprintf(from, sizeof(from), "<sip:border@invalid>;tag=%s", call_id);
	err = sip_flow_get(&flow, n->all->sip, SIP_UDP, &n->sa, NULL);
	if (!err) {
		const struct sip_request r = {
			.method = SPAN("OPTIONS"),
			.uri = span_of(uri),
			.cseq = ++n->all->cseq % 0x7fffffff + 1,
			.from = span_of(from),
			.to = span_of(uri),
			.call_id = span_of(call_id),
			.flow = flow,
		};

		err = sip_client_request(&n->probe, n->all->sip, &r, answered,
					 n);
	}

	mem_deref(flow);
	wheel_start(&n->timer, UPSTREAM_PROBE_MS, err ? probe : late, n);
}

int upstreams_put(struct upstreams *u, const json_t *upstream)
{
	const char *id = json_get_text(upstream, "id");
	const json_t *list = json_object_get(upstream, "registrars");
	size_t i;
	json_t *item;

	if (!id)
		return EINVAL;

	json_array_foreach(list, i, item)
	{
		if (!upstream_is_valid(json_string_value(item)))
			return EINVAL;
	}

	upstreams_drop(u, id);
	json_array_foreach(list, i, item)
	{
		struct node *n = mem_zalloc(sizeof(*n), node_destructor);

		if (!n || str_dup(&n->group, id)) {
			mem_deref(n);
			return ENOMEM;
		}

		n->all = u;
		parse(&n->sa, json_string_value(item));
		list_append(&u->nodes, &n->le, n);
		wheel_start(&n->timer, 0, probe, n);
	}

	return 0;
}

void upstreams_drop(struct upstreams *u, const char *id)
{
	struct le *le = list_head(&u->nodes);

	while (le) {
		struct node *n = le->data;

		le = le->next;
		if (!strcmp(n->group, id))
			mem_deref(n);
	}
}

const struct sa *upstreams_pick(const struct upstreams *u, const char *id)
{
	const struct node *best = NULL;

	for (struct le *le = list_head(&u->nodes); le; le = le->next) {
		const struct node *n = le->data;

		if (id && strcmp(n->group, id))
			continue;
		if (n->misses < UPSTREAM_MISSES)
			return &n->sa;
		if (!best)
			best = n;
	}

	return best ? &best->sa : NULL;
}

bool upstreams_has(const struct upstreams *u, const struct sa *sa)
{
	for (struct le *le = list_head(&u->nodes); le; le = le->next) {
		const struct node *n = le->data;

		if (sa_cmp(&n->sa, sa, SA_ALL))
			return true;
	}

	return false;
}

bool upstreams_are_up(const struct upstreams *u)
{
	for (struct le *le = list_head(&u->nodes); le; le = le->next) {
		const struct node *n = le->data;

		if (n->misses < UPSTREAM_MISSES)
			return true;
	}

	return false;
}
