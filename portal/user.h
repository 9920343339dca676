/* user.h - what others need to plan about users */
#ifndef PORTAL_USER_H
#define PORTAL_USER_H

#include "portal/plan.h"

/** Plan the deletion of a user on the pbx. */
void user_remove_pbx(struct plan *plan, const json_t *user, void *arg);

/** The same on the uc server, and of the portal's row. */
void user_remove_uc(struct plan *plan, const json_t *user, void *arg);

#endif
