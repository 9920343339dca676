/* kinds.h - what the portal provisions here: customers, users, phones ...
 *
 * The rows are kept by the provisioning engine (model/provision.h); each
 * change goes on into the directory, which is what calls look at.
 *
 * Source: design.md 4.3 and 7.
 */
#ifndef PBX_KINDS_H
#define PBX_KINDS_H

#include "model/provision.h"

/** Serve the kinds and read what is stored into the directory. */
int kinds_start(struct provision *p);

/** The kind of that name, in the singular or plural; NULL when none is. */
const struct kind *kinds_find(const char *name);

/** The kind at a place in their order; NULL past the last. */
const struct kind *kinds_at(size_t place);

#endif
