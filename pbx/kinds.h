/* kinds.h - what the portal provisions here: customers, users, phones
 *
 * The rows are kept by the provisioning engine (model/provision.h); each
 * change goes on into the directory, which is what calls look at.
 *
 * Source: design.md 4.3 and 7.
 */
#ifndef PBX_KINDS_H
#define PBX_KINDS_H

#include "model/provision.h"

/** Serve the three kinds and read what is stored into the directory. */
int kinds_start(struct provision *p);

#endif
