/* group.c - a group of users or phones, rung by a number of its own
 *
 * A personal-ring or multi-device group has the extension of the user whose
 * phones it rings; any other has a number nobody else has; one for picking up
 * needs none.  The portal's object is the pbx's and what its task does.
 *
 * Source: CAL-5, USR-6.
 */
#include "model/kinds.h"
#include "model/pbx_kinds.h"

static const struct field fields[] = {
#include "model/group_rows.h"
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "creating|active|changing|deleting",
	  .help = "Whether a task is at work on it", .help_fr = "État" },
};

static const struct field pbx_fields[] = {
#include "model/group_rows.h"
};

const struct kind group_kind = {
	.name = "group",
	.plural = "groups",
	.owner = "portal",
	.help = "A group of users or phones",
	.help_fr = "Un groupe d'usagers ou de téléphones",
	KIND_FIELDS(fields),
};

const struct kind pbx_group_kind = {
	.name = "group",
	.plural = "groups",
	.owner = "portal",
	.help = "A group of users or phones",
	.help_fr = "Un groupe d'usagers ou de téléphones",
	KIND_FIELDS(pbx_fields),
};
