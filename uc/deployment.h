/* deployment.h - a one-time link, mailed, that gives a client its account
 *
 * The portal's task puts a deployment; in the same transaction we make the
 * token (256 bits, only its hash is kept), the link and the mail with its QR
 * code.  The link works once and for 72 hours.  Who follows it in a browser
 * sees a page that says what to do; the client redeems it by POST and gets
 * its account with a device token for later sign-ins.
 *
 * Source: UCC-5, UCC-6; domain/softphone.md section 2.4.
 */
#ifndef UC_DEPLOYMENT_H
#define UC_DEPLOYMENT_H

#include "model/provision.h"
#include "model/route.h"
#include "uc/uc.h"

enum { DEPLOYMENT_HOURS = 72 };

/** Tables the accounts are made from; after the kinds are served. */
void deployment_init(struct uc *uc, const struct provision *provision);

/** Provisioning hooks of "deployments". */
int deployment_write(struct store_write *w,
		     const struct provision_change *change, void *arg);
void deployment_after(const struct provision_change *change, void *arg);
void deployment_view(json_t *object, void *arg);

/** GET and POST /d/{token} */
void deployment_page(struct http_request *req, const struct caller *caller,
		     void *arg);
void deployment_redeem(struct http_request *req, const struct caller *caller,
		       void *arg);

#endif
