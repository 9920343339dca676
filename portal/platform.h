/* platform.h - platform groups: registered only after all servers answered */
#ifndef PORTAL_PLATFORM_H
#define PORTAL_PLATFORM_H

struct portal;

/** Add the routes of platforms. */
int platform_routes(struct portal *p);

#endif
