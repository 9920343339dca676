/* kinds.h - the objects the portal manages
 *
 * Each in a file of its own; the servers declare what they keep of them as
 * kinds of their own (pbx/, uc/, border/).
 */
#ifndef MODEL_KINDS_H
#define MODEL_KINDS_H

#include "model/kind.h"

extern const struct kind platform_kind; /* "platforms" */
extern const struct kind customer_kind; /* "customers" */
extern const struct kind user_kind;     /* "users"     */
extern const struct kind phone_kind;    /* "phones"    */
extern const struct kind group_kind;    /* "groups"    */
extern const struct kind number_kind;   /* "numbers"   */
extern const struct kind admin_kind;    /* "admins"    */

/** The above and those of PBX_OBJECT_KINDS (pbx_kinds.h), NULL-terminated. */
extern const struct kind *const portal_kinds[];

#endif
