/* application.h - programs of third parties, and their tokens
 *
 * The portal makes the token, tells it once - in the answer of the creation
 * or of a renewal, nowhere else - and keeps its hash, which goes to the pbx.
 * Who lost it takes a new one; an undone renewal leaves the old one valid.
 *
 * Source: CAL-12.
 */
#ifndef PORTAL_APPLICATION_H
#define PORTAL_APPLICATION_H

#include "portal/object.h"

/** It gets a new token: its hash goes into the object, the token into the
 * plan's answer. */
void application_token(struct plan *plan, json_t *object);

int portal_application_routes(struct portal *p);

#endif
