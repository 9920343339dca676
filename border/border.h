/* border.h - what the parts of the border gateway share
 *
 * Everything that comes from a call controller of ours (an upstream) is
 * inside, all else is outside.  What is outside may reach only upstreams, and
 * only as a device we know; what is inside may reach only flows that devices
 * have opened.
 */
#ifndef BORDER_H
#define BORDER_H

#include "base/libre.h"
#include "sip/flow.h"

struct conf;
struct devices;
struct flows;
struct http_server;
struct key_file;
struct provision;
struct router;
struct sip;
struct sip_rate;
struct store;
struct upstreams;

enum { BORDER_UDP = 70, BORDER_TLS = 71 }; /* ports from the base */

struct border {
	struct conf *conf; /* of the service, as keys and http */
	struct key_file *keys;
	struct http_server *http;
	struct store *store;
	struct router *router;
	struct provision *provision;
	struct sip *sip;
	struct sip_rate *strangers; /* sources that no device came from */
	struct sip_rate *known;     /* sources that one did */
	struct devices *devices;
	struct upstreams *upstreams;
	struct flows *flows;
	uint8_t flow_key[32]; /* signs the names of flows */
};

#endif
