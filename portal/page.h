/* page.h - the plain pages: sign in, look at what there is, read mails */
#ifndef PORTAL_PAGE_H
#define PORTAL_PAGE_H

struct portal;

/** Add the routes of the pages. */
int page_routes(struct portal *p);

#endif
