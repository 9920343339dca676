/* kinds.h - what the border keeps on the portal's word */
#ifndef BORDER_KINDS_H
#define BORDER_KINDS_H

#include "model/kind.h"

extern const struct kind border_upstream_kind; /* "upstreams" */
extern const struct kind border_device_kind;   /* "devices"   */

#endif
