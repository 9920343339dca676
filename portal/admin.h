/* admin.h - administrators of the provider and of customers */
#ifndef PORTAL_ADMIN_H
#define PORTAL_ADMIN_H

struct portal;

/** Add the routes of admins. */
int admin_routes(struct portal *p);

#endif
