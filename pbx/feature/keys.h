/* keys.h - what the programmable keys of a phone do
 *
 * Users and phones have a field `keys`: [{"key":1,"function":"line"}, …].  A
 * function is line, blf, speed-dial or the name of a feature access code; blf
 * and speed-dial need a number, and codes that take one may have it.  A phone
 * has its own keys, else those of its user; a shared phone where somebody is
 * logged in has that user's.  Whoever configures phones reads them, with the
 * digits that each key dials, and is told of log-ins by the event `hot-desk`.
 *
 *   GET /api/v1/phones/ID/keys
 *
 * A phone gets the same document by SUBSCRIBE to its own name, package
 * ua-profile, and again when it changes: it needs no other server to know
 * its keys.
 *
 * Source: domain/pbx.md 7.1, 14; CAL-6; RFC 6080.
 */
#ifndef PBX_KEYS_H
#define PBX_KEYS_H

#include <jansson.h>

#include "model/provision.h"
#include "sip/build.h"

struct phone;
struct provision_change;

enum { KEYS_MAX = 96 };

/** Add the route; p keeps users and phones. */
int keys_start(struct router *router, const struct provision *p);

/** What the keys of a phone are now, as JSON. */
void keys_print(const struct phone *p, struct sip_out *o);

/** A user, phone or customer has changed: phones hear of their keys. */
void keys_changed(const struct kind *kind, const char *id);

/** Check the field of a user or phone: adds field errors. */
void keys_check(const json_t *object, json_t *errors);

#endif
