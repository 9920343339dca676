/* api.h - the border's REST: what the portal provisions, what is registered */
#ifndef BORDER_API_H
#define BORDER_API_H

#include "border/border.h"

/** Serve everything; loads devices and upstreams from the store. */
int border_api_start(struct border *b, const char *token);

#endif
