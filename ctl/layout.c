/* layout.c - see layout.h */
#include <stdio.h>
#include <string.h>

#include "base/libre.h"
#include "ctl/layout.h"

const struct layout_server layout_servers[LAYOUT_SERVERS] = {
	{ "portal", PORT_PORTAL, 0 },
	{ "uc", PORT_UC, 0 },
	{ "pbx", PORT_PBX, PORT_PBX_SIP },
	{ "border", PORT_BORDER, PORT_BORDER_SIP },
	{ "media", 0, 0 },
};

const struct layout_server *layout_find(const char *name)
{
	for (size_t i = 0; i < LAYOUT_SERVERS; i++) {
		if (!strcmp(layout_servers[i].name, name))
			return &layout_servers[i];
	}

	return NULL;
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
	(void)snprintf(out, 96, "sip:%s:%u", l->host,
		       server_port(l, name, true));
}
