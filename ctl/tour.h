/* tour.h - what lets a newcomer start the demo's phones
 *
 * Desk phones get a ready account file, DIR/accounts/LOGIN-TYPE.json, of the
 * form that a deployment link returns; bob's softphone is set up by the link
 * of its mail, as a customer's would be.
 */
#ifndef CTL_TOUR_H
#define CTL_TOUR_H

#include <jansson.h>

#include "ctl/layout.h"

/**
 * Write the account file of a desk phone, mode 0600.
 *
 * @param login  "alice"
 * @param name   "Alice Martin"
 * @param phone  The portal's answer to its creation, with its secret
 *
 * @return 0 or an errno
 */
int tour_account_write(const struct layout *l, const char *login,
		       const char *name, const char *extension,
		       const json_t *phone);

/**
 * Print the commands that start the phones.
 *
 * @param link bob's deployment link, or NULL when it is not known
 */
void tour_print(const struct layout *l, const char *link);

#endif
