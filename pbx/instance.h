/* instance.h - one phone behind several flows, and URIs that lead to it alone
 *
 * A phone that registers with outbound has a binding for each flow (same
 * instance, another reg-id).  It is rung on one of them: the one that is
 * alive and newest; when that fails before anything rings, on the next.
 *
 * Who supports gruu gets two URIs for its instance with the answer to
 * REGISTER: `sip:SIP-USER@HOST;gr=INSTANCE`, which is always the same, and
 * `sip:gr.…@HOST;gr`, which tells nothing of who it is and lives as long as
 * the Call-ID of the registration.  A phone of the same customer that calls
 * one calls the number of that line, with everything that is set for it, but
 * of its phones that instance alone rings.  Phones put them into Contact:
 * there they stand for the binding's own address.
 *
 * Source: RFC 5626 4.2, 5627; CAL-1.
 */
#ifndef PBX_INSTANCE_H
#define PBX_INSTANCE_H

#include "pbx/registrar.h"
#include "sip/build.h"
#include "sip/uri.h"

struct call;
struct leg;
struct sip_dialog;

/** The key that temporary URIs are made with, and the host of all. */
void instance_init(const uint8_t key[32], const char *host);

/** Whether a call rings this binding: it is the best of its instance, and
 * nothing leads past it. */
bool instance_rings(const struct call *call, const struct binding *b);

/** Another flow to the phone of a branch that failed, not tried by this call;
 * or NULL. */
const struct binding *instance_next(const struct leg *failed);

/** Parameters of a Contact in the answer to REGISTER; none without
 * instance. */
void instance_write(const struct binding *b, struct sip_out *o);

/** A URI that leads to an instance. */
struct instance_target {
	struct phone *phone;
	char instance[128]; /* of a binding */
};

/** Read one.  0; ENOENT: it is no such URI; ESRCH: it leads to nobody. */
int instance_of_uri(struct instance_target *target, const struct sip_uri *uri);

/** The peer's Contact names its instance: put the binding's address there. */
void instance_reach(struct sip_dialog *d, const struct phone *phone);

#endif
