/* kinds.h - what the uc server keeps: on the portal's word, and its own */
#ifndef UC_KINDS_H
#define UC_KINDS_H

#include "model/kind.h"

extern const struct kind uc_platform_kind;   /* "platforms"   */
extern const struct kind uc_customer_kind;   /* "customers"   */
extern const struct kind uc_user_kind;       /* "users"       */
extern const struct kind uc_phone_kind;      /* "phones"      */
extern const struct kind uc_deployment_kind; /* "deployments" */
extern const struct kind uc_source_kind;     /* "sources"     */
extern const struct kind uc_history_kind;    /* "history": our own */

#endif
