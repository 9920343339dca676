/* kinds.c - see kinds.h */
#include "model/kinds.h"
#include "model/pbx_kinds.h"

#define POINTER(plural, kind, one, has_extension) &(kind),

const struct kind *const portal_kinds[] = {
	&platform_kind, &customer_kind,
	&user_kind,     &phone_kind,
	&group_kind,    &number_kind,
	&admin_kind,    PBX_OBJECT_KINDS(POINTER) NULL,
};
