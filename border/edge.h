/* edge.h - who may cross the border, and where to
 *
 * From outside: a REGISTER of a device we know and that is enabled; anything
 * else from a flow a device has registered over, or in the name of a device
 * we know (the call controller then challenges it).  It goes to an upstream,
 * never elsewhere.  From inside: to the flow its Route names.  All else is
 * refused; sources over their rate are not even answered.
 * Source: EDG-1; domain/border-gateway.md; reliability.md section 6.
 */
#ifndef BORDER_EDGE_H
#define BORDER_EDGE_H

#include "border/border.h"

/** Open the SIP side: UDP and TCP on base+70, TLS on base+71. */
int edge_start(struct border *b);

#endif
