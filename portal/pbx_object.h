/* pbx_object.h - objects that only the pbx has a use for
 *
 * Trunks, DIDs, classes ...: the portal keeps them and writes each to the pbx
 * of its customer.  What they are is in model/pbx_kinds.h; here is only what
 * they have to do with each other.
 */
#ifndef PORTAL_PBX_OBJECT_H
#define PORTAL_PBX_OBJECT_H

#include "portal/object.h"

/** A kind of the table, n below PBX_OBJECTS. */
const struct kind *pbx_object_kind(size_t n);

/** For api.c, by plural name; NULL when it is none of them. */
const struct object_kind *pbx_object_find(const char *plural);

/** One of them is made (before NULL) or changed. */
void pbx_object_put(struct plan *plan, const json_t *before,
		    const json_t *after);

/**
 * Something is going to be deleted: what belongs to it goes before, what
 * only names it forgets it, what needs it is a conflict.
 *
 * @param plural Its kind
 */
void pbx_objects_forget(struct plan *plan, const char *plural, const char *id);

/** A customer is going to be deleted with all of these that refer to its
 * users and phones (before those go), or with all the others (after). */
void pbx_objects_remove(struct plan *plan, const char *customer,
			bool before_users);

#endif
