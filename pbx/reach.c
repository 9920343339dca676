/* reach.c - see reach.h */
#include <string.h>

#include "base/log.h"
#include "base/network.h"
#include "pbx/reach.h"

enum { NETWORKS_MAX = 32, TEXT_BYTES = 64 };

static struct {
	char external[TEXT_BYTES]; /* "": none */
	struct network inside[NETWORKS_MAX];
	uint32_t count;
} reach;

static int read_networks(const char *text)
{
	char one[TEXT_BYTES];

	reach.count = 0;
	for (size_t len; *text; text += len) {
		text += strspn(text, " ,");
		len = strcspn(text, " ,");
		if (!len)
			break;
		(void)snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (len >= sizeof(one) || reach.count == NETWORKS_MAX ||
		    !network_read(&reach.inside[reach.count], one)) {
			log_error("main", "local-nets: %s is no network", one);
			return EINVAL;
		}
		reach.count++;
	}

	return 0;
}

int reach_init(const char *external, const char *inside)
{
	struct sa sa;

	reach.external[0] = '\0';
	if (external && *external) {
		if (sa_set_str(&sa, external, 0)) {
			log_error("main", "external-address: %s is no address",
				  external);
			return EINVAL;
		}
		(void)re_snprintf(reach.external, sizeof(reach.external), "%j",
				  &sa);
	}

	return read_networks(inside);
}

bool reach_is_inside(const struct sa *sa)
{
	for (uint32_t i = 0; i < reach.count; i++) {
		if (network_has(&reach.inside[i], sa))
			return true;
	}

	return false;
}

const char *reach_host(const struct sa *remote)
{
	return *reach.external && !reach_is_inside(remote) ? reach.external
							   : NULL;
}

bool reach_differs(const struct sip_flow *a, const struct sip_flow *b)
{
	const struct sa *here = sip_flow_local(a), *there = sip_flow_local(b);

	return reach_is_inside(sip_flow_remote(a)) !=
		       reach_is_inside(sip_flow_remote(b)) ||
	       (here && there && !sa_cmp(here, there, SA_ADDR));
}
