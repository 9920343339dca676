/* flows.h - the flows devices have registered over
 *
 * A device that has registered may send other requests over the same flow
 * without being looked up again; one flow a device and flow.  It goes when
 * the registration ends, the connection is lost or the device is deleted.
 */
#ifndef BORDER_FLOWS_H
#define BORDER_FLOWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct flows;
struct sip_flow;

int flows_alloc(struct flows **fp);

/** A device has registered over this flow for so many seconds; 0 ends it. */
int flows_put(struct flows *f, struct span sip_user, struct sip_flow *flow,
	      uint32_t expires_s);

/** Whether any device registered over it. */
bool flows_has(const struct flows *f, const struct sip_flow *flow);

/** A device is not known any more. */
void flows_drop(struct flows *f, const char *sip_user);

/** [{"sip_user","flow","expires_s"},…]; new reference. */
json_t *flows_json(const struct flows *f);

uint32_t flows_count(const struct flows *f);

#endif
