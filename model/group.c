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

/* clang-format off */
#define GROUP_FIELDS                                                           \
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,                 \
	  .ref = "customers", .on_delete = DELETE_CASCADE,                     \
	  .help = "Whose group it is", .help_fr = "Client" },                  \
	{ "name", FIELD_TEXT, FIELD_REQUIRED, 1, 60, .help = "Name",           \
	  .help_fr = "Nom" },                                                  \
	{ "type", FIELD_ENUM, FIELD_REQUIRED | FIELD_FIXED,                    \
	  .choices = "ring-all|hunt-terminal|hunt-circular|personal-ring|"     \
		     "multi-device|pickup",                                    \
	  .help = "How its members ring", .help_fr = "Type de sonnerie" },     \
	{ "number", FIELD_DIGITS, 0, 1, 32, .pattern = "^[0-9]+$",             \
	  .pattern_help = "digits", .unique = UNIQUE_CUSTOMER,                 \
	  .help = "Number that rings the group",                               \
	  .help_fr = "Numéro du groupe" },                                     \
	{ "members", FIELD_LIST, 0, 0, 26,                                     \
	  .help = "Ids of users or phones, in order",                          \
	  .help_fr = "Membres, dans l'ordre" },                                \
	{ "ring_s", FIELD_INT, 0, 2, 180, .preset = "10",                      \
	  .help = "Seconds a member of a hunt group rings; of others: before " \
		  "the overflow",                                              \
	  .help_fr = "Durée de sonnerie en secondes" },                        \
	{ "follow_forwards", FIELD_BOOL, 0, .preset = "false",                 \
	  .help = "Members' own forwards are followed",                        \
	  .help_fr = "Suivre les renvois des membres" },                       \
	{ "one_busy_all_busy", FIELD_BOOL, 0, .preset = "false",               \
	  .help = "One busy member makes the group busy",                      \
	  .help_fr = "Un membre occupé occupe le groupe" },                    \
	{ "overflow", FIELD_DIGITS, 0, 1, 32,                                  \
	  .help = "Number that takes calls no member answers",                 \
	  .help_fr = "Numéro de débordement" }
/* clang-format on */

static const struct field fields[] = {
	GROUP_FIELDS,
	{ "state", FIELD_ENUM, FIELD_READONLY,
	  .choices = "creating|active|changing|deleting",
	  .help = "Whether a task is at work on it", .help_fr = "État" },
};

static const struct field pbx_fields[] = { GROUP_FIELDS };

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
