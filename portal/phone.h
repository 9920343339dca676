/* phone.h - phones and their deployments */
#ifndef PORTAL_PHONE_H
#define PORTAL_PHONE_H

#include "portal/plan.h"

/** Links that were mailed to deploy a phone's client. */
extern const struct kind portal_deployment_kind; /* "deployments" */

/**
 * Plan the creation of a phone.
 *
 * @param phone    Checked; number, SIP user and secret are filled in
 * @param user     Its user's row (perhaps not made yet), or NULL
 * @param customer Its customer's row
 * @param prefix   Before field names in errors: "" or "phones[0]."
 */
void phone_plan(struct plan *plan, json_t *phone, const json_t *user,
		const json_t *customer, const char *prefix);

/** Plan the deletion of a phone on pbx and border. */
void phone_remove_pbx(struct plan *plan, const json_t *phone, void *arg);

/** The same on the uc server, and of the portal's row. */
void phone_remove_uc(struct plan *plan, const json_t *phone, void *arg);

/** Plan the deletion of a deployment. */
void deployment_remove(struct plan *plan, const json_t *deployment, void *arg);

/** Phones of a user that answer to its extension get the new one. */
void phones_renumber(struct plan *plan, const char *user, const char *platform,
		     const char *old, const char *new);

/** POST /phones/{id}/deploy. */
int phone_routes(struct portal *p);

#endif
