/* pbx_phone.c - a phone line, as the pbx keeps it
 *
 * Source: design.md 4.5.
 */
#include "model/pbx_kinds.h"

static const struct field fields[] = {
	{ "customer", FIELD_REF, FIELD_REQUIRED | FIELD_FIXED,
	  .ref = "customers", .on_delete = DELETE_CASCADE,
	  .help = "Whose phone it is", .help_fr = "Client" },
	{ "user", FIELD_REF, 0, .ref = "users", .on_delete = DELETE_CLEAR,
	  .help = "User whose extension rings it",
	  .help_fr = "Usager du téléphone" },
	{ "number", FIELD_DIGITS, FIELD_REQUIRED, 1, 32,
	  .help = "Directory number of the line",
	  .help_fr = "Numéro de la ligne" },
	{ "line", FIELD_INT, 0, 1, 100, .preset = "1",
	  .help = "Line of the phone", .help_fr = "Ligne du téléphone" },
	{ "type", FIELD_ENUM, 0,
	  .choices = "desk|sip|softphone-desktop|softphone-mobile|"
		     "softphone-web",
	  .preset = "\"sip\"", .help = "Kind of phone",
	  .help_fr = "Type de téléphone" },
	{ "sip_user", FIELD_TEXT, FIELD_REQUIRED, 1, 64,
	  .pattern = "^[A-Za-z0-9._-]+$",
	  .pattern_help = "letters, digits and . _ -", .unique = UNIQUE_ALL,
	  .help = "SIP user, unique in the installation",
	  .help_fr = "Nom SIP, unique dans l'installation" },
	{ "sip_secret", FIELD_SECRET, FIELD_REQUIRED, 1, 128,
	  .help = "SIP secret", .help_fr = "Secret SIP" },
	{ "ring_with_user", FIELD_BOOL, 0, .preset = "true",
	  .help = "Rings when the user's extension is called",
	  .help_fr = "Sonne avec le poste de l'usager" },
#include "model/phone_rows.h"
};

const struct kind pbx_phone_kind = {
	.name = "phone",
	.plural = "phones",
	.owner = "portal",
	.help = "A phone line",
	.help_fr = "Une ligne de téléphone",
	KIND_FIELDS(fields),
};
