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

struct application;
struct call;

int application_gate_start(struct router *router);

/** Since the start. */
struct application_counts {
	uint64_t requests;
	uint64_t limited; /* asked too often, or for too many streams */
	uint64_t refused; /* without the right */
};
struct application_counts *application_counts(void);

/** Whether a call is an emergency call that an application must leave alone;
 * and what it is told then. */
bool application_keeps_off(const struct application *a,
			   const struct call *call);
void application_refuse_emergency(struct http_request *req);

#endif
