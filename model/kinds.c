/* kinds.c - see kinds.h */
#include "model/kinds.h"
#include "model/pbx_kinds.h"

const struct kind *const portal_kinds[] = {
	&platform_kind,      &customer_kind,
	&user_kind,          &phone_kind,
	&group_kind,         &number_kind,
	&admin_kind,         &did_kind,
	&cpn_kind,           &cesid_kind,
	&zone_kind,          &outside_rules_kind,
	&trunk_kind,         &cor_kind,
	&cos_kind,           &attendant_kind,
	&schedule_kind,      &account_code_kind,
	&conference_kind,    &mailbox_class_kind,
	&group_mailbox_kind, NULL,
};
