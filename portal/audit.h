/* audit.h - who changed what, when, from where (CUS-22) */
#ifndef PORTAL_AUDIT_H
#define PORTAL_AUDIT_H

#include <jansson.h>

#include "base/store.h"
#include "model/kind.h"
#include "portal/portal.h"

extern const struct kind audit_kind; /* "audit" */

/** What happened. */
struct audit {
	const char *who;
	const char *role;
	const char *address; /* or NULL */
	const char *action;  /* "create-user", "sign-in" */
	const char *kind;
	const char *object;
	const char *customer; /* or NULL */
	const char *result;   /* "done", "undone", "refused" */
	const char *correlation;
	json_t *changes; /* borrowed, or NULL */
};

/** Record it in a write. */
int audit_add(struct store_write *w, const struct portal *p,
	      const struct audit *a);

#endif
