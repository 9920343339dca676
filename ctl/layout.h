/* layout.h - where the servers of one installation are found
 *
 * Ports follow from the base, addresses from --listen, tokens from the state
 * folder; the operator's contract of design.md section 7.
 */
#ifndef CTL_LAYOUT_H
#define CTL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secrets.h"

enum layout_port {
	PORT_PBX_SIP = 60,
	PORT_PBX_TLS = 61,
	PORT_BORDER_SIP = 70,
	PORT_BORDER_TLS = 71,
	PORT_PORTAL = 80,
	PORT_UC = 81,
	PORT_PBX = 82,
	PORT_BORDER = 83,
	PORT_WITNESS = 84,
	PORT_PBX2_SIP = 160,
	PORT_PBX2 = 162,

	PORT_BASE = 8000,
};

enum { LAYOUT_SERVERS = 8 };

/** The servers in the order in which they are started and shown. */
struct layout_server {
	const char *name;
	enum layout_port port; /* REST; 0: asked over DIR/run/NAME.sock */
	enum layout_port sip;  /* 0 without */
	const char *command;   /* `holdfast COMMAND` runs it */
	bool is_pair;          /* only with `up --pair` */
};

extern const struct layout_server layout_servers[LAYOUT_SERVERS];

/** The server of a name, or NULL. */
const struct layout_server *layout_find(const char *name);

struct layout;

/** Whether it belongs to the installation: a pair's only while `up --pair`
 * was the last. */
bool layout_has(const struct layout *l, const struct layout_server *v);

/** Note which it was. */
void layout_set_pair(const struct layout *l, bool is_pair);

struct layout {
	char dir[400];
	char host[64];     /* of URLs by which servers reach each other */
	char sip_host[64]; /* as phones have it */
	uint16_t base;
	bool is_tls; /* listens beyond loopback */
};

/** Host as others reach it: "0.0.0.0" is reached as 127.0.0.1. */
void layout_init(struct layout *l, const char *dir, const char *listen,
		 uint16_t base);

/** Write "http://127.0.0.1:8080", beyond loopback "https://...", of a server's REST. */
void layout_url(const struct layout *l, const char *name, char out[96]);

/** Write "sip:127.0.0.1:8060". */
void layout_sip(const struct layout *l, const char *name, char out[96]);

#endif
