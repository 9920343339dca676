/* application_gate.h - what applications may ask, and with which right
 *
 * Every route that an application may ask is a row: the right it needs and
 * what its path is about.  A route without a row is for the servers of the
 * installation alone.  The gate refuses who asks too often (429), lacks the
 * right (403 right-missing), or names what it does not see (404, 422); lists
 * are filtered by those that make them (application_of()).
 *
 * Source: CAL-12.
 */
#ifndef PBX_APPLICATION_GATE_H
#define PBX_APPLICATION_GATE_H

#include "model/route.h"

int application_gate_start(struct router *router);

#endif
