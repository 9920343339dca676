/* group.h - groups of users or phones, on the pbx */
#ifndef PORTAL_GROUP_H
#define PORTAL_GROUP_H

#include "portal/object.h"

extern const struct object_kind group_object;

/** Plan the deletion of a group's row (row_h). */
void group_remove_row(struct plan *plan, const json_t *group, void *arg);

/** A user or phone is going to be deleted: its groups go on without. */
void groups_forget(struct plan *plan, const json_t *member);

#endif
