/* uc.h - what the parts of the uc server share
 *
 * One loop, one store.  Each live thing has one owner: people.c who there is,
 * presence.c what their phones do, stream.c who listens.  The store is behind
 * them and never in the way of an event.
 */
#ifndef UC_H
#define UC_H

#include <jansson.h>

#include "base/libre.h"
#include "base/store.h"

struct at_pbx;
struct conf;
struct http_server;
struct http_request;
struct key_file;
struct outbox;
struct people;
struct provision;
struct router;
struct presence;
struct sources;
struct streams;

struct uc {
	struct conf *conf; /* of the service, as keys and http */
	struct store *store;
	struct key_file *keys;
	struct http_server *http;
	struct router *router;
	struct provision *provision;
	struct outbox *outbox;
	struct people *people;
	struct presence *presence;
	struct streams *streams;
	struct sources *sources;
	struct at_pbx *at_pbx;
	char token[48]; /* the service token */
	char url[128];  /* where clients reach us, without a final slash */
};

#endif
