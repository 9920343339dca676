/* pbx_kinds.h - the objects the pbx keeps on the portal's word
 *
 * Declared here, where the portal sees the same tables: what it offers of
 * them, it need not say again.
 */
#ifndef MODEL_PBX_KINDS_H
#define MODEL_PBX_KINDS_H

#include "model/kind.h"

extern const struct kind pbx_customer_kind;     /* "customers"     */
extern const struct kind pbx_user_kind;         /* "users"         */
extern const struct kind pbx_phone_kind;        /* "phones"        */
extern const struct kind pbx_group_kind;        /* "groups"        */
extern const struct kind attendant_kind;        /* "attendants"    */
extern const struct kind schedule_kind;         /* "schedules"     */
extern const struct kind conference_kind;       /* "conferences"   */
extern const struct kind cos_kind;              /* "coses"         */
extern const struct kind cor_kind;              /* "cors"          */
extern const struct kind trunk_kind;            /* "trunks"        */
extern const struct kind did_kind;              /* "dids"          */
extern const struct kind cpn_kind;              /* "cpns"          */
extern const struct kind cesid_kind;            /* "cesids"        */
extern const struct kind zone_kind;             /* "zones"         */
extern const struct kind account_code_kind;     /* "account_codes" */
extern const struct kind application_kind;      /* "applications"  */
extern const struct kind outside_rules_kind;    /* "outside_rules" */
extern const struct kind user_settings_kind;    /* "user_settings" */
extern const struct kind mailbox_class_kind;    /* "mailbox_classes" */
extern const struct kind group_mailbox_kind;    /* "group_mailboxes" */
extern const struct kind mailbox_settings_kind; /* "mailbox_settings" */

/** Those that a customer's administrator or the provider sets and only the
 * pbx has a use for: the portal keeps them all alike.  A row here gives a kind
 * its table, its routes and its tasks; what a role may do with it is a row of
 * permission.c.  In the order in which a customer's are deleted: what refers
 * to others first.
 *
 * @param X X(plural, kind, one of it in a sentence, whether its number is one
 *          of the customer's plan)
 */
#define PBX_OBJECT_KINDS(X)                                                    \
	X(attendants, attendant_kind, "auto attendant", true)                  \
	X(group_mailboxes, group_mailbox_kind, "mailbox of several", true)     \
	X(dids, did_kind, "DID", false)                                        \
	X(cpns, cpn_kind, "number shown outside", false)                       \
	X(cesids, cesid_kind, "number of a place", false)                      \
	X(zones, zone_kind, "zone", false)                                     \
	X(outside_rules, outside_rules_kind, "set of rules for outside calls", \
	  false)                                                               \
	X(trunks, trunk_kind, "trunk", false)                                  \
	X(cors, cor_kind, "class of restriction", false)                       \
	X(coses, cos_kind, "class of service", false)                          \
	X(mailbox_classes, mailbox_class_kind, "class of mailboxes", false)    \
	X(schedules, schedule_kind, "schedule", false)                         \
	X(account_codes, account_code_kind, "account code", false)             \
	X(conferences, conference_kind, "conference room", false)              \
	X(applications, application_kind, "program of a third party", false)

#endif
