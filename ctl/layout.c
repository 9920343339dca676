/* layout.c - see layout.h */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/libre.h"
#include "base/net.h"
#include "ctl/layout.h"

const struct layout_server layout_servers[LAYOUT_SERVERS] = {
	{ "portal", PORT_PORTAL, 0, "portal", false },
	{ "uc", PORT_UC, 0, "uc", false },
	{ "pbx", PORT_PBX, PORT_PBX_SIP, "pbx", false },
	{ "border", PORT_BORDER, PORT_BORDER_SIP, "border", false },
	{ "media", 0, 0, "media", false },
	{ "pbx2", PORT_PBX2, PORT_PBX2_SIP, "pbx", true },
	{ "media2", 0, 0, "media", true },
	{ "witness", PORT_WITNESS, 0, "witness", true },
};

const struct layout_server *layout_find(const char *name)
{
	for (size_t i = 0; i < LAYOUT_SERVERS; i++) {
		if (!strcmp(layout_servers[i].name, name))
			return &layout_servers[i];
	}

	return NULL;
}

static void pair_path(const struct layout *l, char out[500])
{
	(void)snprintf(out, 500, "%s/run/pair", l->dir);
}

bool layout_has(const struct layout *l, const struct layout_server *v)
{
	char path[500];

	pair_path(l, path);

	return !v->is_pair || !access(path, F_OK);
}

void layout_set_pair(const struct layout *l, bool is_pair)
{
	char path[500];
	int fd;

	pair_path(l, path);
	if (!is_pair) {
		(void)unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
}

void layout_init(struct layout *l, const char *dir, const char *listen,
		 uint16_t base)
{
	bool any = !listen || !*listen || !strcmp(listen, "0.0.0.0") ||
		   !strcmp(listen, "::");

	struct sa sa;

	(void)snprintf(l->dir, sizeof(l->dir), "%s", dir);
	l->is_tls = listen && *listen && !sa_set_str(&sa, listen, 0) &&
		    !sa_is_loopback(&sa);
	(void)snprintf(l->host, sizeof(l->host),
		       !any && strchr(listen, ':') ? "[%s]" : "%s",
		       any ? "127.0.0.1" : listen);
	(void)snprintf(l->sip_host, sizeof(l->sip_host), "%s", l->host);
	if (any && listen && !sa_set_str(&sa, listen, 0)) {
		net_reachable(&sa, NULL);
		(void)re_snprintf(l->sip_host, sizeof(l->sip_host),
				  sa_af(&sa) == AF_INET6 ? "[%j]" : "%j", &sa);
	}
	l->base = base;
}

/* Callers name a server of the table. */
static unsigned server_port(const struct layout *l, const char *name,
			    bool is_sip)
{
	const struct layout_server *v = layout_find(name);

	if (!v)
		return 0;

	return (unsigned)l->base + (is_sip ? v->sip : v->port);
}

void layout_url(const struct layout *l, const char *name, char out[96])
{
	(void)snprintf(out, 96, "%s://%s:%u", l->is_tls ? "https" : "http",
		       l->host, server_port(l, name, false));
}

void layout_sip(const struct layout *l, const char *name, char out[96])
{
	(void)snprintf(out, 96, "sip:%s:%u", l->sip_host,
		       server_port(l, name, true));
}
